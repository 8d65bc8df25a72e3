//! Text layout and input decoding of the screen, for fuzz targets.

use super::text;

/// Escapes a name for a line of `columns`.
#[must_use]
pub fn name(bytes: &[u8], columns: usize) -> String {
    text::name(bytes, columns)
}

/// Wraps a text to lines of at most `columns`.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    text::wrap(&text::printable(text), columns)
}

/// Width of `text` in columns.
#[must_use]
pub fn columns(text: &str) -> usize {
    text::columns(text)
}

/// Decodes `pieces` of terminal input. Returns the events, and whether the decoder still holds incomplete input after its
/// timeout.
#[cfg(unix)]
#[must_use]
pub fn decode(pieces: &[&[u8]]) -> (Vec<crossterm::event::Event>, bool) {
    let mut decoder = super::decoder::InputDecoder::default();
    let mut events: Vec<_> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
    events.extend(decoder.flush());
    (events, decoder.state() != super::decoder::DecoderState::Idle)
}
