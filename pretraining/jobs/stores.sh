#!/usr/bin/env bash
# From scene files to stores and splits on a Slurm cluster: an array of jobs
# for each store, and one job for the splits, which waits for them. To be
# called in the clone: bash pretraining/jobs/stores.sh. Prints the jobs'
# numbers; the last is the one to wait for.
# FOLDER (of train/ and test/), SHARDS and CPUS are variables.
set -euo pipefail
# shellcheck source=tools/slurm_env.sh
. tools/slurm_env.sh
folder=${FOLDER:-${MMSEAICE_DATA:-data}/ai4arctic}
shards=${SHARDS:-4}
# There is nothing to stage yet.
export GPUS=0 RANKS=1 STAGE=

# build NAME SPACING...
build() {
    ARRAY=1-$shards bash tools/slurm_submit.sh "store_$1" \
        tools/data/build_store.py "$folder/$1" "$folder/$1.zarr" \
        --workers "$CPUS" --shard "%a/$shards" --spacings "${@:2}"
}

train=$(build train 80 120 160 200 240 280 320 360 400)
echo "Store of the training scenes: job $train"
test=$(build test 80 200)
echo "Store of the test scenes: job $test"
splits=$(AFTER=$train:$test CPUS=1 bash tools/slurm_submit.sh splits \
    tools/data/make_splits.py "$folder/train.zarr" "$folder/splits" \
    --against "$folder/test.zarr" --fractions 1 5 10 20 40 60 100)
echo "Splits: job $splits"
