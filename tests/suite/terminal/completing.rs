//! Completions as a user sees them: a line and the tab key, in an interactive shell.

use super::Session;
use crate::skipped;
use crate::user::{DIVE, User};

/// Wide enough for a row per completion, and high enough for all options.
const SCREEN: (u16, u16) = (200, 90);

/// A line, texts that are on the screen after the tab key, and texts that are not.
type Completed = (&'static str, &'static [&'static str], &'static [&'static str]);

/// An interactive shell with dive in PATH that has run `settings`. Skips the test if the shell is missing.
fn shell(program: &str, arguments: &[&str], settings: &str) -> Option<Session> {
    let path = std::env::var("PATH").unwrap();
    if !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        skipped::note(program, "to complete in it");
        return None;
    }
    let user = User::new().writes("an-image.tar", "").writes("another.tar", "");
    let bin = user.home("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(DIVE, bin.join("dive")).unwrap();
    let user = user.sets("PATH", &format!("{}:{path}", bin.display()));
    let mut session = Session::program(user, SCREEN, program, arguments);
    // The quotes keep the typed line from looking like the printed word.
    session.types(&format!("{settings}; PS1='> '; clear; echo rea''dy\n"));
    session.waits_until("a shell with completions", |screen| screen.rows().iter().any(|row| row.trim_end() == "ready"));
    Some(session)
}

/// Checks each line in the same shell.
fn completes(mut shell: Session, lines: &[Completed]) {
    for (line, offered, others) in lines {
        shell.types(line).types("\t");
        shell.waits_until(&format!("{line:?} to offer {offered:?} but not {others:?}"), |screen| {
            screen.has_all(offered) && others.iter().all(|other| !screen.has(other))
        });
        // A new line on an empty screen.
        shell.press("ctrl+u").types("clear; echo next''line\n");
        shell.waits_until("the next line", |screen| {
            screen.rows().iter().any(|row| row.trim_end() == "nextline") && !screen.has(line)
        });
    }
}

/// The shell lists completions in the order of the alphabet, so one that is missing would be above the last that is there.
#[test]
fn zsh_completes_commands_options_and_images() {
    // One completion in a row, and no menu: a second tab changes nothing.
    let settings = "PROMPT_SP=; fpath=($PWD $fpath); dive completion zsh >_dive; autoload -Uz compinit; compinit -u -d dump; \
                    zstyle ':completion:*' verbose yes; unsetopt AUTO_MENU LIST_AMBIGUOUS PROMPT_SP; LISTMAX=1000";
    let Some(shell) = shell("zsh", &["-f", "-i"], settings) else { return };
    let lines: &[Completed] = &[
        ("dive ", &["advise ", "an-image.tar", "version "], &["tsv"]),
        ("dive tr", &["dive tree"], &[]),
        ("dive tree --format ", &["text ", "tsv "], &["json", "an-image"]),
        ("dive tree --form", &["dive tree --format"], &[]),
        ("dive tree --", &["--changes", "--format", "--verify"], &["--all", "--base", "--json", "--lowestEfficiency"]),
        ("dive tree an", &["an-image.tar", "another.tar"], &["advise "]),
        ("dive tree an-image.tar --fo", &["--follow-links", "--format"], &["--from"]),
        ("dive cache ", &["clear ", "help "], &["advise ", "build "]),
        ("dive -q cache c", &["dive -q cache clear"], &[]),
        ("dive completion z", &["dive completion zsh"], &[]),
        ("dive advise --format ", &["json ", "text ", "tsv "], &["an-image"]),
        ("dive --source=pod", &["dive --source=podman"], &[]),
        ("dive --source po", &["dive --source podman"], &[]),
        ("dive an-image.tar ano", &["dive an-image.tar another.tar"], &[]),
        ("dive an-image.tar --al", &["--all ", "--all-images"], &[]),
        ("dive an-image.tar --pull ", &["always ", "missing ", "never "], &["an-image.tar another"]),
        ("dive build an", &["an-image.tar", "another.tar"], &[]),
        ("dive version --", &["--help"], &["--config", "--source"]),
        ("dive config --", &["--config", "--registry-mirror", "--verify"], &["--image", "--platform", "--source"]),
    ];
    completes(shell, lines);
}

#[test]
fn bash_completes_values_after_an_equals_sign() {
    let settings = "bind 'set show-all-if-ambiguous on'; bind 'set enable-bracketed-paste off'; \
                    eval \"$(dive completion bash)\"";
    let Some(shell) = shell("bash", &["--noprofile", "--norc", "-i"], settings) else { return };
    let lines: &[Completed] = &[
        ("dive --source=po", &["dive --source=podman"], &[]),
        ("dive --source=", &["docker-archive", "podman", "registry"], &["an-image"]),
        ("dive tree --format=ts", &["dive tree --format=tsv"], &[]),
        ("dive tree --format ts", &["dive tree --format tsv"], &[]),
        ("dive --json=ano", &["dive --json=another.tar"], &[]),
        ("dive version --he", &["dive version --help"], &["--source"]),
    ];
    completes(shell, lines);
}
