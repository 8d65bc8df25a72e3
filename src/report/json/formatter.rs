//! Formats JSON like `serde_json`, with all control characters escaped. JSON only requires that below U+0020, but U+007F to
//! U+009F control terminals too.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};

/// The indented format of `serde_json` with more escapes.
pub(super) type PrintableFormatter = Printable<PrettyFormatter<'static>>;

/// A formatter that escapes more letters than `F`.
#[derive(Default)]
pub(super) struct Printable<F>(F);

// Inlined as the methods of serde_json are: each is called for every value of the document.
impl<F: Formatter> Formatter for Printable<F> {
    #[inline]
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        if may_hold_controls(fragment.as_bytes()) {
            while let Some(at) = rest.find(|letter| matches!(letter, '\u{7f}'..='\u{9f}')) {
                writer.write_all(&rest.as_bytes()[..at])?;
                let mut after = rest[at..].chars();
                if let Some(letter) = after.next() {
                    write!(writer, "\\u{:04x}", u32::from(letter))?;
                }
                rest = after.as_str();
            }
        }
        writer.write_all(rest.as_bytes())
    }

    #[inline]
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    #[inline]
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    #[inline]
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    #[inline]
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    #[inline]
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    #[inline]
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    #[inline]
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    #[inline]
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    #[inline]
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// True if a byte exceeds 0x7E. Compares eight bytes at a time, because nearly all text has none.
fn may_hold_controls(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let in_words = words.iter().any(|word| {
        let word = u64::from_ne_bytes(*word);
        // Adding one sets the high bit of 0x7F. Only 0xFF carries into the next byte, and its own high bit is set.
        (word | word.wrapping_add(ONES)) & HIGH_BITS != 0
    });
    in_words || rest.iter().any(|byte| *byte > 0x7e)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    fn printed(value: &serde_json::Value) -> String {
        let mut out = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, PrintableFormatter::default())).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_are_escaped_and_read_back() {
        let value = serde_json::json!({"a\u{7f}": ["\u{80}\u{9f}\u{a0}é\u{1b}", {}, []], "n": 1.5});
        let text = printed(&value);
        assert!(text.contains("a\\u007f") && text.contains("\\u0080\\u009f\u{a0}é\\u001b"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_control_character_is_escaped_at_any_offset() {
        for before in 0..20 {
            for (letter, escape) in [('\u{7f}', "\\u007f"), ('\u{9f}', "\\u009f")] {
                let text = format!("{}{letter}{}", "~".repeat(before), "é".repeat(before));
                let printed = printed(&serde_json::json!(text));
                assert_eq!(printed, format!("\"{}\"", text.replace(letter, escape)));
            }
        }
    }

    #[test]
    fn other_text_is_printed_as_by_serde_json() {
        let value = serde_json::json!({"a": [1, {"b": "© Â x"}, [], {}], "c": null});
        assert_eq!(printed(&value), serde_json::to_string_pretty(&value).unwrap());
    }
}
