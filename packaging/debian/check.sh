#!/usr/bin/env bash
# Checks a Debian package: packaging/debian/check.sh PACKAGE.deb [SUITE]
#
# Runs lintian with packaging/debian/lintian-overrides, installs the package into a new root of SUITE (bookworm by default), runs dive
# and opens its manual, and removes the package. Needs root, lintian and debootstrap.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
[ $# -ge 1 ] || fail 'usage: packaging/debian/check.sh PACKAGE.deb [SUITE]'
package=$(realpath "$1") suite=${2:-bookworm}
sample=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tests/fixtures/sample.tar

root=$(mktemp --directory)
trap 'rm --recursive --force --one-file-system "$root"' EXIT
# lintian refuses root.
install -m 644 "$package" "$root/package.deb"
chmod 755 "$root"
setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent lintian --fail-on error,warning "$root/package.deb" ||
    fail 'lintian reports problems'

debootstrap --variant=minbase "$suite" "$root/root" >"$root/log" 2>&1 || { cat "$root/log" >&2; fail 'debootstrap'; }
cp "$package" "$root/root/tmp/dive.deb"
cp "$sample" "$root/root/tmp/sample.tar"
# A normal machine has man; Debian's images omit it.
chroot "$root/root" env DEBIAN_FRONTEND=noninteractive sh -eux <<'COMMANDS'
apt-get install --yes --no-install-recommends /tmp/dive.deb man-db
dive --version
CI=true dive /tmp/sample.tar | grep '^Result:PASS'
man --where dive dive-tree 5 dive-ci 5 dive.yaml
man dive | grep --quiet SYNOPSIS
test -s /usr/share/bash-completion/completions/dive
dpkg --verify dive-rs
apt-get remove --yes --purge dive-rs
test ! -e /usr/bin/dive
test ! -e /usr/share/doc/dive-rs
COMMANDS
echo "$(basename "$package"): passed"
