//! `--json FILE` in a folder that all users share: another user's link could lead to any file of who runs dive.

use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::place::sample;
use crate::skipped;
use crate::user::User;

const NOBODY: u32 = 65534;

/// A user whose working directory has a folder `shared` as `/tmp` is, and a file `mine` outside of it.
fn user() -> (User, PathBuf) {
    let user = User::new().writes("mine", "mine");
    let shared = user.file("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).unwrap();
    (user, shared)
}

/// The path of something that belongs to another user; none where the test cannot make that.
fn given_away(path: &Path) -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        skipped::note("root", "only root can give a file to another user");
        return None;
    }
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    Some(path.to_str().unwrap().to_owned())
}

#[test]
fn another_users_link_in_a_shared_folder_is_not_followed() {
    for (target, below) in [("../mine", ""), ("../new", ""), ("..", "/mine"), ("..", "/new")] {
        let (user, shared) = user();
        symlink(target, shared.join("link")).unwrap();
        let Some(link) = given_away(&shared.join("link")) else { return };
        let ran = user.runs(&["--json", &format!("{link}{below}"), &sample()]);
        let error = ran.error();
        assert!(error.contains("a symbolic link of another user in a directory that all users share"), "{error}");
        assert_eq!(std::fs::read_to_string(user.file("mine")).unwrap(), "mine", "{target}{below}");
        assert_eq!(user.sees(), ["mine", "shared"], "{target}{below}");
        assert_eq!(super::names(&shared), ["link"]);
    }
}

#[test]
fn another_users_pipe_in_a_shared_folder_is_not_written_to() {
    let (user, shared) = user();
    assert!(std::process::Command::new("mkfifo").arg(shared.join("pipe")).status().unwrap().success());
    let Some(pipe) = given_away(&shared.join("pipe")) else { return };
    let ran = user.runs(&["--json", &pipe, &sample()]);
    assert!(ran.error().contains("a pipe or device of another user"), "{}", ran.error());
}

#[test]
fn ones_own_link_is_followed_anywhere_and_another_users_outside_shared_folders() {
    let (user, shared) = user();
    symlink("../mine", shared.join("link")).unwrap();
    user.runs(&["--json", shared.join("link").to_str().unwrap(), &sample()]).ends_with(0);
    assert!(std::fs::read_to_string(user.file("mine")).unwrap().starts_with('{'));
    assert!(shared.join("link").is_symlink(), "what it leads to is replaced, not the link");
    std::fs::write(user.file("mine"), "mine").unwrap();
    symlink("mine", user.file("link")).unwrap();
    let Some(link) = given_away(&user.file("link")) else { return };
    user.runs(&["--json", &link, &sample()]).ends_with(0);
    assert!(std::fs::read_to_string(user.file("mine")).unwrap().starts_with('{'));
}

#[test]
fn what_a_killed_run_left_beside_the_document_goes_and_nothing_else_does() {
    let user = User::new().writes(".dive-4-5.json", "half").writes(".dive-4-5", "another's").writes("x.json", "mine");
    user.runs(&["--json", "out.json", &sample()]).ends_with(0);
    assert_eq!(user.sees(), [".dive-4-5", "out.json", "x.json"]);
}
