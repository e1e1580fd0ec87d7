# shellcheck shell=bash
# What every script shares: where things are, how steps are told, and who is root.
# Sourced, never run. The caller has set -euo pipefail and ROOT (the checkout).

export LC_ALL=C.UTF-8
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
export HOME

STEP_LOG= # the output of the step under way
HEARTBEAT= # the process that tells how far it is

say() { printf '%s\n' "$*"; }
detail() { printf '    %s\n' "$*"; }

# fail WHAT [LINE...]: what was tried and what was said, then what to do next; ends the script.
fail() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '       %s\n' "$@" >&2
    exit 1
}

# Lets the one privileged thing pass through sudo when the user is not root.
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -- "$@"
    fi
}

require_root_or_sudo() {
    ((EUID == 0)) && return 0
    command -v sudo >/dev/null || fail "this needs root, and there is no sudo" \
        "run it as root: su -c '$0'"
    sudo -v || fail "sudo refused" "run it as a user who may use sudo, or as root"
}

# Builds belong to whoever owns the checkout, also under `sudo scripts/up`.
as_owner() {
    local owner
    owner=$(stat -c %U "$ROOT")
    if ((EUID == 0)) && [[ -n ${SUDO_USER:-} && $owner == "$SUDO_USER" ]]; then
        sudo -H -u "$owner" -- "$@"
    else
        "$@"
    fi
}

end_heartbeat() {
    [[ -z $HEARTBEAT ]] || kill "$HEARTBEAT" 2>/dev/null || true
    HEARTBEAT=
}

leave() {
    end_heartbeat
    [[ -z $STEP_LOG ]] || rm -f "$STEP_LOG"
}
trap leave EXIT

# Says every few seconds how long a step takes and what it does: its last line of output.
heartbeat() {
    local log=$1 began=$SECONDS last
    while sleep 10 >/dev/null 2>&1; do
        last=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c1-90 || true)
        printf '    %4d s  %s\n' $((SECONDS - began)) "$last"
    done
}

# step TITLE COMMAND...: runs it with its output in a file; tells when it began, how far it is and how long it
# took. When it fails, its last lines are shown and the script ends. It runs in a shell of its own: what it sets
# is lost.
step() {
    local title=$1 began=$SECONDS rc
    shift
    STEP_LOG=$(mktemp)
    say "==> $title"
    heartbeat "$STEP_LOG" &
    HEARTBEAT=$!
    # Its own shell with errexit: behind `||` or `if` the shell would ignore every failure inside.
    set +e
    (
        set -e
        "$@"
    ) >"$STEP_LOG" 2>&1 </dev/null
    rc=$?
    set -e
    end_heartbeat
    if ((rc != 0)); then
        sed 's/^/    | /' <(tail -n "${STEP_TAIL:-40}" "$STEP_LOG") >&2
        fail "$title: failed with code $rc after $((SECONDS - began)) s" \
            "it ran: $*" "its last lines are above; put that right and run $0 again"
    fi
    detail "done in $((SECONDS - began)) s"
    rm -f "$STEP_LOG"
    STEP_LOG=
}

# wait_for SECONDS COMMAND...: until it succeeds; 1 when it never does.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@"; do
        ((SECONDS < until)) || return 1
        sleep 0.2
    done
}

# same_process PID START: the process with that number is still the one that started then.
started_at() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086 # the fields of the line, one word each
    set -- $stat
    printf '%s\n' "${20}"
}
same_process() { [[ -n ${1:-} && -n ${2:-} && $(started_at "$1") == "$2" ]]; }
