//! Unquotes strings like Go: invalid characters become U+FFFD.

use std::borrow::Cow;

/// Unquotes `raw`, the bytes between quotation marks, whose escapes must be valid.
pub(super) fn unquote(raw: &[u8]) -> Cow<'_, str> {
    if !raw.contains(&b'\\')
        && let Ok(text) = std::str::from_utf8(raw)
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        push_bytes(&mut text, &rest[..at]);
        rest = push_escape(&mut text, &rest[at + 1..]);
    }
    push_bytes(&mut text, rest);
    Cow::Owned(text)
}

/// Go replaces each byte of an invalid sequence; `from_utf8_lossy` replaces a whole sequence.
fn push_bytes(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

/// Appends the character of an escape without its backslash. Returns the rest.
fn push_escape<'a>(text: &mut String, escape: &'a [u8]) -> &'a [u8] {
    let Some((letter, rest)) = escape.split_first() else { return escape };
    text.push(match letter {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return push_unicode(text, rest),
        other => char::from(*other),
    });
    rest
}

/// Appends the character of `\u` and `digits`. A lone surrogate becomes U+FFFD, and the next escape is read separately.
fn push_unicode<'a>(text: &mut String, digits: &'a [u8]) -> &'a [u8] {
    let Some((first, rest)) = code_unit(digits) else { return digits };
    let second = rest.strip_prefix(b"\\u").and_then(code_unit);
    if let Some((second, behind)) = second
        && let [Ok(pair)] = char::decode_utf16([first, second]).collect::<Vec<_>>()[..]
    {
        text.push(pair);
        return behind;
    }
    text.push(char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

/// The value of four hexadecimal digits, and the rest.
fn code_unit(digits: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = digits.split_at_checked(4)?;
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}
