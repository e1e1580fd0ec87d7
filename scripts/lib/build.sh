# shellcheck shell=bash
# Configures and builds one CMake preset. A second build of the same sources takes about a second.

# One compiler needs up to 1.3 GB with the sanitizers: a small machine gets fewer of them at once.
build_jobs() {
    local cores memory jobs
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 1300000)}' /proc/meminfo)
    jobs=$((memory < cores ? memory : cores))
    printf '%s\n' $((jobs < 1 ? 1 : jobs))
}

configure_preset() { cd "$ROOT" && as_owner cmake --preset "$1"; }

build_preset() {
    local preset=$1
    shift
    cd "$ROOT" && as_owner cmake --build "build/$preset" -j "$(build_jobs)" "$@"
}

# ensure_built PRESET [--target NAME]: the build itself configures again when a CMake file has changed.
ensure_built() {
    local preset=$1
    shift
    # Objects are found in the cache from any checkout: paths below it count as relative.
    export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
    if [[ ! -f $ROOT/build/$preset/build.ninja ]]; then
        step "Configuring the $preset preset" configure_preset "$preset"
    fi
    STEP_TAIL=80 step "Building the $preset preset ($(build_jobs) at a time; the first time takes minutes)" \
        build_preset "$preset" "$@"
}
