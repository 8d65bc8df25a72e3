//! A file that changes during reading could yield names of one version and contents of another.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dive_model::image::Image;
use dive_model::{Observer, Opener, Verification};

use super::{Archive, Shape};
use crate::build::{Layer, Packing};

/// Changes a file after the image is found and before its layers are read.
struct ChangingObserver<F: Fn(&Path) + Sync> {
    path: PathBuf,
    change: F,
}

impl<F: Fn(&Path) + Sync> Observer for ChangingObserver<F> {
    fn found(&self, _image: &Arc<Image>) {
        (self.change)(&self.path);
    }
}

fn open(path: &Path, file: &Path, change: impl Fn(&Path) + Sync) -> Result<(), String> {
    let observer = ChangingObserver { path: file.to_owned(), change };
    let opened = Opener::new().observer(&observer).open(path).map(drop);
    opened.map_err(|error| error.to_string())
}

fn archive() -> Archive {
    Archive::of(vec![Layer::default().file("a", "text").packed(Packing::Gzip), Layer::default().file("b", "text")])
}

/// Waits for the next tick of the file system's clock, which may take 10 ms.
fn next_tick(path: &Path) {
    let before = path.metadata().unwrap().modified().unwrap();
    let probe = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    while probe.as_file().metadata().unwrap().modified().unwrap() <= before {
        probe.as_file().write_all_at(b"x", 0).unwrap();
    }
}

#[test]
fn archive_changed_during_reading_is_an_error() {
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
    let changes: [&(dyn Fn(&Path) + Sync); 4] = [&cut, &grow, &rewrite, &replace];
    for change in changes {
        std::fs::write(&path, &whole).unwrap();
        next_tick(&path);
        let error = open(&path, &path, change).unwrap_err();
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
fn layout_layer_changed_during_reading_is_an_error() {
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

/// With verification, too, the error is about the change.
#[test]
fn changed_file_is_not_reported_as_mismatch() {
    let user = archive().user(Shape::Oci);
    let path = user.file("image.tar");
    next_tick(&path);
    let cut = |path: &Path| std::fs::File::options().write(true).open(path).unwrap().set_len(2000).unwrap();
    let observer = ChangingObserver { path: path.clone(), change: cut };
    let opened = Opener::new().verification(Verification::On).observer(&observer).open(&path);
    assert!(opened.unwrap_err().to_string().contains("changed while it was read"));
}
