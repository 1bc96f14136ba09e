"""The checkpoint that a run is known by."""

import pytest
import torch

from mmseaice.engine.run_folder import best_checkpoint
from mmseaice.errors import CheckpointError


def test_the_best_comes_before_the_last(tmp_path):
    with pytest.raises(CheckpointError, match='without a checkpoint'):
        best_checkpoint(tmp_path)
    for name in ('iter_80', 'iter_9'):
        torch.save({}, tmp_path / f'{name}.pth')
    assert best_checkpoint(tmp_path).stem == 'iter_80'
    for step in (9, 10):
        torch.save({}, tmp_path / f'best_AutoICE_combined_iter_{step}.pth')
    assert best_checkpoint(tmp_path).stem == 'best_AutoICE_combined_iter_10'
