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
if [ -n "$STAGE" ] && [ -z "${SLURM_TMPDIR:-}" ]; then
    echo "STAGE: nothing is copied, as SLURM_TMPDIR is not set here." >&2
elif [ -n "$STAGE" ]; then
    from=$(realpath "${MMSEAICE_DATA:-data}")
    export STAGE
    srun --ntasks "$SLURM_NNODES" --ntasks-per-node 1 \
        bash "$tools/slurm_stage.sh" "$from" "$SLURM_TMPDIR/data"
    export MMSEAICE_DATA=$SLURM_TMPDIR/data MMSEAICE_STAGED=$from
    echo "Staged $STAGE to $MMSEAICE_DATA."
fi

# A container may have no commands of Slurm, so they are called here.
job=$SLURM_JOB_ID
# The number of one task of an array is also that of the array.
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] ||
    job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
if [ -z "${MASTER_ADDR:-}" ]; then
    nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
    export MASTER_ADDR=${nodes%%$'\n'*}
fi
export MMSEAICE_AGAIN=$LOGS/again-$SLURM_JOB_ID
rm -f "$MMSEAICE_AGAIN"

# All turns of a job are one run of a tracker.
export WANDB_RUN_ID=${WANDB_RUN_ID:-slurm-$SLURM_JOB_ID} WANDB_RESUME=allow
export MMSEAICE_FAULTS=$LOGS/faults-$SLURM_JOB_ID
rm -rf "$MMSEAICE_FAULTS"
code=0
srun --kill-on-bad-exit=1 --cpus-per-task "${SLURM_CPUS_PER_TASK:-1}" \
    "${python[@]}" -u "${@//%a/${SLURM_ARRAY_TASK_ID:-%a}}" || code=$?
bash "$tools/tell_fault.sh"
if [ "$code" -eq 0 ] && [ -e "$MMSEAICE_AGAIN" ]; then
    rm "$MMSEAICE_AGAIN"
    echo 'The time is up: the job goes back into the queue.'
    scontrol requeue "$job" || true
    # Not done; the cluster ends this now, if it has agreed.
    code=75
fi
exit "$code"
