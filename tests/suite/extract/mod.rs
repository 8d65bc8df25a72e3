//! Extraction of files. A failure means that a user gets wrong contents, loses existing files, or that an image writes
//! outside the folder.

mod asking;
mod damage;
mod hostile;
mod permissions;
mod real;
mod versions;

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use dive_model::extract::{self, ExtractError, LayerBlobs, OnConflict, Options, Plan, Report};
use dive_model::layer::LayerIndex;
use dive_model::tree::{NodeId, Tree};
use tempfile::TempDir;

use crate::build::{Format, Image, Layer};
use crate::library;
use dive_model::Opened;

/// An image and a folder `out` to extract to. Nothing beside `out` may change.
struct Case {
    opened: Opened,
    layers: LayerBlobs,
    place: TempDir,
}

/// A case with these layers.
fn case(image: &Image) -> Case {
    let archive = image.save(Format::DockerArchive);
    case_of(library::open(archive.path().to_str().unwrap()))
}

fn case_of(opened: Opened) -> Case {
    let layers = LayerBlobs::of(&opened.image, &opened.damaged_layers);
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("out")).unwrap();
    Case { opened, layers, place }
}

/// A case with one layer.
fn one(fill: impl FnOnce(Layer) -> Layer) -> Case {
    case(&crate::build::image().layer(fill))
}

impl Case {
    fn tree(&self) -> &Tree {
        &self.opened.tree
    }

    fn last(&self) -> LayerIndex {
        self.tree().last_layer().unwrap()
    }

    fn out(&self) -> PathBuf {
        self.place.path().join("out")
    }

    fn node(&self, path: &str) -> NodeId {
        self.tree().find(path.as_bytes()).unwrap_or_else(|| panic!("the image has no {path}"))
    }

    /// Plans a path and its contents at the last layer.
    fn plan(&self, path: &str) -> Plan {
        Plan::of_layer(self.tree(), self.node(path), self.last(), &|_| true)
    }

    fn carry_out(&self, plan: &Plan, options: Options) -> Result<Report, ExtractError> {
        extract::run(plan, &self.layers, &self.out(), options, &AtomicBool::new(false), &|_| ())
    }

    /// Extracts the whole file system.
    #[track_caller]
    fn extract(&self, options: Options) -> Report {
        self.carry_out(&self.plan("/"), options).unwrap()
    }

    /// Asserts the contents of `out`.
    #[track_caller]
    fn holds(&self, expected: &str) -> &Self {
        assert_listing(&listing(&self.out()), expected);
        self
    }

    /// Writes a file beside or below `out`.
    fn writes(&self, name: &str, text: &str) -> &Self {
        let path = self.place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn links(&self, name: &str, target: &str) -> &Self {
        std::os::unix::fs::symlink(target, self.place.path().join(name)).unwrap();
        self
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.place.path().join(name)).unwrap()
    }
}

const OVERWRITE: Options = Options { on_conflict: OnConflict::Overwrite, special_bits: extract::SpecialBits::Strip };
const SKIP: Options = Options { on_conflict: OnConflict::Skip, special_bits: extract::SpecialBits::Strip };

/// The skipped paths with their reasons.
fn skipped(report: &Report) -> Vec<String> {
    report.skipped.kept.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_listing(listing: &str, expected: &str) {
    let expected: String =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).fold(String::new(), |mut text, line| {
            writeln!(text, "{line}").unwrap();
            text
        });
    assert!(listing == expected, "actual\n{listing}\nexpected\n{expected}");
}

/// Everything below a folder, in byte order: `d755 etc`, `f644 etc/passwd "root"`, `l etc/mtab -> ../proc/mounts`.
fn listing(folder: &Path) -> String {
    let mut lines = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().as_os_str().as_bytes().escape_ascii().to_string();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            if metadata.is_symlink() {
                lines.push((name.clone(), format!("l {name} -> {}", path.read_link().unwrap().display())));
            } else if metadata.is_dir() {
                lines.push((name.clone(), format!("d{mode:o} {name}")));
                ahead.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                lines.push((name.clone(), format!("f{mode:o} {name} \"{}\"", bytes.escape_ascii())));
            }
        }
    }
    lines.sort();
    lines.into_iter().fold(String::new(), |text, (_, line)| text + &line + "\n")
}
