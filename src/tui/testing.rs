//! What the screen makes of bytes from images and terminals, for fuzz targets.

use super::text;

/// A name as it stands in a line of `columns`.
#[must_use]
pub fn name(bytes: &[u8], columns: usize) -> String {
    text::name(bytes, columns)
}

/// Text in lines of at most `columns`.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    text::wrap(&text::printable(text), columns)
}

/// How many columns `text` takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text::columns(text)
}

/// The events in `pieces` of a terminal's bytes, after which nothing follows, and whether the decoder waits for more after it gave
/// up.
#[cfg(unix)]
#[must_use]
pub fn decode(pieces: &[&[u8]]) -> (Vec<crossterm::event::Event>, bool) {
    let mut decoder = super::decoder::InputDecoder::default();
    let mut events: Vec<_> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
    events.extend(decoder.flush());
    (events, decoder.state() != super::decoder::DecoderState::Idle)
}
