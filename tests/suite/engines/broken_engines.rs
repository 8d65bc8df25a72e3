//! Engines that stop, stumble or lie. If one of these fails, a user sees half an image and takes it for the whole, or a
//! message that does not help.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::http::Answer;
use super::proxy::{Fault, Gate, Proxy};
use super::{EXPORT, assert_fails, servers};
use crate::place::Corpus;
use crate::user::{DIVE, User};

/// Everyone who has an image of some size.
fn engines() -> Vec<(&'static str, &'static str, String)> {
    let docker = servers::docker().map(|socket| ("docker", "DOCKER_HOST", socket));
    let podman = servers::podman().map(|socket| ("podman", "CONTAINER_HOST", socket));
    docker.into_iter().chain(podman).collect()
}

#[test]
fn an_engine_that_stops_midway_is_an_error_that_says_how_far_it_came() {
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
        // What is damaged is shown where that is asked for, but not as if it were all.
        let ran = user.runs(&["--ignore-errors", &format!("{engine}://opaque:buildkit")]);
        assert!(ran.code == 2 || ran.stderr.contains("warning"), "{}", ran.stderr);
    }
}

/// A service of Podman of this test's own, on the store of the others.
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
fn an_engine_that_is_killed_midway_is_an_error() {
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
        gate.wait_for_somebody();
        service.kill();
        gate.open();
        assert_fails(&running.join().unwrap(), &["opaque:buildkit", "podman"]);
    });
    // And afterwards there is only its socket.
    let ran = User::new().sets("CONTAINER_HOST", &service.socket).runs(&["podman://opaque:buildkit"]);
    assert_fails(&ran, &[service.socket.strip_prefix("unix://").unwrap(), "refused"]);
}

/// The engine ends its archive too early, as Docker does when its own disk fails, and says that all is well.
#[test]
fn an_export_that_is_too_short_is_not_taken_for_the_image() {
    if Corpus::here().is_none() {
        return;
    }
    for (engine, variable, socket) in engines() {
        for len in [0, 100, 512, 700_000] {
            let proxy = Proxy::before_socket(&socket);
            let answer = Answer::new("200 OK", &[("Content-Type", "application/x-tar")], &"\0".repeat(len));
            proxy.always(EXPORT, Fault::Answer(answer));
            let user = User::new().sets(variable, proxy.address());
            assert_fails(&user.runs(&[&format!("{engine}://opaque:buildkit")]), &["opaque:buildkit"]);
        }
    }
}

#[test]
fn what_an_engine_says_went_wrong_is_handed_on() {
    for (engine, variable, socket) in engines() {
        for (asked, status) in [("/json", "500 Internal Server Error"), (EXPORT, "507 Insufficient Storage")] {
            let proxy = Proxy::before_socket(&socket);
            let body = r#"{"message":"the store\u001b[31m is locked","cause":"the store is locked","response":500}"#;
            let answer = Answer::new(status, &[("Content-Type", "application/json")], body);
            proxy.always(asked, Fault::Answer(answer));
            let user = User::new().sets(variable, proxy.address());
            let ran = user.runs(&["--no-cache", &format!("{engine}://dive-sample:1.0")]);
            assert_fails(&ran, &["dive-sample:1.0", "the store"]);
            assert!(!ran.stderr.contains('\u{1b}'), "a server must not write to the terminal: {:?}", ran.stderr);
        }
    }
}

/// Something else listens there: a web server, a proxy's login page.
#[test]
fn what_is_no_engine_is_told_apart() {
    let Some(docker) = servers::docker() else { return };
    for body in ["", "<html><body>Log in to the network</body></html>", "{}", "[1, 2", "null"] {
        let proxy = Proxy::before_socket(&docker);
        proxy.always("", Fault::Answer(Answer::new("200 OK", &[("Content-Type", "text/html")], body)));
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        user.runs(&["docker://dive-sample:1.0"]).error();
    }
}

/// The answer to a question breaks off, at any place.
#[test]
fn an_inspection_that_breaks_off_is_an_error() {
    let Some(docker) = servers::docker() else { return };
    for len in [0, 1, 300] {
        let proxy = Proxy::before_socket(&docker);
        proxy.always("/json", Fault::Cut(len));
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        user.runs(&["--pull", "never", "docker://dive-sample:1.0"]).error();
    }
}

/// Runs dive where TMPDIR is a disk of so many bytes.
fn on_a_small_disk(user: &User, size: &str, arguments: &str) -> crate::user::Ran {
    let disk = user.home("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let disk = disk.display();
    // In a mount namespace, which ends with the run and takes the disk along.
    let script = format!(
        "mount -t tmpfs -o size={size} dive-test '{disk}' && export TMPDIR='{disk}' && exec '{DIVE}' {arguments}"
    );
    user.runs_program("unshare", &["--mount", "sh", "-c", &script])
}

#[test]
fn a_disk_that_is_full_is_named_with_what_to_do() {
    if Corpus::here().is_none() || !servers::is_root() {
        return;
    }
    for (engine, variable, socket) in engines() {
        let user = User::new().sets(variable, &socket);
        let ran = on_a_small_disk(&user, "1m", &format!("{engine}://opaque:buildkit"));
        let disk = user.home("disk");
        assert_fails(&ran, &["opaque:buildkit", "no space", "TMPDIR", disk.to_str().unwrap()]);
        on_a_small_disk(&user, "100m", &format!("{engine}://opaque:buildkit")).ends_with(0);
    }
    if let Some(host) = servers::registry() {
        let user = User::new();
        let arguments = format!("--insecure-registry {host} registry://{host}/opaque:gzip");
        let ran = on_a_small_disk(&user, "512k", &arguments);
        assert_fails(&ran, &["opaque:gzip", "no space", "TMPDIR", user.home("disk").to_str().unwrap()]);
        on_a_small_disk(&user, "100m", &arguments).ends_with(0);
    }
    if servers::containerd().is_some() {
        let user = User::of_engines();
        let ran = on_a_small_disk(&user, "1m", "containerd://docker.io/library/opaque:buildkit");
        assert_fails(&ran, &["opaque:buildkit", "no space", "TMPDIR", user.home("disk").to_str().unwrap()]);
    }
}

/// Docker's own store is damaged: the bytes are not those of the image's configuration.
#[test]
fn layers_that_are_not_what_the_engine_says_are_noticed() {
    let (Some(_), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let proxy = Proxy::before_socket(&docker);
    // Within the content of a file of the base layer, which makes no difference to any header.
    proxy.always(EXPORT, Fault::Flip(1_500_000));
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    let ran = user.runs(&["docker://opaque:buildkit"]);
    assert!(ran.code == 2 || ran.stderr.contains("sha256:"), "nothing is said of it:\n{}", ran.stderr);
}
