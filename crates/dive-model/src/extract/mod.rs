//! Files of any layer, written to a folder of this machine: nothing outside that folder, no device, nothing over what is
//! there unless somebody said so.
//!
//! [`Plan`] says what is to be written and needs no disk; [`conflicts`] says what stands in its way, for whoever has to
//! ask; [`run`] writes, and tells in a [`Report`] what it left out and why.
//!
//! What keeps it inside the folder:
//! - Everything is created relative to an open directory, one name at a time, and no symbolic link below the folder is
//!   ever followed, whoever put it there: the image, an earlier extraction, somebody else meanwhile. A link in the place
//!   of a directory is an obstacle that is reported. The folder itself may be reached through links: it was asked for.
//! - Symbolic links are written with their text as the image has it, and after everything else.
//! - Files are written beside their place and take it when they are whole: what is new takes a free place only, what is
//!   overwritten goes then. A file that does not become whole is removed, at the latest by the next extraction there.
//! - Devices and named pipes are left out; setuid, setgid and sticky bits are, unless [`SpecialBits::Keep`] asks for them.
//!
//! Not written: owners, times and extended attributes (file capabilities and ACLs among them). Directories that are made
//! are readable, writable and searchable for their owner whatever the image says, so that who extracted them can look
//! into them and remove them; directories that were there keep their permissions.

mod clock;
mod contents;
mod names;
mod pending;
mod plan;
mod report;
mod run;
mod survey;

pub use crate::dir::Found;
pub use contents::Layers;
pub use plan::Plan;
pub use report::{End, ExtractError, Progress, Reason, Report, Skipped, Skips};
pub use run::{OnConflict, Options, SpecialBits, run};
pub use survey::{Conflicts, Listed, conflicts};
