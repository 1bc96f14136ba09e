#!/usr/bin/env bash
# Run a tool in several processes of this machine: dist_run.sh TOOL COUNT ARGS
# If one fails, all are ended, and what it said comes last.
set -euo pipefail
tools=$(dirname -- "${BASH_SOURCE[0]}")
tool=$1 count=$2
shift 2
MMSEAICE_FAULTS=$(mktemp -d)
export MMSEAICE_FAULTS OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
read -ra python <<< "${PYTHON:-python}"
# Machines must agree on a port; several runs on one must not.
port=$((${NNODES:-1} > 1 ? 29500 : 20000 + $$ % 20000))
code=0
"${python[@]}" -m torch.distributed.run \
    --nnodes "${NNODES:-1}" --node-rank "${NODE_RANK:-0}" \
    --master-addr "${MASTER_ADDR:-127.0.0.1}" \
    --master-port "${MASTER_PORT:-$port}" \
    --nproc-per-node "$count" \
    "$tools/$tool" "$@" --launcher pytorch || code=$?
bash "$tools/tell_fault.sh"
exit "$code"
