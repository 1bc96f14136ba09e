"""What command lines change about the batches and steps of a recipe."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from ..errors import MMSeaIceError
from .cli import positive
from .schedules import stretch_schedulers

if TYPE_CHECKING:
    from mmengine.config import Config


def accumulate_gradients(cfg: Config, parts: int) -> None:
    """Train with each batch in parts, for a GPU that cannot hold it.

    A step is then a part. All that is told in steps is told in as many more,
    so the gradients, their number and the learning rate of each are those of
    the recipe; a part has a mean loss of its own, as a rank has not.

    Args:
        cfg: Config of a run; changed in place.
        parts: Parts of a batch.

    Raises:
        MMSeaIceError: If the batch cannot be divided so.
    """
    loader = cfg.train_dataloader
    size, rest = divmod(loader.batch_size, parts)
    if rest:
        raise MMSeaIceError(
            'train_dataloader.batch_size',
            f'a multiple of {parts}, the parts to accumulate',
            str(loader.batch_size),
            'Take a divisor of it for --accumulate.',
        )
    loader.batch_size = size
    wrapper = cfg.optim_wrapper
    wrapper.accumulative_counts = parts * wrapper.get('accumulative_counts', 1)
    if 'max_epochs' in cfg.train_cfg:
        return
    for key in {'max_iters', 'val_begin', 'val_interval'} & set(cfg.train_cfg):
        cfg.train_cfg[key] *= parts
    stretch_schedulers(cfg.get('param_scheduler') or [], parts)
    cfg.default_hooks.checkpoint.interval *= parts


def use_bfloat16(cfg: Config) -> None:
    """Switch the plain optimiser wrapper to bfloat16, in place.

    Raises:
        MMSeaIceError: If it is another one.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind == 'OptimWrapper':
        cfg.optim_wrapper.type = 'Bf16OptimWrapper'
    elif kind not in ('Bf16OptimWrapper', 'AmpOptimWrapper'):
        raise MMSeaIceError(
            'optim_wrapper.type',
            'OptimWrapper for --amp',
            kind,
            'Leave --amp away.',
        )


def add_memory_arguments(parser: ArgumentParser) -> None:
    """Add by which a recipe takes less memory."""
    parser.add_argument(
        '--amp', action='store_true', help='forward pass in bfloat16'
    )
    parser.add_argument(
        '--accumulate',
        type=positive,
        default=1,
        metavar='N',
        help='N parts of each batch, one after the other, to save memory; '
        'all that is told in steps is told in N times as many',
    )


def save_memory(cfg: Config, args: Namespace) -> None:
    """Apply the arguments of :func:`add_memory_arguments`, in place."""
    if args.amp:
        use_bfloat16(cfg)
    if args.accumulate > 1:
        accumulate_gradients(cfg, args.accumulate)
