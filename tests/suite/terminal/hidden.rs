//! Characters that reorder text, are invisible or control a terminal, in all output outside the screen.

use super::USUAL;
use super::session::Session;
use tempfile::NamedTempFile;

use crate::build::{Format, Layer, image};
use crate::user::User;

const NAME: &str = "a\u{202e}gpj\u{2066}x\u{2069}\u{61c}\u{200e}\u{200f}-\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{fff0}\u{fff8}\u{fff9}\u{e0041}-\u{9b}6n\u{7f}.exe";

/// True for characters that must not reach a terminal, except ESC, since reports have colours.
fn is_unsafe(letter: char) -> bool {
    matches!(
        letter,
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffd}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// An image with such characters in names, link targets, commands and tag, and with some waste.
fn deceptive() -> NamedTempFile {
    let file = format!("dir-{NAME}/{NAME}");
    let link = format!("dir-{NAME}/link");
    let base =
        image().layer(|layer| layer.created_by(&format!("RUN echo {NAME}")).file(&file, "one").symlink(&link, NAME));
    base.layer(|layer| layer.file(&file, "two")).save(Format::DockerArchive)
}

#[test]
fn all_format_characters_are_hidden() {
    let format = regex::Regex::new(r"^[\p{Cf}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]$").unwrap();
    let shown: Vec<char> = ('\u{a0}'..=char::MAX)
        .filter(|letter| !dive_model::escape::is_hidden(*letter) && format.is_match(letter.encode_utf8(&mut [0; 4])))
        .collect();
    assert_eq!(shown, [char::MIN; 0]);
}

#[test]
fn terminal_output_escapes_hidden_characters() {
    let archive = deceptive();
    let path = archive.path().to_str().unwrap();
    for arguments in [
        &["tree", path][..],
        &["tree", "--format", "text", path],
        &["tree", "--changes", path],
        &["--ci", path],
        &["--json", "-", path],
        &["--json", "/dev/stdout", path],
        &["tree", "--layer", NAME, path],
        &[&format!("--{NAME}"), path],
        &[&format!("./{NAME}.tar")],
        &["--ci", NAME, NAME],
    ] {
        let dive = Session::dive(User::new(), USUAL, arguments);
        dive.waits_for_end();
        let bytes = dive.bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(is_unsafe), "{arguments:?}: {text:?}");
        assert!(["\\u202e", "\\u{202e}", "\\xe2\\x80\\xae"].iter().any(|escape| text.contains(escape)), "{text}");
    }
}

#[test]
fn list_of_images_escapes_hidden_characters() {
    let mut dive = Session::dive(User::new(), USUAL, &[NAME, "other.tar"]);
    dive.waits_for("2 unread");
    dive.press("enter");
    dive.waits_for("┏ Unread: ");
    dive.press("q q").ends_with(0);
    let bytes = dive.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(is_unsafe) && text.contains("\\u{202e}"), "{text:?}");
}

#[test]
fn report_and_config_escape_hidden_characters() {
    let archive = deceptive();
    let dive = Session::dive(User::new().sets("TERM", "dumb"), USUAL, &[archive.path().to_str().unwrap()]);
    dive.waits_for_end();
    assert!(!String::from_utf8_lossy(&dive.bytes()).contains(is_unsafe));
    let user = User::new().writes(".dive.yaml", &format!("log:\n  path: ./{NAME}.log\n"));
    let dive = Session::dive(user, USUAL, &["config"]);
    dive.waits_for_end();
    assert!(!String::from_utf8_lossy(&dive.bytes()).contains(is_unsafe), "{}", dive.contents());
}

/// Scripts compare names, but standard error is always for people.
#[test]
fn pipe_gets_raw_names_but_stderr_is_escaped() {
    let archive = deceptive();
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let tree = user.runs(&["tree", path]);
    assert!(tree.stdout.contains("a\u{202e}gpj\u{2066}x\u{2069}\u{61c}"), "{}", tree.stdout);
    let json = user.runs(&["--json", "-", path]);
    assert!(json.stdout.contains("a\u{202e}gpj") && json.stdout.contains("\\u009b6n\\u007f.exe"));
    assert!(!json.stdout.contains(|letter| matches!(letter, '\u{7f}'..='\u{9f}')));
    assert!(!json.stderr.contains(is_unsafe), "{}", json.stderr);
    for arguments in [&[&format!("--{NAME}"), path][..], &[&format!("./{NAME}")], &[NAME, NAME]] {
        let output = user.runs(arguments);
        assert!(!output.stderr.contains(is_unsafe) && !output.stderr.is_empty(), "{:?}", output.stderr);
    }
}

/// The log of a job is read by the runner of the CI service: GitHub's takes `##[...]` anywhere in a line, and `::...::` after blanks at its
/// start, Azure's `##vso[...]` anywhere.
#[test]
fn names_are_no_commands_of_a_ci_service() {
    const NAMES: [&str; 3] = ["::add-mask::x", "##[stop-commands]x", "##vso[task.prependpath]x"];
    let files = |text: &str| {
        NAMES.iter().fold(Layer::default(), |layer, name| layer.file(name, text).symlink(format!("{name}-link"), name))
    };
    let layers = [files("one"), files("two")];
    let created = NAMES.map(|name| serde_json::json!({ "created_by": name })).to_vec();
    let diff_ids = [0, 1].map(|at| format!("sha256:{at:064x}"));
    let config = serde_json::json!({ "history": created[..2], "rootfs": { "diff_ids": diff_ids } });
    let manifest = NAMES.map(|name| serde_json::json!({ "Config": "c", "RepoTags": [name], "Layers": ["0", "1"] }));
    let archive = layers
        .iter()
        .enumerate()
        .fold(Layer::default(), |archive, (at, layer)| archive.file(at.to_string(), layer.tar()));
    let archive = archive.file("c", config.to_string()).file("manifest.json", serde_json::json!(manifest).to_string());
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.tar()).unwrap();
    for name in NAMES {
        std::fs::write(user.file(name), "no image").unwrap();
    }
    let mut seen = String::new();
    for arguments in [
        &["tree", "--image", "0", "image.tar"][..],
        &["tree", "--changes", "--format", "tsv", "--image", "1", "image.tar"],
        &["--all", "--image", "0", "image.tar"],
        &["--ci", "--image", "2", "image.tar"],
        &["--all-images", "--all", "image.tar"],
        &["--all-images", "--ci", "image.tar"],
        &["--all-images", "--json", "-", "image.tar"],
        &["--json", "-", "--image", "1", "image.tar"],
        &["--json", "/dev/stdout", "--image", "1", "image.tar"],
        &["advise", "--image", "1", "image.tar"],
        &["tree", "image.tar"],
        &["tree", NAMES[1]],
        &NAMES,
        &["--from", NAMES[2]],
        &["--##[stop-commands]x", "--##vso[x]"],
    ] {
        let ran = user.runs(arguments);
        for line in ran.stdout.lines().chain(ran.stderr.lines()) {
            assert!(!line.trim_start().starts_with("::"), "{arguments:?}: {line}");
            assert!(!line.contains("##[") && !line.contains("##vso["), "{arguments:?}: {line}");
        }
        if arguments.contains(&"-") {
            assert!(
                ran.stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
                    || serde_json::from_str::<serde_json::Value>(&ran.stdout).is_ok()
            );
        }
        seen += &ran.stdout;
    }
    for part in [":\\x3aadd-mask::x", "##\\x5bstop-commands]x", "##\\x76so[task", "##\\u005bstop", "##\\u0076so["] {
        assert!(seen.contains(part), "no {part}: {seen}");
    }
}
