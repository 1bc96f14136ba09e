"""A study as job arrays of a Slurm cluster."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_HEAD = """\
#!/usr/bin/env bash
# Submit the study {study}: one array task per run, one array per stage.
# Run it in the folder where the paths below are found. Cluster facts are
# variables: PARTITION=gpu ACCOUNT=ice TIME=12:00:00 bash {script}
set -euo pipefail

PARTITION=${{PARTITION:-}}   # the cluster's default if empty
ACCOUNT=${{ACCOUNT:-}}       # the same
GRES=${{GRES:-gpu:1}}        # a run takes one GPU
CPUS=${{CPUS:-8}}            # for the data loader
MEMORY=${{MEMORY:-64G}}
TIME=${{TIME:-24:00:00}}     # of one run
PARALLEL=${{PARALLEL:-8}}    # runs at the same time
SBATCH_ARGS=${{SBATCH_ARGS:-}}  # whatever else sbatch should be told

facts=(--parsable --job-name {study} --output {logs} --gres "$GRES")
facts+=(--cpus-per-task "$CPUS" --mem "$MEMORY" --time "$TIME")
[ -z "$PARTITION" ] || facts+=(--partition "$PARTITION")
[ -z "$ACCOUNT" ] || facts+=(--account "$ACCOUNT")
read -ra more <<< "$SBATCH_ARGS"
mkdir -p {folder}
run={run}
job=
"""

_STAGE = """
# Stage {number}: {count} runs.
after=()
[ -z "$job" ] || after=(--dependency "afterany:$job")
job=$(sbatch "${{facts[@]}}" ${{more[@]+"${{more[@]}}"}} \\
    ${{after[@]+"${{after[@]}}"}} --array "{array}%$PARALLEL" --wrap "$run")
job=${{job%%;*}}
echo "Submitted stage {number} as job $job"
"""


def slurm_script(
    study: str,
    script: str,
    command: Sequence[str],
    logs: str,
    stages: Sequence[Sequence[int]],
) -> str:
    """The shell script that submits a study.

    A stage starts when the one before it has ended, well or not: a run whose
    checkpoint is missing says so by itself.

    Args:
        study: Name of the study.
        script: Path of the script, for its help.
        command: What runs one run, ended by ``--only``.
        logs: Folder of what the jobs say.
        stages: Numbers of the runs of each stage; empty stages are left out.
    """
    # The shell of the job, not this script, knows the number of the task.
    run = shlex.quote(f'{shlex.join(command)} "$SLURM_ARRAY_TASK_ID"')
    head = _HEAD.format(
        study=shlex.quote(study),
        script=shlex.quote(script),
        logs=shlex.quote(f'{logs}/%A_%a.txt'),
        folder=shlex.quote(logs),
        run=run,
    )
    parts = [
        _STAGE.format(
            number=number, count=len(stage), array=','.join(map(str, stage))
        )
        for number, stage in enumerate(filter(None, stages), 1)
    ]
    return head + ''.join(parts)
