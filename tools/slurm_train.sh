#!/usr/bin/env bash
# Train on a Slurm cluster: GPUS=4 bash tools/slurm_train.sh CONFIG [ARGS]
# ARGS are those of tools/train.py. The job saves and queues itself again when
# its time is up, until the training is complete. Prints the job's number.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
tools=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=tools/slurm_env.sh
. "$tools/slurm_env.sh"
case " $* " in
*' --resume '* | *' --resume='*)
    echo 'It resumes by itself; weights to begin with are an option,' \
        'load_from=FILE.' >&2
    exit 1
    ;;
esac
exec bash "$tools/slurm_submit.sh" "$(basename "$1" .py)" \
    "$tools/train.py" "$@" --launcher "$LAUNCHER" --resume
