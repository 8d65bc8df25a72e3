#!/usr/bin/env bash
# Compares the program with its peers in one run on one machine, since figures of different runs are not comparable. Each program
# opens and analyses the image with all rules disabled; the bare reader only decompresses its layers.
set -euo pipefail
export LC_ALL=C
exec </dev/null

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() {
    cat <<'END'
Usage: benches/compare.sh [--runs N] [--limit SECONDS] IMAGE...

Measures dive-rs, dive (Go), diving and the bare reader (cat, gzip -dc, zstd -dc) on each IMAGE, a saved archive or an
OCI layout directory, and prints a Markdown table: the median of the wall time, the mean of user and system CPU time,
the median of the peak memory of 3 runs, and each as a multiple of dive-rs's. Progress goes to standard error.

  --runs N         timed runs of each program after one warm-up (default 10; 3 if a run takes longer than 5 s)
  --limit SECONDS  time limit of a program (default 60)

  DIVE_RS   dive-rs (default target/release/dive of this repository)
  DIVE_GO   dive 0.13.1 (default: the dive on PATH, unless it is ours)
  DIVING    diving (default: the diving on PATH)

Missing peers are skipped. Needs hyperfine, jq, GNU time, GNU tar.
END
}

fail() { printf 'compare: error: %s\n' "$*" >&2; exit 2; }
say() { printf 'compare: %s\n' "$*" >&2; }

runs=10
limit=60
images=()
while [ $# -gt 0 ]; do
    case $1 in
        --runs) [ $# -gt 1 ] || fail '--runs needs a number'; runs=$2; shift ;;
        --limit) [ $# -gt 1 ] || fail '--limit needs a number of seconds'; limit=$2; shift ;;
        -h|--help) usage; exit 0 ;;
        -*) usage >&2; fail "unknown option $1" ;;
        *) images+=("$1") ;;
    esac
    shift
done
if ! [[ $runs =~ ^[1-9][0-9]*$ ]] || [ "$runs" -lt 2 ]; then
    fail "--runs $runs: write a whole number from 2"
fi
[[ $limit =~ ^[1-9][0-9]*$ ]] || fail "--limit $limit: write a whole number of seconds"
[ ${#images[@]} -gt 0 ] || { usage >&2; fail 'IMAGE is missing'; }
for image in "${images[@]}"; do
    [ -r "$image" ] || fail "$image cannot be read"
done
for tool in hyperfine jq tar timeout; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
gnu_time=$(type -P time) || fail 'GNU time is missing'
"$gnu_time" --version 2>&1 | grep -q GNU || fail "$gnu_time is not GNU time"

# Both programs are called dive and print "dive VERSION". Only dive-rs has `tree`.
is_ours() { "$1" tree --help 2>/dev/null | grep -q 'List the file system'; }

rs=${DIVE_RS:-$root/target/release/dive}
[ -x "$rs" ] || fail "$rs is missing: build it with cargo build --release, or set DIVE_RS"
is_ours "$rs" || fail "$rs is not dive-rs: set DIVE_RS"
notes=()
go=${DIVE_GO:-$(type -P dive || true)}
if [ -n "$go" ] && is_ours "$go"; then
    [ -z "${DIVE_GO:-}" ] || fail "DIVE_GO is dive-rs"
    go=
fi
[ -n "$go" ] || notes+=('dive (Go) is missing: set DIVE_GO.')
diving=${DIVING:-$(type -P diving || true)}
[ -n "$diving" ] || notes+=('diving is missing: set DIVING.')
for peer in "$go" "$diving"; do
    [ -n "$peer" ] || continue
    "$peer" --version >/dev/null 2>&1 || fail "$peer cannot be run"
    # Version managers put a script on PATH, which takes longer than a small image.
    [ "$(head -c 2 -- "$peer" | tr -d '\0')" != '#!' ] || fail "$peer is a script, whose time would count: set DIVE_GO or DIVING to the program itself"
done

tmp=$(realpath -- "$(mktemp -d "${TMPDIR:-/tmp}/dive-compare.XXXXXX")")
trap 'rm -rf "$tmp"' EXIT
home=$tmp/home
mkdir "$tmp/work"
# A working directory without .dive-ci and a home without settings. diving caches results in the home, which is therefore removed.
cat >"$tmp/diving.yml" <<'END'
lowest_efficiency: 0
highest_wasted_bytes: 1000TB
highest_user_wasted_percent: 1
END
off=(--lowestEfficiency disabled --highestWastedBytes disabled --highestUserWastedPercent disabled)

kind_of() {
    case $(head -c 4 -- "$1" | od -An -tx1 | tr -d ' \n') in
        1f8b*) echo gzip ;;
        28b52ffd|5?2a4d18) echo zstd ;;
        *) echo plain ;;
    esac
}

# Quotes words for a shell and for hyperfine -N, which does not understand the $'...' of bash's %q.
quote() {
    local word text quoted="'\\''"
    for word in "$@"; do
        text=${word//\'/"$quoted"}
        printf "'%s' " "$text"
    done
}

# This machine's architecture in Go's and images' terms.
case $(uname -m) in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    arm*) architecture=arm ;;
    i?86) architecture=386 ;;
    loongarch64) architecture=loong64 ;;
    *) architecture=$(uname -m) ;;
esac

# Sets the array `layers` to the layer files of an unpacked image: of the first image, and of this machine's platform if there are
# several, as the programs do. On failure, `why` has the reason.
layers_of() {
    local image=$1 manifest=$1/index.json list=$tmp/list digest depth chosen
    layers=()
    if [ -f "$image/manifest.json" ]; then
        jq -rn --arg image "$image" 'input | .[0].Layers // [] | .[] | $image + "/" + .' "$image/manifest.json" >"$list" ||
            { why='manifest.json cannot be read'; return 1; }
        mapfile -t layers <"$list"
        return
    fi
    [ -f "$manifest" ] || { why='neither manifest.json nor index.json'; return 1; }
    # An index may list indexes.
    for depth in 1 2 3 4 5; do
        # This machine's platform first, then entries without one, then the rest; no attestations.
        jq -rn --arg architecture "$architecture" 'input | .manifests // [] | map(select(
                .platform.os != "unknown" and .annotations["vnd.docker.reference.type"] != "attestation-manifest"))
            | map(select(.platform | .os == "linux" and .architecture == $architecture)), map(select(.platform == null)), .
            | .[].digest | sub(":"; "/")' "$manifest" >"$list" || { why="${manifest#"$image/"} cannot be read"; return 1; }
        # A manifest, not an index.
        [ -s "$list" ] || [ "$depth" = 1 ] || break
        chosen=
        while IFS= read -r digest; do
            [ ! -f "$image/blobs/$digest" ] || { chosen=$image/blobs/$digest; break; }
        done <"$list"
        [ -n "$chosen" ] || { why="no manifest that ${manifest#"$image/"} lists exists"; return 1; }
        manifest=$chosen
    done
    jq -rn --arg image "$image" 'input | .layers // [] | .[].digest | $image + "/blobs/" + sub(":"; "/")' "$manifest" >"$list" ||
        { why="${manifest#"$image/"} cannot be read"; return 1; }
    mapfile -t layers <"$list"
}

# Sets the array `bare` to a command that only decompresses all layers of an image. On failure, `why` has the reason.
bare_reader() {
    local image=$1 unpacked=$tmp/image layer file kind part layers
    local -A files=([plain]='' [gzip]='' [zstd]='')
    local commands=() names=()
    bare=() bare_name='bare reader' why=''
    rm -rf "$unpacked"
    mkdir "$unpacked"
    if [ -d "$image" ]; then
        cp -r -- "$image/." "$unpacked" || { why='cannot be copied'; return; }
    else
        case $(kind_of "$image") in
            gzip) bare=(gzip -dc "$image"); bare_name='gzip -dc'; return ;;
            zstd) bare=(zstd -q -dc "$image"); bare_name='zstd -dc'; return ;;
        esac
        tar --extract --file "$image" --directory "$unpacked" || { why='tar cannot unpack it'; return; }
    fi
    layers_of "$unpacked" || return 0
    for layer in ${layers[@]+"${layers[@]}"}; do
        [ -f "$layer" ] || { why="no layer ${layer#"$unpacked/"}"; return; }
        file=$(realpath -e -- "$layer")
        kind=$(kind_of "$file")
        # A repeated layer is read once.
        part=$(quote "$file")
        case "${files[$kind]} " in *" $part "*) ;; *) files[$kind]+=" $part" ;; esac
    done
    for kind in plain gzip zstd; do
        [ -n "${files[$kind]}" ] || continue
        case $kind in
            plain) commands+=("cat${files[plain]}"); names+=('cat') ;;
            gzip) commands+=("gzip -dc${files[gzip]}"); names+=('gzip -dc') ;;
            zstd) commands+=("zstd -q -dc${files[zstd]}"); names+=('zstd -dc') ;;
        esac
    done
    # A shell only for several commands.
    case ${#commands[@]} in
        0) why='no layers'; return ;;
        1) eval "bare=(${commands[0]})" ;;
        *) part=$(printf '%s && ' "${commands[@]}"); bare=(sh -c "${part% && }") ;;
    esac
    bare_name=$(printf '%s' "${names[0]}"; printf ' and %s' "${names[@]:1}")
    bare_name=${bare_name% and }
    # Warms the page cache, as for the image itself.
    find "$unpacked" -type f -exec cat {} + >/dev/null
}

# Runs the program once and checks that it gives a result. Sets `status`, `wall` and `peaks`.
tries() {
    local marker=$1
    shift
    rm -rf "$home"
    local code=0 begin end out=$tmp/out
    # The bare reader's output is discarded.
    [ -n "$marker" ] || out=/dev/null
    : >"$tmp/out"
    begin=$(date +%s%N)
    (cd "$tmp/work" && "$gnu_time" -f %M -o "$tmp/peak" timeout --signal=KILL "$limit" \
        env HOME="$home" CI=true "$@" 2>>"$tmp/out" >>"$out") || code=$?
    end=$(date +%s%N)
    wall=$(((end - begin) / 1000000))
    case $code in
        0) status='done' ;;
        137) status="killed"; [ "$wall" -lt $((limit * 1000)) ] || status="not done after $limit s" ;;
        *) status="exit $code" ;;
    esac
    # Success without a result does not count.
    if [ "$code" = 0 ] && [ -n "$marker" ] && ! grep -qi -- "$marker" "$tmp/out"; then
        status='no result'
    fi
    peaks+=("$(tail -n 1 "$tmp/peak")")
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf (a / b < 10 ? "%.2f" : "%.0f"), a / b; else printf "-" }'; }
seconds() { awk -v s="$1" 'BEGIN { if (s < 1) printf "%.0f ms", s * 1000; else printf "%.2f s", s }'; }
megabytes() { awk -v kib="$1" 'BEGIN { mb = kib * 1.024 / 1000; printf (mb < 100 ? "%.1f MB" : "%.0f MB"), mb }'; }

# A row with a reason instead of numbers.
has_none() {
    printf '| %s | %s | %s | | | | | |\n' "$label" "$1" "$2"
    label=
}

# A row of the table. The first row of an image is dive-rs, the reference for the others.
measures() {
    local name=$1 marker=$2 count=$runs cpu peak text
    shift 2
    peaks=()
    say "  $name"
    tries "$marker" "$@"
    if [ "$status" != 'done' ]; then
        has_none "$name" "$status"
        say "    $status: $(grep -v '^ *$' "$tmp/out" | tail -n 1 | cut -c 1-200)"
        return
    fi
    # Only slow programs get the time limit again, since `timeout` would distort fast ones.
    if [ "$wall" -gt 5000 ]; then
        count=$few
        set -- timeout --signal=KILL "$limit" "$@"
    fi
    hyperfine -N --warmup 1 --runs "$count" --style none --export-json "$tmp/hyperfine.json" \
        --prepare "$(quote rm -rf "$home")" --command-name "$name" \
        "$(quote env -C "$tmp/work" HOME="$home" CI=true "$@")" >/dev/null 2>"$tmp/err" || {
        has_none "$name" 'failed in a later run'
        say "    $(tail -n 1 "$tmp/err")"
        return
    }
    # Memory varies between runs of a threaded program. A failure in a later run also gives no numbers.
    for _ in 2 3; do
        tries "$marker" "$@"
        if [ "$status" != 'done' ]; then
            has_none "$name" "$status, in a later run"
            return
        fi
    done
    wall=$(jq .results[0].median "$tmp/hyperfine.json")
    cpu=$(jq '.results[0] | .user + .system' "$tmp/hyperfine.json")
    peak=$(printf '%s\n' "${peaks[@]}" | sort -n | sed -n 2p)
    if [ "$name" = 'dive-rs' ]; then
        ours_wall=$wall ours_cpu=$cpu ours_peak=$peak
        text='1 | 1 | 1'
    elif [ -z "$ours_wall" ]; then
        text='- | - | -'
    else
        text="$(ratio "$wall" "$ours_wall") | $(ratio "$cpu" "$ours_cpu") | $(ratio "$peak" "$ours_peak")"
    fi
    printf '| %s | %s | %s | %s | %s | %s |\n' \
        "$label" "$name" "$(seconds "$wall")" "$(seconds "$cpu")" "$(megabytes "$peak")" "$text"
    label=
}

few=$((runs < 3 ? runs : 3))
version() { "$1" --version 2>&1 | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }
field() { sed -n "s/^$1[^:]*: *//p" "$2" | head -n 1; }

echo "$(date -u +%F), $(field 'model name' /proc/cpuinfo), $(nproc) cores, $(awk '/^MemTotal/ { printf "%.0f GB", $2 * 1.024 / 1e6 }' /proc/meminfo) of memory, $(uname -sr), load $(cut -d ' ' -f 1 /proc/loadavg) at the start."
echo "dive-rs $(version "$rs")${go:+, dive $(version "$go")}${diving:+, diving $(version "$diving")}, $(cat --version | head -n 1), gzip $(version gzip), zstd $(version zstd 2>/dev/null || echo 'missing'), hyperfine $(version hyperfine). $runs runs ($few if longer than 5 s): wall is the median, CPU the mean; peak memory is the median of 3 runs."
for note in ${notes[@]+"${notes[@]}"}; do
    echo "$note"
done
echo
echo '| Image | Program | Wall | CPU | Peak memory | Wall, × ours | CPU, × ours | Memory, × ours |'
echo '|---|---|---|---|---|---|---|---|'
for image in "${images[@]}"; do
    image=$(realpath -- "$image")
    label="\`$(basename "$(dirname "$image")")/$(basename "$image")\`, $(du -sb -- "$image" | awk '{ printf ($1 < 1e7 ? "%.1f MB" : "%.0f MB"), $1 / 1e6 }')"
    say "$image"
    ours_wall='' ours_cpu='' ours_peak=''
    [ -d "$image" ] || cat -- "$image" >/dev/null
    measures 'dive-rs' 'Result:PASS' "$rs" "${off[@]}" "$image"
    bare_reader "$image"
    if [ -n "$why" ]; then
        say "  $bare_name: $why"
        has_none "$bare_name" "$why"
    else
        measures "$bare_name" '' "${bare[@]}"
    fi
    # dive 0.13.1 reads the layers of an archive without manifest.json in random order.
    if [ -n "$go" ] && [ -f "$image" ] && [ -f "$tmp/image/index.json" ] && [ ! -f "$tmp/image/manifest.json" ]; then
        has_none 'dive' 'layers in random order'
    elif [ -n "$go" ]; then
        measures 'dive' 'Result:PASS' "$go" "${off[@]}" "docker-archive://$image"
    fi
    [ -z "$diving" ] || measures 'diving' 'efficiency' "$diving" --config "$tmp/diving.yml" "file://$image"
done
