"""Look before a job waits in a queue: `python tools/preflight.py CONFIG`.

Data, encoder, disk, memory, a few steps, hours, and how often the job must
come back under a time limit. Nothing is left behind. The exit code is 1 if
something would fail.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmseaice.utils.cli import (
    add_config_arguments,
    read_config,
    readable_errors,
)
from mmseaice.utils.recipes import add_memory_arguments, save_memory


def slurm_time(text: str) -> float:
    """Read a limit as Slurm writes it ('3:00:00', '90') into seconds."""
    days, _, rest = text.rpartition('-')
    parts = [float(part) for part in rest.split(':')]
    if days:
        parts = [*parts, 0, 0][:3]
    elif len(parts) == 1:
        parts = [0, *parts, 0]
    elif len(parts) == 2:
        parts = [0, *parts]
    seconds = sum(p * s for p, s in zip(parts, (3600, 60, 1), strict=True))
    return seconds + 86400 * float(days or 0)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file of a training')
    parser.add_argument(
        '--work-dir', help='folder of the run (work_dirs/<config name>)'
    )
    parser.add_argument(
        '--gpu-memory',
        type=float,
        metavar='GB',
        help='memory of a GPU of the cluster (of the one here)',
    )
    parser.add_argument(
        '--time-limit',
        type=slurm_time,
        metavar='H:M:S',
        help='limit of one job, as for sbatch --time (none)',
    )
    parser.add_argument(
        '--margin',
        type=float,
        default=float(os.environ.get('MMSEAICE_MARGIN', 120)),
        metavar='S',
        help='seconds before its end at which a job saves and stops (120)',
    )
    add_memory_arguments(parser)
    add_config_arguments(parser)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        cfg = read_config(args)
        default = Path('work_dirs') / Path(args.config).stem
        cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
        save_memory(cfg, args)
        # These take seconds, so they wait until the arguments are known good.
        from mmseaice.utils.quiet import import_upstream_quietly

        import_upstream_quietly()
        from mmseaice.apis.preflight import preflight

        memory = args.gpu_memory and args.gpu_memory * 1e9
        findings = preflight(cfg, memory, args.time_limit, args.margin)
    for finding in findings:
        print(finding)
    faults = sum(finding.verdict == 'fault' for finding in findings)
    if faults:
        sys.exit(f'{faults} of {len(findings)} things would fail.')
    print('Nothing would fail.')


if __name__ == '__main__':
    main()
