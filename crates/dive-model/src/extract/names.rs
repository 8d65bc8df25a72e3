//! Which names may be written. The tree holds none that leaves its directory; what stands here makes sure of it where it
//! counts, and knows the names that mean something else on Windows.

/// Whose names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Any bytes but NUL and the slash.
    Unix,
    /// Text, without what Windows reads as part of a path, a stream or a device (Microsoft, "Naming Files, Paths, and
    /// Namespaces").
    Windows,
}

/// Those of this machine.
pub(super) const HERE: Rules = if cfg!(windows) { Rules::Windows } else { Rules::Unix };

/// Names of devices on Windows, whatever extension follows.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Why `name` cannot be the name of a file, if it cannot.
pub(super) fn refused(name: &[u8], rules: Rules) -> Option<&'static str> {
    match name {
        b"" => return Some("it has no name"),
        b"." | b".." => return Some("its name is that of a directory above"),
        _ if name.contains(&b'/') => return Some("its name has a slash in it"),
        _ if name.contains(&0) => return Some("its name has a NUL byte in it"),
        _ => {}
    }
    if rules == Rules::Unix {
        return None;
    }
    let Ok(text) = std::str::from_utf8(name) else { return Some("its name is not text, which Windows needs") };
    if text.chars().any(|letter| letter.is_ascii_control() || r#"<>:"\|?*"#.contains(letter)) {
        return Some("its name has a character that Windows does not take");
    }
    if text.ends_with(['.', ' ']) {
        return Some("its name ends in a dot or a space, which Windows drops");
    }
    let stem = text.split('.').next().unwrap_or_default().trim_end_matches(' ').to_lowercase();
    // COM1 to COM9 and LPT1 to LPT9; Windows takes superscript digits for digits.
    let is_port = ["com", "lpt"].iter().any(|port| {
        let mut rest = stem.strip_prefix(port).unwrap_or_default().chars();
        matches!(rest.next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.next().is_none()
    });
    (is_port || DEVICES.contains(&stem.as_str())).then_some("its name is that of a device on Windows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_its_directory() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0b"] {
            assert!(refused(name, Rules::Unix).is_some(), "{}", name.escape_ascii());
            assert!(refused(name, Rules::Windows).is_some(), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn linux_takes_any_other_bytes() {
        for name in [&b"..."[..], b"..a", b"\xff\xfe", b"a\\b", b"con", b"a:b", b"\n", b" "] {
            assert_eq!(refused(name, Rules::Unix), None, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn names_that_windows_reads_as_something_else_are_refused() {
        for name in [r"..\a", "c:", "a:stream", "NUL", "con.txt", "COM1", "lpt9 .x", "LPT²", "a.", "a ", "a?", "a\n"] {
            assert!(refused(name.as_bytes(), Rules::Windows).is_some(), "{name}");
        }
        assert!(refused(b"\xff", Rules::Windows).is_some());
        for name in ["nullable", "com", "com10", "console", ".x", "a b", "ä"] {
            assert_eq!(refused(name.as_bytes(), Rules::Windows), None, "{name}");
        }
    }
}
