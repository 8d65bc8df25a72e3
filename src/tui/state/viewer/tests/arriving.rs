//! Keys that are pressed while the content is still coming.

use super::*;

/// A viewer of `height` by 40 whose layer is still being unpacked up to the file.
fn skipping(height: usize) -> Viewer {
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(height, 40);
    say(&mut viewer, FetchNews::Skipped(SkipProgress { done: 1, total: 9 }));
    viewer
}

/// Lets the whole content come, its lines counted.
fn come(viewer: &mut Viewer, bytes: &[u8], form: Form) {
    let content = Content::new(Memory(bytes.to_vec()));
    say(viewer, FetchNews::Skipped(SkipProgress { done: 8, total: 9 }));
    say(viewer, FetchNews::Opened { content, form, available: bytes.len() as u64 });
    count(viewer, bytes);
}

/// Who knows where they want to be need not wait for the layer to be unpacked before they press the key.
#[test]
fn keys_that_are_pressed_while_a_layer_is_unpacked_are_not_lost() {
    let mut viewer = skipping(3);
    viewer.act(Action::LastRow);
    come(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(ends(&viewer).1, "1000|line 1000");

    let mut viewer = skipping(3);
    viewer.go_to_number(500);
    come(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(ends(&viewer).0, "500|line 500");
    assert_eq!(viewer.status().waits_for, None);
}

#[test]
fn what_is_searched_while_a_layer_is_unpacked_is_found_when_it_comes() {
    let mut viewer = skipping(9);
    find(&mut viewer, "line 777$");
    assert_eq!(viewer.status().search, SearchState::Waiting);
    come(&mut viewer, &numbered(1000), Form::Text);
    assert_eq!(viewer.status().search, SearchState::Found);
    assert!(drawn(&viewer).contains(&"777|line 777".to_owned()));

    for news in [FetchNews::Failed("cut off".to_owned()), FetchNews::Complete(Lines::Uncounted)] {
        let mut nothing = skipping(9);
        find(&mut nothing, "x");
        say(&mut nothing, news);
        assert_eq!(nothing.status().search, SearchState::NotFound, "nothing came");
        act(&mut nothing, Action::NextMatch);
        assert_eq!(nothing.status().search, SearchState::NotFound);
    }
}

/// A viewer of numbered lines of which the first 70 bytes, ten lines, are there.
fn reading(bytes: &[u8]) -> Viewer {
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(9, 40);
    let content = Content::new(Memory(bytes.to_vec()));
    say(&mut viewer, FetchNews::Opened { content, form: Form::Text, available: 70 });
    viewer
}

/// That there is no match in a file of which only the start was looked at would be a lie.
#[test]
fn a_search_that_finds_nothing_yet_says_how_far_it_looked_and_goes_on() {
    let bytes = numbered(1000);
    for (pattern, then) in [("line 777$", SearchState::Found), ("nowhere", SearchState::NotFound)] {
        let mut viewer = reading(&bytes);
        find(&mut viewer, pattern);
        assert_eq!(viewer.status().search, SearchState::NotFoundYet(70));
        let (marks, counted) = (Vec::new(), Place::START);
        say(&mut viewer, FetchNews::Progress { available: 200, marks, counted });
        assert_eq!(viewer.status().search, SearchState::NotFoundYet(200));
        count(&mut viewer, &bytes);
        assert_eq!(viewer.status().search, then, "{pattern}");
    }
}

#[test]
fn who_goes_elsewhere_is_not_torn_away_by_a_match_that_comes_later() {
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

/// What was a line when it was asked for is the row with its first byte when the file turns out to be no text.
#[test]
fn a_line_of_what_turns_out_to_be_bytes_is_gone_to_as_well() {
    let mut viewer = skipping(3);
    viewer.go_to_number(500);
    come(&mut viewer, &numbered(1000), Form::Hex);
    // 9 lines of 7 bytes, 90 of 8, 400 of 9.
    assert_eq!(viewer.rows()[0].label, RowLabel::Offset((9 * 7 + 90 * 8 + 400 * 9) / 16 * 16));
}

#[test]
fn a_byte_that_is_not_unpacked_yet_is_gone_to_when_it_is() {
    let bytes = numbered(1000);
    let mut viewer = Viewer::new(1, b"/f".to_vec(), Phase::Reading);
    viewer.resize(3, 40);
    let content = Content::new(Memory(bytes.clone()));
    say(&mut viewer, FetchNews::Opened { content, form: Form::Hex, available: 70 });
    viewer.go_to_number(0x800);
    count(&mut viewer, &bytes);
    assert_eq!(viewer.rows()[0].label, RowLabel::Offset(0x800));
}
