"""A study as job arrays of a Slurm cluster."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from .grammar import Study

_HEAD = """\
#!/usr/bin/env bash
# Submit the study {study}: a job array of the runs that wait for the same
# others, and a job for the figure. Run it in the folder where the paths below
# are found.
set -euo pipefail
. {tools}/slurm_env.sh
# A run is one process.
one_gpu=$((GPUS > 0))
"""

_GROUP = """
# {count}.
job{index}=$({after}ARRAY={array}%"$PARALLEL" GPUS=$one_gpu RANKS=1 \\
    bash {submit} {study} {command} --only %a)
echo "Submitted {count} as job $job{index}."
"""

_FIGURE = """
# The figure of whatever came out.
job=$(AFTER= AFTER_ANY={jobs} STAGE= GPUS=0 RANKS=1 \\
    bash {submit} {study}_figure {command} --collect)
echo "Submitted the figure as job $job."
"""


def group_runs(
    study: Study, done: Collection[int]
) -> list[tuple[list[int], list[int]]]:
    """Numbers of the runs to do, by the runs that they wait for.

    Args:
        study: The study.
        done: Numbers of runs, from 1, that are done.

    Returns:
        Pairs of the numbers of runs and of those that they need first, in an
        order in which they can be submitted.
    """
    numbers = {run.name: n for n, run in enumerate(study.runs, 1)}
    groups: dict[tuple[int, ...], list[int]] = {}
    for stage in study.stages():
        for number in stage:
            if number in done:
                continue
            needs = {numbers[name] for name in study.runs[number - 1].needs}
            groups.setdefault(tuple(sorted(needs - {*done})), []).append(
                number
            )
    return [(runs, list(needs)) for needs, runs in groups.items()]


def slurm_script(
    study: str,
    tools: str,
    command: Sequence[str],
    groups: Sequence[tuple[Sequence[int], Sequence[int]]],
) -> str:
    """The shell script that submits a study.

    A run starts when those that make its checkpoints have succeeded; if one
    fails, the cluster cancels it. The figure is drawn in any case.

    Args:
        study: Name of the study.
        tools: Folder of the tools.
        command: What does a run, but for its number.
        groups: As :func:`group_runs` gives them.
    """
    about = {
        'study': shlex.quote(study),
        'tools': shlex.quote(tools),
        'submit': shlex.quote(f'{tools}/slurm_submit.sh'),
        'command': shlex.join(command),
    }
    parts = [_HEAD.format(**about)]
    job_of: dict[int, str] = {}
    for index, (runs, needs) in enumerate(groups, 1):
        tasks = ':'.join(f'${{{job_of[need]}}}_{need}' for need in needs)
        job_of |= dict.fromkeys(runs, f'job{index}')
        count = f'{len(runs)} {"run" if len(runs) == 1 else "runs"}'
        parts.append(
            _GROUP.format(
                **about,
                index=index,
                count=count,
                array=','.join(map(str, runs)),
                after=f'AFTER="{tasks}" AFTER_ANY= ' if tasks else '',
            )
        )
    jobs = ':'.join(f'$job{i}' for i in range(1, len(groups) + 1))
    return ''.join([*parts, _FIGURE.format(**about, jobs=jobs)])
