//! Responses of a registry: the headers `WWW-Authenticate` and `Retry-After`, and error bodies.

use dive_sources::testing::{choose_challenge, error_details, retry_after};

pub(crate) fn run(input: &[u8]) {
    let details = error_details(input);
    assert!(!details.chars().any(char::is_control), "{details:?}");
    let Ok(text) = std::str::from_utf8(input) else { return };
    match choose_challenge(text.lines()) {
        Ok((scheme, realm)) => assert_eq!(scheme == "Bearer", realm.is_some()),
        Err(asked) => assert!(!asked.is_empty()),
    }
    let _ = retry_after(text, 1_700_000_000);
}
