//! `--json FILE` in a folder shared by all users, where another user's link could redirect it to any file of the user.

use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::place::sample;
use crate::skipped;
use crate::user::{DIVE, User};

const NOBODY: u32 = 65534;

/// A user whose working directory has a folder `shared`, like `/tmp`, and a file `mine`.
fn user() -> (User, PathBuf) {
    let user = User::new().writes("mine", "mine");
    let shared = user.file("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
    (user, shared)
}

/// Gives a file to another user and returns its path; `None`, with a note, without root.
fn given_away(path: &Path) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        skipped::note("root", "only root can give a file to another user");
        return None;
    }
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    Some(path.to_str().unwrap().to_owned())
}

#[test]
fn foreign_link_in_shared_folder_is_not_followed() {
    for (target, below) in [("../mine", ""), ("../new", ""), ("..", "/mine"), ("..", "/new")] {
        let (user, shared) = user();
        symlink(target, shared.join("link")).unwrap();
        let Some(link) = given_away(&shared.join("link")) else { return };
        let ran = user.runs(&["--json", &format!("{link}{below}"), &sample()]);
        let error = ran.error();
        assert!(error.contains("a symbolic link of another user in a shared directory"), "{error}");
        assert_eq!(std::fs::read_to_string(user.file("mine")).unwrap(), "mine", "{target}{below}");
        assert_eq!(user.sees(), ["mine", "shared"], "{target}{below}");
        assert_eq!(super::names(&shared), ["link"]);
    }
}

#[test]
fn foreign_pipe_in_shared_folder_is_not_written() {
    let (user, shared) = user();
    assert!(std::process::Command::new("mkfifo").arg(shared.join("pipe")).status().unwrap().success());
    let Some(pipe) = given_away(&shared.join("pipe")) else { return };
    let ran = user.runs(&["--json", &pipe, &sample()]);
    assert!(ran.error().contains("a pipe or device of another user"), "{}", ran.error());
}

#[test]
fn own_links_and_private_folders_are_trusted() {
    let (user, shared) = user();
    symlink("../mine", shared.join("link")).unwrap();
    user.runs(&["--json", shared.join("link").to_str().unwrap(), &sample()]).ends_with(0);
    assert!(std::fs::read_to_string(user.file("mine")).unwrap().starts_with('{'));
    assert!(shared.join("link").is_symlink(), "the link was replaced");
    std::fs::write(user.file("mine"), "mine").unwrap();
    symlink("mine", user.file("link")).unwrap();
    let Some(link) = given_away(&user.file("link")) else { return };
    user.runs(&["--json", &link, &sample()]).ends_with(0);
    assert!(std::fs::read_to_string(user.file("mine")).unwrap().starts_with('{'));
}

#[test]
fn temporary_documents_of_killed_runs_are_removed() {
    let user = User::new().writes(".dive-4-5.json", "half").writes(".dive-4-5", "another's").writes("x.json", "mine");
    user.runs(&["--json", "out.json", &sample()]).ends_with(0);
    assert_eq!(user.sees(), [".dive-4-5", "out.json", "x.json"]);
}

/// As for any program, opening a pipe waits for its reader. Ctrl+c ends the wait.
#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_the_wait_for_the_reader_of_a_pipe() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use crate::user::{DIVE, TIME_LIMIT};

    if !Path::new("/proc/self/wchan").exists() {
        return skipped::note("/proc", "nothing else says that a process waits for a reader");
    }
    let user = User::new();
    assert!(Command::new("mkfifo").arg(user.file("pipe")).status().unwrap().success());
    for images in [&[sample()][..], &[sample(), user.file("none.tar").to_str().unwrap().to_owned()]] {
        // A shell that runs the tests in the background ignores the signal, which its children inherit.
        let mut dive = Command::new("env")
            .args(["--default-signal=INT", DIVE, "--json", "pipe"])
            .args(images)
            .current_dir(user.file(""))
            .env_clear()
            .envs(user.environment())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let place = format!("/proc/{}/wchan", dive.id());
        let limit = Instant::now() + TIME_LIMIT;
        while !std::fs::read_to_string(&place).unwrap().contains("wait_for_partner") {
            assert!(dive.try_wait().unwrap().is_none() && Instant::now() < limit, "dive does not wait for a reader");
        }
        assert!(Command::new("kill").args(["-INT", &dive.id().to_string()]).status().unwrap().success());
        let status = dive.wait().unwrap();
        assert_eq!(status.signal(), Some(2), "{status}");
        assert_eq!(user.sees(), ["pipe"]);
    }
}

/// The links in `/proc` to pipes lead to no path. A file that standard output is must not be replaced: it has the report, too.
#[cfg(target_os = "linux")]
#[test]
fn documents_are_written_to_standard_output_by_any_name() {
    let user = User::new();
    for (option, key) in [("--json", "\"layer\""), ("--summary", "\"verdict\"")] {
        for pipe in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            user.runs(&["--ci", option, pipe, &sample()]).prints(&[key, "efficiency"]);
        }
        for script in [
            "--ci \"$1\" >(cat >out) \"$2\"; wait $!",
            "--ci \"$1\" /dev/stdout \"$2\" | cat >out",
            "--ci \"$1\" out \"$2\" >out",
        ] {
            user.runs_program("bash", &["-c", &format!("\"$0\" {script}"), DIVE, option, &sample()]).ends_with(0);
            let document = std::fs::read_to_string(user.file("out")).unwrap();
            assert!(document.contains(key), "{script}: {document}");
        }
    }
}
