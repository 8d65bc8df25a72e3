#!/usr/bin/env bash
# Builds the Debian package after packaging/build.sh: packaging/debian/build.sh TARGET FOLDER
#
# Needs cargo-deb in the version of packaging/debian/cargo-deb-version. Cargo.toml lists the contents.
set -euo pipefail

fail() { printf 'error: %s\n' "$*" >&2; exit 2; }
[ $# = 2 ] || fail 'usage: packaging/debian/build.sh TARGET FOLDER'
target=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -x "target/$target/dist/dive" ] || fail "target/$target/dist/dive is missing: run packaging/build.sh $target $folder first"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# The changelog in Debian's format, with a reference to the list of changes.
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
maintainer=$(sed -n 's/^maintainer = "\(.*\)"$/\1/p' Cargo.toml)
printf 'dive-rs (%s-1) unstable; urgency=medium\n\n  * Version %s. Its changes are in /usr/share/doc/dive-rs/NEWS.md.\n\n -- %s  %s\n' \
    "$version" "$version" "$maintainer" "$(date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")" >target/package/changelog
cargo deb --no-build --no-strip --locked --package dive-rs --profile dist --target "$target" --output "$folder"
