#!/usr/bin/env bash
# Builds dive's image: packaging/image/build.sh docker|podman|buildah BINARY TAG
#
# BINARY is a static dive (target x86_64- or aarch64-unknown-linux-musl). Nothing is pulled. Certificate authorities come from this
# machine or from the file CERTIFICATES; the licences from THIRD-PARTY.txt beside BINARY, or else from packaging/licences.sh. With buildah
# and podman, the same three files and commit give the same digest.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 2; }
[ $# = 3 ] || fail 'usage: packaging/image/build.sh docker|podman|buildah BINARY TAG'
builder=$1 binary=$2 tag=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
certificates=${CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}
[ -x "$binary" ] || fail "$binary: no such program"
[ -r "$certificates" ] || fail "$certificates: no such file: install ca-certificates, or name a PEM file with CERTIFICATES"
grep --quiet 'BEGIN CERTIFICATE' "$certificates" || fail "$certificates has no PEM certificate"

of_manifest() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$root/Cargo.toml" | head -n 1; }
revision=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
created=$(date --utc --date "@$epoch" +%Y-%m-%dT%H:%M:%SZ)

# The image's architecture is that of the program's ELF header.
case $(od --address-radix=n --format=x2 --skip-bytes=18 --read-bytes=2 "$binary" | tr -d ' ') in
    003e) platform=linux/amd64 target=x86_64-unknown-linux-musl ;;
    00b7) platform=linux/arm64 target=aarch64-unknown-linux-musl ;;
    *) fail "$binary is not for x86_64 or aarch64" ;;
esac
# A dynamic program names its loader at the start of the file.
! head --bytes 4096 "$binary" | grep --quiet --text '/lib[a-z0-9]*/ld-' ||
    fail "$binary is not static, and the image has no libraries: build it for $target"

context=$(mktemp --directory)
trap 'rm --recursive --force "$context"' EXIT
layer=$context/layer
mkdir --parents "$layer"/{etc/ssl/certs,root,tmp,usr/share/doc/dive}
install --mode 755 "$binary" "$layer/dive"
install --mode 644 "$certificates" "$layer/etc/ssl/certs/ca-certificates.crt"
install --mode 644 "$root/LICENSE" "$layer/usr/share/doc/dive/LICENSE"
licences=$(dirname "$binary")/THIRD-PARTY.txt
if [ ! -e "$licences" ]; then
    licences=$context/THIRD-PARTY.txt
    "$root/packaging/licences.sh" "$target" >"$licences"
fi
install --mode 644 "$licences" "$layer/usr/share/doc/dive/THIRD-PARTY.txt"
# A home for root, for `-v ~/.docker:/root/.docker` as with other images.
printf 'root:x:0:0:root:/root:/dive\nnobody:x:65534:65534:nobody:/:/dive\n' >"$layer/etc/passwd"
chmod 755 "$layer" "$layer"/{etc,etc/ssl,etc/ssl/certs,usr,usr/share,usr/share/doc,usr/share/doc/dive}
chmod 644 "$layer/etc/passwd"
chmod 700 "$layer/root"
# Writable for every user: images from standard input are spooled there.
chmod 1777 "$layer/tmp"
tar --create --file "$context/root.tar" --directory "$layer" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$epoch" --format=gnu .
rm --recursive --force "$layer" "$context/THIRD-PARTY.txt"
cp "$root/packaging/image/Dockerfile" "$context"

arguments=(--tag "$tag" --build-arg "VERSION=$(of_manifest version)" --build-arg "REVISION=$revision"
    --build-arg "CREATED=$created" --build-arg "SOURCE=$(of_manifest repository)")
case $builder in
    # Without BuildKit, docker builds only for its own platform.
    docker) docker build "${arguments[@]}" "$context" ;;
    podman | buildah)
        "$builder" build --layers=false --timestamp "$epoch" --platform "$platform" "${arguments[@]}" "$context"
        ;;
    *) fail "$builder is not docker, podman or buildah" ;;
esac
