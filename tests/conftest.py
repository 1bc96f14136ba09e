"""What every test may ask for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Before anything imports numpy, torch or matplotlib: two test processes
# share two cores, and nothing may open a window.
os.environ.setdefault('OMP_NUM_THREADS', '1')
os.environ.setdefault('MPLBACKEND', 'Agg')

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture
def listen() -> Iterator[Callable[[logging.Logger], list[str]]]:
    """Collects what a logger says, until the end of the test."""
    heard = []

    def _listen(logger: logging.Logger) -> list[str]:
        messages: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: messages.append(record.getMessage())
        logger.addHandler(handler)
        heard.append((logger, handler))
        return messages

    yield _listen
    for logger, handler in heard:
        logger.removeHandler(handler)


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real SAR data, from $MMSEAICE_SHARED_DATA or beside the clone."""
    default = ROOT.parent / 'shared/data'
    path = Path(os.environ.get('MMSEAICE_SHARED_DATA', default))
    if not path.is_dir():
        pytest.skip(f'no real data in {path} (see $MMSEAICE_SHARED_DATA)')
    return path
