//! `--json FILE` in a folder shared by all users, where another user's link could redirect it to any file of the user.

use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::place::sample;
use crate::skipped;
use crate::user::User;

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
