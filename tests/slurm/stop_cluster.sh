#!/usr/bin/env bash
# End the cluster of start_cluster.sh: tests/slurm/stop_cluster.sh FOLDER
set -uo pipefail
for pid in "$1"/slurmctld.pid "$1"/slurmd.pid "$1"/munge/pid; do
    [ ! -s "$pid" ] || kill "$(cat "$pid")"
done
