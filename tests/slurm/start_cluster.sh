#!/usr/bin/env bash
# Start a Slurm cluster of this machine alone, for tests:
#     tests/slurm/start_cluster.sh FOLDER
# All of it lies in FOLDER and listens on the loopback. Programs find it by
# SLURM_CONF=FOLDER/slurm.conf; stop_cluster.sh FOLDER ends it. Needs the
# packages slurm-wlm and munge. Two cores suffice: four are promised.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 1; }
mkdir -p "$1"/{munge,state,spool,log}
folder=$(realpath "$1")
# munge wants a socket that everybody reaches and nobody else can replace.
chmod 755 "$folder" "$folder/munge"
host=$(hostname -s)
user=$(id -un)
port=$((21000 + RANDOM % 4000 * 2))

head -c 1024 /dev/urandom > "$folder/munge/key"
chmod 400 "$folder/munge/key"
/usr/sbin/munged --force \
    --key-file "$folder/munge/key" --socket "$folder/munge/socket" \
    --pid-file "$folder/munge/pid" --log-file "$folder/log/munged" \
    --seed-file "$folder/munge/seed"

cat > "$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# A requeued job waits until its old credential has expired.
AuthInfo=socket=$folder/munge/socket,cred_expire=10
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0
ReturnToService=2
KillWait=10
MinJobAge=3600
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/log/jobs
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
/usr/sbin/slurmctld
/usr/sbin/slurmd
for _ in $(seq 60); do
    if sinfo --noheader --format %t 2> /dev/null | grep -q idle; then
        echo "$SLURM_CONF"
        exit 0
    fi
    sleep 0.5
done
tail -n 20 "$folder"/log/* >&2
echo "The cluster did not come up in 30 s, see $folder/log." >&2
exit 1
