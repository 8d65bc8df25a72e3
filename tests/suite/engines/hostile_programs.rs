//! `ssh` and `ctr` programs that misbehave. A failure means that a remote machine can hang dive, fill its memory or
//! write to the terminal.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::assert_fails;
use crate::user::{Ran, User};

/// A user with this program first in PATH.
fn user_with(program: &str, script: &str) -> User {
    let file = format!("bin/{program}");
    let user = User::new().keeps(&file, &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(user.home(&file), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path).waits(Duration::from_mins(1))
}

/// Asserts a short error without terminal control characters.
#[track_caller]
fn assert_short_error(ran: &Ran, script: &str, parts: &[&str]) {
    assert_fails(ran, parts);
    assert!(ran.stderr.len() < 5000, "{script}: {} bytes", ran.stderr.len());
    assert!(!ran.stderr.contains(|letter: char| letter.is_control() && letter != '\n'), "{script}: {:?}", ran.stderr);
    assert!(!ran.stderr.contains('\u{202e}'), "{script}: {:?}", ran.stderr);
}

#[test]
fn misbehaving_ssh_is_an_error() {
    for script in [
        "printf 'hello \\033[2J\\n'",
        "exec yes 'a line without an end'",
        "printf 'HTTP/1.1 200 OK\\r\\nX: '; yes | tr -d '\\n'",
        "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 99999999999\\r\\n\\r\\n{'",
        "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\n{\"ApiVersion\": \"1.41\"}'",
        "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: -1\\r\\n\\r\\n{}'",
        "printf 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffff\\r\\n'",
        "printf 'HTTP/1.1 200 OK\\r\\n\\r\\n'; yes '[' | tr -d '\\n'",
        "printf 'HTTP/1.1 500 no\\r\\n\\r\\n{\"message\": \"\\033[2J\\342\\200\\256owned\"}'",
        "printf '\\033[2J\\342\\200\\256owned' >&2; exit 255",
        "yes 'words of ssh' | head -c 1000000 >&2; exit 255",
    ] {
        let user = user_with("ssh", script).sets("DOCKER_HOST", "ssh://user@far.example");
        assert_short_error(&user.runs(&["docker://app:1"]), script, &["cannot reach docker"]);
    }
}

/// A cloned repository names no host, but its rules file may name an image that an engine is asked for.
#[test]
fn rules_file_contacts_no_engine_on_another_machine() {
    let mut user = user_with("ssh", "touch \"$HOME/was-run\"; exit 255");
    std::fs::copy(crate::place::sample(), user.file("image.tar")).unwrap();
    let rules = |base: &str| format!("base: {base}\nrules:\n  lowestEfficiency: 0\n");
    let was_run = user.home("was-run");
    for host in ["ssh://user@far.example", "tcp://far.example:2375"] {
        user = user.sets("DOCKER_HOST", host).sets("CONTAINER_HOST", host);
        for base in ["auto", "docker://debian:13", "podman://debian:13", "debian:13"] {
            std::fs::write(user.file(".dive-ci"), rules(base)).unwrap();
            let refused = [".dive-ci:1: base: ", "the engine is on another machine", "use --base"];
            assert_fails(&user.runs(&["--ci", "image.tar"]), &refused);
            assert!(!was_run.exists(), "{base} at {host}");
        }
    }
    // With --base, or for an image there, the user names the host.
    let user = user.sets("DOCKER_HOST", "ssh://user@far.example");
    std::fs::write(user.file(".dive-ci"), rules("docker://debian:13")).unwrap();
    for arguments in [&["--ci", "--base", "docker://debian:13", "image.tar"], &["--ci", "--source", "docker", "app:1"]]
    {
        assert_fails(&user.runs(arguments), &["cannot reach docker"]);
        std::fs::remove_file(&was_run).unwrap();
    }
}

#[test]
fn misbehaving_ctr_is_an_error() {
    // A tar header that announces more than follows.
    let cut = "printf 'a.txt'; head -c 95 /dev/zero; printf '0000644\\0000000000\\0000000000\\00077777777777\\00000000000000\\000'; \
               head -c 1000 /dev/zero";
    for script in [
        "printf 'hello \\033[2J\\n'",
        "exec yes 'no archive'",
        "exit 0",
        cut,
        "printf '\\033[2J\\342\\200\\256owned' >&2; exit 1",
        "yes 'words of ctr' | head -c 1000000 >&2; exit 1",
    ] {
        let ran = user_with("ctr", script).runs(&["containerd://docker.io/library/app:1"]);
        assert_short_error(&ran, script, &["app:1"]);
    }
}
