//! Runs as a user who does not own `$HOME`, as in containers with an arbitrary uid.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::place::sample;
use crate::skipped;
use crate::user::{DIVE, Ran, User};

fn permit(user: &User, path: &str, mode: u32) {
    fs::set_permissions(user.file(path), Permissions::from_mode(mode)).unwrap();
}

/// Runs dive as nobody in a world-readable working directory. `None`, with a noted skip, if that is impossible.
fn as_nobody(user: &User, arguments: &[&str]) -> Option<Ran> {
    if !rustix::process::geteuid().is_root() {
        skipped::note("root", "only root can run a program as another user");
        return None;
    }
    fs::copy(sample(), user.file("sample.tar")).unwrap();
    for (path, mode) in [("..", 0o755), (".", 0o755), ("sample.tar", 0o644), ("../home", 0o700)] {
        permit(user, path, mode);
    }
    let nobody = ["--reuid", "65534", "--clear-groups"];
    let runs = |program: &str| Command::new("setpriv").args(nobody).args([program, "version"]).output();
    if !runs(DIVE).is_ok_and(|output| output.status.success()) {
        skipped::note("setpriv", "nobody cannot run the program where it was built, or setpriv is missing");
        return None;
    }
    Some(user.runs_program("setpriv", &[&nobody[..], &[DIVE], arguments].concat()))
}

#[test]
fn unreadable_home_is_skipped_with_a_warning() {
    let user = User::new().keeps(".dive.yaml", "rules: {lowest-efficiency: 1}\n");
    let Some(ran) = as_nobody(&user, &["--ci", "sample.tar"]) else { return };
    let ran = ran.ends_with(0).prints(&["Result:PASS"]);
    let home = user.home("");
    let message = format!(
        "dive: warning: {0}.config/dive/*.yaml, {0}xdg/dive/*.yaml, {0}.dive.yaml, {0}.dive.yml cannot be used: \
         Permission denied (os error 13)\n",
        home.display()
    );
    assert_eq!(ran.stderr, message);
    let config = as_nobody(&user, &["config"]).unwrap().ends_with(0);
    let skipped = format!("# skipped {}.dive.yaml: Permission denied", home.display());
    config.prints(&["# no configuration file", &skipped, "lowest-efficiency: 0.9 "]);
}

#[cfg(all(feature = "engine", feature = "registry"))]
#[test]
fn unreadable_home_does_not_stop_the_program() {
    let user = User::new();
    let Some(ran) = as_nobody(&user, &["tree", "registry://127.0.0.1:1/x"]) else { return };
    assert!(ran.error().contains("127.0.0.1:1 cannot be reached"), "{}", ran.error());
    as_nobody(&user, &["cache"]).unwrap().ends_with(0);
    // Docker's configuration is unreadable as well; dive still connects to the socket.
    let ran = as_nobody(&user, &["tree", "docker://x"]).unwrap();
    assert!(ran.error().contains("no-docker.sock"), "{}", ran.error());
}

#[test]
fn only_unreadable_named_or_rules_files_are_errors() {
    let user = User::new().writes(".dive.yaml", "theme: mono\n").writes("own.yaml", "theme: mono\n");
    permit(&user, ".dive.yaml", 0o600);
    permit(&user, "own.yaml", 0o600);
    let Some(ran) = as_nobody(&user, &["--ci", "sample.tar"]) else { return };
    let message = format!("{}, ", user.file(".dive.yaml").display());
    ran.ends_with(0).says(&[&message, "cannot be used: Permission denied"]);
    let named = as_nobody(&user, &["-c", "own.yaml", "sample.tar"]).unwrap();
    assert_eq!(named.error(), "own.yaml cannot be read: Permission denied (os error 13)");
    // An unreadable rules file must not disable its rules.
    let user = user.writes(".dive-ci", "rules: {lowestEfficiency: 1}\n");
    permit(&user, ".dive-ci", 0o600);
    let ran = as_nobody(&user, &["--ci", "sample.tar"]).unwrap();
    assert_eq!(ran.error(), ".dive-ci cannot be read: Permission denied (os error 13)");
    as_nobody(&user, &["sample.tar"]).unwrap().ends_with(0);
}
