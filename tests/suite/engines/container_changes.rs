//! `dive container://NAME`: what a container changed. A failure means that a user sees other changes than the engine's own `diff`.

use std::process::Command;

use super::{assert_fails, document, podman_command, servers};
use crate::user::{Ran, User};

/// What the container does: every kind of change.
const SCRIPT: &str = "\
echo new >/etc/new; mkdir -p /srv/deep/er; echo x >/srv/deep/er/file; chmod 600 /etc/group; touch /etc/passwd; \
rm -r /usr/share/doc; ln -s new /etc/link; ln /etc/new /etc/hard; echo a >/tmp/gone; rm /tmp/gone; \
mv /etc/group /etc/group.old; mkdir '/srv/a b'; echo y >\"/srv/a b/\u{e9}\"; rm -r /app; mkdir /app; echo z >/app/again; chmod 4755 /srv";

/// A container of the sample image that has run [`SCRIPT`], removed on drop.
struct ChangedContainer {
    program: &'static str,
    settings: Vec<(&'static str, String)>,
    name: &'static str,
}

impl ChangedContainer {
    fn run(program: &'static str, settings: Vec<(&'static str, String)>, name: &'static str) -> Self {
        let container = Self { program, settings, name };
        // Podman's defaults may exceed the limits of the test machine.
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
        let limits = if program == "podman" { &limits[..] } else { &[] };
        let command = ["dive-sample:1.0", "/bin/sh", "-c", SCRIPT];
        let run = ["run", "--network", "none", "--name", name];
        container.command(&[&run[..], limits, &command].concat());
        container
    }

    fn command(&self, arguments: &[&str]) -> String {
        let ran = Command::new(self.program).envs(self.settings.clone()).args(arguments).output().unwrap();
        assert!(ran.status.success(), "{} {arguments:?}: {}", self.program, String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// The lines of the engine's own `diff`, in byte order of paths.
    fn diff(&self) -> Vec<String> {
        let diff = self.command(&["diff", self.name]);
        let mut lines: Vec<_> = diff.lines().map(str::to_owned).collect();
        lines.sort_by(|a, b| a[2..].cmp(&b[2..]));
        lines
    }
}

impl Drop for ChangedContainer {
    fn drop(&mut self) {
        let _ = Command::new(self.program).envs(self.settings.clone()).args(["rm", "-f", self.name]).output();
    }
}

/// dive lists the same changes, in a layer above those of the image.
fn assert_shows_changes(container: &ChangedContainer, runs: impl Fn(&[&str]) -> Ran) {
    let image = format!("container://{}", container.name);
    let ran = runs(&["tree", "--changes", &image]).ends_with(0);
    let listed: Vec<_> = ran.stdout.lines().map(str::to_owned).collect();
    let diff = container.diff();
    assert!(diff.len() > 12, "{diff:?}");
    assert_eq!(listed, diff, "{}", ran.stderr);
    let ran = runs(&["--json", "-", &image]).ends_with(0);
    let shown: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let layers = shown["layer"].as_array().unwrap();
    let original = document(&User::new(), &[&crate::place::sample()]);
    assert_eq!(layers.len(), original["layer"].as_array().unwrap().len() + 1);
    assert_eq!(layers.last().unwrap()["command"], format!("changes in the container {}", container.name));
    assert_eq!(shown["image"]["name"], container.name);
    let tree = runs(&["tree", "--format", "tsv", &image]).ends_with(0).stdout;
    for row in ["srv/deep/er/file\tf\t2\t644\t0:0\t", "etc/link\tl\t0\t777\t0:0\tnew", "srv\td\t0\t4755\t0:0\t"] {
        assert!(tree.lines().any(|line| line == row), "no {row:?} in\n{tree}");
    }
    assert!(!tree.contains("usr/share/doc/"), "{tree}");
}

#[test]
fn docker_container_shows_what_docker_diff_lists() {
    let Some(docker) = servers::docker() else { return };
    let container = ChangedContainer::run("docker", vec![("DOCKER_HOST", docker)], "dive-test-changed");
    // The second run finds the image in the cache.
    let user = User::of_engines();
    for _ in 0..2 {
        assert_shows_changes(&container, |arguments| user.runs(arguments));
    }
}

#[test]
fn podman_container_shows_what_podman_diff_lists() {
    let Some(_) = servers::podman() else { return };
    let container = ChangedContainer::run("podman", servers::podman_settings(), "dive-test-changed");
    let user = User::of_engines().sets("DIVE_CONTAINER_ENGINE", "podman");
    assert_shows_changes(&container, |arguments| user.runs(arguments));
    let Some(user) = podman_command::without_service() else { return };
    assert_shows_changes(&container, |arguments| {
        podman_command::runs(&user, &[&["--source", "podman"], arguments].concat())
    });
}

#[test]
fn container_without_changes_has_an_empty_layer() {
    let Some(docker) = servers::docker() else { return };
    let settings = vec![("DOCKER_HOST", docker)];
    let container = ChangedContainer { program: "docker", settings, name: "dive-test-unchanged" };
    container.command(&["create", "--name", container.name, "dive-sample:1.0", "/bin/true"]);
    let ran = User::of_engines().runs(&["tree", "--changes", "container://dive-test-unchanged"]).ends_with(0);
    assert_eq!((ran.stdout.as_str(), container.diff().len()), ("", 0));
}

#[test]
fn name_of_no_container_is_explained() {
    let Some(_) = servers::docker() else { return };
    let user = User::of_engines();
    assert_fails(&user.runs(&["container://nobody-has-this"]), &["docker has no container", "docker ps --all"]);
    let ran = user.runs(&["container://dive-sample:1.0"]);
    assert_fails(&ran, &["docker has no container", "`dive docker://dive-sample:1.0`"]);
}
