"""Checkpoints that load without running code and are never half written.

Importing this module makes every way into a file go through it: ``resume``,
``load_from`` and ``init_cfg=dict(type='Pretrained')`` all ask mmengine's
:class:`CheckpointLoader`, and everything mmengine writes asks its local
backend.
"""

from __future__ import annotations

import json
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from urllib.parse import urlparse

import torch
from mmengine.fileio import LocalBackend, register_backend
from mmengine.runner import CheckpointLoader

from ..errors import CheckpointError, UnsafeCheckpointError
from ..utils.atomic import atomic_path
from .hub import SCHEME, fetch
from .parity import check_record

_TRUSTED: ContextVar[bool] = ContextVar('trusted', default=False)

_TRUST_REMEDY = (
    'Such a file can run any code on this machine. If you know who made '
    'it, say so with --trust-checkpoint.'
)


@contextmanager
def trusted_checkpoints(trusted: bool = True) -> Iterator[None]:
    """Inside the block, files that need a full unpickling are loaded.

    Args:
        trusted: False leaves things as they are, so that a command-line
            flag can be passed straight in.
    """
    token = _TRUSTED.set(trusted or _TRUSTED.get())
    try:
        yield
    finally:
        _TRUSTED.reset(token)


def load_checkpoint_file(
    path: str | Path,
    map_location: Any = 'cpu',
    trust: bool | None = None,
) -> dict:
    """Load a checkpoint from disk without running code from it.

    Args:
        path: A file of ``torch.save`` or, by its suffix, safetensors.
        map_location: Where tensors go, as in :func:`torch.load`.
        trust: Whether a file may run code. None means no, except inside
            :func:`trusted_checkpoints`.

    Returns:
        What the file holds: a dict with ``state_dict`` and ``meta``, or a
        bare state dict.

    Raises:
        UnsafeCheckpointError: If the file cannot be read without running
            code and is not trusted.
        CheckpointError: If it is missing, truncated or no checkpoint, or
            its record of the training data is none.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointError(
            path,
            'a checkpoint file',
            'a folder' if path.is_dir() else 'nothing of that name',
            'Give the path of a .pth or .safetensors file.',
        )
    if path.suffix == '.safetensors':
        return _load_safetensors(path, map_location)
    trust = _TRUSTED.get() if trust is None else trust
    try:
        checkpoint = torch.load(
            path, map_location=map_location, weights_only=not trust
        )
    except Exception as error:
        raise _explain(path, error) from error
    weights = checkpoint
    if isinstance(checkpoint, dict):
        weights = checkpoint.get('state_dict', checkpoint)
    if not isinstance(weights, dict):
        raise CheckpointError(
            path,
            'a dictionary of weights',
            f'a {type(weights).__name__}',
            'Save model.state_dict() instead of the model.',
        )
    _check_meta(path, checkpoint.get('meta', {}))
    return checkpoint


def _load_safetensors(path: Path, map_location: Any) -> dict:
    """Load a safetensors file; ``meta`` is JSON text in its header."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    try:
        with safe_open(path, framework='pt') as file:
            header = file.metadata() or {}
        meta = json.loads(header.get('meta', '{}'))
        weights = load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise CheckpointError(
            path, 'a whole safetensors file', str(error), 'Fetch it again.'
        ) from error
    _check_meta(path, meta)
    if map_location is not None:
        weights = {
            key: value.to(map_location) for key, value in weights.items()
        }
    return dict(state_dict=weights, meta=meta)


def _check_meta(path: Path, meta: Any) -> None:
    """Refuse "meta" that cannot be what mmengine and the hooks wrote."""
    if not isinstance(meta, dict):
        raise CheckpointError(
            path,
            'a dictionary as "meta"',
            f'a {type(meta).__name__}',
            'Take "meta" out of the file, or write it as mmengine does.',
        )
    check_record(path, meta.get('mmseaice'))


def _explain(path: Path, error: Exception) -> CheckpointError:
    """Tell a file that wants to run code from one that is broken."""
    if isinstance(error, UnpicklingError) and _may_be_checkpoint(path):
        named = re.search(r'(?:GLOBAL|class|function) ([\w.]+)', str(error))
        if 'nsupported' in str(error):
            what = named.group(1) if named else 'unknown objects'
            return UnsafeCheckpointError(
                path,
                'weights and plain values only',
                f'a pickle that calls {what}',
                _TRUST_REMEDY,
            )
    if not _may_be_checkpoint(path):
        return CheckpointError(
            path,
            'a checkpoint of torch.save',
            'a file of another kind',
            'Give the path of a .pth or .safetensors file.',
        )
    first_line = str(error).strip().split('\n')[0] or type(error).__name__
    return CheckpointError(
        path,
        'a whole checkpoint',
        f'a file that torch cannot read ({first_line})',
        'It may be truncated or of another kind: copy or train it again.',
    )


def _may_be_checkpoint(path: Path) -> bool:
    """Whether a file starts like an archive or a pickle of torch.save."""
    with open(path, 'rb') as file:
        return file.read(2) in (b'PK', *(bytes([128, n]) for n in range(6)))


def load_from_local(filename: str, map_location: Any = 'cpu') -> dict:
    """Serve mmengine's plain paths."""
    return load_checkpoint_file(filename, map_location)


def load_from_http(filename: str, map_location: Any = 'cpu') -> dict:
    """Serve mmengine's web addresses: fetch once, then load strictly."""
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    target = folder / Path(urlparse(filename).path).name
    if not target.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(filename, str(target))
    return load_checkpoint_file(target, map_location)


def load_from_hub(filename: str, map_location: Any = 'cpu') -> dict:
    """Serve ``hf://organisation/repository/file``."""
    return load_checkpoint_file(fetch(filename), map_location)


def _only_if_trusted(loader: Callable) -> Callable:
    """Guard one of mmengine's own loaders, which fall back to pickle."""

    def load_from_elsewhere(filename: str, map_location: Any = 'cpu') -> dict:
        if not _TRUSTED.get():
            raise UnsafeCheckpointError(
                filename,
                'a file or a web address',
                'a scheme whose files cannot be checked first',
                'Download the file and give its path.',
            )
        return loader(filename, map_location)

    return load_from_elsewhere


class AtomicLocalBackend(LocalBackend):
    """Write files under a temporary name and move them when whole."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to ``filepath``, all of them or none."""
        with atomic_path(filepath) as part:
            part.write_bytes(obj)

    def put_text(
        self, obj: str, filepath: str | Path, encoding: str = 'utf-8'
    ) -> None:
        """Write text to ``filepath``, all of it or none."""
        with atomic_path(filepath) as part:
            part.write_text(obj, encoding=encoding)


def latest_checkpoint(
    work_dir: str | Path, *, verify: bool = False
) -> Path | None:
    """Find the checkpoint that a run in ``work_dir`` goes on from.

    It is the one named in ``last_checkpoint`` if that file exists, else the
    highest ``iter_*.pth`` or ``epoch_*.pth``. Files that are no complete
    archive are passed over.

    Args:
        work_dir: Folder of the run.
        verify: Also compare the contents with their check sums, and tell of
            files that are passed over; 1 GB takes about a second.
    """
    work_dir = Path(work_dir)
    named = work_dir / 'last_checkpoint'
    candidates = []
    if named.is_file():
        path = Path(named.read_text().strip())
        # A run's folder may have been moved, so its own file counts first.
        candidates = [work_dir / path.name, path]
    numbered = [
        (int(match.group(1)), path)
        for path in work_dir.glob('*.pth')
        if (match := re.fullmatch(r'(?:iter|epoch)_(\d+)', path.stem))
    ]
    candidates += [path for _, path in sorted(numbered, reverse=True)]
    for path in candidates:
        if not path.is_file():
            continue
        if zipfile.is_zipfile(path) and not (verify and _is_damaged(path)):
            return path
        if verify:
            warnings.warn(
                f'{path} is damaged, so the checkpoint before it is used.',
                stacklevel=2,
            )
    return None


def _is_damaged(path: Path) -> bool:
    """Whether a part of an archive is not what was written."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is not None
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError):
        return True


def _install() -> None:
    """Put the strict loaders and the atomic backend in mmengine's place."""
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
    ours = {
        '': load_from_local,
        'http://': load_from_http,
        'https://': load_from_http,
    }
    CheckpointLoader.register_scheme(SCHEME, load_from_hub, force=True)
    # mmengine keeps the table private and offers no way to list it.
    for prefix, loader in list(CheckpointLoader._schemes.items()):
        if loader.__module__ == __name__:
            continue
        CheckpointLoader.register_scheme(
            prefix, ours.get(prefix) or _only_if_trusted(loader), force=True
        )


_install()
