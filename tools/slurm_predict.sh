#!/usr/bin/env bash
# Chart scenes on a Slurm cluster:
#     bash tools/slurm_predict.sh CONFIG CHECKPOINT SCENE... --out DIR [ARGS]
# ARGS are those of tools/predict.py, which shares scenes out over the GPUs of
# one node by itself (--device). What is done is passed over when the job runs
# again. Prints the job's number.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 1; }
tools=$(dirname -- "${BASH_SOURCE[0]}")
RANKS=1 exec bash "$tools/slurm_submit.sh" "predict_$(basename "$1" .py)" \
    "$tools/predict.py" "$@"
