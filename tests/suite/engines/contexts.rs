//! Finding the engine without variables: Docker contexts and SSH hosts. A failure means that `docker` works in a
//! terminal and `dive` does not.

use std::os::unix::fs::PermissionsExt;

use sha2::Digest;

use super::{assert_fails, content, document, servers};
use crate::user::{DIVE, User};

/// A user whose current context is `away`, at `host`.
fn with_context(host: &str) -> User {
    let folder = sha256("away");
    let meta = format!(
        r#"{{"Name":"away","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}","SkipTLSVerify":false}}}}}}"#
    );
    // An empty variable counts as unset.
    User::new()
        .sets("DOCKER_HOST", "")
        .keeps(".docker/config.json", r#"{"currentContext":"away"}"#)
        .keeps(&format!(".docker/contexts/meta/{folder}/meta.json"), &meta)
}

fn sha256(text: &str) -> String {
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[test]
fn current_docker_context_is_used() {
    let Some(docker) = servers::docker() else { return };
    let expected = content(document(&User::of_engines(), &["docker://dive-sample:1.0"]));
    let found = content(document(&with_context(&docker), &["docker://dive-sample:1.0"]));
    super::assert_same("by context", &expected, &found);
}

/// As with `docker`: `DOCKER_HOST` overrides the context and `DOCKER_CONTEXT` selects another.
#[test]
fn variables_override_the_docker_context() {
    let Some(docker) = servers::docker() else { return };
    let lost = || with_context("unix:///nowhere/by-context.sock");
    document(&lost().sets("DOCKER_HOST", &docker), &["docker://dive-sample:1.0"]);
    let chosen = with_context(&docker).keeps(".docker/config.json", "{}").sets("DOCKER_CONTEXT", "away");
    document(&chosen, &["docker://dive-sample:1.0"]);
    assert_fails(&lost().runs(&["docker://dive-sample:1.0"]), &["/nowhere/by-context.sock", "away"]);
    let unknown = User::new().sets("DOCKER_HOST", "").sets("DOCKER_CONTEXT", "no-such-context");
    assert_fails(&unknown.runs(&["docker://dive-sample:1.0"]), &["no-such-context"]);
}

/// `DOCKER_CONFIG` moves the configuration.
#[test]
fn docker_config_variable_moves_contexts() {
    let Some(docker) = servers::docker() else { return };
    let user = with_context(&docker);
    let elsewhere = user.home("elsewhere");
    std::fs::rename(user.home(".docker"), &elsewhere).unwrap();
    let user = user.sets("DOCKER_CONFIG", elsewhere.to_str().unwrap());
    document(&user, &["docker://dive-sample:1.0"]);
}

/// A user whose `ssh` is configured for the test server. OpenSSH reads its configuration from the password database's
/// home, not from `$HOME`, so it is passed with `-F`.
fn with_ssh(config: &str) -> User {
    let user = User::new();
    let folder = user.home("bin");
    std::fs::create_dir(&folder).unwrap();
    let script = folder.join("ssh");
    std::fs::write(&script, format!("#!/bin/sh\nexec /usr/bin/ssh -F '{config}' \"$@\"\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

#[test]
fn docker_opens_over_ssh() {
    let (Some(_), Some(config)) = (servers::docker(), servers::ssh_config()) else { return };
    let expected = content(document(&User::of_engines(), &["docker://dive-sample:1.0"]));
    let user = with_ssh(&config).sets("DOCKER_HOST", "ssh://127.0.0.1");
    super::assert_same("by ssh", &expected, &content(document(&user, &["docker://dive-sample:1.0"])));
    assert_fails(&user.runs(&["--pull", "never", "docker://nobody/has-this:1"]), &["nobody/has-this:1"]);
}

/// A login fails; ssh's own message gives the reason.
#[test]
fn ssh_error_message_is_shown() {
    let Some(config) = servers::ssh_config() else { return };
    let user = with_ssh(&config).sets("DOCKER_HOST", "ssh://nobody-of-that-name@127.0.0.1");
    assert_fails(&user.runs(&["docker://dive-sample:1.0"]), &["ssh", "127.0.0.1", "permission denied"]);
}

/// Addresses contain passwords, and users paste error messages into chats.
#[test]
fn password_in_docker_host_is_not_shown() {
    for host in ["tcp://diver:hunter2-secret@127.0.0.1:1", "ssh://diver:hunter2-secret@127.0.0.1:1"] {
        let user = super::with_log(User::new()).sets("DOCKER_HOST", host);
        let ran = user.runs(&["docker://x"]).ends_with(2);
        assert!(ran.stderr.contains("DOCKER_HOST"), "{}", ran.stderr);
        super::assert_keeps_secrets(&user, &ran, &["hunter2-secret"]);
    }
}

/// Each address tried is named, with the reason.
#[test]
fn missing_engine_error_names_the_address() {
    let ran = User::new().sets("DOCKER_HOST", "unix:///nowhere/docker.sock").runs(&["docker://x"]);
    assert_fails(&ran, &["DOCKER_HOST", "/nowhere/docker.sock", "no such file"]);
    let ran = User::new().sets("DOCKER_HOST", "tcp://127.0.0.1:1").runs(&["docker://x"]);
    assert_fails(&ran, &["DOCKER_HOST", "127.0.0.1:1", "refused"]);
    let ran = User::new().sets("DOCKER_HOST", "carrier-pigeon://x").runs(&["docker://x"]);
    assert_fails(&ran, &["DOCKER_HOST", "ssh://"]);
    let ran = User::new().sets("CONTAINER_HOST", "unix:///nowhere/podman.sock").runs(&["podman://x"]);
    assert_fails(&ran, &["/nowhere/podman.sock", "no such file"]);
    let ran = User::new().sets("CONTAINERD_ADDRESS", "/nowhere/containerd.sock").runs(&["containerd://x"]);
    assert_fails(&ran, &["containerd"]);
}

/// A socket of another user, as Docker's is for users outside its group.
#[test]
fn socket_without_permission_names_the_group() {
    let Some(docker) = servers::docker() else { return };
    if !servers::is_root() {
        return;
    }
    let user = User::new().sets("DOCKER_HOST", &docker);
    // That user needs access to the program and its working directory.
    let dive = user.home("dive");
    std::fs::copy(DIVE, &dive).unwrap();
    for folder in [user.home(""), user.file(""), user.home("..")] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let arguments =
        ["--reuid=65534", "--regid=65534", "--clear-groups", dive.to_str().unwrap(), "docker://dive-sample:1.0"];
    let ran = user.runs_program("setpriv", &arguments);
    let socket = docker.strip_prefix("unix://").unwrap();
    assert_fails(&ran, &[socket, "permission denied", "group"]);
}
