//! `dive build`. If one of these fails, a user's build gets other arguments than it was given, or a pipeline does not learn
//! that it failed.

use std::os::unix::fs::PermissionsExt;

use super::{document, servers};
use crate::user::User;

const DOCKERFILE: &str = "FROM scratch\nCOPY first.txt /app/\nCOPY second.txt /app/first.txt\n";

/// Somebody with the sources of an image, of which half is waste.
fn with_sources(user: User) -> User {
    user.writes("Dockerfile", DOCKERFILE)
        .writes("first.txt", &"a".repeat(1000))
        .writes("second.txt", &"b".repeat(1000))
        .writes(".dockerignore", ".cache\n")
        .sets("DOCKER_BUILDKIT", "0")
}

/// The arguments by which either engine builds here.
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

#[test]
fn what_was_built_is_opened() {
    for (user, before, behind) in builders() {
        let built = document(&user, &[&before[..], &["build", "-t", "dive-test-built:1"], &behind, &["."]].concat());
        let layers = built["layer"].as_array().unwrap();
        assert_eq!(layers.len(), 2, "{before:?}: {built}");
        assert_eq!(built["image"]["inefficientBytes"], 2000);
        // Under the name that it was given, as well.
        let engine = if before.contains(&"podman") { "podman" } else { "docker" };
        let named = document(&user, &[&format!("{engine}://dive-test-built:1")]);
        assert_eq!(named["layer"], built["layer"]);
        // The report, with what the builder said beside it.
        let ran = user.runs(&[&before[..], &["build"], &behind, &["."]].concat()).ends_with(0);
        ran.prints(&["first.txt"]).says(&["COPY second.txt"]);
    }
}

#[test]
fn in_ci_mode_what_was_built_is_judged() {
    for (user, before, behind) in builders() {
        let user = user.sets("CI", "true");
        let build = |rules: &[&str]| user.runs(&[&before[..], rules, &["build"], &behind, &["."]].concat());
        build(&["--lowestEfficiency", "0.9"]).ends_with(1).prints(&["FAIL"]);
        let lenient = ["--lowestEfficiency", "0.1", "--highestUserWastedPercent", "disabled"];
        build(&lenient).ends_with(0).prints(&["PASS"]);
    }
}

#[test]
fn a_build_that_fails_passes_its_exit_code_on() {
    for (user, before, behind) in builders() {
        let user = user.writes("Dockerfile", "FROM scratch\nCOPY no-such-file /\n");
        let (engine, code) = if before.contains(&"podman") { ("podman", 125) } else { ("docker", 1) };
        let ran = user.passes_on(crate::user::DIVE, &[&before[..], &["build"], &behind, &["."]].concat());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.contains("no-such-file") && ran.stderr.contains(engine), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

/// Somebody with a program called `docker` and one called `podman` that write down what they are given, and end with 42.
fn with_recorder() -> User {
    let script = "#!/bin/sh\nprintf '%s\\n' \"${0##*/}\" \"$@\" >arguments\nexit 42\n";
    let user = User::new().keeps("bin/docker", script).keeps("bin/podman", script);
    for name in ["docker", "podman"] {
        std::fs::set_permissions(user.home(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

#[test]
fn arguments_reach_the_builder_as_they_are() {
    let user = with_recorder();
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
        // dive has the image's id written to a file of its own.
        if let Some(at) = recorded.iter().position(|argument| argument.starts_with("--iidfile")) {
            let count = if recorded[at].contains('=') { 1 } else { 2 };
            recorded.drain(at..at + count);
        }
        let (_, behind) = line.split_once("build").unwrap();
        assert_eq!(recorded, behind.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>(), "{line}");
    }
    // With spaces and letters of the shell in them, and with none at all.
    let odd = ["build", "--build-arg", "A=b c $HOME `x` \"y\"", "", "--label=\u{fc}=*", "."];
    assert_eq!(user.passes_on(crate::user::DIVE, &odd).code, 42);
    let recorded = std::fs::read_to_string(user.file("arguments")).unwrap();
    assert!(recorded.contains("\n--build-arg\nA=b c $HOME `x` \"y\"\n\n--label=\u{fc}=*\n.\n"), "{recorded}");
    let configured = with_recorder().writes(".dive.yaml", "container-engine: podman\n");
    assert_eq!(configured.passes_on(crate::user::DIVE, &["build", "."]).code, 42);
    assert!(std::fs::read_to_string(configured.file("arguments")).unwrap().starts_with("podman\nbuild\n"));
}

#[test]
fn a_builder_that_is_not_there_is_named() {
    let user = User::new().keeps("bin/nothing", "");
    let path = user.home("bin");
    let user = user.sets("PATH", path.to_str().unwrap());
    super::assert_fails(&user.runs(&["build", "."]), &["docker", "--source"]);
    super::assert_fails(&user.runs(&["--source", "registry", "build", "."]), &["docker", "podman"]);
}

/// `--build-arg TOKEN=...` is how many hand over secrets, however often they are told not to.
#[test]
fn arguments_of_a_build_are_not_logged() {
    let user = super::with_log(with_recorder());
    let ran = user.passes_on(crate::user::DIVE, &["build", "--build-arg", "TOKEN=build-secret-0822", "."]);
    std::fs::remove_file(user.file("arguments")).unwrap();
    super::assert_keeps_secrets(&user, &ran, &["build-secret-0822"]);
}

/// Red Hat's name for a Dockerfile, which Podman finds by itself.
#[test]
fn a_containerfile_is_built_where_there_is_no_dockerfile() {
    for (user, before, behind) in builders() {
        let user = user.writes("Containerfile", DOCKERFILE);
        std::fs::remove_file(user.file("Dockerfile")).unwrap();
        let built = document(&user, &[&before[..], &["build"], &behind, &["."]].concat());
        assert_eq!(built["layer"].as_array().unwrap().len(), 2, "{before:?}: {built}");
    }
}

/// A machine with Podman's command and no service, as most are.
#[test]
fn podman_builds_without_its_service() {
    let Some(user) = super::podman_command::without_service() else { return };
    let user = with_sources(user);
    let build = ["--source", "podman", "--json", "-", "build", "--isolation", "chroot", "."];
    let ran = super::podman_command::runs(&user, &build).ends_with(0);
    assert!(ran.stdout.contains("\"inefficientBytes\": 2000"), "{}", ran.stdout);
    // What cannot be built is the builder's to explain: there is no image to save.
    let user = user.writes("Dockerfile", "FROM scratch\nCOPY no-such-file /\n");
    let ran = super::podman_command::passes_on(&user, &build);
    assert_eq!(ran.code, 125, "{}", ran.stderr);
    assert!(ran.stderr.contains("no-such-file") && !ran.stderr.contains("podman save"), "{}", ran.stderr);
}

#[test]
fn a_podman_that_is_not_there_is_named() {
    let user = User::new().keeps("bin/nothing", "");
    let path = user.home("bin");
    let ran = user.sets("PATH", path.to_str().unwrap()).runs(&["--source", "podman", "build", "."]);
    super::assert_fails(&ran, &["podman build", "podman is not in PATH"]);
    assert!(!ran.stderr.contains("podman save"), "{}", ran.stderr);
}
