#!/usr/bin/env bash
# Print what the process that failed first said, of several that did.
set -euo pipefail
[ -d "${MMSEAICE_FAULTS:-}" ] || exit 0
first=$(find "$MMSEAICE_FAULTS" -type f -printf '%T@ %p\n' | sort -n |
    sed -n '1s/^[^ ]* //p')
if [ -n "$first" ]; then
    echo "The first to fail was $(basename "$first" .txt):"
    cat "$first"
fi
rm -rf "$MMSEAICE_FAULTS"
