"""Freed memory is used again."""

import multiprocessing
import resource

import numpy as np
import pytest

from mmseaice.utils.allocator import keep_freed_memory


def count_faults(queue):
    """Pages that the system had to bring, before and after."""

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for size in (150_000, 600_000, 1_200_000) * 100:
            np.ones(size, np.uint8)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    known = keep_freed_memory()
    faults()
    queue.put((known, faults()))


def test_memory_is_not_fetched_again_and_again():
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    process = context.Process(target=count_faults, args=(queue,))
    process.start()
    known, faults = queue.get(timeout=30)
    process.join()
    if not known:
        pytest.skip('this C library cannot be told')
    # 650 MB are some 160 000 pages.
    assert faults < 2_000
