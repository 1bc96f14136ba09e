#!/usr/bin/env bash
# Make a folder as another, with the stores that STAGE names copied into it
# and links to all else: slurm_stage.sh FROM TO
set -euo pipefail
from=$1 to=$2

# stage PATH: what lies in the folder PATH below FROM
stage() {
    mkdir -p "$to/$1"
    local entry path
    for entry in "$from/$1"*; do
        path=$1${entry##*/}
        case " $STAGE " in
        *" $path "*) cp -r "$entry" "$to/$path" ;;
        *" $path/"*) stage "$path/" ;;
        *) ln -s "$entry" "$to/$path" ;;
        esac
    done
}

for store in $STAGE; do
    [ -e "$from/$store" ] || { echo "STAGE: no $store in $from" >&2; exit 1; }
done
# Of a turn before this one.
rm -rf "$to"
stage ''
