//! However the screen goes, the shell has its terminal as it was.

use super::session::{Session, contains, signal};
use super::{USUAL, open};
use crate::place::sample;
use crate::user::{DIVE, User};

/// A shell that runs `dive` on the sample, as people do.
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

/// The shell waits for a command. What is typed before that, a program that is about to go may take.
fn prompts(shell: &Session) {
    shell.waits_until("the shell's prompt", |screen| {
        let last = screen.rows().iter().rfind(|row| !row.trim().is_empty());
        !screen.is_alternate() && last.is_some_and(|row| row.trim() == "shell>")
    });
}

/// The shell answers, on the screen that was there before.
fn answers(shell: &mut Session) {
    prompts(shell);
    shell.types("echo the shell i''s back\r");
    shell.waits_until("the shell", |screen| screen.has_all(&["ready", "the shell is back"]));
    prompts(shell);
}

#[test]
fn quitting_gives_the_terminal_back() {
    for keys in ["q", "ctrl+c", "tab q", "slash ctrl+c q"] {
        let mut dive = open(USUAL);
        dive.press(keys).ends_with(0).is_restored();
    }
}

#[test]
fn a_screen_in_the_background_leaves_the_shell_its_terminal_and_comes_back_as_it_was() {
    let mut shell = in_a_shell();
    shell.press("down down");
    shell.waits_for("Contents · layer 2");
    for _ in 0..2 {
        shell.press("ctrl+z");
        shell.waits_until_given_back();
        answers(&mut shell);
        shell.types("fg\r");
        shell.waits_until("the screen as it was", |screen| screen.is_alternate() && screen.has("Contents · layer 2"));
    }
    shell.press("down");
    shell.waits_for("Contents · layer 3");
    shell.press("q");
    answers(&mut shell);
    shell.types("exit 7\r").ends_with(7).is_restored();
}

#[test]
fn a_signal_that_ends_the_screen_leaves_the_shell_its_terminal() {
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

/// The screens that there are, by the keys that lead there.
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

/// Nobody waits for what the keys do: the signal may come while they are read, worked on or drawn.
#[test]
fn a_signal_at_any_moment_of_any_screen_gives_the_terminal_back() {
    for (name, words) in [("TERM", "Terminated"), ("HUP", "Hangup")] {
        for keys in SCREENS {
            let mut dive = open(USUAL);
            dive.press(keys).signals(name);
            dive.is_ended_by(words).is_restored();
        }
    }
}

#[test]
fn a_screen_that_a_signal_stops_goes_on_as_it_was() {
    // Each with as many ctrl+c as end the program: one more would reach the shell at some moment of its own.
    for (keys, there, end) in [
        ("down down", "Contents · layer 2", "ctrl+c"),
        ("tab slash", "Filter: ", "ctrl+c ctrl+c"),
        ("?", "Keys · ", "ctrl+c ctrl+c"),
        ("w", "Waste · ", "ctrl+c ctrl+c"),
    ] {
        let mut shell = in_a_shell();
        // Keys that are not read yet would go to the shell.
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

/// A terminal that opens no window any more, or a `kill` in a loop: signals come faster than they are served.
#[test]
fn signals_in_a_row_leave_one_screen() {
    let mut dive = open(USUAL);
    for _ in 0..20 {
        dive.press("tab").signals("CONT");
        dive.signals("STOP");
        dive.signals("CONT");
    }
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn who_waits_for_the_program_learns_which_signal_ended_it() {
    let dive = open(USUAL);
    dive.signals("TERM");
    dive.is_ended_by("Terminated").is_restored();
}

/// `kill -STOP` asks nobody, and what a shell writes meanwhile stands on the screen.
#[test]
fn a_screen_that_was_stopped_from_outside_is_drawn_anew() {
    let mut dive = open(USUAL);
    dive.signals("STOP");
    dive.hears_another("\x1b[3;1Hsomebody else was here");
    dive.waits_for("somebody else was here");
    dive.signals("CONT");
    dive.waits_until("the screen alone", |screen| {
        screen.has("Contents · layer 0") && !screen.has("somebody else") && screen.is_alternate()
    });
    dive.press("down");
    dive.waits_for("Contents · layer 1");
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn a_window_that_is_closed_takes_the_program_with_it() {
    let mut dive = open(USUAL);
    dive.closes();
    let status = dive.waits_for_end();
    assert!(status.signal() == Some("Hangup") || status.exit_code() == 2, "{status}");
    assert!(!contains(&dive.bytes(), b"panicked"));
}
