# shellcheck shell=bash
# The flow image, made locally through the engine's build API: from scratch plus busybox and flow-runtime. The
# context is byte-stable (sorted, fixed times and owners), so that building again finds the very same image.

IMAGE_NAMES=(flow-demo:latest flow:latest)

# image_id NAME: empty when there is none.
image_id() {
    engine GET "/images/$1/json" 2>/dev/null | sed -n 's/.*"Id":"\(sha256:[0-9a-f]*\)".*/\1/p'
}

# make_context DIR RUNTIME: what the Dockerfile copies, below DIR/root; RUNTIME is the flow-runtime that was built.
# shellcheck disable=SC2153 # ROOT is the checkout, set by the caller
make_context() {
    local dir=$1 runtime=$2 root=$1/root program
    mkdir -p "$root"/{bin,etc,tmp,app,workspace,proc,sys,dev}
    cp "$ROOT/images/flow/Dockerfile" "$dir/Dockerfile"
    install -m 755 "$(readlink -f "$(command -v busybox)")" "$root/bin/busybox"
    install -m 755 "$runtime" "$root/bin/flow-runtime"
    for program in $("$root/bin/busybox" --list); do
        [[ $program == busybox ]] || ln -sf busybox "$root/bin/$program"
    done
    printf 'root:x:0:0:root:/:/bin/sh\nflow:x:1000:1000:flow:/:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\nflow:x:1000:\n' >"$root/etc/group"
    find "$dir" -type d -exec chmod 755 {} +
    chmod 644 "$dir/Dockerfile" "$root"/etc/*
    chmod 1777 "$root/tmp"
}

build_image() {
    local runtime=$1 dir name query='' answer
    dir=$(mktemp -d)
    make_context "$dir" "$runtime"
    for name in "${IMAGE_NAMES[@]}"; do query+="t=$name&"; done
    answer=$(tar -C "$dir" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -c . |
        engine POST "/build?${query}rm=1&forcerm=1" -H 'Content-Type: application/x-tar' --data-binary @-)
    rm -rf "$dir"
    # The engine answers 200 and tells a failure in the stream.
    if [[ $answer == *'"errorDetail"'* || $answer != *'Successfully built'* ]]; then
        printf 'the engine could not build the image: %s\n' "$(tail -n 3 <<<"$answer")"
        return 1
    fi
}

# ensure_image PRESET: with the flow-runtime of that preset, which has been built; all presets make the same one.
ensure_image() {
    local before after runtime=$ROOT/build/$1/flow-runtime
    before=$(image_id "${IMAGE_NAMES[0]}")
    step "Building the image ${IMAGE_NAMES[0]}" build_image "$runtime"
    after=$(image_id "${IMAGE_NAMES[0]}")
    if [[ $before == "$after" ]]; then
        detail "unchanged: ${after:7:12}"
    else
        detail "new: ${after:7:12}${before:+ (was ${before:7:12})}"
    fi
}
