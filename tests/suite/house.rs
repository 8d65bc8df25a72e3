//! The house's own rules, which no compiler checks: which module may know which, how long a file may be, and that the
//! documents tell of every flag.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::place::fixture;
use crate::place::repository;
use crate::user::User;

/// A package whose modules stand in an order: each knows those before it. Between packages the compiler keeps the order.
struct Package {
    folder: &'static str,
    modules: &'static [&'static str],
}

const PACKAGES: [Package; 2] = [
    Package {
        folder: "crates/dive-model/src",
        modules: &[
            "units",
            "escape",
            "remark",
            "json",
            "tarfile",
            "budget",
            "compression",
            "magic",
            "digest",
            "dir",
            "unfinished",
            "blob",
            "cache",
            "layer",
            "store",
            "image",
            "observer",
            "tree",
            "extract",
            "analysis",
            "opener",
        ],
    },
    Package { folder: "src", modules: &["config", "ci", "report", "tui", "cli", "run"] },
];

/// All folders of the project's own code.
const SOURCES: [&str; 7] = [
    "src",
    "crates/dive-model/src",
    "crates/dive-sources/src",
    "packaging/manual/src",
    "xtask/src",
    "benches",
    "tests",
];

/// `cli` is values only; of those before it, it needs the one that flags are parsed into.
const CLI_KNOWS: [&str; 1] = ["config"];

pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![repository(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The code of a file without its unit tests, which may know anything, and without comments.
pub(crate) fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules that a piece of code names behind `crate::`, one by one or in braces.
fn known_modules(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for place in code.split("crate::").skip(1) {
        if let Some(group) = place.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => modules.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(letter),
                    _ => {}
                }
            }
            modules.push(name);
        } else {
            modules.push(place.to_owned());
        }
    }
    let word = |module: &String| {
        module.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned()
    };
    modules.iter().map(word).filter(|module| !module.is_empty()).collect()
}

#[test]
fn modules_are_found_however_they_are_named() {
    let code =
        "use crate::units::Bytes;\nuse crate::{source, layer::{self, Entry}, tree};\nlet x = crate::ci::evaluate();";
    assert_eq!(known_modules(code), ["units", "source", "layer", "tree", "ci"]);
}

/// Whether a file holds nothing but unit tests.
pub(crate) fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn no_module_knows_one_that_comes_after_it() {
    let mut wrong = String::new();
    for Package { folder, modules } in &PACKAGES {
        for file in rust_files(folder) {
            let path = file.strip_prefix(repository(folder)).unwrap();
            let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.strip_suffix(".rs").unwrap_or(first);
            if ["lib", "main"].contains(&module) || is_test(path) {
                continue;
            }
            let place = |name: &str| modules.iter().position(|known| *known == name);
            let Some(own) = place(module) else {
                panic!("{folder}/{module} is a new module: where does it stand in the order?")
            };
            for known in known_modules(&code(&file)) {
                let Some(other) = place(&known) else { panic!("{}: crate::{known} is not a module", path.display()) };
                let beside = module == "cli" && known != "cli" && !CLI_KNOWS.contains(&known.as_str());
                if other > own || beside {
                    writeln!(wrong, "{folder}/{}: {module} knows {known}", path.display()).unwrap();
                }
            }
        }
    }
    assert_eq!(wrong, "", "arrows that point back");
}

#[test]
fn the_order_here_is_that_of_the_maps_in_the_libraries() {
    for Package { folder, modules } in &PACKAGES {
        let map = std::fs::read_to_string(repository(folder).join("lib.rs")).unwrap();
        let lines = map.lines().filter_map(|line| line.strip_prefix("//! ")).skip_while(|line| *line != "```text");
        let lines = lines.skip(1).take_while(|line| *line != "```");
        let names = lines.flat_map(|line| line.split("  ").next().unwrap_or_default().split(','));
        assert_eq!(names.map(str::trim).collect::<Vec<_>>(), *modules, "{folder}/lib.rs");
    }
}

/// The one file of the program that may ask the process for variables and folders. All others are given an `Environment`.
const ASKS_THE_PROCESS: &str = "src/run/environment.rs";

/// The files that ask for the folder of temporary files, which they write to or name.
const ASK_FOR_TEMP_DIR: [&str; 3] = [
    "crates/dive-model/src/store/spool.rs",
    "crates/dive-sources/src/registry/download.rs",
    "src/tui/state/viewer/fetch.rs",
];

#[test]
fn the_environment_is_taken_in_one_place() {
    let mut wrong = String::new();
    let mut asks = false;
    let mut ask_for_temp_dir = Vec::new();
    for file in PACKAGES.iter().map(|package| package.folder).chain(["crates/dive-sources/src"]).flat_map(rust_files) {
        let code = if is_test(&file) { continue } else { code(&file) };
        let asked = ["env::var", "env::current_dir", "env::home_dir", "dirs::"].map(|call| code.contains(call));
        if file == repository(ASKS_THE_PROCESS) {
            asks = asked == [true, true, false, true];
        } else if asked.contains(&true) {
            writeln!(wrong, "{}", file.display()).unwrap();
        }
        if code.contains("env::temp_dir") {
            ask_for_temp_dir.push(file);
        }
    }
    ask_for_temp_dir.sort();
    assert_eq!(ask_for_temp_dir, ASK_FOR_TEMP_DIR.map(repository), "files that ask for the folder of temporary files");
    assert!(asks, "{ASKS_THE_PROCESS} does not take the environment");
    assert_eq!(wrong, "", "files that ask the process");
}

/// A file that grows past that is two ideas.
#[test]
fn no_file_is_longer_than_500_lines() {
    let mut long = String::new();
    for file in SOURCES.iter().flat_map(|folder| rust_files(folder)) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        if lines > 500 {
            writeln!(long, "{}: {lines} lines", file.display()).unwrap();
        }
    }
    assert_eq!(long, "");
}

/// A flag that only `--help` knows is one that nobody finds.
#[test]
fn the_documents_tell_of_every_flag() {
    let user = User::new();
    let mut flags: Vec<String> = Vec::new();
    for arguments in [&["--help"][..], &["tree", "--help"], &["cache", "--help"], &["build", "--help"]] {
        let help = user.runs(arguments).ends_with(0).stdout;
        let words = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
        flags.extend(words.filter(|word| word.starts_with("--") && word.len() > 2).map(ToOwned::to_owned));
    }
    flags.sort();
    flags.dedup();
    assert!(flags.len() > 12, "{flags:?}");
    let usage = std::fs::read_to_string(repository("docs/usage.md")).expect("docs/usage.md");
    let missing: Vec<_> = flags.iter().filter(|flag| !usage.contains(*flag)).collect();
    assert!(missing.is_empty(), "docs/usage.md does not tell of {missing:?}");
}

/// Documents that show what the program once printed send their readers looking for it.
#[test]
fn the_documents_show_what_the_program_prints() {
    let sample = fixture("sample.tar");
    for (document, from, to, arguments) in [
        ("README.md", "## What it prints", "## Build", &[sample.as_str()][..]),
        ("docs/ci.md", "    $ dive --ci tests/fixtures/sample.tar", "The first part", &["--ci", &sample]),
    ] {
        let text = std::fs::read_to_string(repository(document)).unwrap();
        let (_, section) = text.split_once(from).expect(from);
        let (section, _) = section.split_once(to).expect(to);
        let printed = User::new().runs(arguments).ends_with(0).stdout.replace(&sample, "tests/fixtures/sample.tar");
        let shown = section.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.trim() != "...");
        let mut count = 0;
        for line in shown {
            // A command may be cut shorter than it is printed.
            let is_printed = |printed: &str| match line.strip_suffix('…') {
                Some(start) => printed.starts_with(start),
                None => printed == line,
            };
            assert!(printed.lines().any(is_printed), "{document} shows what is not printed: {line:?}\n{printed}");
            count += 1;
        }
        assert!(count > 8, "{document}: {count} lines found");
    }
}
