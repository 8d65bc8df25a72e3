//! Finds the symbolic links that lead to a file. The files of a cloned repository may be links to files that its author cannot read, and
//! an error that quotes such a file, or a name from it, would end up in a public log. Secrets that a repository ignores, such as `.env`,
//! are in the working directory, so a link within it counts, too.
//!
//! What a user names outside of the working directory is the user's own, and so are `/dev/stdin` and `/proc/self/fd/3`.

use std::path::{Component, Path};

/// The symbolic link that leads to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// No link, or only links of directories that stay in the working directory or are outside of it.
    None,
    /// The file is a link in the working directory to another file in it.
    Within,
    /// The file is a link in the working directory that leads out of it.
    Out,
    /// A directory on the way is a link in the working directory that leads out of it.
    OnTheWay,
    /// The file is outside of the working directory, and a link out of its own directory.
    Elsewhere,
}

impl Link {
    /// True if a link in the working directory leads out of it.
    #[must_use]
    pub const fn leads_out(self) -> bool {
        matches!(self, Self::Out | Self::OnTheWay)
    }

    /// True if a link in the working directory leads to the file, which may be another file than its name says.
    #[must_use]
    pub const fn is_in_working_dir(self) -> bool {
        self.leads_out() || matches!(self, Self::Within)
    }
}

/// The link that leads to a file. `path` is relative to the working directory or absolute. [`Link::None`] if the file does not exist:
/// reading it says so.
#[must_use]
pub fn link_of(path: &Path, working_dir: &Path) -> Link {
    let Ok(root) = working_dir.canonicalize() else { return Link::None };
    // The real directory that has been reached. Names alone decide nothing: `..` after a link leads elsewhere, and the working directory
    // may have several names.
    let mut reached = root.clone();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            Component::Normal(name) => name,
            Component::CurDir => continue,
            Component::ParentDir => {
                reached.pop();
                continue;
            }
            Component::Prefix(_) | Component::RootDir => {
                reached.push(part);
                continue;
            }
        };
        let step = reached.join(name);
        let Ok(target) = step.canonicalize() else { return Link::None };
        let is_last = parts.peek().is_none();
        // The kernel sets the links there: `/dev/stdin`, `/proc/self`.
        let is_of_system = ["/dev", "/proc"].iter().any(|dir| reached.starts_with(dir) && !root.starts_with(dir));
        if step.is_symlink() && !is_of_system {
            match (reached.starts_with(&root), target.starts_with(&root)) {
                (true, false) => return if is_last { Link::Out } else { Link::OnTheWay },
                (true, true) if is_last => return Link::Within,
                (false, _) if is_last && !target.starts_with(&reached) => return Link::Elsewhere,
                _ => {}
            }
        }
        reached = target;
    }
    Link::None
}

/// True if a file is in `folder`, where its links lead.
#[must_use]
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    matches!((path.canonicalize(), folder.canonicalize()), (Ok(file), Ok(folder)) if file.starts_with(&folder))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_found_by_any_name_of_its_directory() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().canonicalize().unwrap().join(path);
        for folder in ["work/ci", "other/lists"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["work/.env", "work/ci/list", "other/secret", "other/lists/list"] {
            std::fs::write(at(file), "").unwrap();
        }
        for (target, link) in [
            ("work", "also_work"),
            ("../other", "work/up"),
            ("ci", "work/in"),
            ("../other/secret", "work/out"),
            (".env", "work/env"),
            ("../.env", "work/ci/env"),
            ("list", "other/lists/near"),
            ("../secret", "other/lists/far"),
            ("/dev/stdin", "work/stdin"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        let whole = |path: &str| at(path).to_str().unwrap().to_owned();
        for (path, link) in [
            ("ci/list", Link::None),
            ("in/list", Link::None),
            ("missing", Link::None),
            ("up/missing", Link::OnTheWay),
            ("../other/lists/list", Link::None),
            ("../other/lists/near", Link::None),
            (&whole("work/../other/secret"), Link::None),
            ("/dev/stdin", Link::None),
            ("/proc/self/fd/0", Link::None),
            ("env", Link::Within),
            ("./ci/../ci/env", Link::Within),
            ("in/env", Link::Within),
            (&whole("also_work/env"), Link::Within),
            ("out", Link::Out),
            ("../also_work/out", Link::Out),
            ("stdin", Link::Out),
            ("up/secret", Link::OnTheWay),
            ("ci/../up/secret", Link::OnTheWay),
            ("in/../up/secret", Link::OnTheWay),
            ("up/lists/../secret", Link::OnTheWay),
            (&whole("work/up/secret"), Link::OnTheWay),
            (&whole("also_work/up/secret"), Link::OnTheWay),
            ("../other/lists/far", Link::Elsewhere),
        ] {
            for working_dir in ["work", "also_work", "work/ci/.."] {
                assert_eq!(link_of(Path::new(path), &at(working_dir)), link, "{path} in {working_dir}");
            }
        }
    }
}
