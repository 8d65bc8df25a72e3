//! Links that lead out of a directory. The files of a cloned repository may be links to files that its author cannot read, and an
//! error that quotes such a file, or a name from it, would end up in a public log.
//!
//! What a user names outside of the working directory is the user's own, except for the last link. Below the working directory, a
//! link on the way counts as well, even if the user named the path.

use std::path::Path;

use super::output_path::is_below_folder;

/// True if a link leads to the file: the file itself is a link out of its directory, or a directory on the way leads out of the
/// working directory.
#[must_use]
pub fn is_linked(path: &Path, working_dir: &Path) -> bool {
    leads_out(&working_dir.join(path)) || is_linked_out(path, working_dir)
}

/// True if the file is a link out of its directory. The directory itself may be a link.
#[must_use]
pub fn leads_out(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(path.canonicalize().ok()).is_some_and(|(folder, file)| !file.starts_with(folder))
}

/// True if `path` is below the working directory by its name, and a link on the way leads out of it.
#[must_use]
pub fn is_linked_out(path: &Path, working_dir: &Path) -> bool {
    let file = working_dir.join(path);
    let is_below = is_below_folder(path) || (path.is_absolute() && path.starts_with(working_dir));
    is_below && file.exists() && !is_inside(&file, working_dir)
}

/// True if a file is in `folder`, where its links lead.
#[must_use]
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    matches!((path.canonicalize(), folder.canonicalize()), (Ok(file), Ok(folder)) if file.starts_with(&folder))
}
