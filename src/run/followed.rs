//! Resolves symbolic links in an output path. In a world-writable directory, such as `/tmp`, links of other
//! users are not followed: they may lead to any file of the user. The kernel has the same rule (`fs.protected_symlinks`),
//! but it may be off and does not cover links to parent directories.

use std::io;
use std::path::{Path, PathBuf};

/// Limit of the links in one path.
const MOST_LINKS: u32 = 40;

/// The path without links, except a last one to a pipe that has no path. Its last component need not exist.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut ahead = parts(&std::path::absolute(path)?);
    let mut done = PathBuf::new();
    let mut links = 0;
    // True if the file itself is a link; links to parent directories may lead to a new file.
    let mut file_is_link = false;
    while let Some(part) = ahead.pop() {
        if part.as_os_str() == ".." {
            done.pop();
            continue;
        }
        let place = done.join(&part);
        let metadata = match place.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && ahead.is_empty() && !file_is_link => {
                return Ok(place);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && ahead.is_empty() => {
                return Err(refused("it is a symbolic link to a missing file".to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(io::Error::new(error.kind(), format!("no such directory: {}", place.display())));
            }
            Err(error) => return Err(error),
        };
        if !metadata.is_symlink() {
            done = place;
            continue;
        }
        file_is_link |= ahead.is_empty();
        links += 1;
        if links > MOST_LINKS {
            return Err(refused(format!("more than {MOST_LINKS} symbolic links lead to it")));
        }
        refuse_foreign_link(&done, &place, &metadata)?;
        let target = place.read_link()?;
        if ahead.is_empty() && leads_to_a_stream(&place, &done.join(&target)) {
            return Ok(place);
        }
        if target.is_absolute() {
            done = PathBuf::new();
        }
        ahead.extend(parts(&target));
    }
    Ok(done)
}

/// True for a link whose target has no path, but opens. On Linux, `/dev/stdout` and `/dev/fd/63` of `>(...)` lead to links to
/// `pipe:[123]`.
fn leads_to_a_stream(link: &Path, target: &Path) -> bool {
    target.symlink_metadata().is_err() && link.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The components of a path in reverse order, without `.`.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components().rev().map(|part| PathBuf::from(part.as_os_str())).filter(|part| part.as_os_str() != ".").collect()
}

/// Refuses a link of another user in a sticky directory, unless that user owns the directory.
#[cfg(unix)]
pub(super) fn refuse_foreign_link(folder: &Path, place: &Path, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_ALL: u32 = 0o002;
    let shared = folder.metadata()?;
    let is_shared = shared.mode() & STICKY != 0 && shared.mode() & WRITABLE_BY_ALL != 0;
    if is_shared && metadata.uid() != rustix::process::geteuid().as_raw() && metadata.uid() != shared.uid() {
        let kind = if metadata.is_symlink() { "symbolic link" } else { "pipe or device" };
        return Err(refused(format!(
            "{} is a {kind} of another user in a shared directory; choose another file",
            place.display()
        )));
    }
    Ok(())
}

/// Does nothing: there are no sticky directories.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // As on Unix.
pub(super) const fn refuse_foreign_link(_: &Path, _: &Path, _: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_by_the_rule_of_the_kernel() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for made in ["a/b", "c"] {
            std::fs::create_dir_all(root.join(made)).unwrap();
        }
        std::fs::write(root.join("c/file"), "").unwrap();
        for (target, link) in [("../c", "a/up"), ("up/file", "a/two"), ("a/b/..", "dots"), ("gone", "dangling")] {
            symlink(target, root.join(link)).unwrap();
        }
        symlink(root.join("c"), root.join("absolute")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        for path in ["a/up/file", "a/two", "dots/two", "absolute/file", "a/b/../../c/./file", "c//file"] {
            let resolved = resolve(&root.join(path)).unwrap();
            assert_eq!(resolved, root.join("c/file"), "{path}");
            assert_eq!(resolved, root.join(path).canonicalize().unwrap(), "{path}");
        }
        assert_eq!(resolve(&root.join("absolute/new")).unwrap(), root.join("c/new"));
        for (path, why) in [("dangling", "a missing file"), ("loop", "more than 40"), ("x/new", "no such directory")] {
            let error = resolve(&root.join(path)).unwrap_err().to_string();
            assert!(error.contains(why), "{path}: {error}");
        }
    }
}
