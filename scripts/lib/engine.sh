# shellcheck shell=bash
# The Docker Engine: uses the one that answers, else starts one. ENGINE_SOCKET is set by ensure_engine.

ENGINE_SOCKET=
# Only an engine that we started ourselves is noted here, and only that one is ever stopped by scripts/down.
ENGINE_NOTE=/run/flow-manager-engine
ENGINE_LOG=/var/log/flow-manager-engine.log

# engine_socket: the path that DOCKER_HOST names, or the engine's usual one.
engine_socket() {
    local host=${DOCKER_HOST:-unix:///var/run/docker.sock}
    [[ $host == unix://* ]] || fail "DOCKER_HOST is $host: only unix:// is supported" \
        "Flow Manager works on the engine's own host; unset DOCKER_HOST, or name a unix socket"
    printf '%s\n' "${host#unix://}"
}

# engine METHOD PATH [CURL ARGS...]: one call of the Engine API; the answer's body on stdout.
engine() {
    local method=$1 path=$2
    shift 2
    as_root curl -sS --noproxy '*' --max-time 120 --unix-socket "$ENGINE_SOCKET" -X "$method" "$@" \
        "http://engine$path"
}

engine_answers() {
    [[ -S $ENGINE_SOCKET ]] && as_root curl -sf --noproxy '*' --max-time 5 -o /dev/null \
        --unix-socket "$ENGINE_SOCKET" http://engine/_ping
}

start_engine_with_systemd() {
    as_root systemctl start docker
    wait_for 60 engine_answers || {
        as_root journalctl -u docker -n 20 --no-pager || true
        return 1
    }
    as_root sh -c "echo systemd >$ENGINE_NOTE"
}

# Detached from our own output, so that whoever reads that is not kept waiting by the engine.
start_engine_alone() {
    local pid
    # shellcheck disable=SC2016 # expanded by the inner shell
    pid=$(as_root sh -c 'setsid nohup dockerd >>"$0" 2>&1 </dev/null & echo $!' "$ENGINE_LOG")
    as_root sh -c "echo $pid $(started_at "$pid") >$ENGINE_NOTE"
    wait_for 60 engine_answers_or_gone "$pid"
    engine_answers || {
        tail -n 20 "$ENGINE_LOG"
        as_root rm -f "$ENGINE_NOTE"
        echo "the engine (process $pid) does not answer; its log is $ENGINE_LOG"
        return 1
    }
}
engine_answers_or_gone() { engine_answers || [[ ! -d /proc/$1 ]]; }

start_engine() {
    if [[ -d /run/systemd/system ]]; then
        start_engine_with_systemd
    else
        start_engine_alone
    fi
}

engine_version() { engine GET /version | sed -n 's/.*"Version":"\([^"]*\)","ApiVersion":"\([^"]*\)".*/\1 (API \2)/p'; }

ensure_engine() {
    ENGINE_SOCKET=$(engine_socket)
    if ! engine_answers; then
        [[ -z ${DOCKER_HOST:-} || $ENGINE_SOCKET == /var/run/docker.sock ]] ||
            fail "the Docker Engine at $ENGINE_SOCKET (from DOCKER_HOST) does not answer" \
                "start it, or unset DOCKER_HOST to use the usual one"
        step "Starting a Docker Engine" start_engine
    fi
    say "==> Docker Engine $(engine_version) answers at $ENGINE_SOCKET"
}
