"""Studies: many runs in one text file, and what came of them.

Nothing here imports a learning library before it is needed.
"""

from .grammar import Run, Study, expand_braces, read_study
from .runs import (
    check_options,
    claim,
    is_changed,
    is_done,
    is_trained,
    last_checkpoint,
    mark_trained,
    metrics_path,
    reaches,
    shell_line,
    test_command,
    train_command,
)
from .slurm import group_runs, slurm_script
from .table import NAMES, collect_rows, curves_of, varied_options, write_table

__all__ = [
    'NAMES',
    'Run',
    'Study',
    'check_options',
    'claim',
    'collect_rows',
    'curves_of',
    'expand_braces',
    'group_runs',
    'is_changed',
    'is_done',
    'is_trained',
    'last_checkpoint',
    'mark_trained',
    'metrics_path',
    'reaches',
    'read_study',
    'shell_line',
    'slurm_script',
    'test_command',
    'train_command',
    'varied_options',
    'write_table',
]
