//! Completes the folder of an extraction, as a shell completes a path.

use std::path::Path;

/// Entries of a folder that are considered.
const MAX_ENTRIES: usize = 10_000;

/// The part of a typed path up to its last slash, and the start of a name after it.
#[must_use]
pub fn split(typed: &str) -> (&str, &str) {
    typed.rsplit_once('/').map_or(("", typed), |(folder, _)| typed.split_at(folder.len() + 1))
}

/// The longest common start of the folders in `parent` whose names begin with `start`, with a slash if it is one of
/// them alone. `None` if there is nothing to add.
#[must_use]
pub fn complete(parent: &Path, start: &str) -> Option<String> {
    let entries = std::fs::read_dir(parent).ok()?.take(MAX_ENTRIES).filter_map(Result::ok);
    let folders =
        entries.filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok());
    // As in a shell, hidden folders are meant only by their dot.
    let is_meant = |name: &String| name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'));
    let names: Vec<String> = folders.filter(is_meant).collect();
    let first = names.first()?;
    let same = names.iter().fold(first.len(), |same, name| {
        let equal = first.char_indices().zip(name.chars()).take_while(|((_, a), b)| a == b);
        equal.last().map_or(0, |((at, letter), _)| at + letter.len_utf8()).min(same)
    });
    let slash = if names.len() == 1 { "/" } else { "" };
    let completed = format!("{}{slash}", &first[..same]);
    (completed.len() > start.len()).then_some(completed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_completed_as_in_a_shell() {
        let place = tempfile::tempdir().unwrap();
        for folder in ["out", "output", "änder", ".hidden"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
        }
        std::fs::write(place.path().join("oufile"), "").unwrap();
        for (start, completed) in [
            ("o", Some("out")),
            ("out", None),
            ("outp", Some("output/")),
            ("ä", Some("änder/")),
            (".h", Some(".hidden/")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(complete(place.path(), start).as_deref(), completed, "{start:?}");
        }
        assert_eq!(complete(&place.path().join("nowhere"), ""), None);
    }

    #[test]
    fn a_typed_path_is_split_at_its_last_slash() {
        for (typed, parts) in
            [("", ("", "")), ("out", ("", "out")), ("a/b", ("a/", "b")), ("/", ("/", "")), ("~/o", ("~/", "o"))]
        {
            assert_eq!(split(typed), parts);
        }
    }
}
