//! Files are whole or not there, whatever ends the program that writes them. If one of these fails, somebody reads half a
//! report, finds half a file under the name of a whole one, or has another user choose which of their files is replaced.

mod full;
pub(crate) mod kills;
mod links;
#[cfg(feature = "registry")]
mod registry;

use std::path::Path;

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The paths of all files below a folder, which need not exist, sorted.
fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                files.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}
