# shellcheck shell=bash
# Cluster facts for slurm_submit.sh and slurm_run.sh: what the environment
# says, else the user's file, else these defaults.

# The user's file: copy tools/cluster.env.example to cluster.env and edit it.
read_facts() {
    # It may use any name.
    # shellcheck disable=SC2034
    local tools IFS=$' \t\n' name
    local -A given=()
    for name in MMSEAICE_DATA PARTITION ACCOUNT GPUS GPUS_PER_NODE RANKS \
        LAUNCHER CPUS MEMORY TIME MARGIN LOGS PYTHON AFTER AFTER_ANY ARRAY \
        PARALLEL STAGE SBATCH_ARGS; do
        [ -z "${!name+x}" ] || given[$name]=${!name}
    done
    # What it calls, such as conda, may not bear strict shells.
    set +eu
    # shellcheck source=tools/cluster.env.example
    . "$1"
    set -eu
    # What was set before comes first, even if it was set to nothing.
    for name in "${!given[@]}"; do
        printf -v "$name" %s "${given[$name]}"
    done
}
if [ -f "${MMSEAICE_ENV:-cluster.env}" ]; then
    read_facts "${MMSEAICE_ENV:-cluster.env}"
elif [ -n "${MMSEAICE_ENV:-}" ]; then
    echo "MMSEAICE_ENV is $MMSEAICE_ENV, and there is no such file." >&2
    exit 1
fi

PARTITION=${PARTITION:-}      # the cluster's default if empty
ACCOUNT=${ACCOUNT:-}          # the same
GPUS=${GPUS:-1}               # in all; 0 for CPUs alone
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
# A job of fewer than a node has.
[ "$GPUS_PER_NODE" -le "$GPUS" ] || GPUS_PER_NODE=$GPUS
RANKS=${RANKS:-$((GPUS > 0 ? GPUS : 1))}  # processes, one for each GPU
LAUNCHER=${LAUNCHER:-$([ "$RANKS" -eq 1 ] && echo none || echo slurm)}
CPUS=${CPUS:-8}               # of each process, for its data loader
MEMORY=${MEMORY:-64G}         # of each node
TIME=${TIME:-24:00:00}        # of one turn in the queue
MARGIN=${MARGIN:-120}         # seconds before its end to save and stop
LOGS=${LOGS:-work_dirs/slurm}
PYTHON=${PYTHON:-python}      # or apptainer exec --nv mmseaice.sif python
AFTER=${AFTER:-}              # job that must have succeeded before
AFTER_ANY=${AFTER_ANY:-}      # job that must have ended before, well or not
ARRAY=${ARRAY:-}              # tasks of a job array, as 1-8%4
PARALLEL=${PARALLEL:-8}       # runs of a study at the same time
STAGE=${STAGE:-}              # stores below MMSEAICE_DATA to copy to the node
SBATCH_ARGS=${SBATCH_ARGS:-}  # whatever else sbatch should be told

# The program that is told to stop should not think that it has more time.
export MMSEAICE_MARGIN=$MARGIN
