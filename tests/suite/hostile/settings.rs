//! Settings files of a cloned repository that demand time.

use std::path::Path;

use super::runs_within;
use crate::place::sample;
use crate::user::User;

/// A file with thousands of mistakes: each has a line, which must not cost a pass over the file.
#[test]
fn a_rules_file_full_of_mistakes_is_refused_quickly() {
    let unknown: Vec<String> = (0..12).map(|key| format!("k{key}: x")).collect();
    let unknown = unknown.join(", ");
    let rules: Vec<String> = (0..500).map(|rule| format!("    - {{ path: a{rule}, {unknown} }}\n")).collect();
    let rules = rules.concat();
    let user = User::new().writes(".dive-ci", &format!("rules:\n  paths:\n{rules}"));
    let ran = runs_within(&user, &["--ci"], Path::new(&sample())).ends_with(2);
    assert!(ran.stderr.contains(".dive-ci:3: paths: unknown key `k0`"), "{}", ran.stderr);
}
