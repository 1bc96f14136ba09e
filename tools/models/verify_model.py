"""Check a published model: FOLDER, web address, or hf://ORGANISATION/NAME.

    python tools/models/verify_model.py models/vit-base
    python tools/models/verify_model.py hf://ORGANISATION/NAME@REVISION

Are all files those that were published, do weights and config load without
running code, does every weight have its place in the model of the config,
and do weights and parity.json tell the same of the training data? The exit
code is 0 if so and 2 if not; what cannot be had at all ends with 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote
from urllib.request import urlopen

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmseaice.errors import DownloadError, MMSeaIceError
from mmseaice.utils.cli import readable_errors

HUB = 'hf://'
WEB = ('http://', 'https://')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('source', help='folder, web address or hf://...')
    return parser.parse_args(argv)


def fetch(source: str, folder: Path) -> None:
    """Bring a published model to a folder: its manifest, and what it lists.

    Raises:
        DownloadError: If a file cannot be had.
    """
    from mmseaice.engine.published import MANIFEST, read_manifest

    get = get_from_hub if source.startswith(HUB) else get_from_web
    get(source, MANIFEST, folder)
    for name in read_manifest(folder / MANIFEST):
        get(source, name, folder)


def get_from_web(source: str, name: str, folder: Path) -> None:
    """Fetch a file that lies below a web address."""
    address = f'{source.rstrip("/")}/{quote(name)}'
    try:
        with urlopen(address) as stream, open(folder / name, 'wb') as file:
            shutil.copyfileobj(stream, file)
    except OSError as error:
        raise DownloadError(
            address, 'a file', str(error), 'Is it a published model?'
        ) from error


def get_from_hub(source: str, name: str, folder: Path) -> None:
    """Fetch a file of a repository on the Hugging Face hub."""
    from huggingface_hub import hf_hub_download

    repository, _, revision = source.removeprefix(HUB).partition('@')
    try:
        hf_hub_download(
            repository, name, revision=revision or None, local_dir=folder
        )
    except Exception as error:
        # Libraries below the hub's client raise many kinds.
        raise DownloadError(
            f'{source}/{name}',
            'a file',
            str(error).strip().split('\n')[0],
            'Is it a published model?',
        ) from error


def check_manifest(folder: Path) -> str:
    """All files are those that were published."""
    from mmseaice.engine import published

    if problems := published.manifest_problems(folder):
        raise MMSeaIceError(
            folder, 'the files that were published', '; '.join(problems)
        )
    return f'{len(published.read_manifest(folder / published.MANIFEST))} files'


def check_model(folder: Path) -> str:
    """The config is plain, and its model takes all weights and no others."""
    from mmseaice.apis import init_model
    from mmseaice.engine import published

    cfg = published.read_plain_config(folder / published.CONFIG)
    if 'type' not in cfg.get('model', {}):
        raise MMSeaIceError(published.CONFIG, 'a model', 'none')
    if unknown := published.unknown_types(cfg.model):
        raise MMSeaIceError(
            folder / published.CONFIG,
            'parts of mmseaice, mmseg, mmpretrain and mmcv',
            ', '.join(unknown),
            'Building it would import what these names say.',
        )
    model = init_model(cfg, folder / published.WEIGHTS, 'cpu')
    size = sum(value.numel() for value in model.state_dict().values()) / 1e6
    return f'{type(model).__name__}, {size:.1f} million weights, all in place'


def check_record(folder: Path) -> str:
    """The weights carry the record that lies beside them."""
    from mmseaice.engine import load_checkpoint_file, published

    meta = load_checkpoint_file(folder / published.WEIGHTS, 'meta')['meta']
    record = json.loads((folder / published.PARITY).read_text())
    if not record or record != meta.get('mmseaice'):
        raise MMSeaIceError(
            folder / published.PARITY,
            'the record that the weights carry',
            'another one',
        )
    return f'channels {", ".join(record.get("channels", ["unknown"]))}'


CHECKS: dict[str, Callable[[Path], str]] = {
    'files': check_manifest,
    'model': check_model,
    'data': check_record,
}


def verify(folder: Path) -> int:
    """Do all checks, each on what the one before it found sound.

    Returns:
        Exit code of the program.
    """
    from mmseaice.engine.published import MANIFEST, read_manifest
    from mmseaice.utils.quiet import import_upstream_quietly

    read_manifest(folder / MANIFEST)
    import_upstream_quietly()
    for name, check in CHECKS.items():
        try:
            print(f'{name:<6} good: {check(folder)}')
        except (MMSeaIceError, KeyError, TypeError, ValueError) as error:
            print(f'{name:<6} BAD: {error}')
            print('This is not a model to be used.')
            return 2
    return 0


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        if not args.source.startswith((HUB, *WEB)):
            sys.exit(verify(Path(args.source)))
        with TemporaryDirectory() as folder:
            fetch(args.source, Path(folder))
            sys.exit(verify(Path(folder)))


if __name__ == '__main__':
    main()
