#!/usr/bin/env bash
# Checks that a version is ready for release: packaging/release-check.sh [TAG]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "${RELEASE_ROOT:-$root}"
wrong=0
complain() { printf 'error: %s\n' "$*" >&2; wrong=1; }
of_manifest() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" Cargo.toml | head -n 1; }

version=$(of_manifest version)
[ $# = 0 ] || [ "$1" = "v$version" ] || complain "the tag is $1, and Cargo.toml has the version $version: correct one of them"
for key in repository maintainer; do
    case $(of_manifest $key) in
        '') complain "Cargo.toml has no $key" ;;
        *.invalid*) complain "$key in Cargo.toml is a placeholder: write the real one, then rewrite the documents (RELEASE.md)" ;;
    esac
done
grep --quiet "^## \[$version\] - [0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\$" CHANGELOG.md ||
    complain "CHANGELOG.md has no section \"## [$version] - YYYY-MM-DD\": move the lines of Unreleased there"
while read -r dependency; do
    [[ $dependency == *"version = \"$version\""* ]] || complain "Cargo.toml: not version $version: $dependency"
done < <(grep '^dive-[a-z]* = { path' Cargo.toml)
placeholders=$(grep --recursive --files-with-matches --extended-regexp '\.invalid/dive-rs|\bOWNER\b' README.md docs 2>/dev/null |
    tr '\n' ' ') || true
[ -z "$placeholders" ] || complain ".invalid or OWNER is still in $placeholders: replace it (RELEASE.md, \"Once, before the first release\")"
exit "$wrong"
