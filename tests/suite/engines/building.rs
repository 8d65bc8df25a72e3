//! `dive build`. A failure means that a build gets wrong arguments, or that a pipeline does not see its failure.

use std::os::unix::fs::PermissionsExt;

use super::{document, servers};
use crate::user::User;

const DOCKERFILE: &str = "FROM scratch\nCOPY first.txt /app/\nCOPY second.txt /app/first.txt\n";

/// A user with the sources of an image that is half waste.
fn with_sources(user: User) -> User {
    user.writes("Dockerfile", DOCKERFILE)
        .writes("first.txt", &"a".repeat(1000))
        .writes("second.txt", &"b".repeat(1000))
        .writes(".dockerignore", ".cache\n")
        .sets("DOCKER_BUILDKIT", "0")
}

/// Users and arguments for a build with each engine.
fn builders() -> Vec<(User, Vec<&'static str>, Vec<&'static str>)> {
    let mut builders = Vec::new();
    if servers::docker().is_some() {
        builders.push((User::of_engines(), vec!["--source", "docker"], vec![]));
        builders.push((User::of_engines(), vec![], vec![]));
    }
    if servers::podman().is_some() {
        let user = servers::podman_settings()
            .into_iter()
            .fold(User::of_engines(), |user, (name, value)| user.sets(name, &value));
        builders.push((user, vec!["--source", "podman"], vec!["--isolation", "chroot"]));
    }
    builders.into_iter().map(|(user, before, behind)| (with_sources(user), before, behind)).collect()
}

/// A user, the engine's name, and more arguments, for a build with each engine.
pub(super) fn engines() -> Vec<(User, &'static str, &'static [&'static str])> {
    let mut engines: Vec<(User, &str, &[&str])> = Vec::new();
    for (user, before, _) in builders() {
        match before[..] {
            ["--source", "docker"] => engines.push((user, "docker", &[])),
            ["--source", "podman"] => engines.push((user, "podman", &["--isolation", "chroot"])),
            _ => {}
        }
    }
    engines
}

#[test]
fn build_opens_the_built_image() {
    for (user, before, behind) in builders() {
        let built = document(&user, &[&before[..], &["build", "-t", "dive-test-built:1"], &behind, &["."]].concat());
        assert_eq!(built["layer"].as_array().unwrap().len(), 2, "{before:?}: {built}");
        assert_eq!(built["image"]["inefficientBytes"], 2000);
        // It also has the requested name.
        let engine = if before.contains(&"podman") { "podman" } else { "docker" };
        let named = document(&user, &[&format!("{engine}://dive-test-built:1")]);
        // Only a build knows the Dockerfile.
        let without_lines = |mut document: serde_json::Value| {
            document["layer"].as_array_mut().unwrap().iter_mut().for_each(|layer| drop(layer["lines"].take()));
            document["layer"].take()
        };
        assert_eq!(without_lines(named), without_lines(built));
        // The report appears beside the builder's own output.
        let ran = user.runs(&[&before[..], &["build"], &behind, &["."]].concat()).ends_with(0);
        ran.prints(&["first.txt"]).says(&["COPY second.txt"]);
    }
}

#[test]
fn build_checks_rules_in_ci_mode() {
    for (user, before, behind) in builders() {
        let user = user.sets("CI", "true");
        let build = |rules: &[&str]| user.runs(&[&before[..], rules, &["build"], &behind, &["."]].concat());
        build(&["--lowestEfficiency", "0.9"]).ends_with(1).prints(&["FAIL"]);
        let lenient = ["--lowestEfficiency", "0.1", "--highestUserWastedPercent", "disabled"];
        build(&lenient).ends_with(0).prints(&["PASS"]);
    }
}

#[test]
fn failed_build_keeps_its_exit_code() {
    for (user, before, behind) in builders() {
        let user = user.writes("Dockerfile", "FROM scratch\nCOPY no-such-file /\n");
        let (engine, code) = if before.contains(&"podman") { ("podman", 125) } else { ("docker", 1) };
        let ran = user.passes_on(crate::user::DIVE, &[&before[..], &["build"], &behind, &["."]].concat());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains("no-such-file") && ran.stderr.contains(engine), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

/// A user with fake programs `docker` and `podman` that record their arguments and exit with 42.
fn with_recording_builders() -> User {
    let script = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\" >arguments\nexit 42\n";
    let user = User::new().keeps("bin/docker", script).keeps("bin/podman", script);
    for name in ["docker", "podman"] {
        std::fs::set_permissions(user.home(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

#[test]
fn build_arguments_are_passed_unchanged() {
    let user = with_recording_builders();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for (line, program) in [
        ("build .", "docker"),
        ("build --platform linux/arm64 -q -f other.Dockerfile -c 512 -t x:1 .", "docker"),
        ("build --pull --no-cache --json --ci --help=no .", "docker"),
        ("build --pull=true -v -i --source podman .", "docker"),
        ("build -- .", "docker"),
        ("build -- -dir-that-looks-like-a-flag", "docker"),
        ("build - -- --", "docker"),
        ("build", "docker"),
        ("--source podman build --layers=false -t x .", "podman"),
        ("--ci --lowestEfficiency 0.5 build build build", "docker"),
    ] {
        let ran = user.passes_on(crate::user::DIVE, &words(line).iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(ran.code, 42, "{line}: {}", ran.stderr);
        let recorded = std::fs::read_to_string(user.file("arguments")).unwrap();
        let mut recorded: Vec<_> = recorded.lines().collect();
        assert_eq!(recorded.drain(..2).collect::<Vec<_>>(), [program, "build"], "{line}");
        // dive adds `--iidfile`.
        if let Some(at) = recorded.iter().position(|argument| argument.starts_with("--iidfile")) {
            let count = if recorded[at].contains('=') { 1 } else { 2 };
            recorded.drain(at..at + count);
        }
        let (_, behind) = line.split_once("build").unwrap();
        assert_eq!(recorded, behind.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>(), "{line}");
    }
    // Spaces, shell metacharacters and an empty argument.
    let odd = ["build", "--build-arg", "A=b c $HOME `x` \"y\"", "", "--label=\u{fc}=*", "."];
    assert_eq!(user.passes_on(crate::user::DIVE, &odd).code, 42);
    let recorded = std::fs::read_to_string(user.file("arguments")).unwrap();
    assert!(recorded.contains("\n--build-arg\nA=b c $HOME `x` \"y\"\n\n--label=\u{fc}=*\n.\n"), "{recorded}");
    let configured = with_recording_builders().writes(".dive.yaml", "container-engine: podman\n");
    assert_eq!(configured.passes_on(crate::user::DIVE, &["build", "."]).code, 42);
    assert!(std::fs::read_to_string(configured.file("arguments")).unwrap().starts_with("podman\nbuild\n"));
}

/// dive asks `docker build --help` for options. Such a program once took all memory.
#[test]
fn build_reads_a_limited_help() {
    let script = "#!/bin/sh\ncase \"$*\" in\n'build --help') exec yes 'a line of help' ;;\nesac\nexit 42\n";
    let user = with_recording_builders().keeps("bin/docker", script);
    std::fs::set_permissions(user.home("bin/docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = user.waits(super::LIMIT).passes_on(crate::user::DIVE, &["build", "."]);
    assert_eq!(ran.code, 42, "{}", ran.stderr);
}

#[test]
fn missing_docker_is_named() {
    let user = User::new().keeps("bin/nothing", "");
    let path = user.home("bin");
    let user = user.sets("PATH", path.to_str().unwrap());
    super::assert_fails(&user.runs(&["build", "."]), &["docker", "--source"]);
    super::assert_fails(&user.runs(&["--source", "registry", "build", "."]), &["docker", "podman"]);
}

/// Many users pass secrets with `--build-arg`.
#[test]
fn build_arguments_are_not_logged() {
    let user = super::with_log(with_recording_builders());
    let ran = user.passes_on(crate::user::DIVE, &["build", "--build-arg", "TOKEN=build-secret-0822", "."]);
    std::fs::remove_file(user.file("arguments")).unwrap();
    super::assert_keeps_secrets(&user, &ran, &["build-secret-0822"]);
}

/// The lines of each layer, and the file.
fn lines(document: &serde_json::Value) -> Vec<String> {
    let lines = document["layer"].as_array().unwrap().iter().map(|layer| &layer["lines"]);
    lines.map(|lines| format!("{}:{}", lines["file"].as_str().unwrap_or("-"), lines["ranges"][0]["first"])).collect()
}

#[test]
fn build_knows_the_lines_of_its_own_dockerfile() {
    for (user, before, behind) in builders() {
        let other = format!("# syntax=docker/dockerfile:1\n{DOCKERFILE}");
        let user = user.writes("other", &other).writes("named", &format!("\n\n{DOCKERFILE}"));
        let built = |own: &[&str], options: &[&str]| {
            lines(&document(&user, &[&before[..], own, &["build"], options, &behind, &["."]].concat()))
        };
        assert_eq!(built(&[], &[]), ["Dockerfile:2", "Dockerfile:3"], "{before:?}");
        assert_eq!(built(&[], &["-f", "other"]), ["other:3", "other:4"]);
        assert_eq!(built(&["--dockerfile", "named"], &["-f", "other"]), ["named:4", "named:5"]);
        // Nothing that the file says made a layer.
        let user = user.writes("Dockerfile", "FROM dive-test-built:1\nEXPOSE 80\n");
        document(&user, &[&before[..], &["build", "-t", "dive-test-built:1"], &behind, &["-f", "other", "."]].concat());
        let ran = user.runs(&[&before[..], &["build"], &behind, &["."]].concat()).ends_with(0);
        assert!(!ran.stderr.contains("no instruction of"), "{}", ran.stderr);
    }
}

/// Podman also finds a Containerfile.
#[test]
fn containerfile_is_built() {
    for (user, before, behind) in builders() {
        let user = user.writes("Containerfile", DOCKERFILE);
        std::fs::remove_file(user.file("Dockerfile")).unwrap();
        let built = document(&user, &[&before[..], &["build"], &behind, &["."]].concat());
        assert_eq!(built["layer"].as_array().unwrap().len(), 2, "{before:?}: {built}");
    }
}

/// Podman without its service, the usual set-up.
#[test]
fn podman_builds_without_a_service() {
    let Some(user) = super::podman_command::without_service() else { return };
    let user = with_sources(user);
    let build = ["--source", "podman", "--json", "-", "build", "--isolation", "chroot", "."];
    let ran = super::podman_command::runs(&user, &build).ends_with(0);
    assert!(ran.stdout.contains("\"inefficientBytes\": 2000"), "{}", ran.stdout);
    // Only the builder reports a failed build; nothing is saved.
    let user = user.writes("Dockerfile", "FROM scratch\nCOPY no-such-file /\n");
    let ran = super::podman_command::passes_on(&user, &build);
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    assert!(ran.stderr.contains("no-such-file") && !ran.stderr.contains("podman save"), "{}", ran.stderr);
}

#[test]
fn missing_podman_is_named() {
    let user = User::new().keeps("bin/nothing", "");
    let path = user.home("bin");
    let ran = user.sets("PATH", path.to_str().unwrap()).runs(&["--source", "podman", "build", "."]);
    super::assert_fails(&ran, &["podman build", "podman is not in PATH"]);
    assert!(!ran.stderr.contains("podman save"), "{}", ran.stderr);
}

/// A killed run cannot remove its builder's output folder, so the next build does.
#[test]
fn folder_of_a_killed_build_is_removed_by_the_next() {
    let script = "#!/bin/sh\ntouch started\nwhile ! [ -e go-on ]; do sleep 0.01; done\nexit 42\n";
    let user = User::new().keeps("bin/docker", script);
    std::fs::set_permissions(user.home("bin/docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let user = user.sets("PATH", &path).sets("TMPDIR", temporary.path().to_str().unwrap());
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    let mut killed = std::process::Command::new(crate::user::DIVE);
    killed.args(["build", "."]).env_clear().envs(user.environment()).current_dir(user.file(""));
    let mut killed = killed.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    super::wait_until("the builder runs", || user.file("started").exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(left(), 1);
    std::fs::write(user.file("go-on"), "").unwrap();
    assert_eq!(user.passes_on(crate::user::DIVE, &["build", "."]).code, 42);
    assert_eq!(left(), 0);
}
