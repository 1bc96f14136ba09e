"""How the C library hands memory out, where that decides the speed."""

from __future__ import annotations

import ctypes
from functools import cache

#: Parameters of glibc's mallopt, see malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

_LARGEST_BLOCK = 1 << 25
_KEPT = 1 << 27


@cache
def keep_freed_memory() -> bool:
    """Let this process use freed memory again instead of giving it back.

    A data-loader worker makes and drops arrays of a megabyte many hundred
    times a second. glibc returns each to the system, which then clears every
    page anew: more than half of a worker's time. Up to 128 MB of freed memory
    stay with the process instead.

    Returns:
        Whether the C library is one that can be told.
    """
    try:
        library = ctypes.CDLL(None)
        return bool(
            library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
            and library.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        )
    except (OSError, AttributeError, TypeError):
        return False
