//! Engines that stop, fail or send wrong data. A failure means that dive shows half an image as the whole, or prints a
//! useless message.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::http::Response;
use super::proxy::{Fault, Gate, Proxy};
use super::{EXPORT, assert_fails, servers};
use crate::place::Corpus;
use crate::user::{DIVE, User};

/// The engines that have the image.
pub(super) fn engines() -> Vec<(&'static str, &'static str, String)> {
    let docker = servers::docker().map(|socket| ("docker", "DOCKER_HOST", socket));
    let podman = servers::podman().map(|socket| ("podman", "CONTAINER_HOST", socket));
    docker.into_iter().chain(podman).collect()
}

#[test]
fn interrupted_export_error_gives_the_position() {
    if Corpus::here().is_none() {
        return;
    }
    for (engine, variable, socket) in engines() {
        let proxy = Proxy::before_socket(&socket);
        proxy.always(EXPORT, Fault::Cut(700_000));
        let user = User::new().sets(variable, proxy.address());
        let ran = user.runs(&[&format!("{engine}://opaque:buildkit")]);
        assert_fails(&ran, &["opaque:buildkit", engine, "after"]);
        assert!(ran.stderr.bytes().any(|byte| byte.is_ascii_digit()), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        // `--ignore-errors` shows a damaged image, but not without a warning.
        let ran = user.runs(&["--ignore-errors", &format!("{engine}://opaque:buildkit")]);
        assert!(ran.code == 2 || ran.stderr.contains("warning"), "{}", ran.stderr);
    }
}

/// A Podman service for this test, on the shared store.
struct Service {
    process: Child,
    socket: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("podman.sock");
        let socket = format!("unix://{}", path.display());
        let process = Command::new("podman")
            .args(["system", "service", "--time=0", &socket])
            .envs(servers::podman_settings())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        servers::note_process("podman-of-a-test", process.id());
        let service = Self { process, socket, _folder: folder };
        super::wait_until("the service listens", || std::os::unix::net::UnixStream::connect(&path).is_ok());
        service
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As when the machine runs out of memory.
#[test]
fn killed_engine_is_an_error() {
    if Corpus::here().is_none() || servers::podman().is_none() {
        return;
    }
    let mut service = Service::start();
    let proxy = Proxy::before_socket(&service.socket);
    let gate = Arc::new(Gate::default());
    proxy.always(EXPORT, Fault::Hold(100_000, Arc::clone(&gate)));
    let user = User::new().sets("CONTAINER_HOST", proxy.address()).waits(super::LIMIT);
    std::thread::scope(|scope| {
        let running = scope.spawn(|| user.runs(&["podman://opaque:buildkit"]));
        gate.wait_for_response();
        service.kill();
        gate.open();
        assert_fails(&running.join().unwrap(), &["opaque:buildkit", "podman"]);
    });
    // Afterwards only its socket is left.
    let ran = User::new().sets("CONTAINER_HOST", &service.socket).runs(&["podman://opaque:buildkit"]);
    assert_fails(&ran, &[service.socket.strip_prefix("unix://").unwrap(), "refused"]);
}

/// The engine truncates its archive but reports success, as Docker does when its own disk fails.
#[test]
fn truncated_export_is_an_error() {
    if Corpus::here().is_none() {
        return;
    }
    for (engine, variable, socket) in engines() {
        for len in [0, 100, 512, 700_000] {
            let proxy = Proxy::before_socket(&socket);
            let answer = Response::new("200 OK", &[("Content-Type", "application/x-tar")], &"\0".repeat(len));
            proxy.always(EXPORT, Fault::Response(answer));
            let user = User::new().sets(variable, proxy.address());
            assert_fails(&user.runs(&[&format!("{engine}://opaque:buildkit")]), &["opaque:buildkit"]);
        }
    }
}

#[test]
fn engine_error_message_is_shown() {
    for (engine, variable, socket) in engines() {
        for (path, status) in [("/json", "500 Internal Server Error"), (EXPORT, "507 Insufficient Storage")] {
            let proxy = Proxy::before_socket(&socket);
            let body = r#"{"message":"the store\u001b[31m is locked","cause":"the store is locked","response":500}"#;
            let answer = Response::new(status, &[("Content-Type", "application/json")], body);
            proxy.always(path, Fault::Response(answer));
            let user = User::new().sets(variable, proxy.address());
            let ran = user.runs(&["--no-cache", &format!("{engine}://dive-sample:1.0")]);
            assert_fails(&ran, &["dive-sample:1.0", "the store"]);
            assert!(!ran.stderr.contains('\u{1b}'), "terminal codes of the server: {:?}", ran.stderr);
        }
    }
}

/// Another server, such as a proxy's login page.
#[test]
fn web_server_is_not_taken_for_an_engine() {
    let Some(docker) = servers::docker() else { return };
    for body in ["", "<html><body>Log in to the network</body></html>", "{}", "[1, 2", "null"] {
        let proxy = Proxy::before_socket(&docker);
        proxy.always("", Fault::Response(Response::new("200 OK", &[("Content-Type", "text/html")], body)));
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        user.runs(&["docker://dive-sample:1.0"]).error();
    }
}

/// The response to an inspection is truncated at any position.
#[test]
fn truncated_inspection_is_an_error() {
    let Some(docker) = servers::docker() else { return };
    for len in [0, 1, 300] {
        let proxy = Proxy::before_socket(&docker);
        proxy.always("/json", Fault::Cut(len));
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        user.runs(&["--pull", "never", "docker://dive-sample:1.0"]).error();
    }
}

/// Runs dive with TMPDIR on a disk of this size.
fn with_small_tmpdir(user: &User, size: &str, arguments: &str) -> crate::user::Ran {
    let disk = user.home("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let disk = disk.display();
    // The disk disappears with the mount namespace.
    let script = format!(
        "mount -t tmpfs -o size={size} dive-test '{disk}' && export TMPDIR='{disk}' && exec '{DIVE}' {arguments}"
    );
    user.runs_program("unshare", &["--mount", "sh", "-c", &script])
}

#[test]
fn full_disk_error_names_tmpdir() {
    if Corpus::here().is_none() || !servers::is_root() {
        return;
    }
    for (engine, variable, socket) in engines() {
        let user = User::new().sets(variable, &socket);
        let ran = with_small_tmpdir(&user, "1m", &format!("{engine}://opaque:buildkit"));
        let disk = user.home("disk");
        assert_fails(&ran, &["opaque:buildkit", "no space", "TMPDIR", disk.to_str().unwrap()]);
        with_small_tmpdir(&user, "100m", &format!("{engine}://opaque:buildkit")).ends_with(0);
    }
    if let Some(host) = servers::registry() {
        let user = User::new();
        let arguments = format!("--insecure-registry {host} registry://{host}/opaque:gzip");
        let ran = with_small_tmpdir(&user, "512k", &arguments);
        assert_fails(&ran, &["opaque:gzip", "no space", "TMPDIR", user.home("disk").to_str().unwrap()]);
        with_small_tmpdir(&user, "100m", &arguments).ends_with(0);
    }
    if servers::containerd().is_some() {
        let user = User::of_engines();
        let ran = with_small_tmpdir(&user, "1m", "containerd://docker.io/library/opaque:buildkit");
        assert_fails(&ran, &["opaque:buildkit", "no space", "TMPDIR", user.home("disk").to_str().unwrap()]);
    }
}

/// Docker's store is damaged: the content does not match the image's configuration.
#[test]
fn export_with_wrong_digest_is_reported() {
    let (Some(_), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let proxy = Proxy::before_socket(&docker);
    // Within a file's content, so that no header is affected.
    proxy.always(EXPORT, Fault::Flip(1_500_000));
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    let ran = user.runs(&["docker://opaque:buildkit"]);
    assert!(ran.code == 2 || ran.stderr.contains("sha256:"), "no warning:\n{}", ran.stderr);
}
