//! Classifies an outer tar by the names of its members and the documents in it: an image, an image inside a folder
//! packed with it, or a root file system (`docker export`, `buildx build --output type=tar`).

use std::collections::{BTreeMap, HashMap, HashSet};

use super::engine_document::{DocumentContent, content, is_all_hex, is_hex};
use super::member_path::{folder, normalise};
use super::oci_layout::MARKERS;

/// Top-level folders of root file systems. Each has at least one of these.
const ROOT_FOLDERS: [&str; 4] = ["bin", "etc", "lib", "usr"];

/// Maximum number of folders to inspect for an image. Sources of a web application have many with a `manifest.json`.
pub(super) const MAX_FOLDERS: usize = 100;

/// Kind of an outer tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArchiveShape {
    /// An image, or unknown.
    Image,
    /// An image in this folder.
    InFolder(String),
    /// Images in several folders.
    InFolders(Vec<String>),
    /// No image in the inspected folders, and there are more.
    TooManyFolders,
    /// A root file system.
    RootFileSystem,
}

impl ArchiveShape {
    /// The folder of the image's documents; empty for the root.
    pub(super) fn root(&self) -> &str {
        match self {
            Self::InFolder(folder) => folder,
            Self::Image | Self::InFolders(_) | Self::TooManyFolders | Self::RootFileSystem => "",
        }
    }
}

/// The classification of an outer tar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Survey {
    pub(super) shape: ArchiveShape,
    /// Number of folders with documents beyond [`MAX_FOLDERS`], which were not inspected.
    pub(super) unread_folders: usize,
}

/// Types of members that the classification distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberType<'a> {
    Directory,
    /// A symbolic link with its target as written.
    Link(&'a str),
    Other,
}

/// Records members in order, including directories.
#[derive(Debug, Default)]
pub(super) struct MemberNotes {
    has_root_folder: bool,
    /// Targets of links named like a root folder. Each counts as one if its target is a directory.
    link_targets: HashMap<&'static str, String>,
}

impl MemberNotes {
    /// Records a member by its normalised name.
    pub(super) fn note(&mut self, name: &str, member: MemberType<'_>) {
        let (first, is_below) = name.split_once('/').map_or((name, false), |(first, _)| (first, true));
        let Some(folder) = ROOT_FOLDERS.into_iter().find(|folder| *folder == first && !self.has_root_folder) else {
            return;
        };
        match member {
            MemberType::Link(target) if !is_below => {
                self.link_targets.extend(normalise("", target).ok().map(|target| (folder, target)));
            }
            member => self.has_root_folder = is_below || member == MemberType::Directory,
        }
    }

    /// True if all members must be recorded again with [`Self::note_target`], because targets may precede their links.
    pub(super) fn has_only_links(&self) -> bool {
        !self.has_root_folder && !self.link_targets.is_empty()
    }

    /// Records a member that may be the target of a link, by its normalised name.
    pub(super) fn note_target(&mut self, name: &str, member: MemberType<'_>) {
        let is_directory = |target: &String| match name.strip_prefix(target.as_str()) {
            Some("") => member == MemberType::Directory,
            Some(rest) => rest.starts_with('/') || target.is_empty(),
            None => false,
        };
        self.has_root_folder |= self.link_targets.values().any(is_directory);
    }

    /// True if there is a root folder.
    pub(super) const fn has_root_folder(&self) -> bool {
        self.has_root_folder
    }

    /// Classifies a tar with these member names, without directories. `read` returns the content of one.
    pub(super) fn classify<'a>(
        &self,
        names: &(impl Iterator<Item = &'a str> + Clone),
        read: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Survey {
        let parts = ImageParts::of(names.clone());
        let contents = |folder: &str| -> Vec<DocumentContent> {
            let documents = parts.documents.get(&by_depth(folder)).into_iter().flatten();
            let path =
                |document: &str| if folder.is_empty() { document.to_owned() } else { format!("{folder}/{document}") };
            documents.filter_map(|document| Some(content(document, &read(&path(document))?))).collect()
        };
        let at_root = contents("").into_iter().max().unwrap_or(DocumentContent::Other);
        // A root file system may have a file with a blob's name. `HEX/layer.tar` is always a layer.
        let is_image = parts.has_layers || (parts.with_blobs.contains("") && !self.has_root_folder);
        if is_image || at_root == DocumentContent::Engine {
            return Survey { shape: ArchiveShape::Image, unread_folders: 0 };
        }
        let (mut read_folders, mut unread_folders) = (0, 0);
        let mut by_content: BTreeMap<DocumentContent, Vec<&str>> = BTreeMap::new();
        for (_, folder) in parts.documents.keys().filter(|(depth, _)| *depth > 0) {
            let content = if parts.with_blobs.contains(folder) {
                Some(DocumentContent::Engine)
            } else if read_folders < MAX_FOLDERS {
                read_folders += 1;
                contents(folder).into_iter().max()
            } else {
                unread_folders += 1;
                None
            };
            let Some(content) = content.filter(|content| *content != DocumentContent::Other) else { continue };
            let alike = by_content.entry(content).or_default();
            // The error shows only the first few.
            if alike.len() < MAX_FOLDERS && !alike.iter().any(|outer| is_below(folder, outer)) {
                alike.push(folder);
            }
        }
        // Empty or damaged documents count only if there are no better ones, and none as good at the root.
        let best = by_content.pop_last().filter(|(content, _)| *content > at_root);
        let found = best.map(|(_, folders)| folders).unwrap_or_default();
        // macOS packs metadata of a file beside it.
        let is_of_macos = |name: &str| name.rsplit('/').next().is_some_and(|base| base.starts_with("._"));
        let shape = match found[..] {
            [only] if names.clone().all(|name| is_below(name, only) || is_of_macos(name)) => {
                ArchiveShape::InFolder(only.to_owned())
            }
            _ if self.has_root_folder && at_root == DocumentContent::Damaged => ArchiveShape::Image,
            _ if self.has_root_folder => ArchiveShape::RootFileSystem,
            [] if unread_folders > 0 && at_root == DocumentContent::Other => ArchiveShape::TooManyFolders,
            [] => ArchiveShape::Image,
            [only] => ArchiveShape::InFolder(only.to_owned()),
            _ => ArchiveShape::InFolders(found.into_iter().map(str::to_owned).collect()),
        };
        Survey { shape, unread_folders }
    }
}

/// Possible parts of an image, by folder, outermost first.
#[derive(Debug, Default)]
struct ImageParts<'a> {
    /// Documents named in [`MARKERS`].
    documents: BTreeMap<(usize, &'a str), Vec<&'a str>>,
    /// Folders with names of blobs or layers in them.
    with_blobs: HashSet<&'a str>,
    /// True if there is a `HEX/layer.tar` at the root.
    has_layers: bool,
}

impl<'a> ImageParts<'a> {
    fn of(names: impl Iterator<Item = &'a str>) -> Self {
        let mut parts = Self::default();
        for name in names {
            let (parent, base) = (folder(name), name.rsplit('/').next().unwrap_or_default());
            if MARKERS.contains(&base) {
                parts.documents.entry(by_depth(parent)).or_default().push(base);
            }
            parts.with_blobs.extend(holder_of_blob(parent, base));
            parts.has_layers |= base == "layer.tar" && is_hex(parent);
        }
        parts
    }
}

/// True if a member, in any folder, has the name of a layer, configuration or another blob.
pub(crate) fn is_blob_name(name: &str) -> bool {
    holder_of_blob(folder(name), name.rsplit('/').next().unwrap_or_default()).is_some()
}

/// The folder of the image with the blob `base` in `parent`; `None` if the name is not that of a blob.
fn holder_of_blob<'a>(parent: &'a str, base: &str) -> Option<&'a str> {
    // Podman writes `HEX.tar` and `HEX.json`, Kaniko `HEX.tar.gz` and `sha256:HEX`, skopeo's `dir:` only `HEX`.
    let hex = [".tar", ".tar.gz", ".json"].into_iter().find_map(|ending| base.strip_suffix(ending)).unwrap_or(base);
    if is_hex(hex.strip_prefix("sha256:").unwrap_or(hex)) {
        return Some(layout_of_blobs(parent, "blobs/sha256").unwrap_or(parent));
    }
    if base.len() == 128 && is_all_hex(base) {
        return layout_of_blobs(parent, "blobs/sha512");
    }
    let directory = parent.rsplit('/').next().unwrap_or_default();
    (base == "layer.tar" && is_hex(directory)).then(|| folder(parent))
}

/// The layout with the blob folder `parent`, if its name ends in `blobs`.
fn layout_of_blobs<'a>(parent: &'a str, blobs: &str) -> Option<&'a str> {
    let above = parent.strip_suffix(blobs)?;
    if above.is_empty() { Some(above) } else { above.strip_suffix('/') }
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

    /// The shape of a tar of files with these names, all of whose documents are valid.
    fn classify(names: &[&str]) -> ArchiveShape {
        let mut notes = MemberNotes::default();
        for name in names {
            notes.note(name, MemberType::Other);
        }
        notes.classify(&names.iter().copied(), |_| Some(MANIFEST.into())).shape
    }

    fn in_folder(folder: &str) -> ArchiveShape {
        ArchiveShape::InFolder(folder.to_owned())
    }

    #[test]
    fn an_image_is_found_in_a_packed_folder() {
        assert_eq!(classify(&["c.json", "l/layer.tar", "manifest.json"]), ArchiveShape::Image);
        assert_eq!(classify(&["x/c.json", "x/l/layer.tar", "x/manifest.json"]), in_folder("x"));
        assert_eq!(classify(&["home/u/x/manifest.json", "home/u/x/blobs/sha256/a"]), in_folder("home/u/x"));
        assert_eq!(classify(&["._x", "x/._manifest.json", "x/manifest.json"]), in_folder("x"));
        assert_eq!(classify(&["x/manifest.json", "readme"]), in_folder("x"));
        assert_eq!(classify(&["x/sub/manifest.json", "x/manifest.json"]), in_folder("x"));
        assert_eq!(classify(&["usr/x/manifest.json", "usr/x/c.json"]), in_folder("usr/x"));
        let two = ArchiveShape::InFolders(vec!["y".to_owned(), "x/z".to_owned()]);
        assert_eq!(classify(&["x/z/manifest.json", "y/manifest.json"]), two);
        let hex = "0a".repeat(32);
        for blob in ["blobs/sha256/HEX", "HEX/layer.tar", "HEX.json", "HEX"] {
            let blob = blob.replace("HEX", &hex);
            assert_eq!(classify(&[&blob, "x/manifest.json"]), ArchiveShape::Image, "{blob}");
            assert_eq!(classify(&[&format!("x/{blob}"), "x/index.json"]), in_folder("x"), "{blob}");
        }
    }

    #[test]
    fn a_root_file_system_is_not_taken_for_an_image() {
        for names in [
            &["etc/passwd"][..],
            &["bin/sh"],
            &["usr/bin/x", "srv/app/manifest.json"],
            &["app/manifest.json", "lib/x"],
            &["usr/x", "0a/layer.tar"],
            &["lib/x", "blobs/sha256/a"],
            &["etc/passwd", "index.json"],
        ] {
            assert_eq!(classify(names), ArchiveShape::RootFileSystem, "{names:?}");
        }
        let hex = "0a".repeat(32);
        for blob in ["HEX", "HEX.json", "HEX.tar", "blobs/sha256/HEX", "sha256:HEX"] {
            let blob = blob.replace("HEX", &hex);
            assert_eq!(classify(&["etc/passwd", &blob]), ArchiveShape::RootFileSystem, "{blob}");
            assert_eq!(classify(&[&blob, "usr/x", "app/manifest.json"]), ArchiveShape::RootFileSystem, "{blob}");
            assert_eq!(classify(&[&blob, "usr/x", "manifest.json"]), ArchiveShape::Image, "{blob}");
            assert_eq!(classify(&[&blob]), ArchiveShape::Image, "{blob}");
        }
        let layer = format!("{}/layer.tar", "0a".repeat(32));
        for names in [&["etc/passwd", "manifest.json"][..], &["usr/x", &layer], &["bin"], &["srv/x", "readme"]] {
            assert_eq!(classify(names), ArchiveShape::Image, "{names:?}");
        }
    }
}
