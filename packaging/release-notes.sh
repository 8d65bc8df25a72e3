#!/usr/bin/env bash
# Prints the text of a release: packaging/release-notes.sh TAG REPOSITORY
#
# It is the version's section of CHANGELOG.md. Release pages keep line breaks and resolve no relative links, so each item becomes one
# line, and links lead to the documents of the tag.
set -euo pipefail

[ $# = 2 ] || { echo 'usage: packaging/release-notes.sh TAG REPOSITORY' >&2; exit 2; }
tag=$1 repository=$2
cd "${RELEASE_ROOT:-$(dirname "${BASH_SOURCE[0]}")/..}"

awk -v version="${tag#v}" '
    /^## / || /^\[.*\]: / { printed = index($0, "## [" version "]") == 1; next }
    !printed { next }
    /^$/ || /^#/ || /^- / { if (line != "") print line; line = $0; if ($0 == "") print ""; next }
    { sub(/^ +/, ""); line = line == "" ? $0 : line " " $0 }
    END { if (line != "") print line }' CHANGELOG.md |
    sed "s,](\([A-Za-z][A-Za-z./-]*\.\(md\|json\)\),]($repository/blob/$tag/\1,g"
