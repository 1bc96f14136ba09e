"""What the command-line tools share.

Nothing is imported here before it is needed, so ``--help`` and mistyped
arguments answer at once, and tools that read scenes need no learning
library.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DependencyError, MMSeaIceError

if TYPE_CHECKING:
    from mmengine.config import Config

#: What a shell expects of a program that was interrupted.
INTERRUPTED = 130


def natural(text: str) -> int:
    """An argument that counts from 0, such as a seed."""
    return _whole(text, 0)


def positive(text: str) -> int:
    """An argument that counts things, at least one."""
    return _whole(text, 1)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise ArgumentTypeError(
            f'must be a whole number of at least {least}, but got {text!r}'
        )
    return int(text)


def add_config_arguments(parser: ArgumentParser) -> None:
    """Add what every command that reads a config understands."""
    from mmengine.config import DictAction

    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override config entries, e.g. train_dataloader.batch_size=8 '
        'or test_dataloader.dataset.spacings=[160]',
    )
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='load checkpoints that can run code',
    )


def add_run_arguments(parser: ArgumentParser) -> None:
    """Add what every command that builds a runner understands."""
    add_config_arguments(parser)
    parser.add_argument(
        '--launcher',
        choices=('none', 'pytorch', 'slurm', 'mpi'),
        default='none',
        help='how several processes are started',
    )
    # torch.distributed.launch passes it; torchrun sets LOCAL_RANK instead.
    parser.add_argument('--local-rank', '--local_rank', type=int, default=0)


def read_config(args: Namespace) -> Config:
    """Read ``args.config`` and apply ``args.cfg_options`` to it."""
    from mmengine.config import Config

    path = Path(args.config)
    if path.suffix != '.py' or not path.is_file():
        raise MMSeaIceError(
            path,
            'a config file (.py)',
            'something else' if path.exists() else 'nothing of that name',
            'Configs lie in configs/pretraining and configs/downstream.',
        )
    cfg = Config.fromfile(path)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    return cfg


def read_run_config(args: Namespace) -> Config:
    """Read ``args.config`` and apply the arguments of a run to it."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args)
    cfg.launcher = args.launcher
    return cfg


@contextmanager
def readable_errors(*more: type[Exception]) -> Iterator[None]:
    """End the program with one message and exit code 1, no traceback.

    So ends what a user can mend: our own errors, and files and folders that
    cannot be read or written, whose message holds their path.

    Args:
        *more: Errors to treat like our own; ValueError in tools that hand
            their arguments on as they are.
    """
    try:
        yield
    except (MMSeaIceError, DependencyError, OSError, *more) as error:
        sys.exit(f'{type(error).__name__}: {error}')
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        sys.exit(INTERRUPTED)
