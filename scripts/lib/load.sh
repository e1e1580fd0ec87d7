# shellcheck shell=bash
# Loads all shared pieces, in order. The caller has set ROOT.
for piece in common packages build engine image daemon; do
    # shellcheck source=/dev/null
    source "$ROOT/scripts/lib/$piece.sh"
done
