//! Builds without the features `engine`, `registry` or `tui`. A failure means that the error does not name the missing
//! feature, or that the user sees nothing.

use crate::place::sample;
use crate::user::User;

#[cfg(not(feature = "engine"))]
#[test]
fn build_without_engines_names_the_feature() {
    let user = User::new();
    for arguments in [
        &["alpine"][..],
        &["docker://alpine"],
        &["--source", "podman", "alpine"],
        &["containers-storage:alpine"],
        &["containerd://docker.io/library/alpine"],
        &["tree", "alpine"],
        // Before the builder runs.
        &["build", "."],
    ] {
        let ran = user.runs(arguments);
        let error = ran.error();
        assert!(error.starts_with("this dive was built without container engines: "), "{arguments:?}: {error}");
        assert!(error.contains("the feature `engine`"), "{arguments:?}: {error}");
    }
    std::fs::create_dir(user.file("app")).unwrap();
    assert!(user.runs(&["app"]).error().contains("the directory ./app contains no image"));
}

#[cfg(not(feature = "registry"))]
#[test]
fn build_without_registries_names_the_feature() {
    for arguments in [&["registry://alpine"][..], &["registry:quay.io/team/app"], &["--source", "registry", "alpine"]] {
        let ran = User::new().runs(arguments);
        assert_eq!(
            ran.error(),
            "this dive was built without registries: install it with the feature `registry`, or save the image to a file and \
             open that",
            "{arguments:?}"
        );
    }
}

#[test]
fn build_without_features_opens_archives() {
    let sample = sample();
    User::new().runs(&[&sample]).ends_with(0).prints(&["Image: dive-sample:1.0"]);
    User::new().pipes(std::fs::read(&sample).unwrap()).runs(&["-"]).ends_with(0).prints(&["Image: dive-sample:1.0"]);
    User::new().runs(&["--source", "nowhere", "x"]).ends_with(2).says(&["docker", "podman", "registry", "containerd"]);
}

#[cfg(all(unix, not(feature = "tui")))]
#[test]
fn build_without_screen_prints_the_report() {
    use std::io::Read;

    let pty = portable_pty::native_pty_system();
    let pty = pty.openpty(portable_pty::PtySize { rows: 40, cols: 120, ..Default::default() }).unwrap();
    let user = User::new();
    let mut command = portable_pty::CommandBuilder::new(crate::user::DIVE);
    command.env_clear();
    user.environment().into_iter().for_each(|(name, value)| command.env(name, value));
    command.env("TERM", "xterm-256color");
    command.arg(sample());
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut output = Vec::new();
    // On Linux, reading past the end of a terminal is an error.
    let _ = pty.master.try_clone_reader().unwrap().read_to_end(&mut output);
    assert!(child.wait().unwrap().success());
    let output = String::from_utf8_lossy(&output);
    assert!(output.contains("Image: dive-sample:1.0"), "{output}");
    assert!(!output.contains("\x1b[?1049h"), "the alternate screen was entered: {output}");
}
