//! A type name means one thing in the whole workspace: a reader who searches for it finds one definition.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::house::{code, is_test, rust_files};
use crate::place::repository;

const FOLDERS: [&str; 3] = ["crates/dive-model/src", "crates/dive-sources/src", "src"];

/// A name with several definitions on purpose.
struct Repeat {
    name: &'static str,
    files: &'static [&'static str],
    reason: &'static str,
}

const REPEATS: [Repeat; 2] = [
    Repeat {
        name: "Dir",
        files: &["crates/dive-model/src/dir/portable.rs", "crates/dive-model/src/dir/unix.rs"],
        reason: "variants of one type by platform; each build has one of them",
    },
    Repeat {
        name: "DirLock",
        files: &["crates/dive-model/src/dir/portable.rs", "crates/dive-model/src/dir/unix.rs"],
        reason: "as Dir",
    },
];

/// The type that a line defines. An indented `type` without visibility is an associated type.
fn defined_type(line: &str) -> Option<&str> {
    let item = line.trim_start();
    let is_indented = item.len() < line.len();
    let (is_public, item) = match item.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => (true, rest.split_once(") ")?.1),
        Some(rest) if rest.starts_with(' ') => (true, &rest[1..]),
        _ => (false, item),
    };
    let (keyword, rest) = item.strip_prefix("unsafe ").unwrap_or(item).split_once(' ')?;
    let is_type = match keyword {
        "struct" | "enum" | "union" | "trait" => true,
        "type" => is_public || !is_indented,
        _ => false,
    };
    let name = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()?;
    (is_type && !name.is_empty()).then_some(name)
}

#[test]
fn definitions_are_found_in_every_form() {
    let code = "pub struct A;\n    pub(in crate::tui) enum B<'a> {\ntrait C: Copy {\nunion D {\npub(super) type E = u8;\n\
        type F<T> = Vec<T>;\n        struct G(u8);\nstruct $name;\nlet structure = 1;\n    type Item = u8;\npublic struct;";
    let names: Vec<_> = code.lines().filter_map(defined_type).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E", "F", "G"]);
}

#[test]
fn type_names_are_unique() {
    let root = repository("");
    let mut definitions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in FOLDERS.iter().flat_map(|folder| rust_files(folder)) {
        let code = if is_test(&file) { continue } else { code(&file) };
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        for name in code.lines().filter_map(defined_type) {
            definitions.entry(name.to_owned()).or_default().push(path.to_owned());
        }
    }
    assert!(definitions.len() > 500, "{} names found", definitions.len());
    let mut wrong = String::new();
    for (name, files) in definitions.iter().filter(|(_, files)| files.len() > 1) {
        if !REPEATS.iter().any(|repeat| repeat.name == name && repeat.files == files) {
            writeln!(wrong, "{name}: {}", files.join(", ")).unwrap();
        }
    }
    assert_eq!(wrong, "", "types of the same name; rename the less public one");
    for Repeat { name, files, reason } in &REPEATS {
        let found = definitions.get(*name).is_some_and(|found| found == files);
        assert!(found, "{name} is no longer repeated in these files ({reason}): remove it from the list");
    }
}
