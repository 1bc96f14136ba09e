"""What a run says when it fails."""

import os
import signal

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmseaice.errors import MMSeaIceError
from mmseaice.utils.faults import FOLDER, explained_faults, noted_faults


class Deadly(Dataset):
    """A worker that the kernel ends."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_was_killed_is_a_want_of_memory():
    told = pytest.raises(MMSeaIceError, match='Take fewer workers')
    with told, explained_faults():
        next(iter(DataLoader(Deadly(), num_workers=1)))


def test_a_full_gpu_is_told_how_to_be_emptied():
    told = pytest.raises(MMSeaIceError, match='RecomputeHook')
    with told, explained_faults():
        raise torch.OutOfMemoryError('CUDA out of memory.')


def test_other_errors_are_left_alone():
    with pytest.raises(RuntimeError, match='else'), explained_faults():
        raise RuntimeError('something else')


@pytest.mark.parametrize(
    ('error', 'said'),
    [(SystemExit('a sentence'), 'a sentence\n'), (KeyError('b'), "'b'\n")],
)
def test_the_reason_is_left_for_the_launcher(
    error, said, tmp_path, monkeypatch
):
    monkeypatch.setenv(FOLDER, str(tmp_path / 'faults'))
    monkeypatch.setenv('RANK', '3')
    with pytest.raises(type(error)), noted_faults():
        raise error
    assert (tmp_path / 'faults/rank_3.txt').read_text().endswith(said)


@pytest.mark.parametrize('code', [0, 75])
def test_an_end_is_no_fault(code, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / 'faults'))
    with pytest.raises(SystemExit), noted_faults():
        raise SystemExit(code)
    assert not (tmp_path / 'faults').exists()
