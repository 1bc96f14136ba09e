"""A hook by which one rank fails and the others do not."""

from mmengine.dist import get_rank
from mmengine.hooks import Hook

from mmseaice.registry import HOOKS


@HOOKS.register_module()
class FailingRankHook(Hook):
    """Fail in the second step of rank 1."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if get_rank() == 1 and runner.iter == 1:
            raise RuntimeError('rank 1 has had enough')
