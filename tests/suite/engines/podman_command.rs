//! Podman without its service, as it is on most machines: the command `podman` is used, as dive does. If one of these fails, a
//! user of Podman has to set up a service first, or waits for something that never comes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{assert_fails, assert_same, content, document, servers};
use crate::place::{Corpus, sample};
use crate::user::{DIVE, Ran, User};

/// Where Podman's service of the machine itself would be.
const SYSTEM_SOCKETS: &str = "/run/podman";

/// Somebody with the images of the tests and no service of Podman. Calls of `podman` are noted in `calls`.
pub(super) fn without_service() -> Option<User> {
    servers::podman()?;
    let user = servers::podman_settings().iter().fold(User::new(), |user, (name, value)| user.sets(name, value));
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path).map(|folder| folder.join("podman")).find(|program| program.is_file())?;
    let calls = user.home("calls");
    // Podman takes an empty address for one; dive, which runs it for all but a build, must not hand that on.
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\n[ \"$1\" != build ] || unset CONTAINER_HOST\nexec '{}' \"$@\"\n",
        calls.display(),
        program.display()
    );
    Some(with_podman(user, &script))
}

/// A user who names no service, and whose `podman` is this script.
fn with_podman(user: User, script: &str) -> User {
    let user = user.keeps("bin/podman", script).sets("CONTAINER_HOST", "");
    std::fs::set_permissions(user.home("bin/podman"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

/// Runs dive where the machine's own service, if it has one, cannot be seen.
pub(super) fn passes_on(user: &User, arguments: &[&str]) -> Ran {
    if !Path::new(SYSTEM_SOCKETS).exists() {
        return user.passes_on(DIVE, arguments);
    }
    let script = format!("mount -t tmpfs dive-test {SYSTEM_SOCKETS} && exec \"$0\" \"$@\"");
    user.passes_on("unshare", &[&["--mount", "sh", "-c", &script, DIVE], arguments].concat())
}

/// The same, where it is not a builder's exit code.
pub(super) fn runs(user: &User, arguments: &[&str]) -> Ran {
    let ran = passes_on(user, arguments);
    assert!((0..=2).contains(&ran.code), "{arguments:?}: exit code {}\n{}", ran.code, ran.stderr);
    ran
}

fn document_of(user: &User, image: &str) -> serde_json::Value {
    let ran = runs(user, &["--json", "-", image]).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What `podman` was asked, and no longer remembered.
fn calls(user: &User) -> String {
    let calls = std::fs::read_to_string(user.home("calls")).unwrap_or_default();
    let _ = std::fs::remove_file(user.home("calls"));
    calls
}

#[test]
fn an_image_is_the_same_by_command_and_by_service() {
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

/// Saving an image of some gigabytes takes a minute: what is known is not saved again.
#[test]
fn an_image_that_is_known_is_not_saved_again() {
    let Some(user) = without_service() else { return };
    let cache = user.home("cache");
    let user = user.sets("XDG_CACHE_HOME", cache.to_str().unwrap());
    // Other tests give the image more names meanwhile.
    let first = content(document_of(&user, "podman://dive-sample:1.0"));
    assert!(calls(&user).contains("image save"));
    assert_same("from the cache", &first, &content(document_of(&user, "podman://dive-sample:1.0")));
    let again = calls(&user);
    assert!(again.contains("image inspect") && !again.contains("image save"), "{again}");
    // Its service knows the image by the same id.
    let by_service = User::of_engines().sets("XDG_CACHE_HOME", cache.to_str().unwrap());
    assert_same("by service", &first, &content(document(&by_service, &["podman://dive-sample:1.0"])));
}

#[test]
fn what_is_missing_is_pulled_by_the_command() {
    let (Some(user), Some(registry)) = (without_service(), servers::registry()) else { return };
    let proxy = super::proxy::Proxy::before_host(&registry);
    let image = format!("podman://{}/sample:1", proxy.address());
    let name = image.strip_prefix("podman://").unwrap();
    assert_fails(&runs(&user, &["--pull", "never", &image]), &[name, "has no image", "--pull"]);
    assert_eq!(proxy.asked("").len(), 0, "{:?}", proxy.asked(""));
    let pulled = document_of(&user.waits(super::LIMIT), &image);
    assert_same(&image, &content(document(&User::new(), &[&sample()])), &content(pulled));
    assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
}

#[test]
fn a_pull_that_fails_says_why_once() {
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

/// An error that names the missing service also says what the command printed.
#[test]
fn where_neither_service_nor_command_answers_both_are_named() {
    let user = || User::new().sets("XDG_RUNTIME_DIR", "/nowhere");
    let broken = with_podman(user(), "#!/bin/sh\necho 'Error: the store is locked' >&2\nexit 125\n");
    let ran = runs(&broken, &["podman://alpine"]);
    assert_fails(&ran, &["/nowhere/podman/podman.sock", "/run/podman/podman.sock", "podman: the store is locked"]);
    let absent = user().keeps("bin/nothing", "").sets("CONTAINER_HOST", "");
    let path = absent.home("bin");
    let ran = absent.sets("PATH", path.to_str().unwrap()).runs(&["podman://alpine"]);
    assert_fails(&ran, &["/run/podman/podman.sock", "command podman: not in PATH"]);
}

/// A service that the user named has other images than the command of this machine.
#[test]
fn the_command_does_not_stand_in_for_a_service_that_was_named() {
    let user = with_podman(User::new(), "#!/bin/sh\necho called >>\"$HOME/calls\"\nexit 125\n");
    let user = user.sets("CONTAINER_HOST", "unix:///nowhere/podman.sock");
    assert_fails(&user.runs(&["podman://alpine"]), &["CONTAINER_HOST", "/nowhere/podman.sock"]);
    assert_eq!(calls(&user), "");
}

/// It may want to ask for a password, or which registry is meant.
#[test]
fn a_podman_that_reads_its_input_does_not_hang() {
    let script = "#!/bin/sh\nread -r answer || { echo 'Error: no answer' >&2; exit 125; }\n";
    assert_fails(&runs(&with_podman(User::new(), script), &["podman://alpine"]), &["no answer"]);
}

/// An export that breaks off must not be shown as if it were the whole image.
#[test]
fn a_save_that_breaks_off_is_an_error() {
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

/// Podman alone is what Fedora has: `dive NAME` asks Docker.
#[test]
fn podman_without_docker_is_hinted_at() {
    let ran = with_podman(User::new(), "#!/bin/sh\nexit 125\n").runs(&["alpine"]);
    assert_fails(&ran, &["docker cannot be reached", "--source podman"]);
}
