//! Podman without its service, the usual set-up: dive runs `podman`, as the Go tool does. A failure means that Podman
//! users need a service, or that dive hangs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{assert_fails, assert_same, content, document, servers};
use crate::place::{Corpus, sample};
use crate::user::{DIVE, Ran, User};

/// Sockets of the machine's own Podman service.
const SYSTEM_SOCKETS: &str = "/run/podman";

/// A user with the test images and no Podman service. Calls of `podman` are recorded in `calls`.
pub(super) fn without_service() -> Option<User> {
    servers::podman()?;
    let user = servers::podman_settings().iter().fold(User::new(), |user, (name, value)| user.sets(name, value));
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path).map(|folder| folder.join("podman")).find(|program| program.is_file())?;
    let calls = user.home("calls");
    // Podman would use an empty address, so dive must not pass it on, except to a build.
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\n[ \"$1\" != build ] || unset CONTAINER_HOST\nexec '{}' \"$@\"\n",
        calls.display(),
        program.display()
    );
    Some(with_podman(user, &script))
}

/// A user without a service whose `podman` is this script.
pub(super) fn with_podman(user: User, script: &str) -> User {
    let user = user.keeps("bin/podman", script).sets("CONTAINER_HOST", "");
    std::fs::set_permissions(user.home("bin/podman"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

/// Runs dive with the machine's own service hidden.
pub(super) fn passes_on(user: &User, arguments: &[&str]) -> Ran {
    if !Path::new(SYSTEM_SOCKETS).exists() {
        return user.passes_on(DIVE, arguments);
    }
    let script = format!("mount -t tmpfs dive-test {SYSTEM_SOCKETS} && exec \"$0\" \"$@\"");
    user.passes_on("unshare", &[&["--mount", "sh", "-c", &script, DIVE], arguments].concat())
}

/// The same for commands whose exit code is dive's own.
pub(super) fn runs(user: &User, arguments: &[&str]) -> Ran {
    let ran = passes_on(user, arguments);
    assert!((0..=2).contains(&ran.code), "{arguments:?}: exit code {}\n{}", ran.code, ran.stderr);
    ran
}

fn document_of(user: &User, image: &str) -> serde_json::Value {
    let ran = runs(user, &["--json", "-", image]).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Returns the recorded calls of `podman` and clears them.
fn calls(user: &User) -> String {
    let calls = std::fs::read_to_string(user.home("calls")).unwrap_or_default();
    let _ = std::fs::remove_file(user.home("calls"));
    calls
}

#[test]
fn podman_command_and_service_agree() {
    let Some(user) = without_service() else { return };
    let service = User::of_engines();
    for name in ["dive-sample:1.0", "localhost/dive-sample:1.0"] {
        let image = format!("podman://{name}");
        assert_same(name, &content(document(&service, &[&image])), &content(document_of(&user, &image)));
    }
    if Corpus::here().is_some() {
        let image = "podman://opaque:buildkit";
        assert_same(image, &document(&service, &[image]), &document_of(&user, image));
    }
    assert!(calls(&user).contains("image save"));
}

/// Saving an image of some gigabytes takes a minute.
#[test]
fn cached_podman_image_is_not_saved_again() {
    let Some(user) = without_service() else { return };
    let cache = user.home("cache");
    let user = user.sets("XDG_CACHE_HOME", cache.to_str().unwrap());
    // Other tests tag the same image.
    let first = content(document_of(&user, "podman://dive-sample:1.0"));
    assert!(calls(&user).contains("image save"));
    assert_same("from the cache", &first, &content(document_of(&user, "podman://dive-sample:1.0")));
    let again = calls(&user);
    assert!(again.contains("image inspect") && !again.contains("image save"), "{again}");
    // The service reports the same id, so the cache is shared.
    let by_service = User::of_engines().sets("XDG_CACHE_HOME", cache.to_str().unwrap());
    assert_same("by service", &first, &content(document(&by_service, &["podman://dive-sample:1.0"])));
}

/// The sources of an image that differs by platform.
fn with_platforms(user: User) -> User {
    let user = user.writes("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /which\n");
    user.writes("amd64", "for amd64").writes("arm64", "for arm64")
}

fn platform_of(ran: &Ran) -> String {
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    document["image"]["platform"].as_str().unwrap().to_owned()
}

/// Podman writes the id of the last platform, or that of the list, which it cannot always describe.
#[test]
fn podman_build_for_several_platforms_opens_the_requested_one() {
    let Some(user) = without_service() else { return };
    let user = with_platforms(user).waits(super::LIMIT);
    let build = |before: &[&str], behind: &[&str]| {
        let fixed = ["--source", "podman", "--json", "-"];
        let build = ["build", "--isolation", "chroot"];
        runs(&user, &[&fixed, before, &build, behind, &["."]].concat()).ends_with(0)
    };
    let both = ["--platform", "linux/amd64,linux/arm64"];
    let list = ["--manifest", "dive-test-list:1"];
    assert_eq!(platform_of(&build(&["--platform", "linux/arm64"], &[&both[..], &list].concat())), "linux/arm64");
    if std::env::consts::ARCH == "x86_64" {
        assert_eq!(platform_of(&build(&[], &[&both[..], &["-t", "dive-test-both:1"]].concat())), "linux/amd64");
        assert_eq!(platform_of(&build(&[], &[&both[..], &["--manifest", "dive-test-list:2"]].concat())), "linux/amd64");
    }
    let alone = ["--platform", "linux/arm64", "--manifest", "dive-test-list:3"];
    assert_eq!(platform_of(&build(&[], &alone)), "linux/arm64");
    // By the name of the list, with the service too.
    for user in [&user, &User::of_engines()] {
        for platform in ["linux/arm64", "linux/amd64"] {
            let image = ["--json", "-", "--platform", platform, "podman://dive-test-list:1"];
            assert_eq!(platform_of(&runs(user, &image).ends_with(0)), platform);
        }
        let ran = runs(user, &["--pull", "never", "--platform", "linux/s390x", "podman://dive-test-list:1"]);
        assert_fails(&ran, &["only for", "linux/amd64", "linux/arm64"]);
    }
}

#[test]
fn podman_command_pulls_missing_images() {
    let (Some(user), Some(registry)) = (without_service(), servers::registry()) else { return };
    let proxy = super::proxy::Proxy::before_host(&registry);
    let image = format!("podman://{}/sample:1", proxy.address());
    let name = image.strip_prefix("podman://").unwrap();
    assert_fails(&runs(&user, &["--pull", "never", &image]), &[name, "has no image", "--pull"]);
    assert_eq!(proxy.requests("").len(), 0, "{:?}", proxy.requests(""));
    let pulled = document_of(&user.waits(super::LIMIT), &image);
    assert_same(&image, &content(document(&User::new(), &[&sample()])), &content(pulled));
    assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
}

#[test]
fn failed_podman_pull_says_why_once() {
    let (Some(user), Some(registry)) = (without_service(), servers::registry()) else { return };
    let image = format!("podman://{registry}/nobody-has-this:7");
    let ran = runs(&user.waits(super::LIMIT), &[&image]);
    assert_fails(&ran, &["podman cannot pull", "manifest unknown", "check the name"]);
    let name = format!("{registry}/nobody-has-this:7");
    assert!(
        ran.stderr.contains("dive: podman has no image") && ran.stderr.contains("; pulling it\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.error().matches(&name).count(), 1, "{}", ran.stderr);
}

/// The error names the missing sockets and the command's own message.
#[test]
fn error_names_podman_sockets_and_command() {
    let user = || User::new().sets("XDG_RUNTIME_DIR", "/nowhere");
    let broken = with_podman(user(), "#!/bin/sh\necho 'Error: the store is locked' >&2\nexit 125\n");
    let ran = runs(&broken, &["podman://alpine"]);
    assert_fails(&ran, &["/nowhere/podman/podman.sock", "/run/podman/podman.sock", "podman: the store is locked"]);
    let absent = user().keeps("bin/nothing", "").sets("CONTAINER_HOST", "");
    let path = absent.home("bin");
    let ran = absent.sets("PATH", path.to_str().unwrap()).runs(&["podman://alpine"]);
    assert_fails(&ran, &["/run/podman/podman.sock", "command podman: not in PATH"]);
}

/// A named service may have other images than the local command.
#[test]
fn named_podman_service_is_not_replaced_by_the_command() {
    let user = with_podman(User::new(), "#!/bin/sh\necho called >>\"$HOME/calls\"\nexit 125\n");
    let user = user.sets("CONTAINER_HOST", "unix:///nowhere/podman.sock");
    assert_fails(&user.runs(&["podman://alpine"]), &["CONTAINER_HOST", "/nowhere/podman.sock"]);
    assert_eq!(calls(&user), "");
}

/// `podman` can prompt for a password or a registry.
#[test]
fn podman_prompt_does_not_hang() {
    let script = "#!/bin/sh\nread -r answer || { echo 'Error: no answer' >&2; exit 125; }\n";
    assert_fails(&runs(&with_podman(User::new(), script), &["podman://alpine"]), &["no answer"]);
}

/// A truncated export must not be shown as the whole image.
#[test]
fn truncated_podman_save_is_an_error() {
    let Some(user) = without_service() else { return };
    let script = std::fs::read_to_string(user.home("bin/podman")).unwrap();
    let (notes, save) = script.split_once("exec ").unwrap();
    let cut = format!(
        "if [ \"$2\" = save ]; then {} | head -c 700000; echo 'Error: input/output error' >&2; exit 125; fi\n",
        save.trim_end()
    );
    let user = with_podman(user, &format!("{notes}{cut}exec {save}"));
    let ran = runs(&user, &["--no-cache", "podman://dive-sample:1.0"]);
    assert_fails(&ran, &["dive-sample:1.0", "after 700000 bytes", "input/output error"]);
}

/// The usual case on Fedora: `dive NAME` looks for Docker.
#[test]
fn missing_docker_error_suggests_podman() {
    let ran = with_podman(User::new(), "#!/bin/sh\nexit 125\n").runs(&["alpine"]);
    assert_fails(&ran, &["cannot reach docker", "--source podman"]);
}
