#!/usr/bin/env bash
# Builds an image of real files for measurements, since generated files do not compress like real ones. A sample of the machine's /usr
# goes into 8 layers that write, overwrite, chmod and delete, as builds do.
set -euo pipefail
export LC_ALL=C

usage() {
    cat <<'END'
Usage: benches/usr-image.sh [--size MB] [--from FOLDER] DIR

Writes an image of real files into DIR, such as target/images, three times: usr-plain.tar, usr-gzip.tar (gzip -6) and
usr-zstd.tar (zstd -3), each a docker-archive with manifest.json. Layers are the same in all three, byte for byte once
unpacked.

  --size MB      approximate size of the plain layers (default 700), or less if FOLDER is smaller
  --from FOLDER  source of the files (default /usr)

The layers: three of files; one that changes some of them, half of these keeping their size; one that writes files
again as they were, with a new time, and some with a new mode only; one of whiteouts and an opaque marker; one of more
files, among them deleted ones that come back; one of a few small files. Hard links stay hard links.

The same FOLDER gives the same image. Needs GNU tar, find and awk, gzip, zstd, sha256sum. Without root, unreadable files are skipped.
Takes about 3 times the size in DIR temporarily.
END
}

fail() { printf 'usr-image: error: %s\n' "$*" >&2; exit 2; }
say() { printf 'usr-image: %s\n' "$*" >&2; }

size=700
from=/usr
dir=
while [ $# -gt 0 ]; do
    case $1 in
        --size) [ $# -gt 1 ] || fail '--size needs a number of MB'; size=$2; shift ;;
        --from) [ $# -gt 1 ] || fail '--from needs a folder'; from=$2; shift ;;
        -h|--help) usage; exit 0 ;;
        -*) usage >&2; fail "unknown option $1" ;;
        *) [ -z "$dir" ] || { usage >&2; fail "one DIR, not also $1"; }; dir=$1 ;;
    esac
    shift
done
[ -n "$dir" ] || { usage >&2; fail 'DIR is missing'; }
[[ $size =~ ^[1-9][0-9]{0,5}$ ]] || fail "--size $size: write a whole number of MB, such as 700"
[ -d "$from" ] || fail "$from is not a folder"
for tool in tar find awk sort gzip zstd sha256sum; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
tar --version | grep -q 'GNU tar' || fail 'tar is not GNU tar'
from=$(realpath -e -- "$from")
mkdir -p -- "$dir"
dir=$(realpath -e -- "$dir")
[ "$dir" != "$from" ] || fail "DIR must not be the source of the files, $dir"
tmp=$(mktemp -d -p "$dir" .usr-image.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/layers" "$tmp/new"

# Assigns files to layers. `find` prints inode, size and path; names with control characters are skipped, so that each line is a
# file. Files are sampled evenly from the folder until the layers have their share; hard links go into the layer of their first name.
# Files above a tenth of the image are skipped, since one would fill a layer, and so is DIR with earlier images.
say "choosing files of $from"
find "$from" -xdev -samefile "$dir" -prune -o -type f -readable ! -name '*[[:cntrl:]]*' -printf '%i\t%s\t%P\n' 2>/dev/null |
    sort -t "$(printf '\t')" -k 3 >"$tmp/files" || true
[ -s "$tmp/files" ] || fail "no file of $from can be read"
awk -F '\t' -v wanted="$((size * 1000000))" -v tmp="$tmp" '
    # New bytes of each layer, per 1,000 of the image. The rest is overwritten by layers 4 and 5.
    function plan() {
        share[1] = 380; share[2] = 220; share[3] = 140; share[7] = 60; all = 800; again = 200
    }
    function round_up(bytes) { return 512 + int((bytes + 511) / 512) * 512 }
    BEGIN { plan() }
    NR == FNR { if ($2 < wanted / 10 && !($1 in counted)) { counted[$1] = 1; there += round_up($2) }; next }
    # Overwritten files are chosen among those of earlier layers.
    {
        if ($2 >= wanted / 10) next
        if ($1 in layer_of) {
            print $3 > (tmp "/list." layer_of[$1])
            next
        }
        if (seen[$1]++) next
        step += wanted * all / 1000 / there
        if (step < 1 && there > wanted * all / 1000) next
        step = step < 1 ? 0 : step - 1
        # The layer with the largest deficit.
        layer = 1
        for (l in share) if (have[l] / share[l] < have[layer] / share[layer] || (have[l] / share[l] == have[layer] / share[layer] && l + 0 < layer)) layer = l + 0
        bytes = round_up($2)
        have[layer] += bytes; taken += bytes
        layer_of[$1] = layer
        print $3 > (tmp "/list." layer)
        if (layer == 7) next
        if (bytes > wanted / 100) next
        # 8 % of the image is changed, 6 % rewritten unchanged, 6 % chmod. Few whiteouts, as in most images: each takes dive 0.13.1
        # a tenth of a second.
        if (written < (taken / all) * again) {
            written += bytes
            kind = rewritten++ % 10
            print $3 > (tmp "/list." (kind < 4 ? "changed" : kind < 7 ? "same" : "chmod"))
        } else if (++kept % 300 == 0) print $3 > (tmp "/list.deleted")
    }
' "$tmp/files" "$tmp/files"
for list in 1 2 3 7 changed same chmod deleted; do
    [ -s "$tmp/list.$list" ] || fail "$from holds too few files of a size below $((size / 10)) MB for --size $size"
done

# Adds parent directories, which precede their contents, as builders do.
with_parents() {
    awk '{ print; n = $0; while (sub(/\/[^\/]*$/, "", n) && !(n in seen)) { seen[n] = 1; print n } }' | sort -u
}

# `add LAYER FOLDER`: adds files of FOLDER, with paths from standard input, to a layer as usr/PATH.
add() {
    local layer=$1 below=$2
    shift 2
    tar --append --file "$tmp/layers/$layer.tar" --directory "$below" --format=gnu --numeric-owner --owner=0 --group=0 \
        --no-recursion --verbatim-files-from --no-unquote --transform 'flags=rh;s,^,usr/,' "$@" --files-from -
}

say 'writing layers'
for layer in 1 2 3; do
    with_parents <"$tmp/list.$layer" | add "$layer" "$from"
done

# Every other file keeps its size, so that only its content differs. Modes are restored, since a write can clear setuid bits.
turn=0
while IFS= read -r path; do
    mkdir -p "$tmp/new/$(dirname -- "$path")"
    cp -- "$from/$path" "$tmp/new/$path"
    chmod u+w -- "$tmp/new/$path"
    if [ $((turn++ % 2)) = 0 ]; then
        printf 'changed' | dd of="$tmp/new/$path" conv=notrunc status=none
    else
        echo 'and a line more' >>"$tmp/new/$path"
    fi
    chmod --reference="$from/$path" -- "$tmp/new/$path"
done <"$tmp/list.changed"
sort "$tmp/list.changed" | add 4 "$tmp/new" --mtime=@1700000000

sort "$tmp/list.same" | add 5 "$from" --mtime=@1700000000
sort "$tmp/list.chmod" | add 5 "$from" --mode=u=rw,go=

# Whiteouts of files, a whiteout of one large folder of layer 1, and an opaque marker in another.
awk '{ n = $0; if (sub(/\/[^\/]*$/, "", n)) files[n]++ } END { for (n in files) print files[n] "\t" n }' "$tmp/list.1" |
    sort -t "$(printf '\t')" -k 1,1nr -k 2 | cut -f 2 >"$tmp/folders"
gone=$(sed -n 2p "$tmp/folders")
emptied=$(sed -n 4p "$tmp/folders")
if [ -z "$gone" ] || [ -z "$emptied" ]; then
    fail "the sample has fewer than four folders: take a larger --size or another --from"
fi
rm -rf "$tmp/new"
{
    grep -vF -e "$gone/" -e "$emptied/" "$tmp/list.deleted" || true
    echo "$gone"
} | awk '{ n = $0; sub(/[^\/]*$/, "", n); print n ".wh." substr($0, length(n) + 1) }' >"$tmp/whiteouts"
printf '%s/%s\n' "$emptied" .wh..wh..opq "$emptied" 'all that is left' >>"$tmp/whiteouts"
while IFS= read -r path; do
    mkdir -p "$tmp/new/$(dirname -- "$path")"
    : >"$tmp/new/$path"
done <"$tmp/whiteouts"
sort "$tmp/whiteouts" | add 6 "$tmp/new" --mtime=@1700000000 --mode=0644

# Restores every fourth deleted file.
awk 'NR % 4 == 0' "$tmp/list.deleted" >>"$tmp/list.7"
with_parents <"$tmp/list.7" | add 7 "$from"

mkdir -p "$tmp/new/local/etc"
echo 'answer = 42' >"$tmp/new/local/etc/app.conf"
ln "$tmp/new/local/etc/app.conf" "$tmp/new/local/etc/app.conf.default"
ln -s app.conf "$tmp/new/local/etc/current"
printf '%s\n' local/etc local/etc/app.conf local/etc/app.conf.default local/etc/current |
    add 8 "$tmp/new" --mtime=@1700000000 --mode=u=rwX,go=rX,a-s

digest() { sha256sum <"$1" | cut -d ' ' -f 1; }

# All forms share the diff_ids of the plain layers.
diff_ids=()
for layer in 1 2 3 4 5 6 7 8; do
    diff_ids+=("\"sha256:$(digest "$tmp/layers/$layer.tar")\"")
done
comma() { local IFS=,; echo "$*"; }

# dive 0.13.1 orders layers by manifest.json, and recognises *.tar, *.tar.gz and files in blobs/ as layers.
pack() {
    local form=$1 suffix=$2 layer blob layers=() history=()
    shift 2
    rm -rf "$tmp/image"
    mkdir -p "$tmp/image/blobs/sha256"
    for layer in 1 2 3 4 5 6 7 8; do
        "$@" <"$tmp/layers/$layer.tar" >"$tmp/image/blob"
        blob=blobs/sha256/$(digest "$tmp/image/blob")
        mv "$tmp/image/blob" "$tmp/image/$blob"
        layers+=("\"$blob\"")
        history+=("{\"created\":\"2024-01-01T00:00:00Z\",\"created_by\":\"layer $layer of a sample of ${from//[\"\\]/}\"}")
    done
    printf '{"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","config":{},"history":[%s],"rootfs":{"type":"layers","diff_ids":[%s]}}' \
        "$(comma "${history[@]}")" "$(comma "${diff_ids[@]}")" >"$tmp/image/config.json"
    printf '[{"Config":"config.json","RepoTags":["usr-%s:1"],"Layers":[%s]}]\n' "$form" "$(comma "${layers[@]}")" \
        >"$tmp/image/manifest.json"
    tar --create --file "$tmp/usr-$form.tar" --directory "$tmp/image" --format=gnu --numeric-owner --owner=0 --group=0 \
        --sort=name --mtime=@0 --mode=u=rwX,go=rX,a-s blobs config.json manifest.json
    mv "$tmp/usr-$form.tar" "$dir/usr-$form.tar"
    say "$dir/usr-$form.tar: $(wc -c <"$dir/usr-$form.tar") bytes${suffix:+, $suffix}"
}

pack plain '' cat
pack gzip 'gzip -6' gzip -n -6
pack zstd 'zstd -3' zstd -q -3 -c
say "$(for layer in 1 2 3 4 5 6 7 8; do tar --list --file "$tmp/layers/$layer.tar"; done | wc -l) entries in 8 layers of $(cat "$tmp"/layers/*.tar | wc -c) bytes"
