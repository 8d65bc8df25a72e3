//! Reports which files a task changed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Texts of files by path.
#[derive(Debug)]
pub(crate) struct Files(BTreeMap<PathBuf, String>);

impl Files {
    /// Reads these files and folders below `root`.
    pub(crate) fn read(root: &Path, paths: &[&str]) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        let mut ahead: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        while let Some(path) = ahead.pop() {
            let place = root.join(&path);
            let failed = |error| format!("{} cannot be read: {error}", place.display());
            if place.is_dir() {
                for entry in fs::read_dir(&place).map_err(failed)? {
                    ahead.push(path.join(entry.map_err(failed)?.file_name()));
                }
            } else {
                let bytes = fs::read(&place).map_err(failed)?;
                files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self(files))
    }

    /// One line per changed file, with the number of added and removed lines.
    pub(crate) fn changes(&self, after: &Self) -> String {
        let mut text = String::new();
        for (path, new) in &after.0 {
            let change = match self.0.get(path) {
                Some(old) if old == new => continue,
                Some(old) => format!("changed (+{} -{} lines)", missing(new, old), missing(old, new)),
                None => "new".to_owned(),
            };
            let _ = writeln!(text, "{}: {change}", path.display());
        }
        for path in self.0.keys().filter(|path| !after.0.contains_key(*path)) {
            let _ = writeln!(text, "{}: removed", path.display());
        }
        if text.is_empty() { "nothing changed\n".to_owned() } else { text }
    }
}

/// Number of lines of `text` that are not in `other`.
fn missing(text: &str, other: &str) -> usize {
    let mut others: Vec<&str> = other.lines().collect();
    text.lines()
        .filter(|line| match others.iter().position(|other| other == line) {
            Some(at) => {
                others.swap_remove(at);
                false
            }
            None => true,
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &str)]) -> Files {
        Files(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
    }

    /// `bless` must not hide a changed snapshot.
    #[test]
    fn every_changed_file_is_reported() {
        let before = files(&[("a", "1\n2\n2\n"), ("b", "same"), ("c", "gone")]);
        let after = files(&[("a", "1\n2\n3\n4\n"), ("b", "same"), ("d", "new")]);
        assert_eq!(before.changes(&after), "a: changed (+2 -1 lines)\nd: new\nc: removed\n");
        assert_eq!(before.changes(&before), "nothing changed\n");
    }

    #[test]
    fn folders_are_read_recursively() {
        let read = Files::read(Path::new(env!("CARGO_MANIFEST_DIR")), &["src", "Cargo.toml"]).unwrap();
        for path in ["src/main.rs", "src/rewritten.rs", "Cargo.toml"] {
            assert!(read.0.contains_key(Path::new(path)), "{path}");
        }
        assert!(Files::read(Path::new(env!("CARGO_MANIFEST_DIR")), &["missing"]).unwrap_err().contains("missing"));
    }
}
