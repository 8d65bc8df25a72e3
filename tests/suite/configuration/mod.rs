//! Configuration files and variables: which apply, which are trusted, and what is reported. A failure means that a file
//! which dive accepts stops the program, that a CI rule is bypassed, or that a cloned repository writes to the home
//! folder.

// setpriv exists only on Linux.
#[cfg(target_os = "linux")]
mod permissions;
mod shapes;
#[cfg(unix)]
mod untrusted;

use serde_json::Value;

use crate::place::sample;
use crate::user::User;

/// The lines of `dive config`, with single spaces.
#[track_caller]
fn effective(user: &User, options: &[&str]) -> Vec<String> {
    let printed = user.runs(&[&["config"], options].concat()).ends_with(0).stdout;
    printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn assert_line(lines: &[String], expected: &str) {
    assert!(lines.iter().any(|line| line == expected), "no {expected:?} in {lines:#?}");
}

#[test]
fn dive_config_variable_names_the_configuration_file() {
    let user = User::new()
        .writes("by-flag.yaml", "theme: dark\n")
        .writes("by-variable.yaml", "theme: light\n")
        .writes(".dive.yaml", "theme: mono\n")
        .keeps(".dive.yaml", "theme: ansi\n")
        .sets("DIVE_CONFIG", "by-variable.yaml");
    assert_line(&effective(&user, &[]), "theme: light # by-variable.yaml:1");
    assert_line(&effective(&user, &["-c", "by-flag.yaml"]), "theme: dark # by-flag.yaml:1");
    let user = user.sets("DIVE_CONFIG", "");
    assert_line(&effective(&user, &["--load"]), &format!("theme: mono # {}:1", user.file(".dive.yaml").display()));
    let missing = user.sets("DIVE_CONFIG", "nowhere.yaml").runs(&[&sample()]);
    assert_eq!(missing.error(), "nowhere.yaml: no such file; correct the path in DIVE_CONFIG");
}

#[test]
fn ci_mode_precedence_is_flag_variables_file() {
    let sample = sample();
    for (file, ci, dive_ci, options, on) in [
        ("ci: true\n", "", "", &[][..], true),
        ("ci: true\n", "false", "", &[], false),
        ("", "true", "false", &[], false),
        ("ci: false\n", "false", "true", &[], true),
        ("", "true", "true", &["--ci=false"], false),
        ("", "", "false", &["--ci"], true),
    ] {
        let user = User::new().keeps(".dive.yaml", file).sets("CI", ci).sets("DIVE_CI", dive_ci);
        let ran = user.runs(&[options, &[&sample]].concat()).ends_with(0);
        let case = format!("{file:?} CI={ci} DIVE_CI={dive_ci} {options:?}: {}", ran.stdout);
        assert_eq!(ran.stdout.contains("Result:PASS"), on, "{case}");
    }
    let ran = User::new().sets("DIVE_CI", "enabled").runs(&[&sample]);
    assert!(ran.error().starts_with("DIVE_CI: ci: `enabled` is not a boolean"), "{}", ran.error());
}

#[test]
fn rules_file_precedence_is_flag_variable_file() {
    let strict = "rules: {lowestEfficiency: 1}\n";
    let user = User::new()
        .writes(".dive-ci", strict)
        .writes("lax.yaml", "rules: {lowestEfficiency: 0.1}\n")
        .writes("strict.yaml", strict)
        .keeps(".dive.yaml", "ci-config: lax.yaml\n");
    user.runs(&["--ci", &sample()]).ends_with(0);
    user.runs(&["--ci", "--ci-config", "strict.yaml", &sample()]).ends_with(1);
    let user = user.sets("DIVE_CI_CONFIG", "strict.yaml");
    user.runs(&["--ci", &sample()]).ends_with(1);
    user.runs(&["--ci", "--ci-config", "lax.yaml", &sample()]).ends_with(0);
    let missing = user.sets("DIVE_CI_CONFIG", "nowhere.yaml").runs(&["--ci", &sample()]);
    assert_eq!(missing.error(), "nowhere.yaml: no such file; correct the path in DIVE_CI_CONFIG");
    // The home configuration applies to every folder, and not every folder has rules.
    let user = User::new().keeps(".dive.yaml", "ci-config: rules.yaml\n");
    let message = ".dive.yaml:1: ci-config: rules.yaml does not exist, so it sets no rule";
    user.runs(&["--ci", &sample()]).ends_with(0).says(&[message]);
}

#[test]
fn json_path_precedence_is_flag_variable_file() {
    let user = User::new().keeps(".dive.yaml", "json-path: file.json\n");
    user.runs(&[&sample()]).ends_with(0);
    user.runs(&[&sample()]).ends_with(0);
    assert_eq!(user.sees(), ["file.json"], "files other than the document");
    let user = user.sets("DIVE_JSON_PATH", "variable.json");
    user.runs(&[&sample()]).ends_with(0);
    user.runs(&["--json", "flag.json", &sample()]).ends_with(0);
    assert_eq!(user.sees(), ["file.json", "flag.json", "variable.json"]);
    let bytes = std::fs::read(user.file("variable.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap()["image"]["inefficientBytes"], 82_622);
    assert_eq!(bytes, std::fs::read(user.file("flag.json")).unwrap());
    // `dive tree` writes no document.
    user.sets("DIVE_JSON_PATH", "tree.json").runs(&["tree", &sample()]).ends_with(0);
}

#[test]
fn log_quiet_suppresses_warnings() {
    let user = User::new().keeps(".dive.yaml", "log: {quiet: true}\nunknown: 1\n");
    assert_eq!(user.runs(&[&sample()]).ends_with(0).stderr, "");
    user.runs(&["-v", &sample()]).ends_with(0).says(&["unknown key `unknown`"]);
}

#[test]
fn misnamed_configuration_file_is_a_warning() {
    let user = User::new().keeps(".diver.yaml", "theme: mono\n");
    let ran = user.runs(&[&sample()]).ends_with(0);
    let (wrong, right) = (user.home(".diver.yaml"), user.home(".dive.yaml"));
    let expected = format!("dive: warning: {} has no effect: dive reads {}\n", wrong.display(), right.display());
    assert_eq!(ran.stderr, expected);
}

#[test]
fn dive_config_names_the_files_read() {
    let user = User::new().keeps(".dive.yaml", "theme: mono\n").writes(".dive.yaml", "filetree: {pane-width: 0.3}\n");
    let lines = effective(&user, &[]);
    let (theirs, own) = (user.file(".dive.yaml").display().to_string(), user.home(".dive.yaml").display().to_string());
    assert_eq!(lines[0], format!("# read from {theirs} (the working directory's: not every key counts)"));
    assert_eq!(lines[1], format!("# read from {own}"));
    assert_line(&lines, &format!("theme: mono # {own}:1"));
    assert_line(&lines, &format!("pane-width: 0.3 # {theirs}:1"));
}
