//! An opened image and assertions about it, as drawings.

use std::path::Path;

use dive_model::Opener;
use dive_model::analysis::{Classic, Exact};
use dive_model::layer::LayerIndex;
use dive_model::layer::content::ContentPolicy;
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

    pub(crate) const fn opened(&self) -> &dive_model::Opened {
        &self.opened
    }

    pub(crate) const fn remark_count(&self) -> usize {
        self.opened.layer_remarks.len()
    }

    /// Asserts the final file system.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &str) -> &Self {
        let last = self.tree().last_layer().unwrap();
        self.shows_at(last.get(), expected)
    }

    /// Asserts the file system at a layer.
    #[track_caller]
    pub(crate) fn shows_at(&self, number: usize, expected: &str) -> &Self {
        assert_drawn(&draw::state(self.tree(), layer(number)), expected);
        self
    }

    /// Asserts the changes from layer `base` to layer `target`.
    #[track_caller]
    pub(crate) fn changed(&self, base: usize, target: usize, expected: &str) -> &Self {
        assert_drawn(&draw::changes(self.tree(), Some(layer(base)), layer(target)), expected);
        self
    }

    /// Asserts the changes from the empty file system to a layer.
    #[track_caller]
    pub(crate) fn changed_from_nothing(&self, target: usize, expected: &str) -> &Self {
        assert_drawn(&draw::changes(self.tree(), None, layer(target)), expected);
        self
    }

    /// Asserts the reclaimable inodes, largest first.
    #[track_caller]
    pub(crate) fn wastes(&self, expected: &str) -> &Self {
        assert_drawn(&draw::waste(self.tree(), &self.opened.analysis.exact), expected);
        self
    }

    /// Asserts the warnings about layers; each expected text is a part of one.
    #[track_caller]
    pub(crate) fn remarks(&self, expected: &[&str]) -> &Self {
        let remarks: Vec<String> = self.opened.layer_remarks.iter().map(|(_, remark)| remark.to_string()).collect();
        let fits = remarks.len() == expected.len() && remarks.iter().zip(expected).all(|(a, b)| a.contains(b));
        assert!(fits, "actual remarks\n{remarks:#?}\nexpected\n{expected:#?}");
        self
    }
}

fn open(path: &Path) -> dive_model::Opened {
    let opened = Opener::new().inspection(ContentPolicy::Inspect).open(path).unwrap();
    assert_eq!(opened.image.remarks, [], "warnings about the archive");
    opened
}

/// Compares a drawing with one that is indented as the test around it.
#[track_caller]
pub(crate) fn assert_drawn(drawn: &str, expected: &str) {
    let lines: Vec<&str> = expected.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    let expected: String = lines.iter().flat_map(|line| [line[indent..].trim_end(), "\n"]).collect();
    assert!(drawn == expected, "actual\n{drawn}\nexpected\n{expected}");
}
