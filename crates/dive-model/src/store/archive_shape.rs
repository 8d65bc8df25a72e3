//! What an outer tar is by the names of its members, and by the documents among them: an image, an image inside a folder that
//! was packed with it, or a root file system (`docker export`, `buildx build --output type=tar`), which is no image at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::engine_document::{DocumentContent, content, is_hex};
use super::member_path::{folder, normalise};
use super::oci_layout::MARKERS;

/// Top-level folders by which a root file system is known; it has at least one of them.
const ROOT_FOLDERS: [&str; 4] = ["bin", "etc", "lib", "usr"];

/// Folders that are looked into for an image. Sources of a web application have many with a `manifest.json`.
const FOLDERS_LOOKED_INTO: usize = 100;

/// What an outer tar is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArchiveShape {
    /// An image, or nothing that is known.
    Image,
    /// This folder holds an image.
    InFolder(String),
    /// Several folders hold an image.
    InFolders(Vec<String>),
    /// A root file system.
    RootFileSystem,
}

impl ArchiveShape {
    /// The folder to which the names of the image's documents are relative.
    pub(super) fn root(&self) -> &str {
        match self {
            Self::InFolder(folder) => folder,
            Self::Image | Self::InFolders(_) | Self::RootFileSystem => "",
        }
    }
}

/// What a member is, where that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberShape<'a> {
    Directory,
    /// A symbolic link, as it is written.
    Link(&'a str),
    Other,
}

/// Notes members as they come, directories too.
#[derive(Debug, Default)]
pub(super) struct ShapeNotes {
    has_root_folder: bool,
    /// Where links lead that have the name of a root folder: each is one if that is a directory.
    link_targets: HashMap<&'static str, String>,
}

impl ShapeNotes {
    /// Notes a member by its normal name.
    pub(super) fn note(&mut self, name: &str, shape: MemberShape<'_>) {
        let (first, is_below) = name.split_once('/').map_or((name, false), |(first, _)| (first, true));
        let Some(folder) = ROOT_FOLDERS.into_iter().find(|folder| *folder == first && !self.has_root_folder) else {
            return;
        };
        match shape {
            MemberShape::Link(target) if !is_below => {
                self.link_targets.extend(normalise("", target).ok().map(|target| (folder, target)));
            }
            shape => self.has_root_folder = is_below || shape == MemberShape::Directory,
        }
    }

    /// Whether the members have to be noted once more, by [`Self::note_target`]: where a link leads may come before it.
    pub(super) fn has_only_links(&self) -> bool {
        !self.has_root_folder && !self.link_targets.is_empty()
    }

    /// Notes a member by its normal name that may be where a link leads.
    pub(super) fn note_target(&mut self, name: &str, shape: MemberShape<'_>) {
        let is_directory = |target: &String| match name.strip_prefix(target.as_str()) {
            Some("") => shape == MemberShape::Directory,
            Some(rest) => rest.starts_with('/') || target.is_empty(),
            None => false,
        };
        self.has_root_folder |= self.link_targets.values().any(is_directory);
    }

    /// Whether one of the folders is there that every root file system has.
    pub(super) const fn has_root_folder(&self) -> bool {
        self.has_root_folder
    }

    /// What the tar is whose members, without directories, have these names. `read` gives the bytes of one.
    pub(super) fn shape<'a>(
        &self,
        names: &(impl Iterator<Item = &'a str> + Clone),
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> ArchiveShape {
        let parts = ImageParts::among(names.clone());
        let contents = |folder: &str| -> Vec<DocumentContent> {
            let documents = parts.documents.get(&by_depth(folder)).into_iter().flatten();
            let path =
                |document: &str| if folder.is_empty() { document.to_owned() } else { format!("{folder}/{document}") };
            documents.filter_map(|document| Some(content(document, &read(&path(document))?))).collect()
        };
        let at_root = contents("");
        if parts.with_blobs.contains("") || at_root.contains(&DocumentContent::Engines) {
            return ArchiveShape::Image;
        }
        let mut found: Vec<&str> = Vec::new();
        for (_, folder) in parts.documents.keys().filter(|(depth, _)| *depth > 0).take(FOLDERS_LOOKED_INTO) {
            let is_inside = found.iter().any(|outer| is_below(folder, outer));
            let is_image = || contents(folder).into_iter().any(|content| content != DocumentContent::Other);
            if !is_inside && (parts.with_blobs.contains(folder) || is_image()) {
                found.push(folder);
            }
        }
        // macOS packs what it knows of a file beside it.
        let is_of_macos = |name: &str| name.rsplit('/').next().is_some_and(|base| base.starts_with("._"));
        match found[..] {
            [only] if names.clone().all(|name| is_below(name, only) || is_of_macos(name)) => {
                ArchiveShape::InFolder(only.to_owned())
            }
            _ if self.has_root_folder && at_root.contains(&DocumentContent::Damaged) => ArchiveShape::Image,
            _ if self.has_root_folder => ArchiveShape::RootFileSystem,
            [] => ArchiveShape::Image,
            [only] => ArchiveShape::InFolder(only.to_owned()),
            _ => ArchiveShape::InFolders(found.into_iter().map(str::to_owned).collect()),
        }
    }
}

/// What may be of an image, by folders. The outermost come first.
#[derive(Debug, Default)]
struct ImageParts<'a> {
    /// Documents with a name of [`MARKERS`].
    documents: BTreeMap<(usize, &'a str), Vec<&'a str>>,
    /// Folders with blobs or layers, by their names.
    with_blobs: HashSet<&'a str>,
}

impl<'a> ImageParts<'a> {
    fn among(names: impl Iterator<Item = &'a str>) -> Self {
        let mut parts = Self::default();
        for name in names {
            let (parent, base) = (folder(name), name.rsplit('/').next().unwrap_or_default());
            if MARKERS.contains(&base) {
                parts.documents.entry(by_depth(parent)).or_default().push(base);
            }
            parts.with_blobs.extend(holder_of_blob(parent, base));
        }
        parts
    }
}

/// The folder of the image whose blob is called `base` in `parent`, if it is one by its name.
fn holder_of_blob<'a>(parent: &'a str, base: &str) -> Option<&'a str> {
    // Podman writes `HEX.tar` and `HEX.json`, skopeo's `dir:` only `HEX`.
    let hex = base.strip_suffix(".tar").or_else(|| base.strip_suffix(".json")).unwrap_or(base);
    if is_hex(hex) {
        let above = parent.strip_suffix("blobs/sha256").map(|above| above.strip_suffix('/').unwrap_or(above));
        return Some(above.unwrap_or(parent));
    }
    let directory = parent.rsplit('/').next().unwrap_or_default();
    (base == "layer.tar" && is_hex(directory)).then(|| folder(parent))
}

fn by_depth(folder: &str) -> (usize, &str) {
    (if folder.is_empty() { 0 } else { folder.split('/').count() }, folder)
}

fn is_below(name: &str, folder: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[{"Config": "c.json", "Layers": ["l/layer.tar"]}]"#;

    /// The shape of a tar of files with these names, whose documents are all an engine's.
    fn shape(names: &[&str]) -> ArchiveShape {
        let mut notes = ShapeNotes::default();
        for name in names {
            notes.note(name, MemberShape::Other);
        }
        notes.shape(&names.iter().copied(), |_| Some(MANIFEST.into()))
    }

    fn in_folder(folder: &str) -> ArchiveShape {
        ArchiveShape::InFolder(folder.to_owned())
    }

    #[test]
    fn an_image_is_found_in_the_folder_that_was_packed_with_it() {
        assert_eq!(shape(&["c.json", "l/layer.tar", "manifest.json"]), ArchiveShape::Image);
        assert_eq!(shape(&["x/c.json", "x/l/layer.tar", "x/manifest.json"]), in_folder("x"));
        assert_eq!(shape(&["home/u/x/manifest.json", "home/u/x/blobs/sha256/a"]), in_folder("home/u/x"));
        assert_eq!(shape(&["._x", "x/._manifest.json", "x/manifest.json"]), in_folder("x"));
        assert_eq!(shape(&["x/manifest.json", "readme"]), in_folder("x"));
        assert_eq!(shape(&["x/sub/manifest.json", "x/manifest.json"]), in_folder("x"));
        assert_eq!(shape(&["usr/x/manifest.json", "usr/x/c.json"]), in_folder("usr/x"));
        let two = ArchiveShape::InFolders(vec!["y".to_owned(), "x/z".to_owned()]);
        assert_eq!(shape(&["x/z/manifest.json", "y/manifest.json"]), two);
        let hex = "0a".repeat(32);
        for blob in ["blobs/sha256/HEX", "HEX/layer.tar", "HEX.json", "HEX"] {
            let blob = blob.replace("HEX", &hex);
            assert_eq!(shape(&[&blob, "x/manifest.json"]), ArchiveShape::Image, "{blob}");
            assert_eq!(shape(&[&format!("x/{blob}"), "x/index.json"]), in_folder("x"), "{blob}");
        }
    }

    #[test]
    fn a_root_file_system_has_nothing_of_an_image() {
        for names in [
            &["etc/passwd"][..],
            &["bin/sh"],
            &["usr/bin/x", "srv/app/manifest.json"],
            &["app/manifest.json", "lib/x"],
            &["usr/x", "0a/layer.tar"],
            &["lib/x", "blobs/sha256/a"],
            &["etc/passwd", "index.json"],
        ] {
            assert_eq!(shape(names), ArchiveShape::RootFileSystem, "{names:?}");
        }
        let layer = format!("{}/layer.tar", "0a".repeat(32));
        for names in [&["etc/passwd", "manifest.json"][..], &["usr/x", &layer], &["bin"], &["srv/x", "readme"]] {
            assert_eq!(shape(names), ArchiveShape::Image, "{names:?}");
        }
    }
}
