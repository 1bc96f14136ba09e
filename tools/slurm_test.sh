#!/usr/bin/env bash
# Score on a Slurm cluster: bash tools/slurm_test.sh CONFIG CHECKPOINT [ARGS]
# ARGS are those of tools/test.py. Prints the job's number.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 1; }
tools=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=tools/slurm_env.sh
. "$tools/slurm_env.sh"
exec bash "$tools/slurm_submit.sh" "test_$(basename "$1" .py)" \
    "$tools/test.py" "$@" --launcher "$LAUNCHER"
