#!/usr/bin/env bash
# From an encoder to scores on a Slurm cluster, in jobs that wait for each
# other: fine-tuning, then the test scenes. To be called in the clone:
#     AFTER=123 bash downstream/jobs/finetune.sh work_dirs/RUN/iter_30000.pth
# with the number of the job that makes the encoder, or without AFTER if it is
# there. More arguments are config options. CONFIG and WORK_DIR are variables,
# as cluster facts are. Prints the jobs' numbers.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 1; }
# shellcheck source=tools/slurm_env.sh
. tools/slurm_env.sh
config=${CONFIG:-configs/downstream/multitask_vit-base-upernet_30ki_ai4arctic.py}
name=$(basename "$config" .py)
run=${WORK_DIR:-work_dirs/$name}
charts=$(bash tools/slurm_train.sh "$config" --work-dir "$run" \
    --cfg-options "model.backbone.init_cfg.checkpoint=$1" "${@:2}")
echo "Charts: job $charts"
# With the same options; of a folder, the best checkpoint is taken.
scores=$(AFTER=$charts AFTER_ANY='' GPUS=$((GPUS > 0)) RANKS=1 \
    bash tools/slurm_submit.sh "test_$name" tools/test.py "$config" "$run" \
    --out "$run/test" \
    --cfg-options "model.backbone.init_cfg.checkpoint=$1" "${@:2}")
echo "Scores: job $scores"
