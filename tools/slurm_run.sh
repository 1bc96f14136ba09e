#!/usr/bin/env bash
# Run a program of this toolkit inside a Slurm job, once for each task of it.
# slurm_submit.sh writes jobs that do this. If a process fails, all are ended,
# and what it said comes last in the log.
set -euo pipefail
tools=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=tools/slurm_env.sh
. "$tools/slurm_env.sh"

read -ra python <<< "$PYTHON"
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then
    echo "Turn $((SLURM_RESTART_COUNT + 1)) of job $SLURM_JOB_ID."
fi

# Copy stores to the disk of each node; all else there is a link.
if [ -n "$STAGE" ] && [ -n "${SLURM_TMPDIR:-}" ]; then
    from=$(realpath "${MMSEAICE_DATA:-data}")
    export from STAGE
    # Variables in quotes are for the shells on the nodes.
    # shellcheck disable=SC2016
    srun --ntasks "$SLURM_NNODES" --ntasks-per-node 1 bash -euc '
        mkdir -p "$SLURM_TMPDIR/data"
        cp -rs "$from/." "$SLURM_TMPDIR/data/"
        for store in $STAGE; do
            rm -rf "$SLURM_TMPDIR/data/$store"
            cp -r "$from/$store" "$SLURM_TMPDIR/data/$store"
        done'
    export MMSEAICE_DATA=$SLURM_TMPDIR/data
    echo "Staged $STAGE to $MMSEAICE_DATA."
fi

# All turns of a job are one run of a tracker.
export WANDB_RUN_ID=${WANDB_RUN_ID:-slurm-$SLURM_JOB_ID} WANDB_RESUME=allow
export MMSEAICE_FAULTS=$LOGS/faults-$SLURM_JOB_ID
rm -rf "$MMSEAICE_FAULTS"
code=0
srun --kill-on-bad-exit=1 --cpus-per-task "${SLURM_CPUS_PER_TASK:-1}" \
    "${python[@]}" -u "${@//%a/${SLURM_ARRAY_TASK_ID:-}}" || code=$?
bash "$tools/tell_fault.sh"
exit "$code"
