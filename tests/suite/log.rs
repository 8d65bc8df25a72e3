//! The log: `log.enabled`, `log.path` and `log.level`. A failure means that dive leaves unwanted files, or logs nothing
//! of a failure.

use crate::build::{Format, image};
use crate::place::{fixture, sample};
use crate::user::User;

impl User {
    /// The lines of a log without their timestamps.
    #[track_caller]
    fn log(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(text.ends_with('\n'), "{text}");
        let event = |line: &str| {
            // # 2026-11-22T02:33:35.123456Z INFO  what happened
            let (time, event) = line.strip_prefix("# ").and_then(|line| line.split_once(' ')).expect(line);
            let digits: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            assert_eq!(digits, "0000-00-00T00:00:00.000000Z", "{line}");
            event.to_owned()
        };
        text.lines().map(event).collect()
    }
}

/// The distinct levels in a log.
fn levels(log: &[String]) -> Vec<&str> {
    let mut levels: Vec<_> = log.iter().filter_map(|line| line.split_whitespace().next()).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

#[test]
fn no_log_without_configuration() {
    for user in [
        User::new(),
        User::new().sets("DIVE_LOG_ENABLED", "false").sets("DIVE_LOG_LEVEL", "trace"),
        User::new().sets("DIVE_LOG_PATH", ""),
    ] {
        user.runs(&[&sample()]).ends_with(0);
        user.runs(&["--ci", &sample()]);
        user.runs(&["nowhere.tar"]).ends_with(2);
        assert_eq!(user.sees(), [""; 0]);
    }
    let user = User::new().writes(".dive.yaml", "log:\n  enabled: false\n  path: ./dive.log\n  level: info\n");
    user.runs(&[&sample()]).ends_with(0);
    assert_eq!(user.sees(), [".dive.yaml"]);
}

#[test]
fn log_names_image_layers_and_result() {
    let user = User::new().writes(".dive.yaml", "log:\n  enabled: true\n");
    let quiet = User::new().runs(&["--ci", &sample()]);
    let ran = user.runs(&["--ci", &sample()]);
    assert_eq!(
        (ran.code, &ran.stdout, &ran.stderr),
        (quiet.code, &quiet.stdout, &quiet.stderr),
        "the log changes the output"
    );
    let log = user.log("dive.log");
    for part in [
        &format!("INFO  dive {} opens {}", env!("CARGO_PKG_VERSION"), sample()),
        "INFO  image dive-sample:1.0 (linux/amd64): 7 layers",
        "INFO  layer 6 (of 7): 13 entries with 17660 bytes, plain",
        "INFO  analysed in ",
        "INFO  done",
    ] {
        assert!(log.iter().any(|line| line.starts_with(part)), "no {part:?} in {log:#?}");
    }
    assert_eq!(levels(&log), ["INFO"]);

    user.runs(&["tree", &sample()]).ends_with(0);
    assert_eq!(user.log("dive.log")[..log.len()], log, "existing lines");
    assert!(user.log("dive.log").len() > log.len());
    // `dive config` prints its answer and writes no log.
    let user = User::new().sets("DIVE_LOG_LEVEL", "warn");
    user.runs(&["config"]).ends_with(0).prints(&["enabled: true", "# DIVE_LOG_LEVEL\n"]);
    assert_eq!(user.sees(), [""; 0]);
}

#[test]
fn log_level_omits_lower_levels() {
    let odd = fixture("broken/not-a-tar-layer.tar");
    for (level, expected) in [
        ("error", &["ERROR"][..]),
        ("warn", &["ERROR", "WARN"]),
        ("info", &["ERROR", "INFO", "WARN"]),
        ("debug", &["DEBUG", "ERROR", "INFO", "WARN"]),
    ] {
        let user = User::new().sets("DIVE_LOG_LEVEL", level).sets("DIVE_IGNORE_ERRORS", "true");
        // A path or a level enables the log; quiet only affects the terminal.
        let warned = user.runs(&["--quiet", &odd]).ends_with(0);
        assert_eq!(warned.stderr, "");
        let error = user.runs(&["nowhere.tar"]).error().to_owned();
        let log = user.log("dive.log");
        assert_eq!(levels(&log), expected, "{level}");
        assert!(log.contains(&format!("ERROR {error}")), "{log:#?}");
    }
}

#[test]
fn log_variables_override_the_file() {
    let user = User::new().writes(".dive.yaml", "log:\n  path: file.log\n").sets("DIVE_LOG_PATH", "variable.log");
    user.runs(&[&sample()]).ends_with(0);
    assert_eq!(user.sees(), [".dive.yaml", "variable.log"]);
    user.log("variable.log");
    let user = User::new().writes(".dive.yaml", "log:\n  path: file.log\n").sets("DIVE_LOG_ENABLED", "0");
    user.runs(&[&sample()]).ends_with(0);
    assert_eq!(user.sees(), [".dive.yaml"]);
}

#[test]
fn unwritable_log_is_a_warning() {
    for (path, part) in [("nowhere/dive.log", "nowhere/dive.log: "), (".", ".: ")] {
        let user = User::new().keeps(".dive.yaml", &format!("log:\n  level: info\n  path: {path}\n"));
        let ran = user.runs(&["--ci", "--lowestEfficiency", "0.99", &sample()]).ends_with(1);
        let ran = ran.says(&[
            "dive: warning: ",
            "/.dive.yaml:3: cannot write the log ",
            part,
            "set log.path to a writable file",
        ]);
        assert_eq!(ran.stderr.lines().count(), 1);
        assert_eq!(user.sees(), [""; 0]);
    }
    let user = User::new().writes("dive.log", "").sets("DIVE_LOG_ENABLED", "1");
    user.runs(&[&sample()]).ends_with(0);
    assert!(!user.log("dive.log").is_empty(), "the empty file was not used");
}

/// Configuration in a folder may be a stranger's: a log must not be appended to a shell script.
#[test]
fn log_does_not_append_to_other_files() {
    let user = User::new().writes("profile", "PATH=~/bin:$PATH\n").sets("DIVE_LOG_PATH", "profile");
    user.runs(&[&sample()])
        .ends_with(0)
        .says(&["DIVE_LOG_PATH: cannot write the log profile: the file exists and is not a log"]);
    assert_eq!(std::fs::read_to_string(user.file("profile")).unwrap(), "PATH=~/bin:$PATH\n");
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_under_the_log_is_a_warning() {
    let user = User::new().sets("DIVE_LOG_PATH", "/dev/full");
    user.runs(&[&sample()])
        .ends_with(0)
        .prints(&["Analysis:"])
        .says(&["dive: warning: the log is incomplete: No space"]);
}

/// Line breaks could forge log lines, and escape sequences affect the reader's terminal.
#[cfg(unix)]
#[test]
fn names_cannot_forge_log_lines() {
    let user = User::new().sets("DIVE_LOG_LEVEL", "trace");
    let evil = "x\u{1b}[2J\n2026-11-22T02:33:35.000000Z ERROR forged\u{9b}";
    let odd = image().layer(|l| l.whiteout(evil).file(evil, "x"));
    let name = "odd\u{1b}[2J\n.tar";
    std::fs::write(user.file(name), odd.archive(Format::DockerArchive)).unwrap();
    user.runs(&[name]).ends_with(0);
    user.runs(&["\u{1b}[2J\n"]).ends_with(2);
    let log = user.log("dive.log");
    assert!(log.iter().any(|line| line.contains("odd\\x1b[2J\\n.tar")), "{log:#?}");
    assert!(log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains(char::is_control) || line.starts_with("ERROR forged")), "{log:#?}");
}

/// Needed to understand reports about a hanging screen.
#[cfg(all(unix, feature = "tui"))]
#[test]
fn screen_actions_are_logged() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use std::io::{Read, Write};
    use std::time::{Duration, Instant};

    let user = User::new();
    let pair = native_pty_system().openpty(PtySize { rows: 40, cols: 140, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(crate::user::DIVE);
    command.env_clear();
    command.env("TERM", "xterm");
    command.env("DIVE_LOG_LEVEL", "trace");
    command.cwd(user.file(""));
    command.arg(sample());
    let mut child = pair.slave.spawn_command(command).unwrap();
    let (mut screen, mut keys) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    // A full pty buffer would block the program.
    std::thread::spawn(move || while screen.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {});
    let start = Instant::now();
    let is_drawn = || std::fs::read_to_string(user.file("dive.log")).is_ok_and(|log| log.contains("cells drawn in"));
    while !is_drawn() {
        assert!(start.elapsed() < crate::user::TIME_LIMIT, "the screen was not drawn");
        std::thread::sleep(Duration::from_millis(20));
    }
    keys.write_all(b"\t\x06secret\rq").unwrap();
    assert!(child.wait().unwrap().success());
    let log = user.log("dive.log");
    for part in ["DEBUG ToggleView in Layers", "DEBUG FilterFiles in FileTree", "DEBUG Quit in FileTree", "INFO  done"]
    {
        assert!(log.iter().any(|line| line.starts_with(part)), "no {part:?} in {log:#?}");
    }
    assert!(!log.iter().any(|line| line.contains("secret")), "typed text in the log: {log:#?}");
}
