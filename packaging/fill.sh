#!/usr/bin/env bash
# Fills the templates of a release: packaging/fill.sh SHA256SUMS FOLDER
#
# SHA256SUMS is the file of the release. Writes the Homebrew formula, the PKGBUILD, the scoop manifest and the flake to FOLDER. Version
# and address come from Cargo.toml.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 2; }
[ $# = 2 ] || fail 'usage: packaging/fill.sh SHA256SUMS FOLDER'
sums=$1 folder=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
of_manifest() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "${MANIFEST:-$root/Cargo.toml}" | head -n 1; }
version=$(of_manifest version)
repository=$(of_manifest repository)
case $repository in
    *.invalid/*) fail "repository in Cargo.toml is a placeholder: $repository" ;;
esac

# `literal TEXT`: the replacement of a sed command that is TEXT.
literal() { printf '%s' "$1" | sed 's/[\\&|]/\\&/g'; }
replace=(-e "s|@VERSION@|$version|g" -e "s|@REPOSITORY@|$repository|g"
    -e "s|@RELEASE@|$repository/releases/download/v$version|g" -e "s|@MAINTAINER@|$(literal "$(of_manifest maintainer)")|g")
while read -r sha256 archive; do
    [[ $sha256 =~ ^[0-9a-f]{64}$ ]] || fail "$sums: not a checksum: $sha256"
    # dive-VERSION-TARGET.tar.gz or .zip
    target=${archive#"dive-$version-"}
    [ "$target" != "$archive" ] || continue
    target=${target%.tar.gz} target=${target%.zip} target=${target^^}
    replace+=(-e "s|@SHA256_${target//-/_}@|$sha256|g")
done <"$sums"

mkdir --parents "$folder"
for template in "$root"/packaging/templates/*; do
    name=$(basename "$template")
    sed "${replace[@]}" "$template" >"$folder/$name"
    left=$(grep --only-matching '@[A-Z0-9_]*@' "$folder/$name" | sort --unique | tr '\n' ' ') || true
    [ -z "$left" ] || fail "$name: nothing in $sums and Cargo.toml fills $left"
done
