//! What a file is that is no image archive, told from its first bytes: the message "it is a ZIP file" saves the user
//! the search that "invalid tar header" starts.

/// What data is that starts with `first` and is no tar.
pub(super) fn describe(first: &[u8]) -> &'static str {
    match first {
        [] => "empty",
        [b'P', b'K', 3 | 5 | 7, _, ..] => "a ZIP file",
        [0x1f, 0x8b, ..] => "gzip data inside the compressed file, and only one wrapping is taken off",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd data inside the compressed file, and only one wrapping is taken off",
        [0x7f, b'E', b'L', b'F', ..] => "an ELF program",
        [b'h', b's', b'q', b's', ..] => "a squashfs file system",
        [b'7', b'z', 0xbc, 0xaf, ..] => "a 7-Zip file",
        [b'R', b'a', b'r', b'!', ..] => "a RAR file",
        [b'Q', b'F', b'I', 0xfb, ..] => "a QCOW disk image",
        _ => describe_text(first),
    }
}

fn describe_text(first: &[u8]) -> &'static str {
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        // The last character may be cut where the sample ends.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    if text.is_empty() || text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) {
        return "data of no format that images come in";
    }
    match text.trim_start().as_bytes() {
        [b'{' | b'[', ..] => "a JSON document",
        [b'<', ..] => "an HTML or XML document (an error page that was saved?)",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_user_is_told_what_they_passed() {
        assert_eq!(describe(b"PK\x03\x04"), "a ZIP file");
        assert_eq!(describe(b" {\"schemaVersion\": 2}"), "a JSON document");
        assert_eq!(describe(b"FROM alpine\n"), "text");
        assert_eq!(describe("FROM alpine # caf\u{e9}".as_bytes().split_last().unwrap().1), "text");
        assert_eq!(describe(&[0, 200, 7]), "data of no format that images come in");
    }
}
