# shellcheck shell=bash
# Cluster facts for slurm_submit.sh and slurm_run.sh: what the environment
# says, else the user's file, else these defaults.

# The user's file: copy tools/cluster.env.example to cluster.env and edit it.
if [ -f "${MMSEAICE_ENV:-cluster.env}" ]; then
    # What it calls, such as conda, may not bear strict shells.
    set +eu
    # shellcheck source=tools/cluster.env.example
    . "${MMSEAICE_ENV:-cluster.env}"
    set -eu
elif [ -n "${MMSEAICE_ENV:-}" ]; then
    echo "MMSEAICE_ENV is $MMSEAICE_ENV, and there is no such file." >&2
    exit 1
fi

PARTITION=${PARTITION:-}      # the cluster's default if empty
ACCOUNT=${ACCOUNT:-}          # the same
GPUS=${GPUS:-1}               # in all; 0 for CPUs alone
GPUS_PER_NODE=${GPUS_PER_NODE:-$((GPUS < 8 ? GPUS : 8))}
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
