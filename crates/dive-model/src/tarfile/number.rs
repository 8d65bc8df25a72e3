//! Numbers in header fields, as Go's `archive/tar` reads them (strconv.go): octal digits, or base-256 in two's complement
//! if the first bit is set.

/// The number in a field of 8 bytes.
pub(super) fn number8(field: [u8; 8]) -> Option<i64> {
    octal8(field).or_else(|| number(&field))
}

/// The number in a field of 12 bytes.
pub(super) fn number12(field: &[u8; 12]) -> Option<i64> {
    let [a, b, c, d, low @ ..] = *field;
    // The seven digits of the lower part are 21 bits.
    if is_filled(low)
        && let (Some(high), Some(low)) = (digits4([a, b, c, d]), octal8(low))
    {
        return Some(high << 21 | low);
    }
    number(field)
}

/// As [`number8`], without base-256: Go reads no checksum that way.
pub(super) fn octal_number(field: [u8; 8]) -> Option<i64> {
    octal8(field).or_else(|| octal(&field))
}

/// A field in one of the forms that nearly all have: seven digits and a terminator, six digits and two, or nothing but NUL.
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

/// The value of eight digits, a byte each and the last one lowest; none if a byte is larger than 7. Neighbours are merged:
/// digits to pairs of 6 bits, those to 12 bits, those to 24.
const fn eight_digits(digits: u64) -> Option<i64> {
    if digits & 0xf8f8_f8f8_f8f8_f8f8 != 0 {
        return None;
    }
    let pairs = (digits | digits >> 5) & 0x003f_003f_003f_003f;
    let fours = (pairs | pairs >> 10) & 0x0000_0fff_0000_0fff;
    Some(((fours | fours >> 20) & 0x00ff_ffff).cast_signed())
}

/// Whether only the last byte of a field is a terminator.
const fn is_filled(field: [u8; 8]) -> bool {
    let word = u64::from_be_bytes(field);
    is_terminator(word) && !is_terminator(word >> 8)
}

/// Whether the lowest byte is a NUL or a space.
const fn is_terminator(word: u64) -> bool {
    word & 0xdf == 0
}

/// Any other field.
#[cold]
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field),
        _ => octal(field),
    }
}

/// The first bit is a mark and the second one the sign; of a negative number all bits are inverted.
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

/// Spaces and NULs around the digits fall away, and so does what follows a NUL; no digits are 0.
fn octal(field: &[u8]) -> Option<i64> {
    let is_digit_or_junk = |byte: &u8| !matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(is_digit_or_junk) else { return Some(0) };
    let end = field.iter().rposition(is_digit_or_junk)? + 1;
    let digits = field[start..end].split(|byte| *byte == 0).next()?;
    // The longest field has 12 digits, so 64 bits cannot overflow.
    digits.iter().try_fold(0, |value, byte| match byte {
        b'0'..=b'7' => Some(value << 3 | i64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text`, filled with NULs to the length of a field.
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
    fn other_characters_make_no_number() {
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
