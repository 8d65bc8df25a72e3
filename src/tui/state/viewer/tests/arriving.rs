//! Keys pressed while the content is still being fetched.

use super::*;

/// A viewer of `height` by 40 whose layer is still being decoded up to the file.
fn skipping(height: usize) -> Viewer {
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(height, 40);
    send(&mut viewer, FetchEvent::Skipping(SkipProgress { done: 1, total: 9 }));
    viewer
}

/// Delivers the whole content, with its lines counted.
fn deliver(viewer: &mut Viewer, bytes: &[u8], form: Form) {
    let content = Content::new(Memory(bytes.to_vec()));
    send(viewer, FetchEvent::Skipping(SkipProgress { done: 8, total: 9 }));
    send(viewer, FetchEvent::Opened { content, form, available: bytes.len() as u64 });
    count(viewer, bytes);
}

/// Otherwise a user has to wait for the layer before they can go to a line.
#[test]
fn jumps_requested_before_the_content_arrives_are_kept() {
    let mut viewer = skipping(3);
    viewer.act(Action::LastRow);
    deliver(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(ends(&viewer).1, "1000|line 1000");

    let mut viewer = skipping(3);
    viewer.go_to_number(500);
    deliver(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(ends(&viewer).0, "500|line 500");
    assert_eq!(viewer.status().pending_destination, None);
}

#[test]
fn a_search_started_before_the_content_arrives_finds_its_match() {
    let mut viewer = skipping(9);
    find(&mut viewer, "line 777$");
    assert_eq!(viewer.status().search, SearchState::Waiting);
    deliver(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(viewer.status().search, SearchState::Found);
    assert!(drawn(&viewer).contains(&"777|line 777".to_owned()));

    for event in [FetchEvent::Failed("truncated".to_owned()), FetchEvent::Complete(LineCount::Unknown)] {
        let mut nothing = skipping(9);
        find(&mut nothing, "x");
        send(&mut nothing, event);
        assert_eq!(nothing.status().search, SearchState::NotFound, "no content arrived");
        act(&mut nothing, Action::NextMatch);
        assert_eq!(nothing.status().search, SearchState::NotFound);
    }
}

/// A viewer with the first 70 bytes of `bytes` available: ten numbered lines.
pub(super) fn reading(bytes: &[u8]) -> Viewer {
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(9, 40);
    let content = Content::new(Memory(bytes.to_vec()));
    send(&mut viewer, FetchEvent::Opened { content, form: Form::Text, available: 70 });
    viewer
}

/// "No match" would be wrong while only the start of the file is searched.
#[test]
fn a_search_without_a_match_yet_reports_its_extent_and_continues() {
    let bytes = numbered(1000);
    for (pattern, then) in [("line 777$", SearchState::Found), ("nowhere", SearchState::NotFound)] {
        let mut viewer = reading(&bytes);
        find(&mut viewer, pattern);
        assert_eq!(viewer.status().search, SearchState::NotFoundYet(70));
        let (marks, counted) = (Vec::new(), RowStart::START);
        send(&mut viewer, FetchEvent::Progress { available: 200, marks, counted });
        assert_eq!(viewer.status().search, SearchState::NotFoundYet(200));
        count(&mut viewer, &bytes);
        assert_eq!(viewer.status().search, then, "{pattern}");
    }
}

#[test]
fn a_late_match_does_not_move_a_user_who_scrolled_away() {
    let bytes = numbered(1000);
    let mut viewer = reading(&bytes);
    find(&mut viewer, "line 777$");
    viewer.act(Action::Down);
    let top = ends(&viewer).0;
    count(&mut viewer, &bytes);
    assert_eq!(ends(&viewer).0, top);
    act(&mut viewer, Action::NextMatch);
    assert_eq!(viewer.status().search, SearchState::Found);
}

/// In hex form, the line becomes the row with its first byte.
#[test]
fn a_line_requested_before_the_content_turns_out_binary_is_reached() {
    let mut viewer = skipping(3);
    viewer.go_to_number(500);
    deliver(&mut viewer, &numbered(1000), Form::Hex);
    // 9 lines of 7 bytes, 90 of 8, 400 of 9.
    assert_eq!(viewer.rows()[0].label, RowLabel::Offset((9 * 7 + 90 * 8 + 400 * 9) / 16 * 16));
}

#[test]
fn an_offset_not_yet_available_is_reached_when_it_arrives() {
    let bytes = numbered(1000);
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(3, 40);
    let content = Content::new(Memory(bytes.clone()));
    send(&mut viewer, FetchEvent::Opened { content, form: Form::Hex, available: 70 });
    viewer.go_to_number(0x800);
    count(&mut viewer, &bytes);
    assert_eq!(viewer.rows()[0].label, RowLabel::Offset(0x800));
}
