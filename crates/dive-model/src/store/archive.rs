//! An outer tar as an index of its members.
//!
//! One pass over the headers builds an index from names to byte ranges, without reading bodies. Docker, Podman and
//! skopeo write such archives, with layers as members, or as symbolic or hard links to members.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use super::archive_shape::{ArchiveShape, MAX_FOLDERS, MemberNotes, MemberType, Survey};
use super::error::StoreError;
use super::member_path::{Escapes, folder, normalise};
use crate::blob::Blob;
use crate::magic::{self, SAMPLE_LEN};
use crate::remark::{OnDamage, Quoted, Remark};
use crate::tarfile::{MemberKind, PathKind, Positional, TarErrorKind, Walker};

/// An indexed outer tar.
#[derive(Debug)]
pub struct Archive {
    name: String,
    file: Arc<File>,
    members: HashMap<String, MemberEntry>,
    /// Names of symbolic links in the order of the archive.
    links: Vec<String>,
    ending: Ending,
    remarks: Vec<Remark>,
    /// Number of members with names outside the archive.
    left_out: usize,
    len: u64,
    shape: ArchiveShape,
}

/// A member of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
enum MemberEntry {
    Bytes {
        offset: u64,
        len: u64,
    },
    /// A link, with the name of its target.
    Link(String),
    LinkOutside(String),
    /// A member without a contiguous body.
    NotAFile,
}

/// How an archive ends. A copy cut off between two members shows no other sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With the end mark of a tar.
    Marked,
    /// With the last member.
    Unmarked,
}

/// Maximum number of left-out members to list.
const MAX_LEFT_OUT_LISTED: usize = 100;

/// Maximum number of links to follow for one name. Real archives have one.
const MAX_LINKS: usize = 10;

/// Maximum size of the index: bytes of names, plus [`MEMBER_COST`] per member. The largest image that Docker allows has
/// some hundred members; without a limit, 3 MB of gzip could have two million.
const INDEX_LIMIT: usize = 48 << 20;
const MEMBER_COST: usize = 128;

/// Maximum size of a document to inspect, in bytes. Longer ones belong to web applications.
const DOCUMENT_LIMIT: u64 = 8 << 20;

impl Archive {
    /// Indexes the tar in `file`, of `len` bytes. Messages call it `name`.
    ///
    /// # Errors
    /// The file is empty or not a tar, or is damaged and `on_damage` is [`OnDamage::Fail`].
    pub fn index(name: &str, file: Arc<File>, len: u64, on_damage: OnDamage) -> Result<Self, StoreError> {
        let blob = Blob::new(Arc::clone(&file), 0, len, name);
        let mut archive = Self {
            name: name.to_owned(),
            file,
            members: HashMap::new(),
            links: Vec::new(),
            ending: Ending::Marked,
            remarks: Vec::new(),
            left_out: 0,
            len,
            shape: ArchiveShape::Image,
        };
        if len == 0 {
            return Err(StoreError::Empty { archive: archive.name });
        }
        archive.walk(&blob, on_damage)?;
        Ok(archive)
    }

    fn walk(&mut self, blob: &Blob, on_damage: OnDamage) -> Result<(), StoreError> {
        let mut walker = Walker::new(Positional::new(blob));
        let mut cost = 0;
        let mut notes = MemberNotes::default();
        loop {
            match walker.next() {
                Ok(None) if self.members.is_empty() && !notes.has_root_folder() => return self.refuse_data(blob),
                Ok(None) => break,
                Ok(Some(member)) => {
                    if let Ok(name) = normalise("", &lossy(member.path)) {
                        notes.note(&name, member_type(member.kind, &lossy(member.link)));
                    }
                    cost += MEMBER_COST + member.path.len() + member.link.len();
                    if cost > INDEX_LIMIT {
                        self.shape = self.survey(&notes).shape;
                        if self.shape == ArchiveShape::RootFileSystem {
                            // It is read as a layer, without looking up members here.
                            self.members.clear();
                            return Ok(());
                        }
                        return Err(StoreError::TooManyMembers { archive: self.name.clone(), limit: INDEX_LIMIT });
                    }
                    let end = member.body_offset.saturating_add(member.data_len);
                    // Padding is less than a block; an end mark is at least one.
                    self.ending = if end.saturating_add(511) >= blob.len() { Ending::Unmarked } else { Ending::Marked };
                    let entry = match member.kind {
                        MemberKind::Path(PathKind::File) => MemberEntry::Bytes {
                            offset: member.body_offset,
                            len: member.data_len.min(blob.len().saturating_sub(member.body_offset)),
                        },
                        MemberKind::Path(PathKind::Symlink | PathKind::HardLink) => {
                            MemberEntry::LinkOutside(lossy(member.link))
                        }
                        MemberKind::Path(PathKind::Directory) => continue,
                        _ => MemberEntry::NotAFile,
                    };
                    let (path, kind) = (lossy(member.path), member.kind);
                    self.add(&path, kind, entry);
                }
                Err(error) if matches!(error.kind, TarErrorKind::NotATar) => {
                    let first = blob.first_bytes(SAMPLE_LEN).unwrap_or_default();
                    return Err(StoreError::NotAnArchive {
                        archive: self.name.clone(),
                        found: magic::describe(&first),
                    });
                }
                Err(cause) => {
                    let error = StoreError::Damaged { archive: self.name.clone(), cause };
                    if on_damage == OnDamage::Fail || self.members.is_empty() {
                        return Err(error);
                    }
                    self.remarks.push(Remark::tolerated(&self.name, &error, "dive shows the part before it"));
                    break;
                }
            }
        }
        if notes.has_only_links() {
            let mut walker = Walker::new(Positional::new(blob));
            while let Ok(Some(member)) = walker.next() {
                if let Ok(name) = normalise("", &lossy(member.path)) {
                    notes.note_target(&name, member_type(member.kind, ""));
                }
            }
        }
        let Survey { shape, unread_folders } = self.survey(&notes);
        self.shape = shape;
        match &self.shape {
            ArchiveShape::InFolders(folders) => {
                return Err(StoreError::SeveralFolders { archive: self.name.clone(), folders: folders.clone() });
            }
            ArchiveShape::InFolder(folder) => {
                let text = format!("the image is inside the directory {}, where engines do not look", Quoted(folder));
                self.remarks.push(Remark::new(&self.name, text));
                if unread_folders > 0 {
                    let folders = if unread_folders == 1 { "directory" } else { "directories" };
                    let text = format!("{unread_folders} more {folders} may contain images; dive did not search there");
                    self.remarks.push(Remark::new(&self.name, text));
                }
            }
            ArchiveShape::TooManyFolders => {
                return Err(StoreError::TooManyFolders {
                    archive: self.name.clone(),
                    read: MAX_FOLDERS,
                    unread: unread_folders,
                });
            }
            ArchiveShape::Image | ArchiveShape::RootFileSystem => {}
        }
        Ok(())
    }

    fn survey(&self, notes: &MemberNotes) -> Survey {
        let read = |document: &str| self.open(document).ok()?.read_document(DOCUMENT_LIMIT).ok();
        notes.classify(&self.members.keys().map(String::as_str), read)
    }

    /// Rejects file system images: they start with zeros, like a tar without members, but have data after them.
    fn refuse_data(&self, blob: &Blob) -> Result<(), StoreError> {
        let first = blob.first_bytes(SAMPLE_LEN).unwrap_or_default();
        match magic::identify(&first).filter(|_| first.iter().take(512).all(|byte| *byte == 0)) {
            Some(format) => Err(StoreError::NotAnArchive { archive: self.name.clone(), found: format.name }),
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &str, kind: MemberKind, entry: MemberEntry) {
        let Ok(name) = normalise("", path) else {
            self.left_out += 1;
            if self.left_out <= MAX_LEFT_OUT_LISTED {
                let start: String = path.chars().take(200).collect();
                let text = format!("dive ignores the member {}: its path leads out of the archive", Quoted(&start));
                self.remarks.push(Remark::new(&self.name, text));
            }
            return;
        };
        let entry = match entry {
            MemberEntry::LinkOutside(target) => {
                // The target of a hard link is relative to the root, that of a symbolic link to its folder.
                let from = if kind == MemberKind::Path(PathKind::Symlink) { folder(&name) } else { "" };
                if kind == MemberKind::Path(PathKind::Symlink) {
                    self.links.push(name.clone());
                }
                normalise(from, &target).map_or(MemberEntry::LinkOutside(target), MemberEntry::Link)
            }
            entry => entry,
        };
        // Engines unpack the archive into a folder, so a later member replaces an earlier one of the same name.
        self.members.insert(name, entry);
    }

    /// The blob of `member`. Follows links, but not out of the archive.
    ///
    /// # Errors
    /// The member is missing, is not a regular file, or is outside the archive.
    pub fn open(&self, member: &str) -> Result<Blob, StoreError> {
        let outside = |what: &str| StoreError::Outside { archive: self.name.clone(), member: what.to_owned() };
        let requested = self.in_root(member).map_err(|Escapes| outside(member))?;
        let mut name = requested.clone();
        for _ in 0..=MAX_LINKS {
            match self.members.get(&name) {
                Some(MemberEntry::Bytes { offset, len }) => {
                    return Ok(Blob::new(Arc::clone(&self.file), *offset, *len, self.out_of_root(&requested)));
                }
                Some(MemberEntry::Link(target)) => name.clone_from(target),
                Some(MemberEntry::LinkOutside(target)) => return Err(outside(&format!("{name} -> {target}"))),
                Some(MemberEntry::NotAFile) => {
                    return Err(StoreError::NotAFile { archive: self.name.clone(), member: member.to_owned() });
                }
                None => {
                    if let Some((link, rest)) = self.linked_folder(&name) {
                        let Some(MemberEntry::Link(target)) = self.members.get(link) else { return Err(outside(link)) };
                        name = format!("{target}/{rest}");
                        continue;
                    }
                    if name == requested {
                        return Err(StoreError::Missing { archive: self.name.clone(), member: member.to_owned() });
                    }
                    return Err(StoreError::DanglingLink {
                        archive: self.name.clone(),
                        member: member.to_owned(),
                        target: name.clone(),
                    });
                }
            }
        }
        let link = self.linked_folder(&requested).map_or(requested.as_str(), |(folder, _)| folder);
        let (archive, link) = (self.name.clone(), link.to_owned());
        Err(StoreError::LinkLoop { archive, member: member.to_owned(), link, limit: MAX_LINKS })
    }

    /// True if the archive has this member.
    #[must_use]
    pub fn contains(&self, member: &str) -> bool {
        let Ok(mut name) = self.in_root(member) else { return false };
        for _ in 0..=MAX_LINKS {
            if self.members.contains_key(&name) {
                return true;
            }
            let Some((link, rest)) = self.linked_folder(&name) else { return false };
            // A folder outside the archive: opening the member reports it.
            let Some(MemberEntry::Link(target)) = self.members.get(link) else { return true };
            name = format!("{target}/{rest}");
        }
        // Folders that are links in a loop: opening the member reports it.
        true
    }

    /// The normalised name of a member that documents of the image call `member`.
    fn in_root(&self, member: &str) -> Result<String, Escapes> {
        let root = self.shape.root();
        let name = normalise("", member)?;
        Ok(if root.is_empty() { name } else { format!("{root}/{name}") })
    }

    /// The first folder in `name` that is a link, and the rest of the name.
    fn linked_folder<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let folders = name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
        let is_link =
            |folder: &str| matches!(self.members.get(folder), Some(MemberEntry::Link(_) | MemberEntry::LinkOutside(_)));
        folders.into_iter().find(|(folder, _)| is_link(folder))
    }

    /// The whole tar, if it is a root file system.
    #[must_use]
    pub fn root_file_system(&self) -> Option<Blob> {
        let blob = || Blob::new(Arc::clone(&self.file), 0, self.len, self.name.as_str());
        (self.shape == ArchiveShape::RootFileSystem).then(blob)
    }

    /// Converts a normalised name to that in the image's documents.
    fn out_of_root<'a>(&self, name: &'a str) -> &'a str {
        let rest = name.strip_prefix(self.shape.root());
        rest.map_or(name, |rest| rest.trim_start_matches('/'))
    }

    /// Symbolic links with their target, in the order of the archive.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().filter_map(|name| match self.members.get(name) {
            Some(MemberEntry::Link(target)) => Some((self.out_of_root(name), self.out_of_root(target))),
            _ => None,
        })
    }

    /// Names of all members, in no particular order.
    pub fn member_names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(|name| self.out_of_root(name))
    }

    /// How the archive ends.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.ending
    }

    /// Takes the remarks from indexing.
    pub fn take_remarks(&mut self) -> Vec<Remark> {
        let unnamed = self.left_out.saturating_sub(MAX_LEFT_OUT_LISTED);
        if unnamed > 0 {
            let members = if unnamed == 1 { "member whose path leads" } else { "members whose paths lead" };
            let text = format!("ignored {unnamed} more {members} out of the archive");
            self.remarks.push(Remark::new(&self.name, text));
        }
        std::mem::take(&mut self.remarks)
    }
}

fn member_type(kind: MemberKind, link: &str) -> MemberType<'_> {
    match kind {
        MemberKind::Path(PathKind::Directory) => MemberType::Directory,
        MemberKind::Path(PathKind::Symlink) => MemberType::Link(link),
        _ => MemberType::Other,
    }
}

/// Members are looked up by names in JSON documents, which are UTF-8.
fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn header(kind: tar::EntryType, name: &str, link: &str, size: u64) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        header
    }

    fn file(name: &str, content: &str) -> Vec<u8> {
        let mut bytes = header(tar::EntryType::Regular, name, "", content.len() as u64).as_bytes().to_vec();
        bytes.extend_from_slice(content.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn symlink(name: &str, target: &str) -> Vec<u8> {
        header(tar::EntryType::Symlink, name, target, 0).as_bytes().to_vec()
    }

    fn hard_link(name: &str, target: &str) -> Vec<u8> {
        header(tar::EntryType::Link, name, target, 0).as_bytes().to_vec()
    }

    fn index(bytes: &[u8], on_damage: OnDamage) -> Result<Archive, StoreError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Archive::index("a.tar", Arc::new(file), bytes.len() as u64, on_damage)
    }

    fn archive(members: &[Vec<u8>]) -> Archive {
        index(&[members.concat(), vec![0; 1024]].concat(), OnDamage::Fail).unwrap()
    }

    fn read(archive: &Archive, name: &str) -> String {
        match archive.open(name) {
            Ok(blob) => String::from_utf8(blob.read_document(100).unwrap()).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_repacked_archive_has_normalised_names() {
        let archive = archive(&[file("./l0/layer.tar", "zero"), file("/manifest.json", "[]")]);
        assert_eq!(read(&archive, "l0/layer.tar"), "zero");
        assert_eq!(read(&archive, "./manifest.json"), "[]");
        assert!(archive.contains("manifest.json") && !archive.contains("l0"));
    }

    #[test]
    fn the_last_member_with_a_name_wins() {
        assert_eq!(read(&archive(&[file("m", "old"), file("./m", "new")]), "m"), "new");
    }

    #[test]
    fn links_open_their_target() {
        let archive = archive(&[
            symlink("id/layer.tar", "../blob.tar"),
            file("blob.tar", "bytes"),
            hard_link("hard", "blob.tar"),
            symlink("far", "id/layer.tar"),
        ]);
        for name in ["id/layer.tar", "hard", "far"] {
            assert_eq!(read(&archive, name), "bytes", "{name}");
        }
        assert_eq!(archive.links().collect::<Vec<_>>(), [("id/layer.tar", "blob.tar"), ("far", "id/layer.tar")]);
    }

    #[test]
    fn names_and_links_outside_the_archive_are_refused() {
        let mut archive = archive(&[
            file("../../etc/passwd", "x"),
            symlink("out", "../etc/passwd"),
            symlink("loop", "loop"),
            symlink("nowhere", "gone"),
        ]);
        assert_eq!(
            read(&archive, "../../etc/passwd"),
            "a.tar: the link \"../../etc/passwd\" leads out of the archive; save the image again"
        );
        assert!(read(&archive, "out").contains("leads out"));
        assert!(read(&archive, "loop").contains("more than 10 links"));
        assert!(read(&archive, "nowhere").contains("\"gone\""));
        assert_eq!(archive.take_remarks().len(), 1, "the refused member is told");
    }

    #[test]
    fn a_cut_archive_is_an_error_or_keeps_the_members_before_the_cut() {
        let whole = [file("a", "one"), file("b", &"2".repeat(600))].concat();
        let cut = &whole[..whole.len() - 700];
        let error = index(cut, OnDamage::Fail).unwrap_err().to_string();
        assert!(error.contains("\"b\" at offset 1024") && error.contains("600 bytes"), "{error}");
        let mut archive = index(cut, OnDamage::Remark).unwrap();
        assert_eq!(read(&archive, "a"), "one");
        assert_eq!(archive.open("b").unwrap().len(), 324);
        assert_eq!(archive.take_remarks().len(), 1);
        assert_eq!(index(&whole, OnDamage::Fail).unwrap().ending(), Ending::Unmarked);
    }

    #[test]
    fn the_format_of_other_files_is_named() {
        assert!(index(b"", OnDamage::Fail).unwrap_err().to_string().contains("the file is empty"));
        assert!(index(b"PK\x03\x04", OnDamage::Remark).unwrap_err().to_string().contains("it is a ZIP file"));
    }
}
