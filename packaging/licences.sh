#!/usr/bin/env bash
# Prints the licences of all software in the program: packaging/licences.sh TARGET
#
# Licences require their text in every copy. For a choice that includes MIT, the MIT text is enough.
set -euo pipefail
# The order of `sort` must not depend on the language.
export LC_ALL=C

[ $# = 1 ] || { echo 'usage: packaging/licences.sh TARGET' >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cat <<'TEXT'
dive contains the following software. Each part is followed by its licence. The source code of each crate, of those under the MPL as well,
is at https://crates.io/crates/NAME/VERSION.
TEXT
declare -A folder licence
while IFS=$'\t' read -r name version terms manifest; do
    folder[$name $version]=$(dirname "$manifest")
    licence[$name $version]=$terms
done < <(cargo metadata --locked --format-version 1 --filter-platform "$1" |
    jq --raw-output '.packages[] | select(.source) | [.name, .version, .license, .manifest_path] | @tsv')

# `texts FOLDER`: lists licence files, including those of bundled C libraries.
texts() {
    find "$1" -maxdepth 2 -type f \
        \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'unlicense*' -o -iname 'notice*' \) -not -name '*.rs' | sort
}

# `unused`: leaves out the licences of parts that are not compiled: xz's scripts and programs, and zstd's alternative to its BSD licence.
unused() {
    grep --invert-match 'liblzma-sys.*/COPYING\.\(GPL\|LGPL\|CC\)\|zstd-sys.*/zstd/COPYING$'
}

while read -r name version _; do
    version=${version#v}
    place=${folder[$name $version]:-}
    [ -n "$place" ] || continue
    printf '\n======== %s %s: %s\n' "$name" "$version" "${licence[$name $version]}"
    mapfile -t files < <(texts "$place" | unused)
    [ ${#files[@]} -gt 0 ] || { echo "(the package has no licence file)"; continue; }
    if [[ ${licence[$name $version]} == *MIT* ]] && printf '%s\n' "${files[@]}" | grep --quiet --ignore-case 'licen[cs]e[-_.]*mit'; then
        mapfile -t files < <(printf '%s\n' "${files[@]}" | grep --ignore-case --invert-match 'apache\|zlib$')
    fi
    for file in "${files[@]}"; do
        printf '\n'
        cat "$file"
    done
done < <(cargo tree --locked --target "$1" --package dive-rs --edges normal --prefix none --no-dedupe --format '{p}' | sort --unique)

# Linked statically on every system.
library=$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html
[ -r "$library" ] || { echo "error: $library is missing: reinstall the toolchain with rustup" >&2; exit 1; }
printf "\n======== Rust's standard library: MIT OR Apache-2.0\n\n"
sed -e '/<style>/,/<\/style>/d' -e 's/<[^>]*>//g' -e 's/&lt;/</g' -e 's/&gt;/>/g' -e 's/&quot;/"/g' -e "s/&#x27;/'/g" -e 's/&amp;/\&/g' -e 's/^ *$//' "$library" |
    cat -s
case $1 in
    *musl)
        printf '\n======== musl: MIT\n\n'
        cat packaging/musl-licence.txt
        ;;
esac
