"""Train a model: `python tools/train.py CONFIG`.

Everything about the run stands in the config; what is given here overrides
it. The folder of the run gets the log, the full config and the checkpoints.

Ctrl-C, SIGTERM, SIGUSR1 and the end of a Slurm job stop it after the step
under way, with a checkpoint; --resume goes on as if nothing had been. When the
time is up the exit code is 75, or the job of tools/slurm_train.sh goes back
into the queue. A run that was only stopped ends with 128 and the signal's
number.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.config import Config

from mmseaice.utils.cli import (
    add_run_arguments,
    natural,
    read_run_config,
    readable_errors,
)
from mmseaice.utils.faults import explained_faults, noted_faults
from mmseaice.utils.lock import used_alone
from mmseaice.utils.recipes import add_memory_arguments, save_memory
from mmseaice.utils.slurm import GOES_ON, ask_for_another_turn, shared_path

if TYPE_CHECKING:
    from mmengine.runner import Runner


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(description='Train a model.')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--work-dir', help='folder of the run (work_dirs/<config name>)'
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or from the latest of the run',
    )
    parser.add_argument(
        '--seed', type=natural, help='seed of weights, crops and masks'
    )
    parser.add_argument(
        '--detect-anomaly',
        metavar='FILE',
        help='take the step again that left this file, and say where its '
        'loss ceases to be a number',
    )
    add_memory_arguments(parser)
    add_run_arguments(parser)
    return parser.parse_args(argv)


def make_config(args: argparse.Namespace) -> Config:
    """Read the config and apply the command line to it."""
    cfg = read_run_config(args)
    default = Path('work_dirs') / Path(args.config).stem
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(default)
    if args.seed is not None:
        cfg.setdefault('randomness', {})['seed'] = args.seed
    save_memory(cfg, args)
    return cfg


def set_resume(cfg: Config, resume: str | None) -> None:
    """Point the runner at the checkpoint to go on from."""
    from mmseaice.engine import latest_checkpoint

    if resume is None:
        return
    path: str | Path | None = resume
    if resume == 'auto':
        path = latest_checkpoint(cfg.work_dir, verify=True)
    if path is None:
        print(f'Nothing to resume in {cfg.work_dir}: starting afresh.')
        return
    cfg.resume, cfg.load_from = True, str(path)


def train(cfg: Config, args: argparse.Namespace) -> int:
    """Run the training and say where things are.

    Returns:
        Exit code of the program.
    """
    from mmengine.runner import Runner

    from mmseaice.engine import latest_checkpoint, trusted_checkpoints
    from mmseaice.engine.anomaly import replay_anomaly
    from mmseaice.errors import TrainingStopped
    from mmseaice.registry import RUNNERS
    from mmseaice.utils.quiet import quieten_console

    set_resume(cfg, args.resume)
    build = RUNNERS.build if 'runner_type' in cfg else Runner.from_cfg
    with trusted_checkpoints(args.trust_checkpoint):
        runner = build(cfg)
        quieten_console(runner.logger)
        if runner.rank == 0:
            name_shared_data(runner)
        if args.detect_anomaly:
            print(replay_anomaly(runner, args.detect_anomaly))
            return 0
        try:
            with explained_faults():
                runner.train()
        except TrainingStopped as stop:
            print(stop)
    if runner.rank == 0:
        print(f'Checkpoint: {latest_checkpoint(cfg.work_dir)}')
        print(f'Logs:       {runner.log_dir}')
    return end(runner, args.resume is not None)


def name_shared_data(runner: Runner) -> None:
    """Let the run's own config name data that are there after the job."""
    for path in Path(runner.work_dir).glob('*.py'):
        text = path.read_text(encoding='utf-8')
        if (shared := shared_path(text)) != text:
            path.write_text(shared, encoding='utf-8')


def end(runner: Runner, resumes: bool) -> int:
    """Say why a run ended early, if it did, and ask for another turn.

    Args:
        runner: The run.
        resumes: Whether the same command goes on with it.
    """
    from mmseaice.engine import PreemptionHook

    hooks = [h for h in runner.hooks if isinstance(h, PreemptionHook)]
    if not any(hook.stopped for hook in hooks):
        return 0
    reason = hooks[0].reason
    number = signal.Signals[reason] if reason.startswith('SIG') else None
    # Whoever ends a job for good sends it SIGTERM, as does a cluster that
    # takes its nodes back and queues it again by itself.
    asked = number in (None, signal.SIGUSR1)
    if runner.rank == 0:
        print(f'Stopped at step {runner.iter} ({reason}).', flush=True)
        if not resumes:
            print('The same command with --resume goes on.', flush=True)
    if not asked:
        return 128 + number
    if not resumes:
        return GOES_ON
    if not hooks[0].progressed:
        sys.exit('Not a step was taken: a turn (TIME) is too short.')
    return 0 if ask_for_another_turn() else GOES_ON


def main(argv: list[str] | None = None) -> None:
    """Entry point; also of `mim train mmseaice CONFIG`."""
    # Until training listens; it knows by itself when a job will end.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    args = parse_args(argv)
    with noted_faults(), readable_errors():
        cfg = make_config(args)
        # These take seconds, so they wait until the arguments are known good.
        from mmseaice.engine.ranks import joined_ranks
        from mmseaice.utils.quiet import import_upstream_quietly

        import_upstream_quietly()
        with joined_ranks(cfg):
            # The first rank holds the folder for all.
            first = args.launcher == 'none' or os.environ['RANK'] == '0'
            with used_alone(cfg.work_dir) if first else nullcontext():
                code = train(cfg, args)
        sys.exit(code)


if __name__ == '__main__':
    main()
