//! Checks names before they are written. The tree has no names that leave their directory; this is a second check, and
//! also rejects names with another meaning on Windows.

use crate::unfinished::FilePurpose;

/// The system whose rules a name must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameRules {
    /// Any bytes except NUL and slash.
    Unix,
    /// UTF-8 without what Windows reads as part of a path, stream or device (Microsoft, "Naming Files, Paths, and
    /// Namespaces").
    Windows,
}

/// Rules of the current system.
pub(super) const HERE: NameRules = if cfg!(windows) { NameRules::Windows } else { NameRules::Unix };

/// Device names on Windows, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Reason why a file cannot have this name, if any.
pub(super) fn refusal_reason(name: &[u8], rules: NameRules) -> Option<&'static str> {
    match name {
        b"" => return Some("it has no name"),
        b"." | b".." => return Some("its name is `.` or `..`"),
        _ if name.contains(&b'/') => return Some("its name contains a slash"),
        _ if name.contains(&0) => return Some("its name contains a NUL byte"),
        // The next extraction would remove it.
        _ if FilePurpose::Extraction.is_name(name) => return Some("its name is one of dive's temporary files"),
        _ => {}
    }
    if rules == NameRules::Unix {
        return None;
    }
    let Ok(text) = std::str::from_utf8(name) else { return Some("its name is not UTF-8, which Windows requires") };
    if text.chars().any(|letter| letter.is_ascii_control() || r#"<>:"\|?*"#.contains(letter)) {
        return Some("its name contains a character that Windows does not allow");
    }
    if text.ends_with(['.', ' ']) {
        return Some("its name ends in a dot or a space, which Windows drops");
    }
    let stem = text.split('.').next().unwrap_or_default().trim_end_matches(' ').to_lowercase();
    // COM1 to COM9 and LPT1 to LPT9. Windows treats superscript digits as digits.
    let is_port = ["com", "lpt"].iter().any(|port| {
        let mut rest = stem.strip_prefix(port).unwrap_or_default().chars();
        matches!(rest.next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.next().is_none()
    });
    (is_port || DEVICES.contains(&stem.as_str())).then_some("its name is a device name on Windows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_directory_are_refused() {
        for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0b"] {
            assert!(refusal_reason(name, NameRules::Unix).is_some(), "{}", name.escape_ascii());
            assert!(refusal_reason(name, NameRules::Windows).is_some(), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn names_of_temporary_files_are_refused() {
        assert!(refusal_reason(b".dive-7-7", NameRules::Unix).is_some());
        for name in [&b".dive-7"[..], b".dive-7-7.json", b".dive-a-7", b"dive-7-7", b".dive.yaml"] {
            assert_eq!(refusal_reason(name, NameRules::Unix), None, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn linux_allows_any_other_name() {
        for name in [&b"..."[..], b"..a", b"\xff\xfe", b"a\\b", b"con", b"a:b", b"\n", b" "] {
            assert_eq!(refusal_reason(name, NameRules::Unix), None, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn names_with_another_meaning_on_windows_are_refused() {
        for name in [r"..\a", "c:", "a:stream", "NUL", "con.txt", "COM1", "lpt9 .x", "LPT²", "a.", "a ", "a?", "a\n"] {
            assert!(refusal_reason(name.as_bytes(), NameRules::Windows).is_some(), "{name}");
        }
        assert!(refusal_reason(b"\xff", NameRules::Windows).is_some());
        for name in ["nullable", "com", "com10", "console", ".x", "a b", "ä"] {
            assert_eq!(refusal_reason(name.as_bytes(), NameRules::Windows), None, "{name}");
        }
    }
}
