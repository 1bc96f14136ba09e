#!/usr/bin/env bash
# End the cluster of start_cluster.sh, and its jobs:
#     tests/slurm/stop_cluster.sh FOLDER
set -uo pipefail
export SLURM_CONF=$1/slurm.conf
scancel --signal KILL --full --user "$(id -un)"
scancel --user "$(id -un)"
for _ in $(seq 40); do
    [ -n "$(squeue --noheader)" ] || break
    sleep 0.5
done
for pid in "$1"/slurmctld.pid "$1"/slurmd.pid "$1"/munge/pid; do
    [ ! -s "$pid" ] || kill "$(cat "$pid")"
done
