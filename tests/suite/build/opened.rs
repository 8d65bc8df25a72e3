//! An opened image and what a test says of it, in drawings.

use std::path::Path;

use dive_model::Opener;
use dive_model::analysis::{Classic, Exact};
use dive_model::layer::LayerIndex;
use dive_model::tree::Tree;
use tempfile::NamedTempFile;

use super::draw;

/// An image whose layers are merged.
#[derive(Debug)]
pub(crate) struct DrawnImage {
    opened: dive_model::Opened,
}

/// The layer of that number.
pub(crate) fn layer(number: usize) -> LayerIndex {
    LayerIndex::new(number).unwrap()
}

impl DrawnImage {
    pub(super) fn of(archive: &NamedTempFile) -> Self {
        Self { opened: open(archive.path()) }
    }

    pub(crate) const fn tree(&self) -> &Tree {
        &self.opened.tree
    }

    pub(crate) fn classic(&self) -> Classic {
        self.opened.analysis.classic.clone()
    }

    pub(crate) fn exact(&self) -> Exact {
        self.opened.analysis.exact.clone()
    }

    pub(crate) const fn remark_count(&self) -> usize {
        self.opened.layer_remarks.len()
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
        is_drawn(&draw::waste(self.tree(), &self.opened.analysis.exact), expected);
        self
    }

    /// What the user is told of the layers: of each remark a part that names it.
    #[track_caller]
    pub(crate) fn remarks(&self, expected: &[&str]) -> &Self {
        let remarks: Vec<String> = self.opened.layer_remarks.iter().map(|(_, remark)| remark.to_string()).collect();
        let fits = remarks.len() == expected.len() && remarks.iter().zip(expected).all(|(a, b)| a.contains(b));
        assert!(fits, "remarks are\n{remarks:#?}\nand should be\n{expected:#?}");
        self
    }
}

fn open(path: &Path) -> dive_model::Opened {
    let opened = Opener::new().open(path).unwrap();
    assert_eq!(opened.image.remarks, [], "the archive itself is sound");
    opened
}

/// Compares a drawing with one that is indented like the test around it.
#[track_caller]
pub(crate) fn is_drawn(drawn: &str, expected: &str) {
    let lines: Vec<&str> = expected.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    let expected: String = lines.iter().flat_map(|line| [line[indent..].trim_end(), "\n"]).collect();
    assert!(drawn == expected, "drawn is\n{drawn}\nand should be\n{expected}");
}
