//! The number of the current match.

use super::arriving::reading;
use super::*;

/// The number of the current match and of all matches.
fn number(viewer: &Viewer) -> Option<(u64, u64)> {
    viewer.status().match_number.map(|MatchNumber { number, of }| (number, of))
}

#[test]
fn the_status_has_the_number_of_the_match() {
    let mut viewer = viewer(&numbered(1000), Form::Text, 10);
    find(&mut viewer, "line 99.$");
    assert_eq!(number(&viewer), Some((1, 10)));
    act(&mut viewer, Action::NextMatch);
    assert_eq!(number(&viewer), Some((2, 10)));
    act(&mut viewer, Action::PreviousMatch);
    act(&mut viewer, Action::PreviousMatch);
    assert_eq!((number(&viewer), viewer.status().search), (Some((10, 10)), SearchState::FoundWrapped));
    // Bytes are matched differently.
    viewer.act(Action::ToggleHex);
    assert_eq!(number(&viewer), None);
    act(&mut viewer, Action::NextMatch);
    assert_eq!(number(&viewer), None, "no row ends with a number: `$` is the end of the file");
    find(&mut viewer, "line 99");
    assert_eq!(number(&viewer), Some((2, 11)), "line 990 is on the screen");
    find(&mut viewer, "nowhere");
    assert_eq!(number(&viewer), None);
}

/// The match appears at once; only its number takes as long as the file is large.
#[test]
fn matches_are_counted_after_the_match_is_shown() {
    let mut viewer = viewer(&numbered(1000), Form::Text, 10);
    let Some(ViewerEffect::Search(request)) = viewer.search_for("line 9") else { panic!("no search") };
    let mut reports = Vec::new();
    search(&request, &AtomicBool::new(false), &mut |searched| reports.push(searched));
    let counting = reports.into_iter().filter_map(|report| viewer.searched(report)).collect();
    assert_eq!((viewer.status().search, number(&viewer)), (SearchState::Found, None));
    assert!(drawn(&viewer).contains(&"9|line 9".to_owned()));
    run(&mut viewer, counting);
    assert_eq!(number(&viewer), Some((1, 111)));
}

/// A count of a part would grow before the user's eyes.
#[test]
fn matches_are_counted_when_all_content_is_there() {
    let bytes = numbered(1000);
    let mut viewer = reading(&bytes);
    find(&mut viewer, "line 7");
    assert_eq!((viewer.status().search, number(&viewer)), (SearchState::Found, None));
    count(&mut viewer, &bytes);
    assert_eq!(number(&viewer), Some((1, 111)));
}
