"""What the commands that run a config share.

Only mmengine's config reader is imported here, so ``--help`` and mistyped
arguments answer at once.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config, DictAction

from ..errors import MMSeaIceError


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add what every command that builds a runner understands."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override config entries, e.g. train_dataloader.batch_size=8 '
        'or model.backbone.img_size=[128,64]',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that can run code',
    )
    parser.add_argument(
        '--launcher',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        default='none',
        help='how several processes are started',
    )
    # torch.distributed.launch passes it; torchrun sets LOCAL_RANK instead.
    parser.add_argument('--local-rank', '--local_rank', type=int, default=0)


def read_run_config(args: Namespace) -> Config:
    """Read ``args.config`` and apply the shared arguments to it."""
    if not Path(args.config).is_file():
        raise MMSeaIceError(
            args.config,
            'a config file',
            'nothing of that name',
            'Configs lie in configs/pretraining and configs/downstream.',
        )
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    return cfg


@contextmanager
def readable_errors() -> Iterator[None]:
    """End the program with the message of our own errors, no traceback."""
    try:
        yield
    except MMSeaIceError as error:
        sys.exit(f'{type(error).__name__}: {error}')
