//! Opens images through the library.

use std::path::PathBuf;
use std::sync::OnceLock;

use dive::report::listing::{self, Format};
use dive_model::image::{ImageSelector, Selection};
use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_model::{Opened, Opener};
use dive_sources::{Reference, Source};

use crate::place::Corpus;

/// The path of [`many_files`] in the corpus.
pub(crate) const MANY_FILES: &str = "many-files/oci-zstd.tar";

/// Opens the first image of an archive or layout.
pub(crate) fn open(path: &str) -> Opened {
    open_selected(path, &Selection::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The image with half a million files, shared by all tests, since a debug build takes seconds to read it.
pub(crate) fn many_files(corpus: &Corpus) -> &'static Opened {
    static OPENED: OnceLock<Opened> = OnceLock::new();
    OPENED.get_or_init(|| open(&corpus.path(MANY_FILES)))
}

/// Opens the image with this index.
pub(crate) fn open_image(path: &str, index: usize) -> Opened {
    let selection = Selection { image: Some(ImageSelector::Index(index)), platform: None };
    open_selected(path, &selection).unwrap_or_else(|error| panic!("{error}"))
}

/// Opens the image for a platform.
pub(crate) fn open_platform(path: &str, platform: &str) -> Result<Opened, String> {
    open_selected(path, &Selection { image: None, platform: Some(platform.parse().unwrap()) })
}

/// Opens a damaged archive.
pub(crate) fn open_damaged(path: &str) -> Opened {
    open_with(path, &Selection::default(), OnDamage::Remark).unwrap_or_else(|error| panic!("{error}"))
}

fn open_selected(path: &str, selection: &Selection) -> Result<Opened, String> {
    open_with(path, selection, OnDamage::Fail)
}

fn open_with(path: &str, selection: &Selection, on_damage: OnDamage) -> Result<Opened, String> {
    let reference = Reference::from(PathBuf::from(path));
    let source = Source::open(&reference, &on_damage.into(), &Silent).map_err(|error| error.to_string())?;
    let opener = Opener::new().selection(selection.clone()).on_damage(on_damage);
    opener.open_store(source.store()).map_err(|error| error.to_string())
}

/// The final file system in the format of `dive tree --format tsv`.
pub(crate) fn listing(opened: &Opened) -> String {
    let tree = &opened.tree;
    let mut out = Vec::new();
    if let Some(last) = tree.last_layer() {
        listing::files(tree, last, Format::Tsv, &mut out).unwrap();
    }
    String::from_utf8(out).expect("escapes leave only UTF-8")
}
