//! What an outer tar is by the names of its members: an image, an image inside a folder that was packed with it, or a root
//! file system (`docker export`, `buildx build --output type=tar`), which is no image at all.

use super::member_path::folder;
use super::oci_layout::MARKERS;

/// Top-level folders by which a root file system is known; it has at least one of them.
const ROOT_FOLDERS: [&str; 4] = ["bin", "etc", "lib", "usr"];

/// What an outer tar is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArchiveShape {
    /// An image, or nothing that is known.
    Image,
    /// Everything lies in this folder, which holds an image.
    InFolder(String),
    /// A root file system.
    RootFileSystem,
}

impl ArchiveShape {
    /// The folder to which the names of the image's documents are relative.
    pub(super) fn root(&self) -> &str {
        match self {
            Self::InFolder(folder) => folder,
            Self::Image | Self::RootFileSystem => "",
        }
    }
}

/// Notes the names of members as they come.
#[derive(Debug, Default)]
pub(super) struct ShapeNotes {
    has_root_folder: bool,
    /// A document or blob of an image, where an image has it.
    has_image_part: bool,
    /// The folder of the first document that makes a folder an image, by its depth.
    image_folder: Option<String>,
}

impl ShapeNotes {
    /// Notes a member, a directory or not, by its normal name.
    pub(super) fn note(&mut self, name: &str) {
        let first = name.split('/').next().unwrap_or_default();
        self.has_root_folder |= ROOT_FOLDERS.contains(&first);
        let (parent, base) = (folder(name), name.rsplit('/').next().unwrap_or_default());
        let is_marker = MARKERS.contains(&base);
        self.has_image_part |= (parent.is_empty() && is_marker)
            || name.starts_with("blobs/sha256/")
            || (base == "layer.tar" && !parent.is_empty() && !parent.contains('/'));
        let depth = |folder: &str| folder.split('/').count();
        if is_marker
            && !parent.is_empty()
            && self.image_folder.as_deref().is_none_or(|known| depth(parent) < depth(known))
        {
            self.image_folder = Some(parent.to_owned());
        }
    }

    /// Whether nothing but a root file system was seen so far.
    pub(super) const fn is_root_file_system(&self) -> bool {
        self.has_root_folder && !self.has_image_part
    }

    /// What the tar is whose members, without directories, have these names.
    pub(super) fn shape<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> ArchiveShape {
        if self.is_root_file_system() {
            return ArchiveShape::RootFileSystem;
        }
        let Some(image_folder) = self.image_folder.as_ref().filter(|_| !self.has_image_part) else {
            return ArchiveShape::Image;
        };
        let is_inside = |name: &str| name.strip_prefix(image_folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        // macOS packs what it knows of a file beside it.
        let is_of_macos = |name: &str| name.rsplit('/').next().is_some_and(|base| base.starts_with("._"));
        if names.all(|name| is_inside(name) || is_of_macos(name)) {
            ArchiveShape::InFolder(image_folder.clone())
        } else {
            ArchiveShape::Image
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(names: &[&str]) -> ArchiveShape {
        let mut notes = ShapeNotes::default();
        for name in names {
            notes.note(name);
        }
        notes.shape(names.iter().copied())
    }

    fn in_folder(folder: &str) -> ArchiveShape {
        ArchiveShape::InFolder(folder.to_owned())
    }

    #[test]
    fn an_image_is_found_in_the_folder_that_was_packed_with_it() {
        assert_eq!(shape(&["c.json", "l/layer.tar", "manifest.json"]), ArchiveShape::Image);
        assert_eq!(shape(&["x/c.json", "x/l/layer.tar", "x/manifest.json"]), in_folder("x"));
        assert_eq!(shape(&["home/u/x/index.json", "home/u/x/blobs/sha256/a"]), in_folder("home/u/x"));
        assert_eq!(shape(&["._x", "x/._manifest.json", "x/manifest.json"]), in_folder("x"));
        assert_eq!(shape(&["x/manifest.json", "y/manifest.json"]), ArchiveShape::Image, "two of them");
        assert_eq!(shape(&["x/manifest.json", "readme"]), ArchiveShape::Image);
        assert_eq!(shape(&["x/sub/manifest.json", "x/manifest.json"]), in_folder("x"));
    }

    #[test]
    fn a_root_file_system_has_nothing_of_an_image() {
        for names in
            [&["etc/passwd"][..], &["bin"], &["usr/bin/x", "srv/app/manifest.json"], &["app/manifest.json", "lib"]]
        {
            assert_eq!(shape(names), ArchiveShape::RootFileSystem, "{names:?}");
        }
        for names in [&["etc/passwd", "manifest.json"][..], &["usr/x", "0a/layer.tar"], &["lib", "blobs/sha256/a"]] {
            assert_eq!(shape(names), ArchiveShape::Image, "{names:?}");
        }
        assert_eq!(shape(&["srv/x", "readme"]), ArchiveShape::Image);
    }
}
