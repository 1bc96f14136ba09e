#!/usr/bin/env bash
# Send the logs of runs without a network to Weights & Biases:
#     bash tools/wandb_sync.sh [FOLDER]
# To be called where there is a network; FOLDER is work_dirs by default. What
# was sent before is passed over.
set -euo pipefail
# shellcheck source=tools/slurm_env.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/slurm_env.sh"
read -ra python <<< "$PYTHON"
folder=${1:-work_dirs}
found=0
while IFS= read -r -d '' run; do
    found=$((found + 1))
    "${python[@]}" -m wandb sync --include-offline "$run"
done < <(find "$folder" -type d -name 'offline-run-*' -print0 | sort -z)
echo "$found runs below $folder."
