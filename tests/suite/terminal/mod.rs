//! The real binary in a real pseudo-terminal, through the stories that its users have. What a terminal would show is
//! vt100's word; what a terminal would send is sent.

mod breaking;
mod configured;
mod exploring;
mod files;
mod headless;
mod hidden;
mod hostile;
// Looks into /proc.
#[cfg(target_os = "linux")]
mod idle;
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
mod written;

use session::{Session, Size};

use crate::place::sample;
use crate::user::User;

const USUAL: Size = (120, 40);
const SMALL: Size = (80, 24);

/// The sample on a screen of that size.
fn open(size: Size) -> Session {
    open_as(User::new(), size)
}

/// The sample, as this user sees it.
fn open_as(user: User, size: Size) -> Session {
    open_with(user, size, &[])
}

/// The sample, with more arguments.
fn open_with(user: User, size: Size, arguments: &[&str]) -> Session {
    let sample = sample();
    let session = Session::dive(user, size, &[arguments, &[&sample]].concat());
    session.waits_until("the image", |screen| screen.has("Filetree") && screen.footer().contains(" Help "));
    session
}
