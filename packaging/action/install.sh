#!/usr/bin/env bash
# Installs dive for action.yml: the release that SHA256SUMS beside this script pins, or VERSION with SHA256. The checksum is verified
# before unpacking. If DIVE is set, uses that program and downloads nothing.
set -euo pipefail

fail() { printf '::error title=dive::%s\n' "$*"; exit 2; }

if [ -n "${DIVE:-}" ]; then
    command -v "$DIVE" >/dev/null || fail "the input dive names $DIVE, which is not installed"
    echo "dive=$DIVE" >>"$GITHUB_OUTPUT"
    exit
fi

case $(uname -s)/$(uname -m) in
    Linux/x86_64) target=x86_64-unknown-linux-musl ;;
    Linux/aarch64) target=aarch64-unknown-linux-musl ;;
    Darwin/x86_64) target=x86_64-apple-darwin ;;
    Darwin/arm64) target=aarch64-apple-darwin ;;
    *) fail "no release for $(uname -s) on $(uname -m): install dive in an earlier step and name it with the input dive" ;;
esac

if [ -n "${VERSION:-}${SHA256:-}" ]; then
    if [ -z "${VERSION:-}" ] || [ -z "${SHA256:-}" ]; then fail 'set both version and sha256'; fi
    SHA256=$(tr '[:upper:]' '[:lower:]' <<<"$SHA256")
    archive=dive-${VERSION#v}-$target.tar.gz
else
    # In the format of the release's SHA256SUMS.
    read -r SHA256 archive < <(grep -- "-$target.tar.gz\$" "$ACTION/packaging/action/SHA256SUMS") ||
        fail "this revision of the action pins no release for $target: use the commit of its tag for a minor version, or set version and sha256"
    VERSION=${archive#dive-} VERSION=${VERSION%"-$target.tar.gz"}
fi

# The project's address is only in Cargo.toml.
repository=$(sed -n 's/^repository = "\(.*\)"$/\1/p' "$ACTION/Cargo.toml" | head -n 1)
address=$repository/releases/download/v${VERSION#v}/$archive
folder=$RUNNER_TEMP/dive-${VERSION#v}
mkdir -p "$folder"
curl --fail --silent --show-error --location --retry 3 --output "$folder/$archive" "$address" ||
    fail "$address cannot be downloaded"

if command -v sha256sum >/dev/null; then sum=(sha256sum); else sum=(shasum --algorithm 256); fi
read -r found _ < <("${sum[@]}" "$folder/$archive")
if [ "$found" != "$SHA256" ]; then
    rm "$folder/$archive"
    fail "$archive has the SHA-256 $found, not $SHA256: nothing is installed"
fi
tar -xzf "$folder/$archive" -C "$folder" dive
"$folder/dive" --version
echo "$folder" >>"$GITHUB_PATH"
echo "dive=$folder/dive" >>"$GITHUB_OUTPUT"
