#!/usr/bin/env bash
# Submit a program of this toolkit as a batch job and print its number:
#     bash tools/slurm_submit.sh NAME tools/train.py CONFIG --resume
# In an argument, %a is the number of the task of a job array. Cluster facts
# are variables, see tools/slurm_env.sh. Time's up comes as a signal.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# //p' "$0" >&2; exit 1; }
tools=$(dirname -- "${BASH_SOURCE[0]}")
# shellcheck source=tools/slurm_env.sh
. "$tools/slurm_env.sh"

name=$1
shift
facts=(--parsable --job-name "$name" --open-mode append --requeue)
facts+=(--output "$LOGS/$name-%j.txt" --signal "USR1@$MARGIN" --time "$TIME")
facts+=(--ntasks "$RANKS" --cpus-per-task "$CPUS" --mem "$MEMORY")
if [ "$GPUS" -gt 0 ]; then
    if [ "$RANKS" -gt "$GPUS" ]; then
        echo "RANKS=$RANKS processes need as many GPUs, not GPUS=$GPUS." >&2
        exit 1
    fi
    nodes=$(((GPUS + GPUS_PER_NODE - 1) / GPUS_PER_NODE))
    if [ $((nodes * GPUS_PER_NODE)) -ne "$GPUS" ]; then
        echo "GPUS=$GPUS do not fill nodes of GPUS_PER_NODE=$GPUS_PER_NODE." >&2
        exit 1
    fi
    facts+=(--gres "gpu:$GPUS_PER_NODE" --nodes "$nodes")
    facts+=(--ntasks-per-node "$(((RANKS + nodes - 1) / nodes))")
fi
[ -z "$PARTITION" ] || facts+=(--partition "$PARTITION")
[ -z "$ACCOUNT" ] || facts+=(--account "$ACCOUNT")
[ -z "$ARRAY" ] || facts+=(--array "$ARRAY" --output "$LOGS/$name-%A_%a.txt")
wait_for=${AFTER:+afterok:$AFTER}${AFTER_ANY:+,afterany:$AFTER_ANY}
[ -z "$wait_for" ] ||
    facts+=(--dependency "${wait_for#,}" --kill-on-invalid-dep yes)
read -ra more <<< "$SBATCH_ARGS"
mkdir -p "$LOGS"
# In quotes that every shell reads, as sbatch hands it to sh.
quote="'" quoted="'\\''"
command='exec'
for word in bash "$tools/slurm_run.sh" "$@"; do
    command+=" '${word//"$quote"/$quoted}'"
done
job=$(sbatch "${facts[@]}" ${more[@]+"${more[@]}"} --wrap "$command")
echo "${job%%;*}"
