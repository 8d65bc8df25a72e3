//! An opened image and what a test says of it, in drawings.

use std::path::Path;

use dive_model::analysis::{Classic, Exact};
use dive_model::image::{self, Selection};
use dive_model::layer::LayerIndex;
use dive_model::layer::read::Silent;
use dive_model::remark::OnDamage;
use dive_model::tree::{self, Loaded, Tree};
use dive_sources::{Reference, Source};
use tempfile::NamedTempFile;

use super::draw;

/// An image whose layers are merged.
#[derive(Debug)]
pub(crate) struct Opened {
    loaded: Loaded,
}

/// The layer of that number.
pub(crate) fn layer(number: usize) -> LayerIndex {
    LayerIndex::new(number).unwrap()
}

impl Opened {
    pub(super) fn of(archive: &NamedTempFile) -> Self {
        Self { loaded: load(archive.path(), OnDamage::Fail) }
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.loaded.tree
    }

    pub(crate) fn classic(&self) -> Classic {
        Classic::of(self.tree())
    }

    pub(crate) fn exact(&self) -> Exact {
        Exact::of(self.tree())
    }

    pub(crate) const fn remark_count(&self) -> usize {
        self.loaded.remarks.len()
    }

    /// The final file system.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &str) -> &Self {
        let last = self.tree().last_layer().unwrap();
        self.shows_at(last.get(), expected)
    }

    /// The file system as of a layer.
    #[track_caller]
    pub(crate) fn shows_at(&self, number: usize, expected: &str) -> &Self {
        is_drawn(&draw::state(self.tree(), layer(number)), expected);
        self
    }

    /// What is different in `target`, seen from `base`.
    #[track_caller]
    pub(crate) fn changed(&self, base: usize, target: usize, expected: &str) -> &Self {
        is_drawn(&draw::changes(self.tree(), Some(layer(base)), layer(target)), expected);
        self
    }

    /// What a layer is, seen from the empty file system.
    #[track_caller]
    pub(crate) fn changed_from_nothing(&self, target: usize, expected: &str) -> &Self {
        is_drawn(&draw::changes(self.tree(), None, layer(target)), expected);
        self
    }

    /// Every reclaimable inode, largest first.
    #[track_caller]
    pub(crate) fn wastes(&self, expected: &str) -> &Self {
        is_drawn(&draw::waste(self.tree(), &self.exact()), expected);
        self
    }

    /// What the user is told of the layers: of each remark a part that names it.
    #[track_caller]
    pub(crate) fn remarks(&self, expected: &[&str]) -> &Self {
        let remarks: Vec<String> = self.loaded.remarks.iter().map(|(_, remark)| remark.to_string()).collect();
        let fits = remarks.len() == expected.len() && remarks.iter().zip(expected).all(|(a, b)| a.contains(b));
        assert!(fits, "remarks are\n{remarks:#?}\nand should be\n{expected:#?}");
        self
    }
}

fn load(path: &Path, on_damage: OnDamage) -> Loaded {
    let source = Source::open(&Reference::from(path.to_owned()), &on_damage.into(), &mut |_| ()).unwrap();
    let image = image::open(source.store(), &Selection::default(), on_damage).unwrap();
    assert_eq!(image.remarks, [], "the archive itself is sound");
    tree::load(&image, source.store().name(), on_damage, None, &Silent).unwrap()
}

/// Compares a drawing with one that is indented like the test around it.
#[track_caller]
pub(crate) fn is_drawn(drawn: &str, expected: &str) {
    let lines: Vec<&str> = expected.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    let expected: String = lines.iter().flat_map(|line| [line[indent..].trim_end(), "\n"]).collect();
    assert!(drawn == expected, "drawn is\n{drawn}\nand should be\n{expected}");
}
