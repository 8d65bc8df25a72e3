//! Project rules that no compiler checks: the order of modules, the length of files, and documents that match the
//! program.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::place::fixture;
use crate::place::repository;
use crate::user::User;

/// A package with its modules in order: each may use those before it. Between packages the compiler enforces the order.
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
            "shell",
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
            "advice",
            "stored_digests",
            "opener",
            "advised",
            "rebuilt",
        ],
    },
    Package { folder: "src", modules: &["config", "compose", "ci", "many", "report", "tui", "cli", "run"] },
];

/// All folders with the project's own code.
const SOURCES: [&str; 8] = [
    "src",
    "crates/dive-model/src",
    "crates/dive-sources/src",
    "packaging/manual/src",
    "xtask/src",
    "benches",
    "fuzz",
    "tests",
];

/// `cli` only defines values; of the modules before it, it may use the one that flags are parsed into.
const CLI_USES: [&str; 1] = ["config"];

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

/// The code of a file without comments and unit tests.
pub(crate) fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The top-level modules named after `crate::`, alone or in braces.
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
fn module_names_are_found_in_every_form() {
    let code =
        "use crate::units::Bytes;\nuse crate::{source, layer::{self, Entry}, tree};\nlet x = crate::ci::evaluate();";
    assert_eq!(known_modules(code), ["units", "source", "layer", "tree", "ci"]);
}

/// Whether a file contains only unit tests.
pub(crate) fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs") || path.components().any(|part| part.as_os_str() == "tests")
}

#[test]
fn modules_use_only_earlier_ones() {
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
            let Some(own) = place(module) else { panic!("{folder}/{module} is a new module: add it to the order") };
            for known in known_modules(&code(&file)) {
                let Some(other) = place(&known) else { panic!("{}: crate::{known} is not a module", path.display()) };
                let beside = module == "cli" && known != "cli" && !CLI_USES.contains(&known.as_str());
                if other > own || beside {
                    writeln!(wrong, "{folder}/{}: {module} uses {known}", path.display()).unwrap();
                }
            }
        }
    }
    assert_eq!(wrong, "", "modules that use later ones");
}

#[test]
fn module_order_matches_the_map_in_lib_rs() {
    for Package { folder, modules } in &PACKAGES {
        let map = std::fs::read_to_string(repository(folder).join("lib.rs")).unwrap();
        let lines = map.lines().filter_map(|line| line.strip_prefix("//! ")).skip_while(|line| *line != "```text");
        let lines = lines.skip(1).take_while(|line| *line != "```");
        let names = lines.flat_map(|line| line.split("  ").next().unwrap_or_default().split(','));
        assert_eq!(names.map(str::trim).collect::<Vec<_>>(), *modules, "{folder}/lib.rs");
    }
}

/// The only file that may read variables and folders of the process. All others get an `Environment`.
const ENVIRONMENT_FILE: &str = "src/run/environment.rs";

/// The files that use the folder for temporary files.
const TEMP_DIR_FILES: [&str; 5] = [
    "crates/dive-model/src/store/spool.rs",
    "crates/dive-sources/src/engine/container/changed.rs",
    "crates/dive-sources/src/registry/download.rs",
    "src/run/builder.rs",
    "src/tui/state/viewer/fetch.rs",
];

#[test]
fn environment_is_read_in_one_file() {
    let mut wrong = String::new();
    let mut asks = false;
    let mut ask_for_temp_dir = Vec::new();
    for file in PACKAGES.iter().map(|package| package.folder).chain(["crates/dive-sources/src"]).flat_map(rust_files) {
        let code = if is_test(&file) { continue } else { code(&file) };
        let asked = ["env::var", "env::current_dir", "env::home_dir", "dirs::"].map(|call| code.contains(call));
        if file == repository(ENVIRONMENT_FILE) {
            asks = asked == [true, true, false, true];
        } else if asked.contains(&true) {
            writeln!(wrong, "{}", file.display()).unwrap();
        }
        if code.contains("env::temp_dir") {
            ask_for_temp_dir.push(file);
        }
    }
    ask_for_temp_dir.sort();
    assert_eq!(ask_for_temp_dir, TEMP_DIR_FILES.map(repository), "files that use the temporary folder");
    assert!(asks, "{ENVIRONMENT_FILE} does not read the environment");
    assert_eq!(wrong, "", "files that read the environment");
}

/// A longer file usually has two purposes.
#[test]
fn no_file_exceeds_500_lines() {
    let mut long = String::new();
    for file in SOURCES.iter().flat_map(|folder| rust_files(folder)) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        if lines > 500 {
            writeln!(long, "{}: {lines} lines", file.display()).unwrap();
        }
    }
    assert_eq!(long, "");
}

/// Users find a flag in the documents, not only in `--help`.
#[test]
fn usage_document_lists_every_flag() {
    let user = User::new();
    let mut flags: Vec<String> = Vec::new();
    for arguments in [
        &["--help"][..],
        &["init", "--help"],
        &["tree", "--help"],
        &["advise", "--help"],
        &["cache", "--help"],
        &["build", "--help"],
    ] {
        let help = user.runs(arguments).ends_with(0).stdout;
        let words = help.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
        flags.extend(words.filter(|word| word.starts_with("--") && word.len() > 2).map(ToOwned::to_owned));
    }
    flags.sort();
    flags.dedup();
    assert!(flags.len() > 12, "{flags:?}");
    let usage = std::fs::read_to_string(repository("docs/usage.md")).expect("docs/usage.md");
    let missing: Vec<_> = flags.iter().filter(|flag| !usage.contains(*flag)).collect();
    assert!(missing.is_empty(), "docs/usage.md lacks {missing:?}");
}

/// Sample output in documents must be current.
#[test]
fn documents_show_current_output() {
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
            // Documents may shorten a line with `…`.
            let is_printed = |printed: &str| match line.strip_suffix('…') {
                Some(start) => printed.starts_with(start),
                None => printed == line,
            };
            assert!(printed.lines().any(is_printed), "{document} shows outdated output: {line:?}\n{printed}");
            count += 1;
        }
        assert!(count > 8, "{document}: {count} lines found");
    }
}

/// The document names the tests of each promise. A renamed or removed test would leave a promise without proof.
#[test]
fn security_document_names_existing_tests() {
    let document = std::fs::read_to_string(repository("docs/security.md")).unwrap();
    let code: String = SOURCES
        .iter()
        .flat_map(|folder| rust_files(folder))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let rows = document.lines().filter(|line| line.starts_with("| ") && line.contains("::"));
    let tests =
        rows.flat_map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap().split('`').skip(1).step_by(2));
    let tests: Vec<&str> = tests.filter(|text| text.contains("::")).collect();
    assert!(tests.len() > 40, "{tests:?}");
    let missing = |test: &&&str| !code.contains(&format!("fn {}()", test.rsplit("::").next().unwrap()));
    assert_eq!(tests.iter().filter(missing).collect::<Vec<_>>(), [&""; 0]);
}

/// Otherwise CI would skip the proof of a promise and pass.
#[test]
fn skipped_tests_of_promises_are_known() {
    let promise = crate::skipped::promise_of("engines::settings::a_denied_token_falls_back_to_the_login").unwrap();
    assert!(promise.starts_with(" (needs a registry)"), "{promise}");
    assert_eq!(crate::skipped::promise_of("house::skipped_tests_of_promises_are_known"), None);
    let ci = std::fs::read_to_string(repository(".ci/run")).unwrap();
    assert!(ci.contains("export DIVE_TEST_PROMISES=1"));
}
