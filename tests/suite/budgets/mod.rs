//! Budgets: the rules that only this program has. A failure means that a team's budget passes an image that breaks it, fails one
//! that keeps it, or says neither what breaks it nor how to write it.

mod advice;
mod documented;
mod growth;
mod ignores;
mod init;
mod paths;
mod replaced;
mod rules;
mod states;
mod terms;

use tempfile::NamedTempFile;

use crate::build::{Format, Image, image};
use crate::user::{Ran, User};

/// Turns dive's own rules off.
const DIVES_OFF: &str = "  lowestEfficiency: off\n  highestUserWastedPercent: off\n";

/// An image of 4,900 bytes in three layers of 600, 2,300 and 2,000 bytes:
///
/// ```text
/// 0  etc/passwd 100   base/old 500
/// 1  app/bin 2000     app/cache/tmp 300
/// 2  app/bin 2000     without app/cache and base/old
/// ```
///
/// 2,800 bytes are reclaimable: 500 in layer 0 and 2,300 in layer 1.
fn shop() -> Image {
    base()
        .layer(|l| l.file("app/bin", [b'1'; 2000]).file("app/cache/tmp", [b't'; 300]).created_by("RUN make"))
        .layer(|l| l.whiteout("app/cache").whiteout("base/old").file("app/bin", [b'2'; 2000]).created_by("RUN strip"))
}

/// The image that the shop is built on.
fn base() -> Image {
    image().layer(|l| l.file("etc/passwd", [b'p'; 100]).file("base/old", [b'o'; 500]).created_by("ADD rootfs /"))
}

/// The shop, a later version: layer 1 rebuilt with 500 bytes more, layer 2 replaced.
fn later() -> Image {
    base()
        .layer(|l| l.file("app/bin", [b'3'; 2500]).file("app/cache/tmp", [b't'; 300]).created_by("RUN make"))
        .layer(|l| l.file("app/docs/index", [b'd'; 1700]).created_by("COPY docs /app/docs"))
}

/// Two installations of packages in two layers: the database of dpkg is rewritten twice.
fn installed() -> Image {
    let status = |version: u8| vec![version; 1000];
    image()
        .layer(|l| l.file("var/lib/dpkg/status", status(b'0')).file("usr/bin/sh", [b's'; 100]))
        .layer(|l| l.file("var/lib/dpkg/status", status(b'1')).file("usr/bin/a", [b'a'; 500]))
        .layer(|l| l.file("var/lib/dpkg/status", status(b'2')).file("usr/bin/b", [b'b'; 500]))
}

fn saved(image: &Image) -> NamedTempFile {
    image.save(Format::DockerArchive)
}

/// A user with rules below `rules:` in `.dive-ci`, and dive's own rules off.
fn user(rules: &str) -> User {
    User::new().writes(".dive-ci", &format!("rules:\n{DIVES_OFF}{rules}"))
}

/// Checks the image in CI mode.
fn checks(user: &User, image: &NamedTempFile, options: &[&str]) -> Ran {
    user.runs(&[&["--ci"], options, &[image.path().to_str().unwrap()]].concat())
}
