//! Parses numbers in header fields like Go's `archive/tar` (strconv.go): octal digits, or base-256 in two's complement
//! if the first bit is set.

/// Parses a field of 8 bytes.
pub(super) fn number8(field: [u8; 8]) -> Option<i64> {
    octal8(field).or_else(|| number(&field))
}

/// Parses a field of 12 bytes.
pub(super) fn number12(field: &[u8; 12]) -> Option<i64> {
    let [a, b, c, d, low @ ..] = *field;
    // The lower part has seven octal digits: 21 bits.
    if is_filled(low)
        && let (Some(high), Some(low)) = (digits4([a, b, c, d]), octal8(low))
    {
        return Some(high << 21 | low);
    }
    number(field)
}

/// Parses a checksum, which Go does not accept in base-256.
pub(super) fn octal_number(field: [u8; 8]) -> Option<i64> {
    octal8(field).or_else(|| octal(&field))
}

/// Parses the usual forms of a field: seven digits and a terminator, six digits and two terminators, or only NULs.
fn octal8(field: [u8; 8]) -> Option<i64> {
    let word = u64::from_be_bytes(field);
    let digits = if is_filled(field) {
        (word >> 8) ^ 0x30_3030_3030_3030
    } else if word == 0 {
        0
    } else if is_terminator(word) && is_terminator(word >> 8) {
        (word >> 16) ^ 0x3030_3030_3030
    } else {
        return None;
    };
    eight_digits(digits)
}

fn digits4(field: [u8; 4]) -> Option<i64> {
    eight_digits(u64::from(u32::from_be_bytes(field) ^ 0x3030_3030))
}

/// The value of eight digits in eight bytes, the last digit in the lowest byte; `None` if a byte is larger than 7.
/// Neighbours are merged in three steps: digits to pairs of 6 bits, pairs to 12 bits, these to 24 bits.
const fn eight_digits(digits: u64) -> Option<i64> {
    if digits & 0xf8f8_f8f8_f8f8_f8f8 != 0 {
        return None;
    }
    let pairs = (digits | digits >> 5) & 0x003f_003f_003f_003f;
    let fours = (pairs | pairs >> 10) & 0x0000_0fff_0000_0fff;
    Some(((fours | fours >> 20) & 0x00ff_ffff).cast_signed())
}

/// True if only the last byte of a field is a terminator.
const fn is_filled(field: [u8; 8]) -> bool {
    let word = u64::from_be_bytes(field);
    is_terminator(word) && !is_terminator(word >> 8)
}

/// True if the lowest byte is a NUL or a space.
const fn is_terminator(word: u64) -> bool {
    word & 0xdf == 0
}

/// Parses a field of any form.
#[cold]
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field),
        _ => octal(field),
    }
}

/// Parses base-256: the first bit marks the form, the second is the sign. All bits of a negative number are inverted.
fn base_256(field: &[u8]) -> Option<i64> {
    let is_negative = field.first().is_some_and(|first| first & 0x40 != 0);
    let invert = if is_negative { 0xff } else { 0 };
    let mut value = 0u64;
    for (at, byte) in field.iter().enumerate() {
        let bits = (byte ^ invert) & if at == 0 { 0x7f } else { 0xff };
        value = value.checked_mul(256)? | u64::from(bits);
    }
    let value = i64::try_from(value).ok()?;
    Some(if is_negative { !value } else { value })
}

/// Parses octal digits. Ignores spaces and NULs around them, and everything after a NUL. No digits mean 0.
fn octal(field: &[u8]) -> Option<i64> {
    let is_digit_or_junk = |byte: &u8| !matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(is_digit_or_junk) else { return Some(0) };
    let end = field.iter().rposition(is_digit_or_junk)? + 1;
    let digits = field[start..end].split(|byte| *byte == 0).next()?;
    // A field has at most 12 digits, so 64 bits cannot overflow.
    digits.iter().try_fold(0, |value, byte| match byte {
        b'0'..=b'7' => Some(value << 3 | i64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text`, padded with NULs to the length of a field.
    fn field<const N: usize>(text: &[u8]) -> [u8; N] {
        let mut field = [0; N];
        field[..text.len()].copy_from_slice(text);
        field
    }

    #[test]
    fn octal_digits_may_be_padded_in_any_way() {
        let cases: [(&[u8], i64); 12] = [
            (b"0000644\0", 0o644),
            (b"0000644 ", 0o644),
            (b"000644 \0", 0o644),
            (b"000644\0 ", 0o644),
            (b"00000644", 0o644),
            (b"7777777\0", 0o7_777_777),
            (b"77777777", 0o77_777_777),
            (b"   644 \0", 0o644),
            (b"644", 0o644),
            (b"12\0 zz4\0", 0o12),
            (b"       \0", 0),
            (b"", 0),
        ];
        for (text, value) in cases {
            assert_eq!(number8(field(text)), Some(value), "{}", text.escape_ascii());
            assert_eq!(octal_number(field(text)), Some(value), "{}", text.escape_ascii());
            assert_eq!(number12(&field(text)), Some(value), "{}", text.escape_ascii());
        }
        let cases: [(&[u8], i64); 5] = [
            (b"00000000644\0", 0o644),
            (b"0000000644 \0", 0o644),
            (b"77777777777 ", 0o77_777_777_777),
            (b"777777777777", 0o777_777_777_777),
            (b"12345670123\0", 0o12_345_670_123),
        ];
        for (text, value) in cases {
            assert_eq!(number12(&field(text)), Some(value), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn other_characters_are_refused() {
        let bad: [&[u8]; 9] =
            [b"12 34\0", b"12 \0zz4\0", b"12x", b"0o7", b"8", b"0000648\0", b"-1", b"+1", b"0000 44\0"];
        for text in bad {
            assert_eq!(number8(field(text)), None, "{}", text.escape_ascii());
            assert_eq!(number12(&field(text)), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn base_256_is_twos_complement_of_up_to_64_bits() {
        let cases: [([u8; 8], i64); 6] = [
            (*b"\x80\0\0\0\0\0\x01\x02", 258),
            (*b"\xff\xff\xff\xff\xff\xff\xff\xff", -1),
            (*b"\xff\xff\xff\xff\xff\xff\xff\xfe", -2),
            (*b"\x80\0\0\0\xff\xff\xff\xfe", 0xffff_fffe),
            (*b"\xbf\xff\xff\xff\xff\xff\xff\xff", 0x3fff_ffff_ffff_ffff),
            (*b"\xc0\0\0\0\0\0\0\0", -0x4000_0000_0000_0000),
        ];
        for (field, value) in cases {
            assert_eq!(number8(field), Some(value), "{}", field.escape_ascii());
            assert_eq!(octal_number(field), None, "{}", field.escape_ascii());
        }
        assert_eq!(number12(b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), Some(i64::MAX));
        assert_eq!(number12(b"\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"), Some(i64::MIN));
        assert_eq!(number12(b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number12(b"\x80\0\0\x01\0\0\0\0\0\0\0\0"), None);
        assert_eq!(number12(b"\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), None);
    }
}
