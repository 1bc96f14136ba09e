"""Memory stays flat over many crops."""

import os

import pytest
from torch.utils.data import DataLoader

from mmseaice.datasets import (
    AI4ArcticDataset,
    BalancedSampler,
    stack_collate,
)
from mmseaice.datasets.transforms import (
    CropScene,
    FlipScene,
    NormaliseScene,
    PackScene,
)
from mmseaice.testing import build_tiny_store

CROPS = 20_000
BATCH = 16
NORMALISE = NormaliseScene({'HH': -10, 'HV': -20}, {'HH': 5, 'HV': 5})


def resident_megabytes(pids):
    """Memory of processes in MB; what they share counts once."""
    total = 0
    for pid in pids:
        with open(f'/proc/{pid}/smaps_rollup') as file:
            total += sum(
                int(line.split()[1])
                for line in file
                if line.startswith('Pss:')
            )
    return total / 1024


@pytest.mark.soak
def test_memory_stays_flat(tmp_path):
    store = tmp_path / 'store.zarr'
    build_tiny_store(store, 4, height=600, width=640, spacings=(80, 160, 200))
    steps = [CropScene(192), FlipScene(0.5, 0.5), NORMALISE, PackScene()]
    data = AI4ArcticDataset(
        str(store), spacings=[80, 160, 200], pipeline=steps
    )
    sampler = BalancedSampler(data, seed=0)
    loader = DataLoader(
        data,
        BATCH,
        sampler=sampler,
        num_workers=2,
        collate_fn=stack_collate,
    )
    batches = iter(loader)
    pids = [os.getpid(), *(worker.pid for worker in batches._workers)]
    sizes = {}
    for number in range(CROPS // BATCH):
        assert len(next(batches)['inputs']) == BATCH
        if number % 125 == 124:
            crops = (number + 1) * BATCH
            sizes[crops] = resident_megabytes(pids)
            print(f'{crops:6d} crops: {sizes[crops]:.1f} MB')
    # The first tenth fills caches.
    start, *_, end = sizes.values()
    assert end - start < 50
