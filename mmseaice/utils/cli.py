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
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from ..errors import DependencyError, MMSeaIceError
from .tuning import apply_tuning

if TYPE_CHECKING:
    from mmengine.config import Config

#: What a shell expects of a program that was interrupted.
INTERRUPTED = 130

#: Environment variable that keeps the traceback of a config mistake.
TRACEBACK = 'MMSEAICE_TRACEBACK'

#: Entries that a runner takes even if the config has none of them yet.
RUN_ENTRIES = (
    *('work_dir', 'load_from', 'resume', 'randomness', 'custom_hooks'),
    *('custom_imports', 'val_dataloader', 'val_cfg', 'val_evaluator'),
    *('test_dataloader', 'test_cfg', 'test_evaluator', 'param_scheduler'),
    *('auto_scale_lr', 'model_wrapper_cfg', 'experiment_name', 'log_level'),
    'tuning',
)


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

    class ConfigOptions(DictAction):
        """KEY=VALUE pairs, or a message that says which one is none."""

        def __call__(
            self,
            parser: ArgumentParser,
            namespace: Namespace,
            values: list[str],
            option_string: str | None = None,
        ) -> None:
            for value in values:
                if '=' not in value:
                    parser.error(f'--cfg-options: {value!r} is no KEY=VALUE')
            super().__call__(parser, namespace, values, option_string)

    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        metavar='KEY=VALUE',
        help='override config entries, e.g. train_dataloader.batch_size=8 '
        'or model.backbone.mask_ratio=0.6',
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
        _check_options(cfg, args.cfg_options)
        cfg.merge_from_dict(args.cfg_options)
    apply_tuning(cfg, args.cfg_options or ())
    return cfg


def _check_options(cfg: Config, options: dict[str, Any]) -> None:
    """Refuse what no run would look at, such as a mistyped name."""
    known = {*cfg, *RUN_ENTRIES}
    for key in options:
        first = key.partition('.')[0]
        if first not in known:
            close = get_close_matches(first, known, 1)
            raise MMSeaIceError(
                f'--cfg-options {key}',
                'an entry of the config',
                f'{first!r}, which it does not have',
                f'Did you mean {close[0]}?' if close else '',
            )


def read_run_config(args: Namespace) -> Config:
    """Read ``args.config`` and apply the arguments of a run to it."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args)
    if 'model' not in cfg:
        raise MMSeaIceError(
            args.config,
            'the config of a run',
            'one without a model',
            'Files below configs/_base_ are parts of others: take one of '
            'configs/pretraining or configs/downstream.',
        )
    cfg.launcher = args.launcher
    return cfg


def _made_from_config(error: Exception) -> bool:
    """Whether it was raised while a registry built a part."""
    frames = walk_tb(error.__traceback__)
    return any(f.f_code.co_name == 'build_from_cfg' for f, _ in frames)


@contextmanager
def readable_errors(*more: type[Exception]) -> Iterator[None]:
    """End the program with one message and exit code 1, no traceback.

    So ends what a user can mend: our own errors, files and folders that
    cannot be read or written, whose message holds their path, and parts
    that cannot be made from what the config says of them.

    Args:
        *more: Errors to treat like our own; ValueError in tools that hand
            their arguments on as they are.
    """
    try:
        yield
    except (MMSeaIceError, DependencyError, OSError, *more) as error:
        sys.exit(f'{type(error).__name__}: {error}')
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if not _made_from_config(error) or os.environ.get(TRACEBACK):
            raise
        sys.exit(
            f'The config does not fit the code. {type(error).__name__}: '
            f'{error}\nSet {TRACEBACK}=1 to see where.'
        )
    except KeyboardInterrupt:
        print('Interrupted.', file=sys.stderr)
        sys.exit(INTERRUPTED)
