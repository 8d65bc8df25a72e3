//! A stand-in for GitHub's runner: it parses `action.yml`, substitutes expressions, and runs the steps of a composite
//! action until one fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::{Release, text};
use crate::place::repository;
use crate::user::User;

/// A checkout of the action and the files of one job.
pub(super) struct Runner {
    user: User,
    release: Release,
    action: PathBuf,
}

/// Result of a `uses:` step.
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) log: String,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) summary: String,
    /// Additions to PATH for later steps.
    pub(super) path: String,
}

impl Runner {
    /// A job of `user`, with the action as released: its checksums are pinned.
    pub(super) fn new(user: User, release: Release) -> Self {
        let action = user.home("action");
        fs::create_dir_all(action.join("packaging/action")).unwrap();
        for name in ["action.yml", "packaging/action/install.sh", "packaging/action/check.sh"] {
            fs::copy(repository(name), action.join(name)).unwrap();
        }
        let manifest = text(repository("Cargo.toml"));
        let address = manifest.lines().find(|line| line.starts_with("repository = ")).expect("the project's address");
        let manifest = manifest.replace(address, &format!("repository = \"{}\"", release.repository()));
        fs::write(action.join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(user.home("temp")).unwrap();
        let sums = format!("{}  {}\n", release.sha256, release.archive);
        let runner = Self { user, release, action };
        runner.pins(&sums);
        runner
    }

    /// Replaces the pinned checksums.
    pub(super) fn pins(&self, sums: &str) {
        fs::write(self.action.join("packaging/action/SHA256SUMS"), sums).unwrap();
    }

    /// The release that the action installs.
    pub(super) fn release(&self) -> &Release {
        &self.release
    }

    /// The user who runs the job.
    pub(super) fn user(&self) -> &User {
        &self.user
    }

    /// Runs the step `uses: OWNER/dive-rs@vMINOR` with these inputs.
    pub(super) fn uses(&self, with: &[(&str, &str)]) -> Ran {
        let action: Value = serde_yaml::from_str(&text(self.action.join("action.yml"))).unwrap();
        assert_eq!(action["runs"]["using"], "composite");
        let mut known = BTreeMap::from([("github.action_path".to_owned(), self.action.display().to_string())]);
        for (name, input) in action["inputs"].as_mapping().unwrap() {
            let name = name.as_str().unwrap();
            assert!(!input["description"].is_null(), "the input {name} has no description");
            let given = with.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
            assert!(given.is_some() || input["required"].as_bool() != Some(true), "the input {name} is required");
            let default = input["default"].as_str().unwrap_or_default();
            known.insert(format!("inputs.{name}"), given.unwrap_or_else(|| default.to_owned()));
        }
        for (name, _) in with {
            assert!(known.contains_key(&format!("inputs.{name}")), "unexpected input {name}");
        }
        let (mut code, mut log) = (0, String::new());
        for step in action["runs"]["steps"].as_sequence().unwrap() {
            let (step_code, printed) = self.step(step, &mut known);
            log.push_str(&printed);
            code = step_code;
            if code != 0 {
                break;
            }
        }
        let outputs = action["outputs"].as_mapping().unwrap().iter().map(|(name, output)| {
            (name.as_str().unwrap().to_owned(), filled(output["value"].as_str().unwrap(), &known))
        });
        let read = |name: &str| fs::read_to_string(self.user.home(name)).unwrap_or_default();
        Ran { code, log, outputs: outputs.collect(), summary: read("summary"), path: read("path") }
    }

    fn step(&self, step: &Value, known: &mut BTreeMap<String, String>) -> (i32, String) {
        let id = step["id"].as_str().unwrap();
        assert_eq!(step["shell"], "bash", "{id}");
        let script = self.user.home("temp").join("step.sh");
        fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        let output = self.user.home(&format!("output-{id}"));
        fs::write(&output, "").unwrap();
        let file = |name: &str| self.user.home(name).display().to_string();
        let mut variables = vec![
            ("GITHUB_OUTPUT".to_owned(), output.display().to_string()),
            ("GITHUB_PATH".to_owned(), file("path")),
            ("GITHUB_STEP_SUMMARY".to_owned(), file("summary")),
            ("GITHUB_EVENT_PATH".to_owned(), file("event.json")),
            ("GITHUB_REPOSITORY".to_owned(), "team/app".to_owned()),
            ("RUNNER_TEMP".to_owned(), file("temp")),
            ("CI".to_owned(), "true".to_owned()),
        ];
        for (name, value) in step["env"].as_mapping().unwrap() {
            variables.push((name.as_str().unwrap().to_owned(), filled(value.as_str().unwrap(), known)));
        }
        let assignments: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut command: Vec<_> = assignments.iter().map(String::as_str).collect();
        // The command line that GitHub documents for `shell: bash`.
        command.extend(["bash", "--noprofile", "--norc", "-eo", "pipefail", script.to_str().unwrap()]);
        let ran = self.user.passes_on("env", &command);
        for line in text(&output).lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("not NAME=VALUE: {line}"));
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
        (ran.code, ran.stdout + &ran.stderr)
    }
}

/// Substitutes expressions: names joined by `||`. Unknown names are empty, as on GitHub.
fn filled(value: &str, known: &BTreeMap<String, String>) -> String {
    let Some((before, rest)) = value.split_once("${{") else { return value.to_owned() };
    let (expression, rest) = rest.split_once("}}").unwrap();
    let names = expression.split("||").map(str::trim);
    let found = names.filter_map(|name| known.get(name)).find(|value| !value.is_empty());
    format!("{before}{}{}", found.map_or("", String::as_str), filled(rest, known))
}

/// Writes an executable into a folder for `User::sets("PATH", ...)`.
pub(super) fn program(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), script).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}
