#!/usr/bin/env bash
# Prints the licences of all crates in the program: packaging/licences.sh TARGET
#
# Licences require their text in every copy. For a choice that includes MIT, the MIT text is enough.
set -euo pipefail

[ $# = 1 ] || { echo 'usage: packaging/licences.sh TARGET' >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "dive contains the following software. Each part is followed by its licence."
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

while read -r name version _; do
    version=${version#v}
    place=${folder[$name $version]:-}
    [ -n "$place" ] || continue
    printf '\n======== %s %s: %s\n' "$name" "$version" "${licence[$name $version]}"
    mapfile -t files < <(texts "$place")
    [ ${#files[@]} -gt 0 ] || { echo "(the package has no licence file)"; continue; }
    if [[ ${licence[$name $version]} == *MIT* ]] && printf '%s\n' "${files[@]}" | grep --quiet --ignore-case 'licen[cs]e[-_.]*mit'; then
        mapfile -t files < <(printf '%s\n' "${files[@]}" | grep --ignore-case --invert-match 'apache\|zlib$')
    fi
    for file in "${files[@]}"; do
        printf '\n'
        cat "$file"
    done
done < <(cargo tree --locked --target "$1" --package dive-rs --edges normal --prefix none --format '{p}' | sort --unique)
