//! The viewer over content in memory and over content generated on read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::lines::LineCounter;
use super::*;
use crate::config::Action;
use dive_model::layer::content::SkipProgress;
use dive_model::tarfile::ReadAt;

mod arriving;
mod counting;

/// Content in memory.
pub(super) struct Memory(pub(super) Vec<u8>);

impl ReadAt for Memory {
    fn read_at(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        self.0[..].read_at(buf, at)
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// A viewer of `height` by 40 with all content available and its lines counted.
fn viewer(bytes: &[u8], form: Form, height: usize) -> Viewer {
    let mut viewer = opened(Content::new(Memory(bytes.to_vec())), form, height);
    count(&mut viewer, bytes);
    viewer
}

/// A viewer whose lines are not counted yet.
fn opened(content: Content, form: Form, height: usize) -> Viewer {
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(height, 40);
    let available = content.len();
    viewer.fetched(FetchReport { overlay_id: 1, event: FetchEvent::Opened { content, form, available } });
    viewer
}

fn send(viewer: &mut Viewer, event: FetchEvent) {
    let effects = viewer.fetched(FetchReport { overlay_id: 1, event });
    run(viewer, effects);
}

fn count(viewer: &mut Viewer, bytes: &[u8]) {
    let mut counter = LineCounter::new();
    for piece in bytes.chunks(1000) {
        counter.push(piece);
    }
    counter.finish();
    let (marks, counted) = counter.take();
    let available = bytes.len() as u64;
    send(viewer, FetchEvent::Progress { available, marks, counted });
    send(viewer, FetchEvent::Complete(LineCount::Known));
}

/// The visible rows, each as `label|text`.
fn drawn(viewer: &Viewer) -> Vec<String> {
    let label = |label| match label {
        RowLabel::None => "-".to_owned(),
        RowLabel::Line(line) => line.to_string(),
        RowLabel::Uncounted => "?".to_owned(),
        RowLabel::Continued => String::new(),
        RowLabel::Offset(offset) => format!("{offset:x}"),
    };
    viewer.rows().iter().map(|row| format!("{}|{}", label(row.label), row.text)).collect()
}

/// Runs a search as the event loop does.
fn find(viewer: &mut Viewer, pattern: &str) {
    let effect = viewer.search_for(pattern);
    searched(viewer, effect);
}

/// Applies an action and runs its search.
fn act(viewer: &mut Viewer, action: Action) {
    let effect = viewer.act(action);
    searched(viewer, effect);
}

fn searched(viewer: &mut Viewer, effect: Option<ViewerEffect>) {
    run(viewer, effect.into_iter().collect());
}

/// Runs the searches that the viewer requests, as the event loop does.
fn run(viewer: &mut Viewer, mut effects: Vec<ViewerEffect>) {
    while let Some(effect) = effects.pop() {
        if let ViewerEffect::Search(request) = effect {
            let mut reports = Vec::new();
            search(&request, &AtomicBool::new(false), &mut |searched| reports.push(searched));
            effects.extend(reports.into_iter().filter_map(|searched| viewer.searched(searched)));
        }
    }
}

/// An input of the user other than a search.
#[derive(Debug, Clone, Copy)]
enum UserInput {
    Key(Action),
    GoTo(u64),
}

impl UserInput {
    fn apply(self, viewer: &mut Viewer) {
        let _ = match self {
            Self::Key(action) => viewer.act(action),
            Self::GoTo(number) => viewer.go_to_number(number),
        };
    }
}

fn numbered(count: usize) -> Vec<u8> {
    (1..=count).flat_map(|line| format!("line {line}\n").into_bytes()).collect()
}

/// The first and the last visible row.
fn ends(viewer: &Viewer) -> (String, String) {
    let rows = drawn(viewer);
    (rows[0].clone(), rows[rows.len() - 1].clone())
}

fn pair(first: &str, last: &str) -> (String, String) {
    (first.to_owned(), last.to_owned())
}

#[test]
fn lines_are_numbered_with_any_line_ending() {
    let viewer = viewer(b"one\r\ntwo\n\n\tfour\r\nfive\rstill", Form::Text, 10);
    assert_eq!(drawn(&viewer), ["1|one", "2|two", "3|", "4|        four", "5|five\\x0dstill"]);
    assert_eq!(viewer.status().lines, Some(5));
    assert_eq!(viewer.status().percent, 100);
}

#[test]
fn scrolling_stops_at_both_ends_of_a_text() {
    let mut viewer = viewer(&numbered(100_000), Form::Text, 10);
    assert_eq!(ends(&viewer), pair("1|line 1", "10|line 10"));
    viewer.act(Action::Up);
    assert_eq!(ends(&viewer), pair("1|line 1", "10|line 10"));
    viewer.act(Action::PageDown);
    assert_eq!(ends(&viewer), pair("10|line 10", "19|line 19"));
    viewer.act(Action::Down);
    viewer.act(Action::PageUp);
    assert_eq!(ends(&viewer), pair("2|line 2", "11|line 11"));
    viewer.act(Action::LastRow);
    assert_eq!(ends(&viewer), pair("99991|line 99991", "100000|line 100000"));
    for action in [Action::Down, Action::PageDown] {
        viewer.act(action);
        assert_eq!(ends(&viewer), pair("99991|line 99991", "100000|line 100000"));
    }
    viewer.act(Action::PageUp);
    assert_eq!(ends(&viewer).0, "99982|line 99982");
    viewer.go_to_number(54_321);
    assert_eq!(ends(&viewer).0, "54321|line 54321");
    viewer.go_to_number(0);
    assert_eq!(ends(&viewer).0, "1|line 1");
    viewer.go_to_number(u64::MAX);
    assert_eq!(ends(&viewer).1, "100000|line 100000");
    viewer.act(Action::FirstRow);
    assert_eq!(ends(&viewer).0, "1|line 1");
}

#[test]
fn scrolling_up_visits_the_same_rows_as_scrolling_down() {
    // Line lengths around the maximum length of a row.
    let mut bytes = Vec::new();
    for line in 0..60 {
        bytes.extend(vec![b'x'; line * 331]);
        bytes.extend_from_slice("é\n".as_bytes());
    }
    let mut viewer = viewer(&bytes, Form::Text, 7);
    for wrap in [false, true] {
        if wrap {
            viewer.act(Action::ToggleWrap);
        }
        viewer.act(Action::FirstRow);
        let mut seen = vec![viewer.top];
        for _ in 0..300 {
            viewer.act(Action::Down);
            seen.push(viewer.top);
        }
        seen.dedup();
        assert!(seen.len() > 60, "wrap {wrap}");
        while let Some(top) = seen.pop() {
            assert_eq!(viewer.top, top, "{} left, wrap {wrap}", seen.len());
            viewer.act(Action::Up);
        }
    }
}

#[test]
fn a_line_over_4_kib_continues_in_unnumbered_rows() {
    let bytes = [&b"x".repeat(10_000)[..], b"\nnext\n"].concat();
    let viewer = viewer(&bytes, Form::Text, 10);
    let labels: Vec<_> = viewer.rows().iter().map(|row| row.label).collect();
    assert_eq!(labels, [RowLabel::Line(1), RowLabel::Continued, RowLabel::Continued, RowLabel::Line(2)]);
}

#[test]
fn long_lines_are_scrolled_or_wrapped() {
    let mut viewer = viewer("0123456789".repeat(10).as_bytes(), Form::Text, 5);
    viewer.act(Action::Left);
    assert_eq!(drawn(&viewer), ["1|0123456789012345678901234567890123"]);
    viewer.act(Action::Right);
    assert_eq!(drawn(&viewer), ["1|8901234567890123456789012345678901"]);
    for _ in 0..50 {
        viewer.act(Action::Right);
    }
    assert_eq!(drawn(&viewer), ["1|9"], "scrolling stops at the widest row");
    viewer.act(Action::ToggleWrap);
    assert_eq!(
        drawn(&viewer),
        [
            "1|0123456789012345678901234567890123",
            "|4567890123456789012345678901234567",
            "|89012345678901234567890123456789"
        ]
    );
}

#[test]
fn toggling_hex_keeps_the_position() {
    let mut viewer = viewer(&numbered(1000), Form::Hex, 3);
    viewer.resize(3, 80);
    assert_eq!(drawn(&viewer)[0], "0|6c 69 6e 65 20 31 0a 6c  69 6e 65 20 32 0a 6c 69  |line 1.line 2.li|");
    viewer.go_to_number(0x123);
    assert_eq!(ends(&viewer).0[..4], *"120|");
    viewer.act(Action::ToggleHex);
    assert_eq!(ends(&viewer).0, "38|line 38");
    viewer.act(Action::ToggleHex);
    assert_eq!(ends(&viewer).0[..4], *"110|");
    viewer.act(Action::LastRow);
    let rows = drawn(&viewer);
    assert!(rows.len() == 3 && rows[2].ends_with("1000.|"), "{rows:?}");
    viewer.act(Action::Down);
    assert_eq!(drawn(&viewer), rows);
    viewer.act(Action::FirstRow);
    viewer.act(Action::Down);
    assert_eq!(ends(&viewer).0[..3], *"10|");
}

#[test]
fn a_search_highlights_matches_and_wraps() {
    let mut viewer = viewer(&numbered(5000), Form::Text, 9);
    find(&mut viewer, "line 4[0-9]99$");
    assert_eq!(viewer.status().search, SearchState::Found);
    let at = viewer.rows().iter().position(|row| row.label == RowLabel::Line(4099)).unwrap();
    assert_eq!((at, &viewer.rows()[at].emphases[..]), (3, &[(0..9, Emphasis::CurrentMatch)][..]));
    for _ in 0..9 {
        act(&mut viewer, Action::NextMatch);
    }
    assert!(drawn(&viewer).contains(&"4999|line 4999".to_owned()));
    act(&mut viewer, Action::NextMatch);
    assert_eq!(viewer.status().search, SearchState::FoundWrapped);
    assert!(drawn(&viewer).contains(&"4099|line 4099".to_owned()));
    act(&mut viewer, Action::PreviousMatch);
    assert_eq!(viewer.status().search, SearchState::FoundWrapped);
    assert!(drawn(&viewer).contains(&"4999|line 4999".to_owned()));
    find(&mut viewer, "nowhere");
    assert_eq!(viewer.status().search, SearchState::NotFound);
    assert!(drawn(&viewer).contains(&"4999|line 4999".to_owned()), "the screen stays");
    find(&mut viewer, "(");
    assert_eq!(viewer.status().search, SearchState::Invalid("unclosed group".to_owned()));
}

#[test]
fn a_match_far_to_the_right_is_scrolled_to() {
    let bytes = ["x".repeat(3000), "needle".to_owned(), "x".repeat(3000)].concat();
    for wrap in [false, true] {
        let mut viewer = viewer(bytes.as_bytes(), Form::Text, 4);
        if wrap {
            viewer.act(Action::ToggleWrap);
        }
        find(&mut viewer, "needle");
        let marked =
            |row: &ViewerRow| row.emphases.iter().map(|(range, _)| row.text[range.clone()].to_owned()).collect();
        let marked: Vec<Vec<String>> = viewer.rows().iter().map(marked).collect();
        assert_eq!(marked.concat().concat(), "needle", "wrap {wrap}");
    }
}

#[test]
fn a_report_of_an_outdated_search_is_ignored() {
    let mut viewer = viewer(&numbered(50), Form::Text, 5);
    let Some(ViewerEffect::Search(first)) = viewer.search_for("40") else { panic!() };
    find(&mut viewer, "line 9");
    search(&first, &AtomicBool::new(false), &mut |searched| assert!(viewer.searched(searched).is_none()));
    assert!(!drawn(&viewer).contains(&"40|line 40".to_owned()));
    let overlay_id = 2;
    viewer.fetched(FetchReport { overlay_id, event: FetchEvent::Failed("of another viewer".to_owned()) });
    assert_eq!(viewer.status().phase, Phase::Complete);
}

/// Lines of 16 bytes generated on read. Counts the bytes read.
struct Endless {
    len: u64,
    read: Arc<AtomicU64>,
}

impl ReadAt for Endless {
    fn read_at(&self, buf: &mut [u8], at: u64) -> std::io::Result<usize> {
        let count = buf.len().min(self.len.saturating_sub(at) as usize);
        for (place, byte) in (at..).zip(&mut buf[..count]) {
            *byte =
                if place % 16 == 15 { b'\n' } else { b"0123456789abcdef"[(place >> (4 * (place % 16)) & 15) as usize] };
        }
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn len(&self) -> u64 {
        self.len
    }
}

/// A user who opens a large file must not wait for all of it, whatever their first key.
#[test]
fn each_key_reads_less_than_a_mebibyte_of_a_huge_file() {
    let read = Arc::new(AtomicU64::new(0));
    let content = Content::new(Endless { len: 200_000_000_000, read: Arc::clone(&read) });
    let mut viewer = opened(content, Form::Text, 50);
    assert_eq!(viewer.rows().len(), 50);
    let taken = |what: &str| {
        let bytes = read.swap(0, Ordering::Relaxed);
        assert!(bytes < 1 << 20, "{what} reads {bytes} bytes");
    };
    taken("opening");
    for input in [
        UserInput::Key(Action::PageDown),
        UserInput::Key(Action::LastRow),
        UserInput::Key(Action::PageUp),
        UserInput::Key(Action::Up),
        UserInput::Key(Action::ToggleHex),
        UserInput::Key(Action::PageUp),
        UserInput::GoTo(123_456_789_012),
        UserInput::Key(Action::ToggleHex),
        UserInput::Key(Action::PageDown),
        UserInput::Key(Action::ToggleWrap),
        UserInput::Key(Action::PageUp),
        UserInput::GoTo(1_000_000_000),
    ] {
        input.apply(&mut viewer);
        assert_eq!(viewer.rows().len(), 50, "{input:?}");
        taken(&format!("{input:?}"));
    }
    assert_eq!(viewer.status().pending_destination, Some(Destination::Line(1_000_000_000)), "until lines are counted");
}

#[test]
fn a_line_not_yet_counted_is_reached_when_it_is() {
    let bytes = numbered(30_000);
    let mut viewer = opened(Content::new(Memory(bytes.clone())), Form::Text, 5);
    viewer.go_to_number(20_000);
    assert_eq!(ends(&viewer).0, "1|line 1");
    count(&mut viewer, &bytes);
    assert_eq!(ends(&viewer).0, "20000|line 20000");
    assert_eq!(viewer.status().pending_destination, None);
}

#[test]
fn the_end_is_shown_before_its_lines_are_counted() {
    let bytes = numbered(30_000);
    let mut viewer = opened(Content::new(Memory(bytes.clone())), Form::Text, 5);
    viewer.act(Action::LastRow);
    assert_eq!(ends(&viewer), pair("?|line 29996", "?|line 30000"));
    viewer.act(Action::Up);
    assert_eq!(ends(&viewer), pair("?|line 29995", "?|line 29999"));
    count(&mut viewer, &bytes);
    assert_eq!(ends(&viewer), pair("29995|line 29995", "29999|line 29999"));
}

#[test]
fn the_last_row_follows_content_that_is_still_arriving() {
    let bytes = numbered(1000);
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(3, 40);
    let mut send = |event| viewer.fetched(FetchReport { overlay_id: 1, event });
    let content = Content::new(Memory(bytes.clone()));
    send(FetchEvent::Opened { content, form: Form::Text, available: 70 });
    viewer.act(Action::LastRow);
    assert_eq!(ends(&viewer).1, "10|line 10");
    let mut counter = LineCounter::new();
    counter.push(&bytes[..700]);
    let (marks, counted) = counter.take();
    viewer.fetched(FetchReport { overlay_id: 1, event: FetchEvent::Progress { available: 700, marks, counted } });
    assert!(ends(&viewer).1.starts_with("89|"), "{:?}", drawn(&viewer));
    count(&mut viewer, &bytes);
    assert_eq!(ends(&viewer).1, "1000|line 1000");
}

/// A user types the numbers of the gutter: in hex form, they are hexadecimal offsets.
#[test]
fn going_to_a_position_takes_the_numbers_of_the_gutter() {
    let mut viewer = viewer(&numbered(1000), Form::Text, 3);
    assert_eq!(viewer.destination_label(), "Go to line");
    assert!(viewer.go_to(" 120 ").unwrap().is_none());
    assert_eq!(ends(&viewer).0, "120|line 120");
    for wrong in ["", "1f", "0x10", "-1", "+1"] {
        assert_eq!(viewer.go_to(wrong).unwrap_err(), "type a line number, such as 42", "{wrong}");
    }
    viewer.act(Action::ToggleHex);
    assert_eq!(viewer.destination_label(), "Go to offset (hex)");
    for typed in ["120", "0x120", "0X12f"] {
        viewer.act(Action::FirstRow);
        assert!(viewer.go_to(typed).unwrap().is_none());
        assert_eq!(viewer.rows()[0].label, RowLabel::Offset(0x120), "{typed}");
    }
    for wrong in ["", "0x", "x", "-1"] {
        let reports = viewer.go_to(wrong).unwrap_err();
        assert_eq!(reports, "type a hexadecimal offset, such as 1f40", "{wrong}");
    }
    viewer.go_to("99999999999999999999").unwrap();
    assert_eq!(viewer.rows()[2].label, RowLabel::Offset(numbered(1000).len() as u64 / 16 * 16));
}

#[test]
fn a_failed_fetch_keeps_the_content_received() {
    let mut viewer = opened(Content::new(Memory(numbered(2))), Form::Text, 5);
    viewer.fetched(FetchReport { overlay_id: 1, event: FetchEvent::Failed("layer 3 is truncated".to_owned()) });
    assert_eq!(drawn(&viewer), ["1|line 1", "2|line 2"]);
    assert_eq!(viewer.status().phase, Phase::Failed("layer 3 is truncated".to_owned()));
    let mut nothing = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    nothing.resize(5, 40);
    nothing.fetched(FetchReport { overlay_id: 1, event: FetchEvent::Failed("layer 3 is \x1b[2J".to_owned()) });
    assert_eq!(drawn(&nothing), ["-|layer 3 is \\x1b[2J"]);
}

/// Content whose reads fail.
struct Broken;

impl ReadAt for Broken {
    fn read_at(&self, _: &mut [u8], _: u64) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is gone"))
    }

    fn len(&self) -> u64 {
        1000
    }
}

#[test]
fn a_failing_disk_is_reported_without_a_panic() {
    for form in [Form::Text, Form::Hex] {
        let mut viewer = opened(Content::new(Broken), form, 5);
        assert_eq!(drawn(&viewer), ["-|reading stopped: the disk is gone"]);
        for action in [Action::LastRow, Action::Down, Action::ToggleHex] {
            viewer.act(action);
        }
        viewer.go_to_number(7);
        find(&mut viewer, "x");
        assert!(matches!(viewer.status().search, SearchState::Failed(_)));
    }
}

#[test]
fn a_tiny_screen_does_not_panic() {
    for (height, width) in [(0, 0), (1, 1), (1, 6), (0, 80)] {
        let mut viewer = viewer("日本語\tx\n".repeat(100).as_bytes(), Form::Text, 5);
        viewer.resize(height, width);
        for input in [
            UserInput::Key(Action::Down),
            UserInput::Key(Action::PageDown),
            UserInput::Key(Action::ToggleWrap),
            UserInput::Key(Action::PageDown),
            UserInput::Key(Action::LastRow),
            UserInput::Key(Action::Up),
            UserInput::GoTo(50),
            UserInput::Key(Action::ToggleHex),
            UserInput::Key(Action::PageDown),
            UserInput::Key(Action::LastRow),
            UserInput::Key(Action::Right),
        ] {
            input.apply(&mut viewer);
            assert!(viewer.rows().len() <= height);
        }
    }
}
