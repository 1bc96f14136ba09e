"""Run a study: `python tools/sweep.py FILE.txt`.

The file has one line per run, NAME: CONFIG KEY=VALUE ...; {a,b} in a value
makes a run for each, seed=N is the seed, and {NAME} is the last checkpoint of
the run of an earlier line. Examples lie in pretraining/jobs and
downstream/jobs.

Each run is trained and then scored on the test data of its config, in a
folder of its own below work_dirs/<study>. What is done is skipped, what was
cut off goes on, and a run that fails does not keep the others from running;
the exit code is then 2.

    python tools/sweep.py FILE.txt --print | sed -n 3p | bash  # the third
    python tools/sweep.py FILE.txt --submit                    # on Slurm
    python tools/sweep.py FILE.txt --collect                   # its results
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# A clone works without an installation.
if importlib.util.find_spec('mmseaice') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmseaice.errors import DependencyError, MMSeaIceError
from mmseaice.utils import studies
from mmseaice.utils.cli import positive, readable_errors
from mmseaice.utils.slurm import AGAIN, GOES_ON, ask_for_another_turn
from mmseaice.utils.studies import Run, Study

#: Exit code of a study in which a run failed, and of one that was stopped.
FAILED, STOPPED = 2, 143


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; nothing heavy is imported before."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('study', type=Path, help='study file (.txt)')
    parser.add_argument(
        '--results',
        type=Path,
        metavar='DIR',
        help='folder of the runs (work_dirs/<name of the file>)',
    )
    verbs = parser.add_mutually_exclusive_group()
    verbs.add_argument(
        '--print',
        action='store_true',
        help='only print the commands, one line for each run',
    )
    verbs.add_argument(
        '--only', type=positive, metavar='I', help='do the I-th run alone'
    )
    verbs.add_argument(
        '--submit',
        action='store_true',
        help='write DIR/submit.sh and run it: job arrays of what is not done',
    )
    verbs.add_argument(
        '--script',
        type=Path,
        metavar='FILE',
        help='only write the script that --submit runs, if not all is done',
    )
    verbs.add_argument(
        '--collect',
        action='store_true',
        help='write DIR/results.csv and a figure of the scores',
    )
    figure = parser.add_argument_group('the figure of --collect')
    figure.add_argument(
        '--x',
        metavar='OPTION',
        help='option along the axis (the first that varies)',
    )
    figure.add_argument(
        '--by',
        nargs='+',
        metavar='OPTION',
        help='options that tell the lines apart (all others that vary)',
    )
    figure.add_argument(
        '--score',
        default='AutoICE/combined',
        help='score to draw (default: AutoICE/combined)',
    )
    return parser.parse_args(argv)


def near(path: str | Path) -> Path:
    """A path as it is written in the working folder, if it lies below."""
    path = Path(os.path.abspath(path))
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


#: Folder of the tools, and the interpreter of every command.
TOOLS = near(Path(__file__).parent)
PYTHON = str(near(sys.executable))


class TimeIsUp(SystemExit):
    """The end of a job that goes on later."""

    def __init__(self) -> None:
        super().__init__(GOES_ON)


def call(command: Sequence[str | Path]) -> None:
    """Run a tool; if this program is stopped, stop the tool before.

    Raises:
        MMSeaIceError: If the tool failed.
        TimeIsUp: If it was told to stop by its cluster, or this program was.
    """
    # Whether there is more to do is for this program to say.
    env = {key: value for key, value in os.environ.items() if key != AGAIN}
    arguments = [sys.executable, *map(str, command)]
    with subprocess.Popen(arguments, env=env) as process:
        try:
            code = process.wait()
        except TimeIsUp:
            process.send_signal(signal.SIGUSR1)
            # Training says whether it took a step; a test just ends.
            code = process.wait()
            if code not in (0, GOES_ON, -signal.SIGUSR1):
                raise _failure(command, code) from None
            raise
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code == GOES_ON:
        raise TimeIsUp
    if code:
        raise _failure(command, code)


def _failure(command: Sequence[str | Path], code: int) -> MMSeaIceError:
    return MMSeaIceError(
        command[0], 'success', f'exit code {code}', 'See what it said.'
    )


def carry_out(run: Run, study: Study) -> bool:
    """Train and score a run; False if that was done already."""
    studies.claim(run)
    if studies.is_done(run):
        return False

    def checkpoint_of(name: str) -> str:
        return str(studies.last_checkpoint(study.find(name)))

    trains = not studies.is_trained(run)
    if trains:
        call(studies.train_command(run, TOOLS, checkpoint_of))
        studies.mark_trained(run)
    checkpoint = str(studies.last_checkpoint(run))
    if command := studies.test_command(run, TOOLS, checkpoint):
        try:
            call(command)
        except TimeIsUp:
            if trains:
                raise
            # Or it would come back for ever.
            raise MMSeaIceError(
                run.name,
                'a test that ends within a turn',
                'one that had all of a turn, and did not',
                'Give the job more time (TIME).',
            ) from None
    return True


def carry_out_all(study: Study, numbers: Sequence[int]) -> int:
    """Do runs one after the other and tell how each ended.

    Returns:
        Exit code of the program.
    """
    failed: dict[str, Exception] = {}
    for number in numbers:
        run = study.runs[number - 1]
        print(f'[{number}/{len(study.runs)}] {run.name}', flush=True)
        try:
            if not carry_out(run, study):
                print('Done already.', flush=True)
        except (MMSeaIceError, OSError) as error:
            failed[run.name] = error
    print(f'\n{len(numbers) - len(failed)} of {len(numbers)} runs are done.')
    for name, error in failed.items():
        print(f'{name} failed. {type(error).__name__}: {error}')
    return FAILED if failed else 0


def write_script(study: Study, script: Path) -> bool:
    """Write the script that submits the study; False if all is done."""
    command = [str(TOOLS / 'sweep.py'), str(study.path)]
    command += ['--results', str(study.results)]
    done = [n for n, run in enumerate(study.runs, 1) if studies.is_done(run)]
    groups = studies.group_runs(study, done)
    if not groups:
        print('All runs are done.')
        return False
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(
        studies.slurm_script(study.path.stem, str(TOOLS), command, groups)
    )
    print(f'Script: {script}')
    return True


def submit(study: Study) -> None:
    """Write the script that submits the study, and run it."""
    script = study.results / 'submit.sh'
    if not write_script(study, script):
        return
    if shutil.which('sbatch') is None:
        raise DependencyError(
            'sbatch is not on this machine, so nothing was submitted. Run '
            f'`bash {script}` in this folder on a login node of the cluster.'
        )
    if code := subprocess.run(['bash', str(script)]).returncode:
        raise MMSeaIceError(
            script, 'success', f'exit code {code}', 'See what sbatch said.'
        )


def collect(study: Study, args: argparse.Namespace) -> None:
    """Write the table and the figure."""
    rows = studies.collect_rows(study)
    table = study.results / 'results.csv'
    studies.write_table(table, rows)
    done = sum(row['state'] == 'done' for row in rows)
    print(f'{done} of {len(rows)} runs are done.\nTable:  {table}')
    varied = studies.varied_options(rows)
    # Names are along the axis only where nothing else varies.
    x = args.x or next((n for n in varied if n not in studies.NAMES), 'name')
    if args.x is None and all(row.get(args.score) is None for row in rows):
        print(f'No run has the score {args.score} yet, so no figure.')
        return
    curves = studies.curves_of(rows, x, args.score, args.by)
    # Takes a second, which --help need not wait for.
    from mmseaice.visualization import draw_sweep_figure

    name = f'{args.score}_by_{x}'.replace('/', '-')
    percent = args.score.startswith('AutoICE/') and 'rmse' not in args.score
    title = args.score.replace('/', ' ')
    out = draw_sweep_figure(
        curves,
        study.results / f'{name}.png',
        x_label=x,
        y_label=f'{title} (%)' if percent else title,
        title=study.path.stem,
    )
    print(f'Figure: {out}')


def stop(number: int, frame: object) -> None:
    """End as after Ctrl-C, so that a tool that runs is stopped as well."""
    for name in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(name, signal.SIG_IGN)
    if number == signal.SIGUSR1:
        raise TimeIsUp
    sys.exit(STOPPED)


def sweep(args: argparse.Namespace) -> int:
    """Do what the command line asks for and return the exit code."""
    root = Path(__file__).resolve().parents[1]
    study = studies.read_study(args.study, args.results, root)
    if args.collect:
        collect(study, args)
        return 0
    studies.check_options(study)
    if args.print:
        for run in study.runs:
            print(studies.shell_line(run, study, PYTHON, TOOLS))
        return 0
    if args.script:
        write_script(study, args.script)
        return 0
    if args.submit:
        submit(study)
        return 0
    if args.only and args.only > len(study.runs):
        raise MMSeaIceError(
            '--only',
            f'a number from 1 to {len(study.runs)}',
            str(args.only),
            'tools/sweep.py FILE --print lists the runs in their order.',
        )
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, stop)
    numbers = [args.only] if args.only else range(1, len(study.runs) + 1)
    try:
        return carry_out_all(study, numbers)
    except TimeIsUp:
        return 0 if ask_for_another_turn() else GOES_ON


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    args = parse_args(argv)
    with readable_errors():
        sys.exit(sweep(args))


if __name__ == '__main__':
    main()
