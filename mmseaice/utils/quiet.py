"""Upstream without the lines that tell a user nothing."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

#: Modules that print or warn when first imported.
NOISY = ('mmpretrain.models', 'mmseg.models', 'mmseg.datasets')


def import_upstream_quietly() -> None:
    """Import mmpretrain and mmseg once, keeping back what says nothing.

    Both tell at import that parts are missing which mmseaice does not use
    ("Could not import OneDL" and a warning on deformable attention).
    Whatever else they print comes through.

    Where transformers is newer than mmpretrain's models of images and text
    can be imported with, these are left out.
    """
    if _transformers_is_too_new():
        from mmpretrain.utils import dependency

        dependency.WITH_MULTIMODAL = False
    captured = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(captured):
        warnings.filterwarnings(
            'ignore', message='Fail to import ``MultiScaleDeformableAttention'
        )
        for name in NOISY:
            import_module(name)
    for line in captured.getvalue().splitlines():
        if 'Could not import OneDL' not in line:
            sys.stdout.write(f'{line}\n')


def _transformers_is_too_new() -> bool:
    try:
        major = version('transformers').partition('.')[0]
    except PackageNotFoundError:
        return False
    return int(major) >= 5


def quieten_console(logger: logging.Logger) -> None:
    """Keep upstream's line per parameter in the log file alone.

    Args:
        logger: The runner's logger, which has a console and a file.
    """
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.addFilter(
                lambda record: 'paramwise_options' not in str(record.msg)
            )
