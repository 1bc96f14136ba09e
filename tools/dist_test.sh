#!/usr/bin/env bash
# Score on several GPUs of this machine, or on as many CPU processes:
#     bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [ARGS]
# ARGS are those of tools/test.py.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
exec bash "$(dirname -- "${BASH_SOURCE[0]}")/dist_run.sh" test.py \
    "$3" "$1" "$2" "${@:4}"
