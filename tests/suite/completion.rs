//! Completions in bash and fish, which can complete a line without a terminal. `terminal::completing` presses the tab key.

use crate::skipped;
use crate::user::{DIVE, User};

/// Output of `script` in `shell`, with dive in PATH. Skips the test if the shell is missing.
fn offered(shell: &str, script: &str) -> Option<String> {
    let user = User::new();
    let bin = user.home("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(DIVE, bin.join("dive")).unwrap();
    let path = std::env::var("PATH").unwrap();
    if !std::env::split_paths(&path).any(|folder| folder.join(shell).is_file()) {
        skipped::note(shell, "to complete in it");
        return None;
    }
    let user = user.sets("PATH", &format!("{}:{path}", bin.display()));
    let ran = user.runs_program(shell, &["-c", script]).ends_with(0);
    assert_eq!(ran.stderr, "", "{shell}");
    Some(ran.stdout)
}

/// Options with a fixed set of values.
const VALUES: [(&str, &[&str]); 3] = [
    ("dive --source ", &["docker", "podman", "registry", "docker-archive"]),
    ("dive --pull ", &["missing", "always", "never"]),
    ("dive tree --format ", &["text", "tsv"]),
];

#[test]
fn bash_completes_option_values() {
    for (line, values) in VALUES {
        let words = line.split(' ').map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let script = format!(
            "eval \"$(dive completion bash)\"; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
             _dive dive \"\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let Some(offered) = offered("bash", &script) else { return };
        for value in values {
            assert!(offered.lines().any(|word| word == *value), "{line}: no {value} in {offered:?}");
        }
    }
}

#[test]
fn fish_completes_option_values() {
    for (line, values) in VALUES {
        // fish looks here first; it also ships a script for dive.
        let place = "$XDG_CONFIG_HOME/fish/completions";
        let script =
            format!("mkdir -p {place}; dive completion fish >{place}/dive.fish; complete --do-complete '{line}'");
        let Some(offered) = offered("fish", &script) else { return };
        for value in values {
            let is_value = |row: &str| row.split('\t').next() == Some(value);
            assert!(offered.lines().any(is_value), "{line}: no {value} in {offered:?}");
        }
    }
}
