//! Input decoding: each key of a terminal works, and no incomplete sequence swallows the next key.

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseEvent};

use super::{DecoderState, InputDecoder};
use crate::tui::background::{Background, TerminalReply};
use crate::tui::keymap::key_press;

/// Names events; keys have their names in the configuration.
fn named(events: impl IntoIterator<Item = Event>) -> String {
    let name = |event| match event {
        Event::Key(KeyEvent { kind: KeyEventKind::Release, .. }) => "release".to_owned(),
        Event::Key(key) => key_press(&key).map_or_else(|| "?".to_owned(), |press| press.to_string()),
        Event::Paste(text) => format!("paste {text:?}"),
        Event::Mouse(MouseEvent { kind, column, row, .. }) => format!("{kind:?} {column},{row}"),
        other => format!("{other:?}"),
    };
    events.into_iter().map(name).collect::<Vec<_>>().join(" ")
}

fn decoded(bytes: &[u8]) -> String {
    named(InputDecoder::default().feed(bytes))
}

#[test]
fn every_key_of_a_terminal_is_decoded() {
    for (bytes, keys) in [
        (&b"q G\r\t\x7f"[..], "q space G enter tab backspace"),
        (b"\x03\x00\x1c\x1f\x0d", "ctrl+c ctrl+space ctrl+backslash ctrl+slash enter"),
        ("é日👍".as_bytes(), "é 日 👍"),
        (b"\x1b", "esc"),
        (b"\x1b\x1b", "esc esc"),
        (b"\x1bx\x1b\x7f", "alt+x alt+backspace"),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F\x1b[Z", "up down right left home end shift+tab"),
        (b"\x1bOA\x1bOP\x1bOS\x1bOM", "up f1 f4 enter"),
        (b"\x1b[2~\x1b[3~\x1b[5~\x1b[6~\x1b[15~\x1b[24~", "insert delete pgup pgdn f5 f12"),
        (b"\x1b[1;5C\x1b[1;2A\x1b[5;3~", "ctrl+right shift+up alt+pgup"),
        (b"\x1b[[A\x1b[[E", "f1 f5"),
        (b"\x1b[109;5u\x1b[27u\x1b[13u\x1b[9;2u\x1b[57414u\x1b[57399u", "ctrl+m esc enter shift+tab enter 0"),
        (b"\x1b[97;5:3u\x1b[97;5:2u", "release ctrl+a"),
        (b"\x1b[27;5;109~", "ctrl+m"),
        (b"\x1b[I\x1b[O", "FocusGained FocusLost"),
    ] {
        assert_eq!(decoded(bytes), keys, "{}", bytes.escape_ascii());
    }
}

#[test]
fn mouse_reports_have_their_button_and_cell() {
    for (bytes, events) in [
        (&b"\x1b[<0;3;4M\x1b[<0;3;4m"[..], "Down(Left) 2,3 Up(Left) 2,3"),
        (
            b"\x1b[<32;3;4M\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<35;1;1M",
            "Drag(Left) 2,3 ScrollUp 0,0 ScrollDown 0,0 Moved 0,0",
        ),
        (b"\x1b[M !!", "Down(Left) 0,0"),
        (b"\x1b[32;3;4M", "Down(Left) 2,3"),
        (b"\x1b[<0;0;0M\x1b[<0;99999;1M\x1b[<0;1Mq", "q"),
    ] {
        assert_eq!(decoded(bytes), events, "{}", bytes.escape_ascii());
    }
}

#[test]
fn responses_of_the_terminal_are_not_keys() {
    assert_eq!(decoded(b"\x1b[?1;2c\x1b[>0;276;0c\x1b[12;40R\x1b[?1uq"), "q");
}

#[test]
fn a_sequence_split_between_reads_is_one_event() {
    let bytes = "\u{1b}[<0;3;4M\u{1b}[1;5C\u{1b}[200~a\nb\u{1b}[201~é\u{1b}[109;5u";
    let whole = decoded(bytes.as_bytes());
    assert_eq!(whole, "Down(Left) 2,3 ctrl+right paste \"a\\nb\" é ctrl+m");
    // An ESC at the end of a read is the key, so no read may end there.
    for at in (1..bytes.len()).filter(|at| bytes.as_bytes()[at - 1] != 0x1b) {
        let mut decoder = InputDecoder::default();
        let (start, end) = bytes.as_bytes().split_at(at);
        let events = [decoder.feed(start), decoder.feed(end)].concat();
        assert_eq!(named(events), whole, "cut at {at}");
        assert_eq!(decoder.state(), DecoderState::Idle);
    }
}

const UNFINISHED: [&[u8]; 14] = [
    b"\x1b[",
    b"\x1bO",
    b"\x1b[<",
    b"\x1b[<0;",
    b"\x1b[<0;12;3",
    b"\x1b[1;",
    b"\x1b[?",
    b"\x1b[[",
    b"\x1b[M",
    b"\x1b[M!",
    b"\x1b[200~",
    b"\x1b[200~text",
    b"\x1b[200~text\x1b[201",
    b"\xf0\x9f",
];

#[test]
fn ctrl_c_works_after_any_incomplete_sequence() {
    for start in UNFINISHED {
        let keys = decoded(&[start, b"\x03"].concat());
        assert!(keys.ends_with("ctrl+c"), "{}: {keys}", start.escape_ascii());
    }
    assert_eq!(decoded(b"\x1b[<q\x1b[<0;1q"), "q q");
}

#[test]
fn the_next_key_works_after_a_timeout() {
    for start in UNFINISHED {
        let mut decoder = InputDecoder::default();
        assert_eq!(named(decoder.feed(start)), "");
        assert_ne!(decoder.state(), DecoderState::Idle, "{}", start.escape_ascii());
        let _ = decoder.flush();
        assert_eq!(decoder.state(), DecoderState::Idle);
        assert_eq!(named(decoder.feed(b"q")), "q", "{}", start.escape_ascii());
    }
    let mut decoder = InputDecoder::default();
    decoder.feed(b"\x1b[200~half a te");
    assert_eq!(named(decoder.flush()), "paste \"half a te\"");
    decoder.feed(b"\x1b[");
    assert_eq!(named(decoder.flush()), "alt+[");
}

#[test]
fn pending_bytes_stay_bounded_for_random_input() {
    let mut state = 7_u32;
    let mut decoder = InputDecoder::default();
    for _ in 0..20_000 {
        let mut bytes = Vec::new();
        for _ in 0..8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let choice = usize::try_from(state >> 24).unwrap();
            bytes.extend_from_slice(UNFINISHED.get(choice).copied().unwrap_or(&[choice as u8]));
        }
        decoder.feed(&bytes);
        assert!(decoder.pending.len() <= 128, "{}", decoder.pending.escape_ascii());
    }
    let _ = decoder.flush();
    assert_eq!(named(decoder.feed(b"\x03")), "ctrl+c");
}

/// The responses to the query for the background, whole and in pieces; keys beside them still work.
#[test]
fn responses_of_the_terminal_are_no_keys() {
    let light = TerminalReply::Background(Background::Light);
    let dark = TerminalReply::Background(Background::Dark);
    for (bytes, replies, keys) in [
        (&b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;4c"[..], vec![light, TerminalReply::Attributes], ""),
        (b"a\x1b]11;rgb:0000/0000/0000\x07b", vec![dark], "a b"),
        (b"\x1b[?6c", vec![TerminalReply::Attributes], ""),
        (b"\x1b]11;nonsense\x07q", vec![], "q"),
        (b"\x1b]10;rgb:ffff/ffff/ffff\x07q", vec![], "q"),
        (b"\x1b]11;rgb:ffff\x03q", vec![], "ctrl+c q"),
        (b"\x1b]q", vec![], "alt+] q"),
        (b"\x1b]11;rgb:ffff/ffff/ffff\x1b[A", vec![], "up"),
    ] {
        let mut whole = InputDecoder::default();
        assert_eq!(named(whole.feed(bytes)), keys, "{bytes:?}");
        assert_eq!(whole.take_replies(), replies, "{bytes:?}");
        for cut in 1..bytes.len() {
            // An ESC at the end of a read is the key.
            if bytes[cut - 1] == 0x1b {
                continue;
            }
            let mut pieces = InputDecoder::default();
            let events: Vec<Event> =
                [&bytes[..cut], &bytes[cut..]].into_iter().flat_map(|piece| pieces.feed(piece)).collect();
            assert_eq!((named(events).as_str(), pieces.take_replies()), (keys, replies.clone()), "{bytes:?} {cut}");
        }
    }
    let mut typed = InputDecoder::default();
    assert_eq!(named(typed.feed(b"\x1b]")), "");
    assert_eq!(named(typed.flush()), "alt+]");
    let endless = [b"\x1b]11;".as_slice(), &[b'x'; 100]].concat();
    let mut decoder = InputDecoder::default();
    decoder.feed(&endless);
    assert_eq!(decoder.state(), DecoderState::Idle, "no response is that long");
}
