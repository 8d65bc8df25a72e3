//! A user with an empty home, an empty working directory, and no variables that dive reads.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

/// Ends a run or a wait that would never end. It measures nothing: far more than a debug build needs on a busy machine, so that
/// the load of the machine fails no test.
pub(crate) const TIME_LIMIT: Duration = Duration::from_mins(3);

/// The binary under test.
pub(crate) const DIVE: &str = env!("CARGO_BIN_EXE_dive");

/// A user with a home and a working directory.
pub(crate) struct User {
    folder: TempDir,
    variables: Vec<(String, String)>,
    input: Vec<u8>,
    time_limit: Duration,
}

/// Result of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, variables: Vec::new(), input: Vec::new(), time_limit: TIME_LIMIT }
    }

    /// Sets a variable for later runs.
    pub(crate) fn sets(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Gives the user the toolchain of this machine, which is in another home.
    #[cfg_attr(
        not(feature = "engine"),
        allow(dead_code, reason = "only tests of packages and of the image list licences")
    )]
    pub(crate) fn has_rust(self) -> Self {
        let home = std::env::var("HOME").unwrap();
        let folder = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{usual}"));
        let (cargo, rustup) = (folder("CARGO_HOME", ".cargo"), folder("RUSTUP_HOME", ".rustup"));
        self.sets("CARGO_HOME", &cargo).sets("RUSTUP_HOME", &rustup)
    }

    /// Writes a file in the working directory.
    pub(crate) fn writes(self, name: &str, text: &str) -> Self {
        std::fs::write(self.file(name), text).unwrap();
        self
    }

    /// Writes a file in the home, with its folders.
    pub(crate) fn keeps(self, name: &str, text: &str) -> Self {
        std::fs::create_dir_all(self.home(name).parent().unwrap()).unwrap();
        std::fs::write(self.home(name), text).unwrap();
        self
    }

    /// Raises the time limit, for runs with retries.
    #[cfg_attr(not(feature = "engine"), allow(dead_code, reason = "only engines and registries are retried"))]
    pub(crate) fn waits(mut self, limit: Duration) -> Self {
        self.time_limit = self.time_limit.max(limit);
        self
    }

    /// Sets the standard input of later runs.
    pub(crate) fn pipes(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// A path in the working directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// A path in the home.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join("home").join(name)
    }

    /// The names in the working directory.
    pub(crate) fn sees(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.file("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The environment of later runs: an empty home, the set variables, and PATH and TMPDIR.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let home = self.folder.path().join("home");
        let inherited = ["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        let own = [
            ("HOME".into(), home.clone().into()),
            // Not the machine's own engines.
            ("DOCKER_HOST".into(), format!("unix://{}", home.join("no-docker.sock").display()).into()),
            ("CONTAINER_HOST".into(), format!("unix://{}", home.join("no-podman.sock").display()).into()),
            ("XDG_CONFIG_HOME".into(), home.join(".config").into()),
            ("XDG_CONFIG_DIRS".into(), home.join("xdg").into()),
        ];
        let set = self.variables.iter().map(|(name, value)| (name.into(), value.into()));
        inherited.chain(own).chain(set).collect()
    }

    /// Runs `dive`.
    pub(crate) fn runs(&self, arguments: &[&str]) -> Ran {
        self.runs_program(DIVE, arguments)
    }

    /// Runs another command, which may run `dive`.
    ///
    /// Fails on a panic, a signal or a timeout.
    pub(crate) fn runs_program(&self, program: &str, arguments: &[&str]) -> Ran {
        let ran = self.passes_on(program, arguments);
        assert!((0..=2).contains(&ran.code), "{program} {arguments:?}: exit code {}\n{}", ran.code, ran.stderr);
        ran
    }

    /// As [`Self::runs_program`], with any exit code.
    pub(crate) fn passes_on(&self, program: &str, arguments: &[&str]) -> Ran {
        let mut command = assert_cmd::Command::new(program);
        command.env_clear().current_dir(self.file("")).timeout(self.time_limit).write_stdin(self.input.clone());
        command.envs(self.environment());
        command.args(arguments);
        let output = command.output().unwrap_or_else(|error| panic!("{program} {arguments:?}: {error}"));
        let stdout = String::from_utf8(output.stdout).expect("output that is text");
        let stderr = String::from_utf8(output.stderr).expect("messages that are text");
        assert!(!stderr.contains("panicked at"), "{arguments:?}: {stderr}");
        let Some(code) = output.status.code() else {
            panic!("{program} {arguments:?}: {} (a signal may come from the time limit)\n{stderr}", output.status);
        };
        Ran { code, stdout, stderr }
    }
}

impl Ran {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that standard output contains all `parts`.
    #[track_caller]
    pub(crate) fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "no {part:?} in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        }
        self
    }

    /// Asserts that standard error contains all `parts`.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in stderr:\n{}\nstdout:\n{}", self.stderr, self.stdout);
        }
        self
    }

    /// Asserts a failure with exactly one error, and returns it without its prefix.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.code, 2, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        let errors: Vec<_> = self.stderr.lines().filter_map(|line| line.strip_prefix("dive: error: ")).collect();
        let [error] = errors[..] else { panic!("{} errors instead of one:\n{}", errors.len(), self.stderr) };
        assert!(self.stderr.trim_end().ends_with(error), "output after the error:\n{}", self.stderr);
        error
    }
}
