//! The newest engines of Debian, in a root of their own (`tests/newer-engines.sh`): Docker with both of its image stores and
//! `BuildKit`, Podman, containerd. A failure means that dive does not work with an engine that users have today.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use super::{assert_fails, assert_same, content, document, servers};
use crate::place::{Corpus, sample};
use crate::user::User;

/// A Docker engine, with the name of its image store.
struct NewDocker {
    store: &'static str,
    host: String,
}

fn dockers() -> Vec<NewDocker> {
    let stores = [("containerd", "NEW_DOCKER_CONTAINERD"), ("classic", "NEW_DOCKER_CLASSIC")];
    let running = stores.into_iter().map(|(store, name)| Some(NewDocker { store, host: servers::newer(name)? }));
    running.flatten().collect()
}

impl NewDocker {
    /// A user of this engine, with `BuildKit`.
    fn user(&self) -> User {
        let user = User::new().sets("DOCKER_HOST", &self.host);
        let plugin = servers::newer_file("usr/libexec/docker/cli-plugins/docker-buildx");
        let own = user.home(".docker/cli-plugins/docker-buildx");
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::copy(plugin, &own).unwrap();
        std::fs::set_permissions(&own, PermissionsExt::from_mode(0o755)).unwrap();
        user.waits(super::LONG)
    }

    fn api_version(&self) -> (u32, u32) {
        let version = self.command(&["version", "--format", "{{.Server.APIVersion}}"]);
        let (major, minor) = version.trim().split_once('.').unwrap();
        (major.parse().unwrap(), minor.parse().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> String {
        let ran = Command::new("docker").env("DOCKER_HOST", &self.host).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{}: docker {arguments:?}: {}", self.store, String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }
}

/// The sources of an image with one file that differs by platform.
fn with_platforms(user: User) -> User {
    let user = user.writes("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /which\nCOPY same /same\n");
    user.writes("amd64", "for amd64").writes("arm64", "for arm64").writes("same", "the same")
}

fn platform(document: &Value) -> &str {
    document["image"]["platform"].as_str().unwrap()
}

#[test]
fn newer_engines_show_the_sample() {
    let expected = content(document(&User::new(), &[&sample()]));
    for docker in dockers() {
        for _ in 0..2 {
            let shown = content(document(&docker.user(), &["docker://dive-sample:1.0"]));
            assert_same(docker.store, &expected, &shown);
        }
    }
    if let Some(podman) = servers::newer("NEW_PODMAN") {
        let user = User::new().sets("CONTAINER_HOST", &podman);
        assert_same("podman", &expected, &content(document(&user, &["podman://dive-sample:1.0"])));
    }
    if let Some(containerd) = servers::newer("NEW_CONTAINERD") {
        let user = User::new().sets("CONTAINERD_ADDRESS", &containerd);
        for name in ["docker.io/library/dive-sample:1.0", "dive-sample:1.0"] {
            assert_same(name, &expected, &content(document(&user, &[&format!("containerd://{name}")])));
        }
    }
}

/// With and without attestations; without layers; without a name.
#[test]
fn newer_docker_opens_what_it_builds() {
    for docker in dockers() {
        let user = with_platforms(docker.user());
        for (arguments, layers) in [
            (&["-t", "dive-test-new:1", "."][..], 2),
            (&["--provenance=false", "-t", "dive-test-new:2", "."], 2),
            (&["--provenance=false", "."], 2),
        ] {
            let built = document(&user, &[&["build"], arguments].concat());
            assert_eq!(built["layer"].as_array().unwrap().len(), layers, "{} {arguments:?}", docker.store);
            if let [.., name, "."] = arguments
                && name.contains(':')
            {
                assert_eq!(built["image"]["name"], *name, "{}", docker.store);
            }
        }
        // Another tag of the same image.
        docker.command(&["tag", "dive-test-new:2", "dive-test-also:1"]);
        let built = document(&user, &["build", "--provenance=false", "-t", "dive-test-new:2", "."]);
        assert_eq!(built["image"]["name"], "dive-test-new:2", "{}", docker.store);
        // The classic store cannot export an image without layers.
        if docker.store == "classic" {
            continue;
        }
        let user = user.writes("Dockerfile", "FROM scratch\nLABEL a=b\n");
        user.runs(&["build", "--provenance=false", "-t", "dive-test-empty:1", "."]).ends_with(0);
    }
}

#[test]
fn newer_docker_names_options_that_make_no_image() {
    for docker in dockers() {
        let user = with_platforms(docker.user());
        assert_fails(&user.runs(&["build", "--check", "."]), &["`docker build --check` only checks the build"]);
        assert_fails(
            &user.runs(&["build", "-o", "out", "."]),
            &["`docker build -o out` does not put an image into docker"],
        );
    }
}

/// Two platforms of one image have layers in common, and one id.
#[test]
fn newer_docker_keeps_platforms_apart() {
    let Some(host) = servers::newer("NEW_DOCKER_CONTAINERD") else { return };
    let docker = NewDocker { store: "containerd", host };
    let user = with_platforms(docker.user());
    let build = ["build", "--platform", "linux/amd64,linux/arm64", "-t", "dive-test-both:1", "."];
    user.runs(&build).ends_with(0);
    for _ in 0..2 {
        for wanted in ["linux/arm64", "linux/amd64"] {
            let shown = document(&user, &["--platform", wanted, "docker://dive-test-both:1"]);
            assert_eq!(platform(&shown), wanted);
        }
    }
    let ran = user.runs(&["--pull", "never", "--platform", "linux/s390x", "docker://dive-test-both:1"]);
    assert_fails(&ran, &["linux/amd64", "linux/arm64", "linux/s390x"]);
    // For another processor alone.
    let user = user.writes("s390x", "for s390x");
    let ran = user.runs(&["--json", "-", "build", "--platform", "linux/s390x", "-t", "dive-test-other:1", "."]);
    assert_eq!(platform(&serde_json::from_str(&ran.ends_with(0).stdout).unwrap()), "linux/s390x");
    let ran = user.runs(&["--json", "-", "docker://dive-test-other:1"]).ends_with(0);
    assert!(ran.stderr.contains("shows the image for linux/s390x"), "{}", ran.stderr);
}

#[test]
fn newer_docker_opens_a_pulled_platform_alone() {
    let (Some(_), Some(registry)) = (Corpus::here(), servers::registry()) else { return };
    for docker in dockers() {
        // Before 28, the containerd store exports only complete images.
        if docker.store == "containerd" && docker.api_version() < (1, 48) {
            continue;
        }
        let image = format!("{registry}/multiarch:2");
        docker.command(&["pull", "--quiet", "--platform", "linux/arm64", &image]);
        let user = docker.user();
        let shown = document(&user, &["--pull", "never", &format!("docker://{image}")]);
        assert_eq!(platform(&shown), "linux/arm64", "{}", docker.store);
        // The other is pulled where only the first is there.
        let arguments = ["--pull", "missing", "--platform", "linux/amd64", &format!("docker://{image}")];
        assert_eq!(platform(&document(&user, &arguments)), "linux/amd64", "{}", docker.store);
    }
}

#[test]
fn newer_docker_lists_the_changes_of_a_container() {
    for docker in dockers() {
        let script = "echo x >/etc/new; rm /etc/group; touch /etc/passwd; rm -r /tmp; mkdir /tmp; echo y >/tmp/again";
        let run = ["run", "--network", "none", "--name", "dive-test-new", "dive-sample:1.0", "/bin/sh", "-c", script];
        docker.command(&run);
        let diff = docker.command(&["diff", "dive-test-new"]);
        let mut diff: Vec<_> = diff.lines().collect();
        diff.sort_by(|a, b| a[2..].cmp(&b[2..]));
        let ran = docker.user().runs(&["tree", "--changes", "container://dive-test-new"]).ends_with(0);
        assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), diff, "{}: {}", docker.store, ran.stderr);
        assert!(diff.contains(&"A /etc/new") && diff.contains(&"D /etc/group"), "{diff:?}");
        docker.command(&["rm", "-f", "dive-test-new"]);
    }
}

/// Podman 5 knows the images of a list by id alone, not by the digests that the list has.
#[test]
fn newer_podman_opens_each_image_of_a_manifest_list() {
    let Some(host) = servers::newer("NEW_PODMAN") else { return };
    let user = with_platforms(User::new().sets("CONTAINER_HOST", &host).waits(super::LONG));
    let user = user.writes("s390x", "for s390x");
    for (list, platforms) in
        [("dive-test-list:1", "linux/amd64,linux/arm64"), ("dive-test-list:2", "linux/s390x,linux/arm64")]
    {
        let build = ["--remote", "--url", &host, "build", "--isolation", "chroot", "--platform", platforms];
        let built = user.passes_on("podman", &[&build[..], &["--manifest", list, "."]].concat());
        assert_eq!(built.code, 0, "{}", built.stderr);
    }
    for (list, wanted) in [(1, "linux/arm64"), (1, "linux/amd64"), (2, "linux/s390x"), (2, "linux/arm64")] {
        let shown =
            document(&user, &["--pull", "never", "--platform", wanted, &format!("podman://dive-test-list:{list}")]);
        assert_eq!(platform(&shown), wanted, "list {list}");
    }
    let ran = user.runs(&["--pull", "never", "--platform", "linux/s390x", "podman://dive-test-list:1"]);
    assert_fails(&ran, &["only for linux/a", "not for linux/s390x"]);
    // None of them is for this machine.
    let ran = user.runs(&["--json", "-", "--pull", "never", "podman://dive-test-list:2"]).ends_with(0);
    assert!(ran.stderr.contains("shows the image for linux/"), "{}", ran.stderr);
}
