//! Unterminated sequences and pastes, as from a bad connection or a binary file.

use super::{USUAL, open};
use crate::place::Corpus;

#[test]
fn unterminated_sequence_does_not_block_keys() {
    for start in
        ["\x1b[<", "\x1b[<0;", "\x1b[<0;12;3", "\x1b[", "\x1b[1;", "\x1b[M", "\x1b[200~", "\x1b[200~text\x1b[201"]
    {
        let mut dive = open(USUAL);
        dive.sends(start.as_bytes()).sends(b"\x03").ends_with(0).is_restored();
    }
    let mut dive = open(USUAL);
    dive.sends(b"\x1b[<0;1q").ends_with(0).is_restored();
}

#[test]
fn unterminated_paste_ends_after_a_timeout() {
    let mut dive = open(USUAL);
    dive.press("tab slash").sends(b"\x1b[200~etc/pas");
    dive.waits_until("the pasted text", |screen| screen.has("Filter: ") && screen.has("etc/pas"));
    dive.types("swd");
    dive.waits_for("etc/passwd");
    dive.press("ctrl+c q").ends_with(0).is_restored();
}

/// Random bytes with cut sequences, after which keys once stopped working.
#[test]
fn random_input_does_not_block_quitting() {
    let Some(corpus) = Corpus::here() else { return };
    let keys = std::fs::read(corpus.path("hostile/chaos-noexit-7-22.keys")).unwrap();
    let mut dive = open(USUAL);
    dive.sends(&[keys.as_slice(), &[3; 12]].concat()).ends_with(0).is_restored();
}
