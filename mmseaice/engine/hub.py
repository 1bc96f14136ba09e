"""Weights by name from the Hugging Face hub, with or without a network."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from mmengine.logging import MMLogger

from ..errors import CheckpointError
from ..utils.checksum import sha256_of

SCHEME = 'hf://'

_ADDRESS = re.compile(
    r'hf://(?P<repository>[\w.-]+/[\w.-]+)/(?P<file>[^@#]+)'
    r'(?:@(?P<revision>[^#]+))?(?:#sha256=(?P<sha256>[0-9a-f]{64}))?'
)


@dataclass(frozen=True)
class HubFile:
    """A file of the hub.

    Args:
        address: ``hf://organisation/repository/file``, with ``@revision``
            and ``#sha256=...`` behind it if that should be checked.
        repository: Its repository.
        file: Its path in there.
        revision: A branch, tag or commit; None for the newest.
        sha256: The sum it must have, if given.
    """

    address: str
    repository: str
    file: str
    revision: str | None = None
    sha256: str | None = None


def parse_address(address: str) -> HubFile:
    """Take an address apart.

    Raises:
        CheckpointError: If it is none.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise CheckpointError(
            address,
            'hf://organisation/repository/file, and maybe @revision or '
            '#sha256=... behind it',
            'something else',
        )
    return HubFile(address, **match.groupdict())


def fetch(address: str) -> Path:
    """Fetch a file of the hub, or take it from the cache.

    Its sum goes to the log, so that a run says which weights it has.

    Args:
        address: See :class:`HubFile`.

    Returns:
        The file in the cache of the hub's client ($HF_HOME).

    Raises:
        CheckpointError: If it cannot be had, or has another sum.
    """
    # Takes half a second, which runs without it are spared.
    from huggingface_hub import errors, hf_hub_download

    wanted = parse_address(address)
    page = f'https://huggingface.co/{wanted.repository}'
    revision = f' --revision {wanted.revision}' if wanted.revision else ''
    try:
        path = hf_hub_download(
            wanted.repository,
            wanted.file,
            revision=wanted.revision,
            endpoint=os.environ.get('HF_ENDPOINT'),
        )
    except errors.GatedRepoError:
        raise _unavailable(
            address,
            'one behind terms that this account has not accepted',
            f'Accept them on {page}, then: hf auth login',
        ) from None
    except errors.RepositoryNotFoundError:
        raise _unavailable(
            address,
            'no such repository, or a private one',
            f'Look at {page}; for a private one: hf auth login',
        ) from None
    except errors.LocalEntryNotFoundError:
        raise _unavailable(
            address,
            'no network, and nothing in the cache',
            f'Where there is a network: hf download {wanted.repository} '
            f'{wanted.file}{revision}; jobs with the same HF_HOME find it '
            'then.',
        ) from None
    except (errors.EntryNotFoundError, errors.RevisionNotFoundError):
        raise _unavailable(
            address,
            'a repository without it',
            f'Its files stand on {page}/tree/{wanted.revision or "main"}.',
        ) from None
    except (errors.HfHubHTTPError, OSError, ValueError) as error:
        raise _unavailable(
            address, str(error).strip().split('\n')[0], 'Try again later.'
        ) from error
    _compare(wanted, Path(path))
    return Path(path)


def _compare(wanted: HubFile, path: Path) -> None:
    found = sha256_of(path)
    if wanted.sha256 not in (None, found):
        raise CheckpointError(
            wanted.address,
            'a file of that sum',
            f'one of sha256 {found}',
            'It was replaced since: name the revision, or the new sum.',
        )
    MMLogger.get_current_instance().info(
        'Weights: %s (sha256 %s)', wanted.address, found
    )


def _unavailable(address: str, found: str, remedy: str) -> CheckpointError:
    return CheckpointError(address, 'a file of the hub', found, remedy)
