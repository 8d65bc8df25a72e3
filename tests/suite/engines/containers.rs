//! Container names, which `docker ps` shows and users pass as images. A failure means that dive pulls an unrelated
//! public image of that name.

use std::process::Command;

use super::proxy::Proxy;
use super::{assert_fails, podman_command, servers};
use crate::user::{Ran, User};

/// A container of the sample image, removed on drop.
struct Container {
    program: &'static str,
    settings: Vec<(&'static str, String)>,
    name: &'static str,
    id: String,
}

impl Container {
    fn create(program: &'static str, settings: Vec<(&'static str, String)>, name: &'static str) -> Self {
        let mut command = Command::new(program);
        command.envs(settings.clone()).args(["create", "--name", name, "dive-sample:1.0", "/bin/true"]);
        let created = command.output().unwrap();
        assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
        let id = String::from_utf8(created.stdout).unwrap().trim().to_owned();
        Self { program, settings, name, id }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new(self.program).envs(self.settings.clone()).args(["rm", self.name]).output();
    }
}

/// Opens the container by name, id and short id, with every pull policy.
fn assert_named(container: &Container, scheme: &str, runs: impl Fn(&[&str]) -> Ran) {
    for name in [container.name, &container.id, &container.id[..12]] {
        let image = format!("{scheme}://{name}");
        for policy in [&[][..], &["--ci"], &["--pull", "missing"], &["--pull", "always"], &["--pull", "never"]] {
            let ran = runs(&[policy, &[&image]].concat());
            let commit = format!("`{} commit {name} NAME`", container.program);
            assert_fails(&ran, &[&format!("{name:?} is a container"), "dive-sample:1.0", &commit]);
            assert!(!ran.stderr.contains("pulling"), "{}", ran.stderr);
        }
    }
}

#[test]
fn docker_container_name_is_not_pulled() {
    let Some(docker) = servers::docker() else { return };
    let container = Container::create("docker", vec![("DOCKER_HOST", docker.clone())], "dive-test-quizzical");
    let proxy = Proxy::before_socket(&docker);
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    assert_named(&container, "docker", |arguments| user.runs(arguments));
    assert_eq!(proxy.requests("/images/create").len(), 0, "{:?}", proxy.requests(""));
    // A name with a tag can only be an image.
    user.runs(&["--pull", "never", "docker://dive-test-quizzical:latest"]).ends_with(2).says(&["has no image"]);
}

#[test]
fn podman_container_name_is_not_pulled() {
    let Some(podman) = servers::podman() else { return };
    let container = Container::create("podman", servers::podman_settings(), "dive-test-quizzical");
    let proxy = Proxy::before_socket(&podman);
    let user = User::new().sets("CONTAINER_HOST", proxy.address());
    assert_named(&container, "podman", |arguments| user.runs(arguments));
    assert_eq!(proxy.requests("/images/create").len(), 0, "{:?}", proxy.requests(""));
    let Some(user) = podman_command::without_service() else { return };
    assert_named(&container, "podman", |arguments| podman_command::runs(&user, arguments));
}

/// An engine that fails does not say that it has no such container. Otherwise dive would pull an unrelated image of that name.
#[test]
fn engine_that_fails_is_not_one_without_the_container() {
    use super::broken_engines::engines;
    use super::http::Response;
    use super::proxy::Fault;
    for (engine, variable, socket) in engines() {
        for fault in [
            Fault::Response(Response::new("500 Internal Server Error", &[], r#"{"message": "the store is locked"}"#)),
            Fault::Cut(0),
        ] {
            let proxy = Proxy::before_socket(&socket);
            proxy.always("/containers/", fault);
            let user = User::new().sets(variable, proxy.address()).sets("DIVE_CONTAINER_ENGINE", engine);
            for image in [format!("{engine}://dive-test-locked"), "container://dive-test-locked".to_owned()] {
                let ran = user.runs(&["--pull", "missing", &image]);
                let remedy = format!("check that `{engine} ps --all` works");
                assert_fails(&ran, &[engine, "cannot look up a container \"dive-test-locked\"", &remedy]);
            }
            assert_eq!(proxy.requests("/images/create").len(), 0, "{:?}", proxy.requests(""));
        }
    }
}

/// The same with Podman's command.
#[test]
fn podman_that_fails_is_not_one_without_the_container() {
    let script = "#!/bin/sh\ncase \"$1 $2\" in\n'image exists') exit 1 ;;\n'image inspect') exit 125 ;;\nesac\n\
                  echo 'Error: the store is locked' >&2; exit 125\n";
    let user = podman_command::with_podman(User::new().sets("XDG_RUNTIME_DIR", "/nowhere"), script);
    for image in ["podman://web", "container://web"] {
        let ran = podman_command::runs(&user, &["--source", "podman", "--pull", "missing", image]);
        assert_fails(&ran, &["podman cannot look up a container \"web\": the store is locked", "`podman ps --all`"]);
    }
}

/// `docker save` cannot save a container.
#[test]
fn advice_for_a_container_without_engine_fits_containers() {
    let ran = User::new().runs(&["container://web"]);
    assert_fails(&ran, &["cannot reach docker to look up \"web\"", "start docker"]);
    assert!(!ran.stderr.contains("docker save"), "{}", ran.stderr);
}

/// Some proxies of Docker's socket allow requests for images but not for containers.
#[test]
fn engine_that_forbids_containers_still_opens_images() {
    use super::http::Response;
    use super::proxy::Fault;
    let Some(docker) = servers::docker() else { return };
    let proxy = Proxy::before_socket(&docker);
    proxy.always("/containers/", Fault::Response(Response::new("403 Forbidden", &[], "Forbidden")));
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    assert_fails(&user.runs(&["--pull", "never", "docker://nobody-has-this"]), &["has no image \"nobody-has-this\""]);
    user.runs(&["docker://dive-sample:1.0"]).ends_with(0);
}
