//! Checks the output paths in a configuration: the log and the JSON document. A `.dive.yaml` in the working directory may
//! come from a stranger, so it can only name files below that directory.

use std::path::{Component, Path};

use dive_model::escape::is_hidden;

/// True for a relative path without `..`. A symbolic link in the folder may still lead out of it: open such a path without
/// following links.
#[must_use]
pub fn is_below_folder(path: &Path) -> bool {
    path.components().any(|part| matches!(part, Component::Normal(_)))
        && path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Refuses a path that a `.dive.yaml` in the working directory may not name.
pub(super) fn check_below_folder(path: &str, ending: &str) -> Result<(), String> {
    let refused = |what: &str| {
        Err(format!(
            "{what}; a .dive.yaml in the working directory can only name a file `*{ending}` below that directory"
        ))
    };
    // It would be in listings of the folder, where it could forge or reorder a line.
    if path.contains(|letter: char| letter.is_control() || is_hidden(letter)) {
        return refused("the path has a control or invisible character");
    }
    let path = Path::new(path);
    if !is_below_folder(path) {
        return refused("the path leads out of the directory");
    }
    let hidden = |part: Component<'_>| match part {
        Component::Normal(name) => name.as_encoded_bytes().starts_with(b"."),
        _ => false,
    };
    if path.components().any(hidden) {
        return refused("the path has a hidden file or directory");
    }
    let name = path.file_name().map(std::ffi::OsStr::as_encoded_bytes).unwrap_or_default();
    if !name.ends_with(ending.as_bytes()) {
        return refused("the name has the wrong ending");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_below_the_working_directory_is_allowed() {
        for path in ["dive.log", "./dive.log", "logs/dive.log", "./a/b/x.y.log"] {
            assert_eq!(check_below_folder(path, ".log"), Ok(()), "{path}");
        }
        for path in [
            "../.bash_login",
            "../dive.log",
            "a/../../dive.log",
            "/tmp/dive.log",
            ".bash_login",
            ".dive.log",
            ".log",
            ".git/hooks.log",
            "dive.txt",
            "log",
            "dive.log/",
            "",
            ".",
        ] {
            // The slash names a folder, which fails when it is opened.
            assert_eq!(check_below_folder(path, ".log").is_ok(), path == "dive.log/", "{path}");
        }
    }
}
