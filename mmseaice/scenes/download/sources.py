"""Where the AI4Arctic scenes are published, and their checksums."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.request import urlopen

from ...errors import DownloadError

#: Ready-to-train scenes: data set on the Hugging Face hub.
HUB_DATASET = 'torchgeo/ai4artic-sea-ice-challenge'

#: Files of a split on the hub, and md5 sums as published there. A split is
#: one tar.gz, cut in pieces.
HUB_FILES = {
    'metadata': {'metadata.csv': '4b610118c2d182325ec7599434b37deb'},
    'test': {'test.tar.gz': 'bca98ec6734783aa6f005382549a0d21'},
    'train': {
        'train.tar.gzaa': '847ea12d0a5100f0a00af4bb110404b4',
        'train.tar.gzab': '3f4770c586487dc681d1d216c7003f2c',
    },
}

#: Raw scenes: articles of the collection 10.11583/DTU.c.6244065.
RAW_ARTICLES = {'train': 21284967, 'test': 21762848}

#: Programming interface of the repository that holds the articles.
ARTICLE_FILES = 'https://api.figshare.com/v2/articles/{}/files?page_size=1000'


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch.

    Args:
        name: File name.
        md5: Published md5 sum.
        url: Address; empty for a file of the hub.
        size: Bytes as the publisher says, None if unknown.
    """

    name: str
    md5: str
    url: str = ''
    size: int | None = None


def hub_files(split: str) -> list[RemoteFile]:
    """Files of one split of the ready-to-train scenes, in order."""
    return [RemoteFile(*item) for item in HUB_FILES[split].items()]


def article_files(
    split: str, address: str = ARTICLE_FILES
) -> list[RemoteFile]:
    """Files of one split of the raw scenes, as the publisher lists them.

    Args:
        split: 'train' or 'test'.
        address: Address of the list, with a place for the article.

    Raises:
        DownloadError: If the list cannot be had or read.
    """
    address = address.format(RAW_ARTICLES[split])
    try:
        with urlopen(address, timeout=60) as reply:
            listed = json.load(reply)
        return [
            RemoteFile(
                item['name'],
                item['computed_md5'],
                item['download_url'],
                item['size'],
            )
            for item in listed
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DownloadError(
            address,
            'a list of files with their sums',
            f'{type(error).__name__} ({error})',
            'Try again later; --from DIR needs the list as well.',
        ) from error
