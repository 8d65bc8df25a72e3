//! User stories with the real binary in a pseudo-terminal. vt100 interprets its output; input is sent as terminals send
//! it.

#[cfg(unix)]
mod background;
mod completing;
mod configured;
mod exploring;
mod files;
mod headless;
mod hidden;
mod hostile;
// Reads /proc.
#[cfg(target_os = "linux")]
mod idle;
#[cfg(unix)]
mod images;
mod keys;
mod killed;
mod leaving;
mod loading;
mod mouse;
#[cfg(all(feature = "engine", feature = "registry"))]
mod own_image;
mod session;
mod shown;
#[cfg(all(feature = "engine", feature = "registry"))]
mod sources;
mod unfinished;
mod worker_panic;
mod written;

use session::{Session, Size};

use crate::place::sample;
use crate::user::User;

const USUAL: Size = (120, 40);
const SMALL: Size = (80, 24);

/// Opens the sample on a screen of this size.
fn open(size: Size) -> Session {
    open_as(User::new(), size)
}

/// Opens the sample as this user.
fn open_as(user: User, size: Size) -> Session {
    open_with(user, size, &[])
}

/// Opens the sample with additional arguments.
fn open_with(user: User, size: Size, arguments: &[&str]) -> Session {
    let sample = sample();
    // All directories are expanded, so that tests find their files.
    let user = user.sets("DIVE_FILETREE_FOLD_UNCHANGED", "no");
    let session = Session::dive(user, size, &[arguments, &[&sample]].concat());
    session.waits_until("the image", |screen| screen.has("Filetree") && screen.footer().contains(" Help "));
    session
}
