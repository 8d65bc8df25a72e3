//! Temporary files without a name.

use std::fs::File;
use std::io;
use std::path::Path;

/// What to do if a file in the temporary directory fails with `kind`: the end of a message.
#[must_use]
pub const fn temporary_remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "create it, or set TMPDIR to another directory",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "set TMPDIR to a writable directory",
        io::ErrorKind::FileTooLarge => "raise `ulimit -f`, or set TMPDIR to a file system that allows larger files",
        _ => "set TMPDIR to a directory with enough space",
    }
}

/// Creates a file without a name in `folder`. The kernel frees it when the program ends, however it ends.
///
/// # Errors
/// The error of the file system.
#[cfg(unix)]
pub fn unnamed(folder: &Path) -> io::Result<File> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Ok(file) = create_tmpfile(folder) {
        return Ok(file);
    }
    create_unlinked(folder)
}

/// Creates a file in `folder` that the system deletes when it is closed. Until then it has a name.
///
/// # Errors
/// The error of the file system.
#[cfg(not(unix))]
pub fn unnamed(folder: &Path) -> io::Result<File> {
    tempfile::tempfile_in(folder)
}

/// Creates a file that never has a name (`O_TMPFILE`), which not every file system supports.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn create_tmpfile(folder: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    // With EXCL, the file can never get a name.
    let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Creates a file and removes its name at once. A program killed in between leaves an empty file, which the next run removes.
#[cfg(unix)]
fn create_unlinked(folder: &Path) -> io::Result<File> {
    use super::{FilePurpose, Readers, Unfinished, sweep};
    let dir = crate::dir::Dir::open(folder)?;
    sweep(&dir, FilePurpose::Spool);
    Unfinished::create(&dir, FilePurpose::Spool, Readers::Owner)?.unlink()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn an_unnamed_file_leaves_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        for make in [unnamed, create_unlinked] {
            let mut file = make(folder.path()).unwrap();
            file.write_all(b"bytes").unwrap();
            file.rewind().unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), std::fs::read_dir(folder.path()).unwrap().count()), ("bytes", 0));
        }
        assert!(unnamed(&folder.path().join("none")).is_err());
    }

    /// On a file system without `O_TMPFILE`, a run may be killed before it removes the name.
    #[test]
    fn the_next_run_removes_names_of_killed_runs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".dive-1-2.spool"), "").unwrap();
        std::fs::write(folder.path().join(".dive-1-2"), "").unwrap();
        drop(create_unlinked(folder.path()).unwrap());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".dive-1-2"]);
    }
}
