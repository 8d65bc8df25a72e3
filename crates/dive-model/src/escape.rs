//! Escapes names for printing. Names in a tar are arbitrary bytes: they must not break lines or columns, nor control
//! the terminal.

use std::fmt;

/// Formats a name for columns and lines: `\\`, `\t`, `\n`, `\r`, and other control bytes and bytes that are not UTF-8
/// as `\xNN`. The escaping is reversible.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut rest = chunk.valid();
            // Unicode's C1 controls (U+0080 to U+009F) also control terminals.
            while let Some(at) = rest.find(|letter: char| letter == '\\' || letter.is_control()) {
                f.write_str(&rest[..at])?;
                let mut after = rest[at..].chars();
                match after.next() {
                    Some('\\') => f.write_str("\\\\")?,
                    Some('\t') => f.write_str("\\t")?,
                    Some('\n') => f.write_str("\\n")?,
                    Some('\r') => f.write_str("\\r")?,
                    Some(control) => escape_bytes(control.encode_utf8(&mut [0; 4]).as_bytes(), f)?,
                    None => {}
                }
                rest = after.as_str();
            }
            f.write_str(rest)?;
            escape_bytes(chunk.invalid(), f)?;
        }
        Ok(())
    }
}

/// True for characters that reorder or break a line, or are invisible. They are escaped on a terminal and on standard
/// error; listings in a pipe keep them.
#[must_use]
pub const fn is_hidden(letter: char) -> bool {
    matches!(
        letter,
        // Formats (general category Cf).
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            // Line breaks.
            | '\u{2028}' | '\u{2029}'
            // Fillers, joiners and variation selectors.
            | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            // Tags, more variation selectors, what is reserved for formats, and what is no character.
            | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
    ) || letter as u32 & 0xfffe == 0xfffe
}

/// True for characters that break or reorder a line although they are not controls: some programs split lines at U+2028
/// and U+2029, and bidirectional controls reorder a line in a browser.
#[must_use]
pub const fn breaks_or_reorders(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Maximum number of combining marks on one character on the screen. Real scripts need two or three.
pub const MAX_MARKS: usize = 4;

fn escape_bytes(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_controls_and_line_breaks_are_escaped() {
        let shown = |name: &[u8]| Escaped(name).to_string();
        assert_eq!(shown("päx/日本".as_bytes()), "päx/日本");
        assert_eq!(shown(b"a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
        assert_eq!(shown(b"\x1b[2J\x7f"), "\\x1b[2J\\x7f");
        assert_eq!(shown(b"caf\xe9"), "caf\\xe9");
        assert_eq!(shown("\u{9b}31m".as_bytes()), "\\xc2\\x9b31m");
    }
}
