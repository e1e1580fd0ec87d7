# shellcheck shell=bash
# The daemon as a process: started detached, found again by its pid file, stopped in order. The caller sets
# DATA_DIR, LISTEN, MANIFESTS and DAEMON_ARGS (an array); DAEMON_URL is set once it is ready.

DATA_DIR=
LISTEN=
MANIFESTS=
DAEMON_ARGS=()
DAEMON_URL=
DAEMON_BINARY=$ROOT/build/release/flow-manager

daemon_file() { printf '%s/daemon.%s\n' "$DATA_DIR" "$1"; }

# daemon_pid: of the daemon that runs on this data directory and was started by us; else empty.
daemon_pid() {
    local pid='' start=''
    read -r pid start < <(as_root cat "$(daemon_file pid)" 2>/dev/null) || true
    ! same_process "$pid" "$start" || printf '%s\n' "$pid"
}

daemon_command() {
    printf '%s\n' "$DAEMON_BINARY" --data-dir "$DATA_DIR" --listen "$LISTEN" --manifests "$MANIFESTS" \
        --docker-host "unix://$ENGINE_SOCKET" "${DAEMON_ARGS[@]}"
}

# What the running daemon was started from: the program, its arguments and the manifests it read.
daemon_fingerprint() {
    {
        daemon_command
        sha256sum <"$DAEMON_BINARY"
        find "$MANIFESTS" -type f -print0 | sort -z | xargs -0r sha256sum
    } | sha256sum | cut -d' ' -f1
}

# The ready line, once it is there: `listening on http://HOST:PORT`.
read_daemon_url() {
    DAEMON_URL=$(as_root cat "$(daemon_file log)" 2>/dev/null | sed -n 's/^listening on \(http[^ ]*\).*/\1/p' | head -n 1)
    [[ -n $DAEMON_URL ]]
}
daemon_ready_or_gone() { read_daemon_url || [[ ! -d /proc/$1 ]]; }
daemon_alive() { curl -sf --noproxy '*' --max-time 5 -o /dev/null "$DAEMON_URL/healthz"; }

daemon_did_not_start() {
    as_root tail -n 20 "$(daemon_file log)" | sed 's/^/    | /' >&2
    fail "flow-manager $1" "its last lines are above, the whole log is $(daemon_file log)" \
        "if its port is taken, choose another: $0 --listen localhost:8001"
}

start_daemon() {
    local pid command
    say "==> Starting flow-manager (data in $DATA_DIR, manifests from $MANIFESTS)"
    mapfile -t command < <(daemon_command)
    as_root mkdir -p -m 700 "$DATA_DIR"
    ! as_root test -e "$(daemon_file log)" || as_root mv "$(daemon_file log)" "$(daemon_file log.1)"
    # Detached: whoever reads our output must not be kept waiting by the daemon.
    # shellcheck disable=SC2016 # expanded by the inner shell
    pid=$(as_root sh -c 'cd / && umask 077 && { setsid nohup "$@" >"$0" 2>&1 </dev/null & echo $!; }' \
        "$(daemon_file log)" "${command[@]}")
    as_root sh -c "echo $pid $(started_at "$pid" || echo 0) >'$(daemon_file pid)'"
    wait_for 30 daemon_ready_or_gone "$pid" || true
    [[ -d /proc/$pid ]] || daemon_did_not_start "ended at once"
    read_daemon_url || daemon_did_not_start "was not ready within 30 s"
    wait_for 10 daemon_alive || daemon_did_not_start "does not answer at $DAEMON_URL/healthz"
    as_root sh -c "echo $(daemon_fingerprint) >'$(daemon_file fingerprint)'"
    detail "process $pid listens on $DAEMON_URL"
}

# stop_daemon: SIGTERM, and 12 s for what the daemon promises to do in 10.
stop_daemon() {
    local pid
    pid=$(daemon_pid)
    [[ -n $pid ]] || return 0
    as_root kill -TERM "$pid"
    if ! wait_for 12 test ! -d "/proc/$pid"; then
        detail "process $pid did not end within 12 s of SIGTERM, killing it"
        as_root kill -KILL "$pid"
        wait_for 5 test ! -d "/proc/$pid" || fail "process $pid does not end, not even by SIGKILL" \
            "look at it with: ps -o pid,stat,wchan,args -p $pid"
    fi
    as_root rm -f "$(daemon_file pid)" "$(daemon_file fingerprint)"
}

# The daemon that runs is left alone when it was started from what is there now. Restarting it touches no container.
ensure_daemon() {
    local pid
    pid=$(daemon_pid)
    if [[ -n $pid ]]; then
        if [[ $(as_root cat "$(daemon_file fingerprint)" 2>/dev/null) == "$(daemon_fingerprint)" ]] &&
            read_daemon_url && daemon_alive; then
            say "==> flow-manager runs already: process $pid at $DAEMON_URL"
            return
        fi
        say "==> The program, its options or the manifests have changed: restarting flow-manager"
        detail "the containers stay as they are"
        stop_daemon
    fi
    start_daemon
}
