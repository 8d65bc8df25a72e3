#!/usr/bin/env bash
# tests/servers.sh COMMAND...
#
# Runs COMMAND with real servers for the tests in tests/suite/engines: Docker, Podman, containerd, three registries
# (plain; TLS with a password; TLS with client certificates) and an SSH server. All use one new folder below TMPDIR and
# listen on sockets there or on loopback ports. They end with COMMAND, whose exit code is returned. The next run ends
# and removes what a killed run left behind.
#
# Needs root, and Debian's docker.io podman skopeo docker-registry apache2-utils openssh-server openssh-client
# containerd openssl. Missing servers are skipped; DIVE_TEST_ABSENT gives the reasons. Images come from tests/fixtures
# and, if DIVE_CORPUS is set, from the corpus. If DIVE_TEST_NEWER names a root of tests/newer-engines.sh, its engines start,
# too. `tests/servers.sh bash` opens a shell beside the servers.
# shellcheck disable=SC2317 # some functions are called indirectly
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 COMMAND..." >&2; exit 2; }

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sample=$repository/tests/fixtures/sample.tar
corpus=${DIVE_CORPUS:-}
case $corpus in '' | /*) ;; *) corpus=$repository/$corpus ;; esac
# Debian installs servers into sbin.
PATH=$PATH:/usr/sbin:/sbin

# Time limits in seconds for starting and stopping a server.
start_limit=40
end_limit=10

say() { printf 'servers: %s\n' "$*" >&2; }

# --- Ending ---------------------------------------------------------------------------------------------------------

# Whether process $1 belongs to the folder $2; process ids are reused.
is_of_folder() { tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep --quiet --fixed-strings "$2/"; }

# The processes whose command line names the folder $1.
of_folder() {
    local process pid
    for process in /proc/[0-9]*; do
        pid=${process#/proc/}
        [ "$pid" != "$$" ] && [ "$pid" != "$BASHPID" ] && is_of_folder "$pid" "$1" && echo "$pid"
    done
    return 0
}

# Waits until all processes have ended.
gone() {
    local pid deadline=$((SECONDS + end_limit))
    for pid; do
        while [ -d "/proc/$pid" ] && [ "$(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null)" != Z ]; do
            [ "$SECONDS" -lt "$deadline" ] || return 1
            sleep 0.05
        done
    done
}

# Ends the processes of the folder $1, first those in pid files, then the rest; unmounts and removes the folder.
clear_folder() {
    local folder=$1 file pid pids=()
    for file in "$folder"/pids/*; do
        pid=$(cat "$file" 2>/dev/null) || continue
        [ -n "$pid" ] && is_of_folder "$pid" "$folder" && pids+=("$pid")
    done
    if [ ${#pids[@]} -gt 0 ]; then
        kill -TERM "${pids[@]}" 2>/dev/null || true
        gone "${pids[@]}" || say "some of ${pids[*]} did not end and are killed"
    fi
    mapfile -t pids < <(of_folder "$folder")
    if [ ${#pids[@]} -gt 0 ]; then
        kill -KILL "${pids[@]}" 2>/dev/null || true
        gone "${pids[@]}" || say "some of ${pids[*]} cannot be killed"
    fi
    local mounts
    mounts=$(awk -v folder="$folder/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort --reverse)
    for mount in $mounts; do umount --lazy "$mount" || true; done
    # Nothing is removed across a remaining mount.
    rm --recursive --force --one-file-system "$folder" || say "$folder cannot be removed"
}

# Clears the folders of killed runs.
sweep() {
    local folder owner
    for folder in "${TMPDIR:-/tmp}"/dive-servers.*; do
        if [ -L "$folder" ] || [ ! -O "$folder" ]; then continue; fi
        owner=$(cat "$folder/owner" 2>/dev/null) || continue
        [ -n "$owner" ] || continue
        if ! tr '\0' ' ' 2>/dev/null <"/proc/$owner/cmdline" | grep --quiet servers.sh; then
            say "ending the processes of an earlier run in $folder"
            clear_folder "$folder"
        fi
    done
}

command_pid=
finish() {
    local code=$?
    trap '' INT TERM HUP
    trap - EXIT
    [ -z "$command_pid" ] || kill -TERM -- "-$command_pid" 2>/dev/null || true
    clear_folder "$folder"
    exit "$code"
}

sweep
folder=$(mktemp --directory "${TMPDIR:-/tmp}/dive-servers.XXXXXX")
# The kernel limits socket paths to 108 bytes.
[ ${#folder} -lt 70 ] || { rmdir "$folder"; say "TMPDIR is too long for sockets: $folder"; exit 2; }
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
echo $$ >"$folder/owner"
mkdir "$folder"/{pids,logs}
# Other users may need the sockets in it.
chmod 755 "$folder"

# --- Starting -------------------------------------------------------------------------------------------------------

absent=()

# Skips the server $1 for the reason $2.
leave_out() {
    absent+=("$1: $2")
    say "$1 is skipped: $2"
}

# Skips the server $1 if one of the programs is missing.
has() {
    local server=$1 program
    shift
    for program; do
        if ! command -v "$program" >/dev/null; then
            leave_out "$server" "the program $program is missing"
            return 1
        fi
    done
}

has_root() {
    [ "$(id -u)" = 0 ] || { leave_out "$1" 'it needs root'; return 1; }
}

# Starts `NAME COMMAND...` in the background. The server ends if this script is killed.
start() {
    local name=$1
    shift
    setpriv --pdeathsig TERM -- "$@" >"$folder/logs/$name" 2>&1 </dev/null &
    echo $! >"$folder/pids/$name"
}

# `ready NAME COMMAND...`: waits until COMMAND succeeds. On failure, skips the server and prints its log.
ready() {
    local name=$1 pid deadline=$((SECONDS + start_limit)) reason
    shift
    pid=$(cat "$folder/pids/$name")
    until "$@" >/dev/null 2>"$folder/logs/$name.ready"; do
        if ! kill -0 "$pid" 2>/dev/null; then
            reason='it exited'
        elif [ "$SECONDS" -ge "$deadline" ]; then
            reason="no response after $start_limit s: $(tail --lines 1 "$folder/logs/$name.ready")"
        else
            sleep 0.05
            continue
        fi
        tail --lines 15 "$folder/logs/$name" | sed 's/^/    /' >&2
        leave_out "$name" "$reason: $(tail --lines 1 "$folder/logs/$name")"
        return 1
    done
}

# The port that a registry got from the system, from its log.
port_of() { sed -n 's/.*listening on [^ ]*:\([0-9]*\)[^0-9].*/\1/p' "$folder/logs/$1" | head -n 1 | grep .; }

can_overlay() {
    local place=$folder/overlay
    mkdir -p "$place"/{lower,upper,work,merged}
    mount -t overlay overlay -o "lowerdir=$place/lower,upperdir=$place/upper,workdir=$place/work" "$place/merged" \
        2>/dev/null && umount "$place/merged"
}

# Creates an authority, a server certificate for localhost and 127.0.0.1, and a client certificate.
make_certificates() {
    local place=$folder/certificates name
    mkdir "$place"
    request() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$1" "${@:2}"; }
    sign() { openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" -extfile "$1.ext"; }
    (
        cd "$place"
        request /CN=dive-test-authority -x509 -days 2 -keyout ca.key -out ca.crt \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
        for name in server client; do
            request "/CN=dive-test-$name" -keyout "$name.key" -out "$name.csr"
            echo 'basicConstraints=CA:FALSE' >"$name.ext"
        done
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >>server.ext
        echo 'extendedKeyUsage=clientAuth' >>client.ext
        sign server
        sign client
    ) >"$folder/logs/certificates" 2>&1 || { cat "$folder/logs/certificates" >&2; return 1; }
}

# `registry NAME LINES`: starts a registry with additional settings. All share one store and get a port from the system.
registry() {
    local name=$1
    cat >"$folder/$name.yml" <<YML
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $folder/registry, maxthreads: 100}
  cache: {blobdescriptor: inmemory}
  delete: {enabled: true}
compatibility: {schema1: {enabled: true}}
http:
  addr: 127.0.0.1:0
  secret: shared, since the store is
$2
YML
    start "$name" docker-registry serve "$folder/$name.yml"
}

start_registries() {
    has registry docker-registry || return 0
    registry registry ''
    has registry-tls openssl htpasswd || { leave_out registry-mutual 'as registry-tls'; return 0; }
    if ! make_certificates; then
        leave_out registry-tls 'openssl cannot create certificates'
        leave_out registry-mutual 'openssl cannot create certificates'
        return 0
    fi
    export DIVE_TEST_REGISTRY_USER=diver DIVE_TEST_REGISTRY_PASSWORD=depth-4711-secret
    htpasswd -Bbn -C 4 "$DIVE_TEST_REGISTRY_USER" "$DIVE_TEST_REGISTRY_PASSWORD" >"$folder/htpasswd"
    local tls="  tls:
    certificate: $folder/certificates/server.crt
    key: $folder/certificates/server.key"
    registry registry-tls "$tls
auth:
  htpasswd: {realm: dive-test, path: $folder/htpasswd}"
    registry registry-mutual "$tls
    clientcas: [$folder/certificates/ca.crt]"
}

# --- Docker, Podman, containerd, SSH --------------------------------------------------------------------------------

start_docker() {
    has docker dockerd docker && has_root docker || return 0
    mkdir "$folder/docker"
    # Instead of the machine's own configuration.
    echo '{}' >"$folder/docker/daemon.json"
    start docker dockerd --config-file "$folder/docker/daemon.json" --data-root "$folder/docker/data" \
        --exec-root "$folder/docker/run" --pidfile "$folder/docker/pid" --host "unix://$folder/docker.sock" \
        --iptables=false --ip6tables=false --bridge=none --storage-driver "$1" --insecure-registry 127.0.0.0/8
}

# Store and settings for every Podman of the tests.
podman_settings=(
    "CONTAINERS_STORAGE_CONF=$folder/podman/storage.conf"
    "CONTAINERS_CONF=$folder/podman/containers.conf"
    "CONTAINERS_REGISTRIES_CONF=$folder/podman/registries.conf"
)

start_podman() {
    has podman podman && has_root podman || return 0
    mkdir "$folder/podman"
    cat >"$folder/podman/storage.conf" <<CONF
[storage]
driver = "$1"
graphroot = "$folder/podman/root"
runroot = "$folder/podman/run"
CONF
    cat >"$folder/podman/containers.conf" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$folder/podman/tmp"
static_dir = "$folder/podman/static"
volume_path = "$folder/podman/volumes"
CONF
    # For any port, since tests use proxies.
    printf '[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n' >"$folder/podman/registries.conf"
    start podman env "${podman_settings[@]}" podman --log-level warn system service --time=0 "unix://$folder/podman.sock"
}

start_containerd() {
    has containerd containerd ctr && has_root containerd || return 0
    mkdir "$folder/containerd"
    # Images are only stored, not unpacked, so no other plugins are needed.
    cat >"$folder/containerd/config.toml" <<CONF
version = 2
root = "$folder/containerd/root"
state = "$folder/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
address = "$folder/containerd.sock"
[ttrpc]
address = "$folder/containerd.ttrpc.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "$folder/containerd/opt"
CONF
    start containerd containerd --config "$folder/containerd/config.toml"
}

# Starts an SSH server: the temporary key logs in as the current user, with the Docker of this folder.
start_sshd() {
    has ssh sshd ssh ssh-keygen && has_root ssh || return 0
    local place=$folder/ssh port
    mkdir -p "$place" /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$place/host"
    ssh-keygen -q -t ed25519 -N '' -f "$place/key"
    # sshd cannot let the system choose a port, so random ones are tried.
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000))
        cat >"$place/sshd_config" <<CONF
ListenAddress 127.0.0.1
Port $port
HostKey $place/host
PidFile $place/pid
AuthorizedKeysFile $place/key.pub
StrictModes no
PasswordAuthentication no
UsePAM no
PermitRootLogin prohibit-password
SetEnv DOCKER_HOST=unix://$folder/docker.sock
CONF
        printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d ' ' -f 1,2 "$place/host.pub")" >"$place/known_hosts"
        cat >"$place/config" <<CONF
Host *
  Port $port
  User $(id -un)
  IdentityFile $place/key
  IdentitiesOnly yes
  UserKnownHostsFile $place/known_hosts
  GlobalKnownHostsFile /dev/null
  BatchMode yes
CONF
        start ssh "$(command -v sshd)" -D -e -f "$place/sshd_config"
        until grep --quiet -e 'Server listening' -e 'Cannot bind' "$folder/logs/ssh" || ! kill -0 $! 2>/dev/null; do
            sleep 0.05
        done
        grep --quiet 'Server listening' "$folder/logs/ssh" && break
    done
}

# --- Newer engines --------------------------------------------------------------------------------------------------

# `start_inside NAME COMMAND...`: starts a server of the root DIVE_TEST_NEWER, in mounts of its own; $folder has the same path there.
start_inside() {
    local name=$1
    shift
    # shellcheck disable=SC2016 # for the inner shell
    start "$name" unshare --mount --propagation private bash -c '
        root=$1 folder=$2
        shift 2
        mount --bind "$root" "$root" && cd "$root" && mkdir -p "./$folder" mnt/old
        mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
        mount -t tmpfs tmpfs run; mkdir -p run/lock
        mount --bind "$folder" "./$folder"
        pivot_root . mnt/old && cd / && umount -l /mnt/old
        exec "$@"' inside "$DIVE_TEST_NEWER" "$folder" "$@"
}

# `start_newer_docker NAME STORE`: STORE is whether images are in containerd's store.
start_newer_docker() {
    local place=$folder/$1
    mkdir "$place"
    echo "{\"features\": {\"containerd-snapshotter\": $2}}" >"$place/daemon.json"
    start_inside "$1" dockerd --config-file "$place/daemon.json" --data-root "$place/data" --exec-root /run/docker \
        --pidfile "$place/pid" --host "unix://$folder/$1.sock" --iptables=false --ip6tables=false --bridge=none \
        --insecure-registry 127.0.0.0/8
}

start_newer() {
    [ -n "${DIVE_TEST_NEWER:-}" ] || return 0
    [ -d "$DIVE_TEST_NEWER" ] || { say "newer engines are skipped: $DIVE_TEST_NEWER does not exist"; return 0; }
    has_root new-docker || return 0
    start_newer_docker new-docker-containerd true
    start_newer_docker new-docker-classic false
    mkdir "$folder/new-podman" "$folder/new-containerd"
    start_inside new-podman podman --root "$folder/new-podman/root" --runroot "$folder/new-podman/run" \
        --cgroup-manager cgroupfs --events-backend file system service --time=0 "unix://$folder/new-podman.sock"
    sed "s|$folder/containerd|$folder/new-containerd|" "$folder/containerd/config.toml" >"$folder/new-containerd/config.toml"
    start_inside new-containerd containerd --config "$folder/new-containerd/config.toml"
}

fill_new-docker-containerd() { DOCKER_HOST=unix://$folder/new-docker-containerd.sock docker load --input "$sample"; }
fill_new-docker-classic() { DOCKER_HOST=unix://$folder/new-docker-classic.sock docker load --input "$sample"; }
fill_new-podman() { podman --remote --url "unix://$folder/new-podman.sock" load --input "$sample"; }
fill_new-containerd() { ctr --address "$folder/new-containerd.sock" images import --no-unpack "$sample"; }

# --- Filling --------------------------------------------------------------------------------------------------------

# Archives for Docker, Podman and containerd, from this repository and the corpus.
archives=("$sample")
[ -z "$corpus" ] || archives+=("$corpus/opaque/docker20.tar" "$corpus/multi/docker20.tar")

fill_docker() {
    local archive
    for archive in "${archives[@]}"; do DOCKER_HOST=unix://$folder/docker.sock docker load --input "$archive"; done
}

# Through the service, since a second Podman would wait for its locks.
fill_podman() {
    local archive
    for archive in "${archives[@]}"; do
        env "${podman_settings[@]}" podman --remote --url "unix://$folder/podman.sock" load --input "$archive"
    done
}

fill_containerd() {
    local archive
    for archive in "${archives[@]}"; do
        ctr --address "$folder/containerd.sock" images import --no-unpack "$archive"
    done
}

# Digests are preserved, except for the sample, which is uncompressed.
fill_registry() {
    local store kind
    store=docker://127.0.0.1:$(port_of registry)
    push() { skopeo --insecure-policy copy --quiet --dest-tls-verify=false "$@"; }
    push "docker-archive:$sample" "$store/sample:1"
    push --format v2s1 "docker-archive:$sample" "$store/sample:schema1"
    # As behind a mirror whose repositories have a path.
    push "docker-archive:$sample" "$store/mirror/hub/team/sample:1"
    [ -n "$corpus" ] || return 0
    # One after the other: they share layers, and skopeo skips existing ones.
    push --preserve-digests "oci:$corpus/opaque/oci-dir" "$store/opaque:gzip"
    push --format v2s1 "oci:$corpus/opaque/oci-dir" "$store/opaque:schema1"
    for kind in zstd zstdchunked uncompressed estargz; do
        push --preserve-digests "oci-archive:$corpus/opaque/oci-$kind.tar" "$store/opaque:$kind"
    done
    push --all --preserve-digests "oci-archive:$corpus/variants/multiarch-oci.tar" "$store/multiarch:2"
}

filling=()
# Loads the images of the server $1 in the background.
fill() {
    ( set -e; "fill_$1" ) >"$folder/logs/$1.fill" 2>&1 &
    filling+=("$1 $!")
}

# --- All of it ------------------------------------------------------------------------------------------------------

began=$(date +%s%N)
if can_overlay; then driver=overlay; else driver=vfs; fi
is_started() { [ -e "$folder/pids/$1" ]; }

start_registries
start_docker "${driver/overlay/overlay2}"
start_containerd
start_sshd
start_newer

if is_started registry && ready registry port_of registry && has registry skopeo; then fill registry; fi
start_podman "$driver"
for name in registry-tls registry-mutual; do
    variable=${name^^}
    is_started $name && ready $name port_of $name && export "DIVE_TEST_${variable//-/_}=localhost:$(port_of $name)"
done
export DIVE_TEST_CERTIFICATES=$folder/certificates
if is_started podman && ready podman podman --remote --url "unix://$folder/podman.sock" version; then fill podman; fi
if is_started containerd && ready containerd ctr --address "$folder/containerd.sock" version; then fill containerd; fi
if is_started docker && ready docker docker --host "unix://$folder/docker.sock" version; then fill docker; fi
for name in new-docker-containerd new-docker-classic; do
    if is_started $name && ready $name docker --host "unix://$folder/$name.sock" version; then fill $name; fi
done
if is_started new-podman && ready new-podman podman --remote --url "unix://$folder/new-podman.sock" version; then
    fill new-podman
fi
if is_started new-containerd && ready new-containerd ctr --address "$folder/new-containerd.sock" version; then
    fill new-containerd
fi
if is_started ssh && ready ssh ssh -F "$folder/ssh/config" 127.0.0.1 true; then
    export DIVE_TEST_SSH_CONFIG=$folder/ssh/config
fi
for entry in ${filling[@]+"${filling[@]}"}; do
    read -r name pid <<<"$entry"
    if ! wait "$pid"; then
        tail --lines 15 "$folder/logs/$name.fill" | sed 's/^/    /' >&2
        leave_out "$name" "its images cannot be loaded: $(tail --lines 1 "$folder/logs/$name.fill")"
        continue
    fi
    case $name in
        registry) export "DIVE_TEST_REGISTRY=127.0.0.1:$(port_of registry)" ;;
        docker) export "DIVE_TEST_DOCKER_HOST=unix://$folder/docker.sock" ;;
        podman) export "DIVE_TEST_PODMAN_HOST=unix://$folder/podman.sock" "DIVE_TEST_PODMAN_CONFIG=$folder/podman" ;;
        containerd) export "DIVE_TEST_CONTAINERD=$folder/containerd.sock" ;;
        new-containerd) export "DIVE_TEST_NEW_CONTAINERD=$folder/new-containerd.sock" ;;
        new-podman) export "DIVE_TEST_NEW_PODMAN=unix://$folder/new-podman.sock" ;;
        new-docker-containerd) export "DIVE_TEST_NEW_DOCKER_CONTAINERD=unix://$folder/new-docker-containerd.sock" ;;
        new-docker-classic) export "DIVE_TEST_NEW_DOCKER_CLASSIC=unix://$folder/new-docker-classic.sock" ;;
    esac
done
# Tests record the processes that they start, so that they are ended in any case.
export DIVE_TEST_PIDS=$folder/pids
DIVE_TEST_ABSENT=$(printf '%s\n' ${absent[@]+"${absent[@]}"})
export DIVE_TEST_ABSENT
say "ready after $((($(date +%s%N) - began) / 1000000)) ms, with $driver${absent[0]:+, except for the servers above}"

if [ -t 0 ]; then
    # Interactive, as in `tests/servers.sh bash`.
    code=0
    "$@" || code=$?
else
    # In its own process group, so that it can be ended as a whole.
    set -m
    "$@" &
    command_pid=$!
    set +m
    code=0
    wait "$command_pid" || code=$?
    command_pid=
fi
exit "$code"
