#!/usr/bin/env bash
# Run a tool on this machine as a job would, with what cluster.env says:
#     bash tools/here.sh tools/preflight.py CONFIG
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 1; }
# shellcheck source=tools/slurm_env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/slurm_env.sh"
read -ra python <<< "$PYTHON"
exec "${python[@]}" "$@"
