//! A file that changes while it is read: the names would come from one version, the contents from another.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dive_model::image::Image;
use dive_model::{Observer, Opener, Verification};

use super::{Archive, Shape};
use crate::build::{Layer, Packing};

/// Does something to a file once the image is found, and before its layers are read.
struct Meddler<F: Fn(&Path) + Sync> {
    path: PathBuf,
    meddle: F,
}

impl<F: Fn(&Path) + Sync> Observer for Meddler<F> {
    fn found(&self, _image: &Arc<Image>) {
        (self.meddle)(&self.path);
    }
}

fn open(path: &Path, file: &Path, meddle: impl Fn(&Path) + Sync) -> Result<(), String> {
    let observer = Meddler { path: file.to_owned(), meddle };
    let opened = Opener::new().observer(&observer).open(path).map(drop);
    opened.map_err(|error| error.to_string())
}

fn archive() -> Archive {
    Archive::of(vec![Layer::default().file("a", "text").packed(Packing::Gzip), Layer::default().file("b", "text")])
}

/// Waits until the clock of the file system has moved on: it may tick as seldom as a hundred times a second.
fn next_tick(path: &Path) {
    let before = path.metadata().unwrap().modified().unwrap();
    let probe = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    while probe.as_file().metadata().unwrap().modified().unwrap() <= before {
        probe.as_file().write_all_at(b"x", 0).unwrap();
    }
}

#[test]
fn an_archive_that_is_cut_or_written_anew_meanwhile_is_an_error_that_says_so() {
    let user = archive().user(Shape::Docker);
    let path = user.file("image.tar");
    let whole = std::fs::read(&path).unwrap();
    let cut = |path: &Path| std::fs::File::options().write(true).open(path).unwrap().set_len(2000).unwrap();
    let grow = |path: &Path| std::fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    let rewrite = |path: &Path| std::fs::write(path, std::fs::read(path).unwrap()).unwrap();
    let replace = |path: &Path| {
        let other = path.with_extension("new");
        std::fs::copy(path, &other).unwrap();
        std::fs::rename(other, path).unwrap();
    };
    let meddlers: [&(dyn Fn(&Path) + Sync); 4] = [&cut, &grow, &rewrite, &replace];
    for meddle in meddlers {
        std::fs::write(&path, &whole).unwrap();
        next_tick(&path);
        let error = open(&path, &path, meddle).unwrap_err();
        assert_eq!(
            error,
            format!("{} changed while it was read; open it again when nothing writes to it", path.display())
        );
    }
    std::fs::write(&path, &whole).unwrap();
    open(&path, &path, |_| ()).unwrap();
    open(&path, &path, |path| std::fs::remove_file(path).unwrap()).unwrap();
}

#[test]
fn a_layer_of_a_layout_that_changes_meanwhile_is_an_error_that_says_so() {
    let user = archive().user(Shape::Oci);
    let layout = user.file("layout");
    tar::Archive::new(&archive().tar(Shape::Oci)[..]).unpack(&layout).unwrap();
    let file = layout.join(format!("blobs/sha256/{}", super::hex(&archive().layers[1].blob())));
    open(&layout, &file, |_| ()).unwrap();
    next_tick(&file);
    let rewrite = |path: &Path| std::fs::write(path, std::fs::read(path).unwrap()).unwrap();
    let error = open(&layout, &file, rewrite).unwrap_err();
    assert!(error.contains("changed while it was read") && error.contains("blobs/sha256/"), "{error}");
}

/// Verified or not, a file that changed is told as that.
#[test]
fn a_changed_file_is_no_mismatch() {
    let user = archive().user(Shape::Oci);
    let path = user.file("image.tar");
    next_tick(&path);
    let cut = |path: &Path| std::fs::File::options().write(true).open(path).unwrap().set_len(2000).unwrap();
    let observer = Meddler { path: path.clone(), meddle: cut };
    let opened = Opener::new().verification(Verification::On).observer(&observer).open(&path);
    assert!(opened.unwrap_err().to_string().contains("changed while it was read"));
}
