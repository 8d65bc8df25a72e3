//! Extracts files of any layer to a folder. Writes nothing outside the folder, creates no devices, and replaces
//! existing files only on request.
//!
//! [`Plan`] lists what to write, without access to the disk. [`conflicts`] lists existing files in the way. [`run`]
//! writes, and returns a [`Report`] of what it left out and why.
//!
//! What keeps an extraction inside its folder:
//! - Everything is created relative to an open directory, one name at a time. No symbolic link below the folder is
//!   followed, whether from the image, an earlier extraction or another process; a link in place of a directory is
//!   reported as an obstacle. The path of the folder itself may contain links.
//! - Symbolic links are written last, with the target as in the image.
//! - Files are written under a temporary name and renamed when complete: new files only to a free name, others over the
//!   old file. An incomplete file is removed, at the latest by the next extraction to the folder.
//! - Devices and named pipes are left out, and so are setuid, setgid and sticky bits without [`SpecialBits::Keep`].
//!
//! Owners, times and extended attributes (including file capabilities and ACLs) are not written. The owner can read,
//! write and search new directories whatever their mode in the image, so that they can be removed again. Existing
//! directories keep their permissions.

mod contents;
mod monitor;
mod names;
mod pending;
mod plan;
mod report;
mod run;
mod survey;

pub use crate::dir::FileKind;
pub use contents::LayerBlobs;
pub use plan::Plan;
pub use report::{End, ExtractError, Progress, Reason, Report, Skipped, Skips};
pub use run::{OnConflict, Options, SpecialBits, run};
pub use survey::{Conflicts, PathList, conflicts};
