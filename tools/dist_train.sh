#!/usr/bin/env bash
# Train on several GPUs of this machine, or on as many CPU processes:
#     bash tools/dist_train.sh CONFIG GPUS [ARGS]
# ARGS are those of tools/train.py. On several machines, set NNODES, NODE_RANK
# and MASTER_ADDR on each, and MASTER_PORT unless 29500 is free.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 1; }
exec bash "$(dirname -- "${BASH_SOURCE[0]}")/dist_run.sh" train.py \
    "$2" "$1" "${@:3}"
