#!/usr/bin/env bash
# Submit a study to a Slurm cluster: bash tools/slurm_study.sh FILE.txt [ARGS]
# Runs that need a checkpoint start when the run that makes it has succeeded,
# and are cancelled if it has not; a last job draws the figure of what came
# out. ARGS are those of tools/sweep.py. Prints the jobs' numbers.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 1; }
tools=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=tools/slurm_env.sh
. "$tools/slurm_env.sh"
read -ra python <<< "$PYTHON"
mkdir -p "$LOGS"
script=$(mktemp "$LOGS/study-XXXXXX.sh")
# Python may live in a container, which has no commands of Slurm.
"${python[@]}" "$tools/sweep.py" "$@" --script "$script"
if [ -s "$script" ]; then
    bash "$script"
else
    rm "$script"
fi
