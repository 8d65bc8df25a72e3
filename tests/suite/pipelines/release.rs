//! The parts of a release: templates for package managers, the release check, the workflow and the scripts.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde_yaml::Value;

use super::{VERSION, is_program, text};
use crate::place::repository;
use crate::skipped;
use crate::user::User;

const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-musl.tar.gz",
    "aarch64-unknown-linux-musl.tar.gz",
    "x86_64-apple-darwin.tar.gz",
    "aarch64-apple-darwin.tar.gz",
    "x86_64-pc-windows-msvc.zip",
];

/// `Cargo.toml` without placeholders.
fn manifest() -> String {
    text(repository("Cargo.toml"))
        .replace(env!("CARGO_PKG_REPOSITORY"), "https://example.com/owner/dive-rs")
        // With the letters that sed interprets.
        .replace("dive-rs maintainers <maintainers@repository.invalid>", r"A & B\1 <maintainers@example.com>")
}

/// Fills the templates for a release with these archives.
fn filled(archives: &[&str]) -> (User, crate::user::Ran) {
    let sum = |at: usize| format!("{at}").repeat(64);
    let mut sums = format!("{}  image.txt\n", sum(9));
    for (at, target) in archives.iter().enumerate() {
        writeln!(sums, "{}  dive-{VERSION}-{target}", sum(at)).unwrap();
    }
    let user = User::new().writes("SHA256SUMS", &sums).writes("Cargo.toml", &manifest());
    let path = user.file("Cargo.toml").display().to_string();
    let user = user.sets("MANIFEST", &path);
    let script = repository("packaging/fill.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &["SHA256SUMS", "filled"]);
    (user, ran)
}

/// Runs a parser if this machine has it.
fn parses(user: &User, program: &str, arguments: &[&str]) {
    if is_program(program) {
        user.runs_program(program, arguments).ends_with(0);
    } else {
        skipped::note(program, "to parse a template");
    }
}

#[test]
fn package_manager_templates_are_filled_and_parse() {
    let (user, ran) = filled(&TARGETS);
    ran.ends_with(0);
    let file = |name: &str| user.file("filled").join(name);
    for (name, checksums) in [("dive-rs.rb", "0123"), ("PKGBUILD", "01"), ("dive.json", "4"), ("flake.nix", "0123")] {
        let text = text(file(name));
        for checksum in checksums.chars() {
            assert!(text.contains(&checksum.to_string().repeat(64)), "{name} lacks the checksum {checksum}:\n{text}");
        }
        assert!(text.contains("https://example.com/owner/dive-rs/releases/download/v"), "{name}:\n{text}");
    }
    serde_json::from_str::<serde_json::Value>(&text(file("dive.json"))).expect("JSON");
    parses(&user, "ruby", &["-c", "filled/dive-rs.rb"]);
    parses(&user, "bash", &["-n", "filled/PKGBUILD"]);
    parses(&user, "nix-instantiate", &["--parse", "filled/flake.nix"]);
    if is_program("makepkg") {
        user.runs_program("sh", &["-c", PRINTS_SRCINFO])
            .ends_with(0)
            .prints(&["pkgname = dive-rs-bin", &format!("sha256sums_aarch64 = {}", "1".repeat(64))]);
    } else {
        skipped::note("makepkg", "to parse a template");
    }
}

/// makepkg refuses root, and other users cannot read the user's folder.
const PRINTS_SRCINFO: &str = "folder=$(mktemp -d) && trap 'rm -r \"$folder\"' EXIT && cp filled/PKGBUILD \"$folder\" &&
chmod -R a+rwX \"$folder\" && cd \"$folder\" || exit 2
[ \"$(id -u)\" != 0 ] || nobody='setpriv --reuid 65534 --regid 65534 --clear-groups'
$nobody makepkg --printsrcinfo";

#[test]
fn missing_archive_stops_the_templates() {
    let (_, ran) = filled(&TARGETS[1..]);
    assert!(ran.code == 2 && ran.stderr.contains("@SHA256_X86_64_UNKNOWN_LINUX_MUSL@"), "{}", ran.stderr);
}

/// The project's address is not known yet. Placeholders must not be released.
#[test]
fn placeholders_are_refused() {
    let manifest = repository("Cargo.toml").display().to_string();
    let user = User::new().writes("SHA256SUMS", "").sets("MANIFEST", &manifest);
    let script = repository("packaging/fill.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &["SHA256SUMS", "filled"]).ends_with(2);
    assert!(ran.stderr.contains("placeholder"), "{}", ran.stderr);
}

/// Runs the release check on a clone with one change.
fn check(change: impl Fn(&str, String) -> String, tag: &str) -> (i32, String) {
    let changelog = format!("# Changelog\n\n## [{VERSION}] - 2026-11-30\n\n- First.\n");
    let user = User::new()
        .writes("Cargo.toml", &change("Cargo.toml", manifest()))
        .writes("CHANGELOG.md", &change("CHANGELOG.md", changelog))
        .writes("README.md", &change("README.md", "dive\n".to_owned()));
    fs::create_dir(user.file("docs")).unwrap();
    let folder = user.file("").display().to_string();
    let user = user.sets("RELEASE_ROOT", &folder);
    let script: PathBuf = repository("packaging/release-check.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &[tag]);
    (ran.code, ran.stderr)
}

#[test]
fn unfinished_release_is_refused_with_the_reason() {
    let tag = format!("v{VERSION}");
    assert_eq!(check(|_, text| text, &tag), (0, String::new()));
    let (code, message) = check(|_, text| text, "v99.0.0");
    assert!(code == 1 && message.contains("the tag is v99.0.0"), "{message}");
    for (file, from, to, part) in [
        (
            "Cargo.toml",
            "https://example.com/",
            "https://repository.invalid/",
            "repository in Cargo.toml is a placeholder",
        ),
        ("Cargo.toml", "@example.com", "@repository.invalid", "maintainer in Cargo.toml is a placeholder"),
        ("Cargo.toml", "crates/dive-model\", version = \"", "crates/dive-model\", version = \"9", "not version"),
        ("CHANGELOG.md", &format!("## [{VERSION}] - 2026"), "## [Unreleased] - 2026", "CHANGELOG.md has no section"),
        ("README.md", "dive", "https://repository.invalid/dive-rs", ".invalid or OWNER is still in README.md"),
        ("README.md", "dive", "ghcr.io/OWNER/dive-rs", ".invalid or OWNER is still in README.md"),
    ] {
        let change = |name: &str, text: String| {
            if name != file {
                return text;
            }
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{file} has no {from:?}");
            changed
        };
        let (code, message) = check(change, &tag);
        assert!(code == 1 && message.contains(part), "{file}: {from} -> {to}: {message}");
    }
}

/// A release page keeps line breaks, and has no documents beside it.
#[test]
fn release_notes_are_the_versions_section_with_whole_lines_and_links() {
    let changelog = "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [1.2.0] - 2026-11-30\n\nThe first,\nin two lines.\n\n### Added\n\n\
                     - One that\n  goes on: [docs](docs/ci.md#rules), [site](https://example.com/a.md).\n- Two.\n\n## [1.1.0] - 2026-11-01\n\n\
                     - Old.\n\n[1.2.0]: https://example.com\n";
    let user = User::new().writes("CHANGELOG.md", changelog);
    let folder = user.file("").display().to_string();
    let user = user.sets("RELEASE_ROOT", &folder);
    let script = repository("packaging/release-notes.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &["v1.2.0", "https://example.com/o/dive-rs"]).ends_with(0);
    assert_eq!(
        ran.stdout.trim(),
        "The first, in two lines.\n\n### Added\n\n\
         - One that goes on: [docs](https://example.com/o/dive-rs/blob/v1.2.0/docs/ci.md#rules), [site](https://example.com/a.md).\n\
         - Two."
    );
}

fn workflow() -> Value {
    workflow_named("release.yml")
}

fn workflow_named(name: &str) -> Value {
    serde_yaml::from_str(&text(repository(".github/workflows").join(name))).unwrap()
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_sequence().unwrap().iter()
}

/// A moved tag of an action must not change the release, and no code of others may see a token that can write.
#[test]
fn workflows_pin_actions_and_hide_tokens_from_other_code() {
    for name in ["release.yml", "publish.yml", "ci.yml"] {
        let workflow = workflow_named(name);
        let granted = workflow["permissions"].as_mapping().unwrap();
        assert!(granted.values().all(|value| value == "read"), "{name}");
        // Without it, GitHub runs steps without pipefail.
        let has_pipe = |step: &Value| step["run"].as_str().is_some_and(|run| run.contains(" | "));
        let runs_pipes = workflow["jobs"].as_mapping().unwrap().values().flat_map(steps).any(has_pipe);
        assert!(!runs_pipes || workflow["defaults"]["run"]["shell"] == "bash", "{name}");
        for (job_name, job) in workflow["jobs"].as_mapping().unwrap() {
            let permissions = job["permissions"].as_mapping().unwrap_or(granted);
            assert!(name == "ci.yml" || job["permissions"].is_mapping(), "{name}: {job_name:?}");
            let compiles = |step: &Value| {
                step["run"].as_str().is_some_and(|run| run.contains("cargo ") || run.contains("build.sh"))
            };
            if steps(job).any(compiles) {
                assert!(permissions.values().all(|value| value == "read"), "{name}: {job_name:?}");
                assert!(
                    job["env"]["GH_TOKEN"].is_null() && workflow["env"]["GH_TOKEN"].is_null(),
                    "{name}: {job_name:?}"
                );
            }
            for step in steps(job) {
                let Some(action) = step["uses"].as_str() else { continue };
                let (action_name, revision) = action.split_once('@').unwrap();
                assert!(revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
                assert!(
                    action_name != "actions/checkout" || step["with"]["persist-credentials"] == false,
                    "{name}: {job_name:?}"
                );
            }
        }
    }
}

/// The image has no libraries.
#[test]
fn image_of_a_dynamic_program_is_refused() {
    let user = User::new().writes("authorities.pem", "-----BEGIN CERTIFICATE-----\n");
    let authorities = user.file("authorities.pem").display().to_string();
    let user = user.sets("CERTIFICATES", &authorities);
    let script = repository("packaging/image/build.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &["docker", "/bin/sh", "dive"]).ends_with(2);
    assert!(ran.stderr.contains("/bin/sh is not static"), "{}", ran.stderr);
}

/// Licences ask for their text in every copy of the program.
#[test]
fn licences_of_all_linked_software_are_listed_once() {
    if !is_program("jq") {
        skipped::note("jq", "to list licences");
        return;
    }
    let user = User::new().has_rust();
    let script = repository("packaging/licences.sh");
    let ran = user.runs_program(script.to_str().unwrap(), &["x86_64-unknown-linux-musl"]).ends_with(0);
    let headings: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("======== ")).collect();
    for part in ["serde ", "zstd-sys ", "liblzma-sys ", "Rust's standard library", "musl: MIT"] {
        let count = headings.iter().filter(|heading| heading[9..].starts_with(part)).count();
        assert_eq!(count, 1, "{part}: {headings:?}");
    }
    let unique: std::collections::BTreeSet<_> = headings.iter().collect();
    assert_eq!(unique.len(), headings.len(), "{headings:?}");
    assert!(!ran.stdout.contains("TERMS AND CONDITIONS FOR COPYING, DISTRIBUTION AND MODIFICATION"), "the GPL");
}

#[test]
fn release_workflow_builds_every_template_target() {
    let workflow = workflow();
    let matrix = workflow["jobs"]["build"]["strategy"]["matrix"]["include"].as_sequence().unwrap();
    let built: Vec<_> = matrix.iter().map(|row| row["target"].as_str().unwrap()).collect();
    let wanted: Vec<_> = TARGETS.iter().map(|archive| archive.split('.').next().unwrap()).collect();
    assert_eq!(built, wanted);
}

#[test]
fn shellcheck_accepts_scripts_and_steps() {
    if !is_program("shellcheck") {
        skipped::note("shellcheck", "to look at scripts");
        return;
    }
    let user = User::new();
    let folders = ["packaging", "packaging/action", "packaging/image", "packaging/debian"];
    for folder in folders {
        for entry in fs::read_dir(repository(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sh") {
                let ran = user.runs_program("shellcheck", &[path.to_str().unwrap()]);
                assert_eq!(ran.code, 0, "{}", ran.stdout);
            }
        }
    }
    let workflows = ["release.yml", "publish.yml", "ci.yml"].map(workflow_named);
    for (name, job) in workflows.iter().flat_map(|workflow| workflow["jobs"].as_mapping().unwrap()) {
        for run in steps(job).filter_map(|step| step["run"].as_str()) {
            // Expressions are substituted before a shell runs the step.
            assert!(!run.contains("${{"), "{name:?}: an expression in a script is an injection: {run}");
            let user = User::new().writes("step.sh", &format!("set -e\n{run}"));
            let ran = user.runs_program("shellcheck", &["--shell=bash", "step.sh"]);
            assert_eq!(ran.code, 0, "{name:?}: {}", ran.stdout);
        }
    }
}
