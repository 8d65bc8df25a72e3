//! An idle screen uses no CPU.

use std::path::PathBuf;

use super::session::Session;
use super::{USUAL, open};
use crate::place::sample;
use crate::user::User;

/// Work of a process so far.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    /// Context switches of its threads: each wake-up ends in one.
    sleeps: u64,
    /// CPU time, in ticks.
    ticks: u64,
    /// Bytes written to the terminal.
    written: usize,
}

fn done(dive: &Session) -> Done {
    let process = PathBuf::from(format!("/proc/{}", dive.pid()));
    let mut done = Done { sleeps: 0, ticks: 0, written: dive.bytes().len() };
    for task in std::fs::read_dir(process.join("task")).unwrap() {
        let task = task.unwrap().path();
        // A thread may end in between.
        let status = std::fs::read_to_string(task.join("status")).unwrap_or_default();
        let switches = status.lines().filter_map(|line| line.split_once("ctxt_switches:"));
        done.sleeps += switches.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum::<u64>();
    }
    let stat = std::fs::read_to_string(process.join("stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    // proc(5): utime is field 14, stime field 15; field 3 follows the name.
    done.ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    done
}

/// Takes as long as reading the image a hundred times in another process, during which a polling loop would wake up
/// often.
fn meanwhile() {
    for _ in 0..100 {
        User::new().runs(&[&sample()]).ends_with(0);
    }
}

#[test]
fn idle_screen_does_not_wake_up() {
    let mut dive = open(USUAL);
    dive.press("G tab g down");
    dive.waits_until("all keys handled", |screen| screen.selects("busybox"));
    let before = stays_idle(&dive);
    dive.press("up");
    dive.waits_until("dive to respond again", |screen| screen.selects("bin"));
    assert!(done(&dive).sleeps > before.sleeps, "context switches after a key");
}

#[test]
fn idle_list_of_images_does_not_wake_up() {
    let sample = sample();
    let mut dive = Session::dive(User::new(), USUAL, &[&sample, "missing.tar"]);
    dive.waits_for("1 of 2 images read · 1 unread");
    stays_idle(&dive);
    dive.press("q").ends_with(0).is_restored();
}

/// Asserts that the program does nothing. Returns its work so far.
fn stays_idle(dive: &Session) -> Done {
    // Threads that read layers become idle one after the other.
    let mut before = done(dive);
    for _ in 0..10 {
        User::new().runs(&[&sample()]).ends_with(0);
        let now = done(dive);
        if now == before {
            break;
        }
        before = now;
    }
    meanwhile();
    assert_eq!(done(dive), before);
    before
}
