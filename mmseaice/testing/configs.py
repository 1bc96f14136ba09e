"""Find the configs, in a clone as well as in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import mmseaice

#: Config options of a run of four steps.
FOUR_STEPS = (
    'train_cfg.max_iters=4',
    'default_hooks.checkpoint.interval=2',
    'default_hooks.logger.interval=1',
    'train_dataloader.batch_size=2',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
)


def config_root() -> Path:
    """The folder ``configs`` of the working tree or of the wheel.

    Raises:
        FileNotFoundError: If neither exists.
    """
    package = Path(mmseaice.__file__).parent
    for root in (package.parent / 'configs', package / '.mim' / 'configs'):
        if (root / '_base_').is_dir():
            return root
    raise FileNotFoundError(
        f'configs must lie beside or inside {package}, but there are none. '
        'Install mmseaice from a clone or a wheel.'
    )


def find_configs(pattern: str = '**/*.py') -> list[Path]:
    """All recipes that match ``pattern``, without the ``_base_`` parts."""
    paths = config_root().glob(pattern)
    return sorted(path for path in paths if '_base_' not in path.parts)
