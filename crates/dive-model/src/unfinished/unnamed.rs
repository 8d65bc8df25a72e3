//! Temporary files without a name.

use std::fs::File;
use std::io;
use std::path::Path;

/// A new file in `folder`, without a name: it is gone when the program ends, however it ends.
///
/// # Errors
/// If the file system refuses.
#[cfg(unix)]
pub fn unnamed(folder: &Path) -> io::Result<File> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(file) = created_unnamed(folder) {
        return Ok(file);
    }
    named_for_a_moment(folder)
}

/// As on Unix. Here the file has a name, which the system removes when it closes the file.
///
/// # Errors
/// If the file system refuses.
#[cfg(not(unix))]
pub fn unnamed(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder)
}

/// A file that never has a name. Not every file system has them.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn created_unnamed(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // EXCL: nobody can give it a name later.
    let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// A file whose name is removed at once. A kill in between leaves it, empty, for the next run to remove.
#[cfg(unix)]
fn named_for_a_moment(folder: &Path) -> io::Result<File> {
    use super::{FilePurpose, Readers, Unfinished, sweep};
    let dir = crate::dir::Dir::open(folder)?;
    sweep(&dir, FilePurpose::Spool);
    Unfinished::create(&dir, FilePurpose::Spool, Readers::Owner)?.without_name()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn a_file_without_a_name_is_read_back_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for make in [unnamed, named_for_a_moment] {
            let mut file = make(folder.path()).unwrap();
            file.write_all(b"bytes").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), std::fs::read_dir(folder.path()).unwrap().count()), ("bytes", 0));
        }
        assert!(unnamed(&folder.path().join("none")).is_err());
    }

    /// A run on a file system without `O_TMPFILE` that was killed before it removed the name.
    #[test]
    fn the_next_run_removes_the_name_that_a_killed_one_left() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".dive-1-2.spool"), "").unwrap();
        std::fs::write(folder.path().join(".dive-1-2"), "").unwrap();
        drop(named_for_a_moment(folder.path()).unwrap());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".dive-1-2"]);
    }
}
