#!/usr/bin/env bash
# Builds a release archive: packaging/build.sh TARGET FOLDER
#
# dive-VERSION-TARGET.tar.gz (.zip for Windows) contains the program, manual pages, completions, changelog and licences. With GNU tar,
# it contains no paths or times of this machine, so that two builds of one commit can be compared. Needs bash 4 and jq.
set -euo pipefail
# The order of `*` must not depend on the locale.
export LC_ALL=C

fail() { printf 'error: %s\n' "$*" >&2; exit 2; }
[ $# = 2 ] || fail 'usage: packaging/build.sh TARGET FOLDER'
target=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# Leaves out what zstd only needs for levels above 1: dive compresses its cache with level 1.
zstd=
for strategy in DFAST GREEDY LAZY LAZY2 BTLAZY2 BTOPT BTULTRA; do zstd+=" -DZSTD_EXCLUDE_${strategy}_BLOCK_COMPRESSOR"; done
# A static program relocates itself when it starts. Packed, its relocations take 5 kB instead of 450 kB; musl reads them since 1.2.4.
packed=''
case $target in
    *-linux-musl) packed=-Clink-arg=-Wl,-z,pack-relative-relocs ;;
esac
# Removes this machine's paths from the program, for Rust and for the C code of zstd and xz.
home=${CARGO_HOME:-$HOME/.cargo}
RUSTFLAGS="--remap-path-prefix=$root=/dive --remap-path-prefix=$home=/cargo $packed ${RUSTFLAGS:-}" \
    CFLAGS="-ffile-prefix-map=$root=/dive -ffile-prefix-map=$home=/cargo$zstd ${CFLAGS:-}" \
    cargo build --locked --profile dist --target "$target" --package dive-rs

program=dive
[ "${target%windows*}" = "$target" ] || program=dive.exe
# A release that is larger is a mistake to find before it is published.
size=$(wc -c <"target/$target/dist/$program")
[ "$size" -lt 12000000 ] || fail "target/$target/dist/$program has $size bytes; the limit is 12 MB"

# cargo-deb also uses these.
texts=target/package
rm -rf "$texts"
cargo run --quiet --locked --package dive-manual -- man "$texts/man"
cargo run --quiet --locked --package dive-manual -- completions "$texts/completions"
packaging/licences.sh "$target" >"$texts/THIRD-PARTY.txt"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "target/$target/dist/$program" "$texts"/* LICENSE README.md CHANGELOG.md "$stage"
find "$stage" -type d -exec chmod 755 {} +
find "$stage" -type f -exec chmod 644 {} +
chmod 755 "$stage/$program"

archive=$folder/dive-$version-$target
cd "$stage"
if [ "$program" = dive.exe ]; then
    rm -f "$archive.zip"
    7z a -bd "$archive.zip" ./* >/dev/null
elif tar --version | grep -q GNU; then
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=gnu -- * |
        gzip -9 --no-name >"$archive.tar.gz"
else
    tar -czf "$archive.tar.gz" -- *
fi
