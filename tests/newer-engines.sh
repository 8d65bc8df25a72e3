#!/usr/bin/env bash
# tests/newer-engines.sh FOLDER
#
# Makes a Debian root with newer engines in FOLDER: Docker with BuildKit, Podman, containerd (about a minute, 700 MB). With
# DIVE_TEST_NEWER=FOLDER, tests/servers.sh starts them beside this machine's own, and the tests of them run. Nothing outside FOLDER
# changes. Needs root, debootstrap and a Debian mirror.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
# Debian's unstable branch has the newest engines.
suite=sid
root=$1
[ ! -e "$root" ] || { echo "$root exists" >&2; exit 2; }

unfinished=$root.new
trap 'rm -rf --one-file-system "$unfinished"' EXIT
rm -rf --one-file-system "$unfinished"
debootstrap --variant=minbase "$suite" "$unfinished" >/dev/null
# The machine's proxy and certificates for packages, and its name servers.
cp /etc/apt/apt.conf.d/* "$unfinished/etc/apt/apt.conf.d/" 2>/dev/null || true
cp /etc/resolv.conf "$unfinished/etc/resolv.conf" 2>/dev/null || true
chroot "$unfinished" apt-get update >/dev/null
# RUNLEVEL prevents that services start.
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 chroot "$unfinished" apt-get install --yes --no-install-recommends \
    docker.io docker-cli docker-buildx containerd podman netavark crun fuse-overlayfs ca-certificates >/dev/null
# Complete, or not there.
mv "$unfinished" "$root"
