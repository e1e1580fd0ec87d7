# shellcheck shell=bash
# Installs what is missing, and only then: one apt-get update and one apt-get install.

# Debian 12 has Boost 1.81 beside an older default; Ubuntu 24.04 has 1.83.
boost_package() {
    local id='' version_id=''
    # shellcheck disable=SC1091
    [[ ! -r /etc/os-release ]] || {
        id=$(. /etc/os-release && printf '%s' "${ID:-}")
        version_id=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
    }
    case $id-$version_id in
        debian-12*) echo libboost1.81-dev ;;
        ubuntu-24.04) echo libboost1.83-dev ;;
        *) echo libboost-dev ;;
    esac
}

build_packages() {
    printf '%s\n' g++ cmake ninja-build ccache mold "$(boost_package)" nlohmann-json3-dev libspdlog-dev \
        libyaml-cpp-dev libsqlitecpp-dev libsqlite3-dev libcurl4-openssl-dev libcli11-dev libssl-dev
}

# What the scripts, the image and the examples need; python3-socketio with what its synchronous client uses.
run_packages() {
    printf '%s\n' ca-certificates curl sqlite3 procps busybox-static python3 python3-socketio \
        python3-requests python3-websocket
}

# A Node.js that did not come from Debian keeps its own npm: the nodesource package refuses Debian's beside it.
test_packages() {
    printf '%s\n' libgtest-dev libgmock-dev python3-aiohttp docker-registry
    command -v node >/dev/null || printf '%s\n' nodejs
    command -v npm >/dev/null || printf '%s\n' npm
    # Ubuntu has it as a snap only, which a container cannot run: there the browser's tests are left out.
    if ! command -v chromium chromium-browser google-chrome >/dev/null && grep -qx 'ID=debian' /etc/os-release; then
        printf '%s\n' chromium
    fi
}

# An engine only where none is: a machine with docker-ce keeps it.
engine_packages() {
    command -v dockerd >/dev/null || printf '%s\n' docker.io iptables
    # With AppArmor on, the engine loads a profile for each container and needs the loader.
    if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]]; then
        command -v apparmor_parser >/dev/null || printf '%s\n' apparmor
    fi
}

missing_packages() {
    local installed name
    # shellcheck disable=SC2016 # these are dpkg's own placeholders
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
    for name; do
        grep -qxF "$name" <<<"$installed" || printf '%s\n' "$name"
    done
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

install_packages() {
    local update_failed=
    apt update -q || update_failed=1
    apt install -y -q --no-install-recommends "$@" || {
        [[ -z $update_failed ]] || echo "the package lists could not be fetched either: is there a network?"
        return 1
    }
}

# ensure_packages NAME...: nothing is asked of the network when all are there.
ensure_packages() {
    local missing
    command -v apt-get >/dev/null || fail "this is not Debian or Ubuntu: there is no apt-get" \
        "install by hand: $*" "then build with: cmake --preset release && cmake --build build/release"
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        say "==> Packages: all $# are installed"
        return
    fi
    step "Installing ${#missing[@]} missing packages: ${missing[*]}" install_packages "${missing[@]}"
}
