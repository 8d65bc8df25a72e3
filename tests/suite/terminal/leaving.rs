//! However the screen ends, the shell gets its terminal back unchanged.

use super::session::{Session, contains, signal};
use super::{USUAL, open};
use crate::place::sample;
use crate::user::{DIVE, User};

/// A shell that runs `dive` on the sample.
fn in_a_shell() -> Session {
    let user = User::new().sets("DIVE", DIVE).sets("IMAGE", &sample()).sets("PS1", "shell> ");
    let mut shell = Session::program(user, USUAL, "sh", &["-i"]);
    prompts(&shell);
    shell.types("echo re''ady\r");
    shell.waits_for("ready");
    prompts(&shell);
    shell.types("$DIVE $IMAGE\r");
    shell.waits_until("the image", |screen| screen.is_alternate() && screen.has("Filetree"));
    shell
}

/// Waits for the prompt. Text typed earlier could be read by a program that is about to exit.
fn prompts(shell: &Session) {
    shell.waits_until("the shell's prompt", |screen| {
        let last = screen.rows().iter().rfind(|row| !row.trim().is_empty());
        !screen.is_alternate() && last.is_some_and(|row| row.trim() == "shell>")
    });
}

/// Asserts that the shell works, on its previous screen.
fn answers(shell: &mut Session) {
    prompts(shell);
    shell.types("echo the shell i''s back\r");
    shell.waits_until("the shell's output", |screen| screen.has_all(&["ready", "the shell is back"]));
    prompts(shell);
}

#[test]
fn quitting_restores_the_terminal() {
    for keys in ["q", "ctrl+c", "tab q", "slash ctrl+c q"] {
        let mut dive = open(USUAL);
        dive.press(keys).ends_with(0).is_restored();
    }
}

#[test]
fn suspended_screen_restores_terminal_and_resumes() {
    let mut shell = in_a_shell();
    shell.press("down down");
    shell.waits_for("Contents · layer 2");
    for _ in 0..2 {
        shell.press("ctrl+z");
        shell.waits_until_given_back();
        answers(&mut shell);
        shell.types("fg\r");
        shell.waits_until("the screen restored", |screen| screen.is_alternate() && screen.has("Contents · layer 2"));
    }
    shell.press("down");
    shell.waits_for("Contents · layer 3");
    shell.press("q");
    answers(&mut shell);
    shell.types("exit 7\r").ends_with(7).is_restored();
}

#[test]
fn fatal_signal_restores_the_terminal() {
    for (name, code) in [("TERM", "143"), ("HUP", "129"), ("INT", "130"), ("QUIT", "131")] {
        let mut shell = in_a_shell();
        signal(name, shell.foreground());
        shell.waits_until_given_back();
        prompts(&shell);
        shell.types("echo code=$?\r");
        shell.waits_for(&format!("code={code}"));
        answers(&mut shell);
        shell.types("exit\r").ends_with(0).is_restored();
    }
}

/// All views, by the keys that open them.
const SCREENS: [&str; 12] = [
    "",
    "down down a",
    "tab ctrl+space",
    "tab slash b i n",
    "tab down v",
    "tab down v slash b",
    "tab down H",
    "tab down x",
    "w",
    "w s",
    "?",
    "!",
];

/// The signal may arrive while the keys are read, processed or drawn.
#[test]
fn signal_at_any_moment_restores_the_terminal() {
    for (name, words) in [("TERM", "Terminated"), ("HUP", "Hangup")] {
        for keys in SCREENS {
            let mut dive = open(USUAL);
            dive.press(keys).signals(name);
            dive.is_ended_by(words).is_restored();
        }
    }
}

#[test]
fn stop_signal_restores_terminal_and_resumes() {
    // Exactly as many ctrl+c as end the program: another one would reach the shell.
    for (keys, there, end) in [
        ("down down", "Contents · layer 2", "ctrl+c"),
        ("tab slash", "Filter: ", "ctrl+c ctrl+c"),
        ("?", "Keys · ", "ctrl+c ctrl+c"),
        ("w", "Waste · ", "ctrl+c ctrl+c"),
    ] {
        let mut shell = in_a_shell();
        // Unread keys would go to the shell.
        shell.press(keys).waits_for(there);
        signal("TSTP", shell.foreground());
        shell.waits_until_given_back();
        answers(&mut shell);
        shell.types("fg\r");
        shell.waits_until("the screen", |screen| screen.is_alternate() && screen.has(there));
        shell.press(end);
        shell.waits_until_given_back();
        prompts(&shell);
        shell.types("exit 7\r").ends_with(7).is_restored();
    }
}

/// Signals that arrive faster than they are handled, as from `kill` in a loop.
#[test]
fn repeated_stop_and_cont_keep_the_screen_working() {
    let mut dive = open(USUAL);
    for _ in 0..20 {
        dive.press("tab").signals("CONT");
        dive.signals("STOP");
        dive.signals("CONT");
    }
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn exit_status_names_the_fatal_signal() {
    let dive = open(USUAL);
    dive.signals("TERM");
    dive.is_ended_by("Terminated").is_restored();
}

/// SIGSTOP cannot be caught, and the shell's output stays on the screen meanwhile.
#[test]
fn sigstop_and_sigcont_redraw_the_screen() {
    let mut dive = open(USUAL);
    dive.signals("STOP");
    dive.other_program_writes("\x1b[3;1Hsomebody else was here");
    dive.waits_for("somebody else was here");
    dive.signals("CONT");
    dive.waits_until("the screen redrawn", |screen| {
        screen.has("Contents · layer 0") && !screen.has("somebody else") && screen.is_alternate()
    });
    dive.press("down");
    dive.waits_for("Contents · layer 1");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn closed_window_ends_the_program() {
    let mut dive = open(USUAL);
    dive.closes();
    let status = dive.waits_for_end();
    assert!(status.signal() == Some("Hangup") || status.exit_code() == 2, "{status}");
    assert!(!contains(&dive.bytes(), b"panicked"));
}
