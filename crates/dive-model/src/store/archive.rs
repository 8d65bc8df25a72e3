//! An outer tar as a place to look things up: one pass over its headers makes an index from names to runs of bytes;
//! no body is read. Docker, Podman and skopeo all write such archives, with layers as members, as symbolic links to
//! members, or as hard links.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use super::archive_shape::{ArchiveShape, FOLDERS_LOOKED_INTO, MemberShape, ShapeNotes, Survey};
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
    members: HashMap<String, Held>,
    /// Names of symbolic links in the order of the archive.
    links: Vec<String>,
    ending: Ending,
    remarks: Vec<Remark>,
    /// Members whose names lead out of the archive.
    left_out: usize,
    len: u64,
    shape: ArchiveShape,
}

/// What a name in the archive stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    Bytes {
        offset: u64,
        len: u64,
    },
    /// A link, with the name it leads to.
    Link(String),
    LinkOutside(String),
    /// Something that has no bytes of its own, or not in one run.
    NotAFile,
}

/// How the archive ends. A copy that was cut between two members shows no other sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// After the last member stands what ends a tar.
    Marked,
    /// The file ends with its last member.
    Unmarked,
}

/// Members left out that are named one by one; the rest is counted.
const LEFT_OUT_NAMED: usize = 100;

/// Links that are followed from one name; real archives have one.
const MAX_LINKS: usize = 10;

/// What the index may hold of names, in bytes, with [`MEMBER_COST`] for each member. An image of the largest size that
/// Docker allows has some hundred members; without a limit, 3 MB of gzip can hold two million.
const INDEX_LIMIT: usize = 48 << 20;
const MEMBER_COST: usize = 128;

/// The longest document that is read to see whether it is an engine's, in bytes. A longer one is a web application's.
const DOCUMENT_LIMIT: u64 = 8 << 20;

impl Archive {
    /// Indexes the tar that fills `file`, `len` bytes long and called `name` in messages.
    ///
    /// # Errors
    /// If it is empty, not a tar, or damaged and `on_damage` does not say to go on.
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
        let mut notes = ShapeNotes::default();
        loop {
            match walker.next() {
                Ok(None) if self.members.is_empty() && !notes.has_root_folder() => return self.refuse_data(blob),
                Ok(None) => break,
                Ok(Some(member)) => {
                    if let Ok(name) = normalise("", &lossy(member.path)) {
                        notes.note(&name, shape_of(member.kind, &lossy(member.link)));
                    }
                    cost += MEMBER_COST + member.path.len() + member.link.len();
                    if cost > INDEX_LIMIT {
                        self.shape = self.survey(&notes).shape;
                        if self.shape == ArchiveShape::RootFileSystem {
                            // It is read as a layer, so nobody looks its members up here.
                            self.members.clear();
                            return Ok(());
                        }
                        return Err(StoreError::TooManyMembers { archive: self.name.clone(), limit: INDEX_LIMIT });
                    }
                    let end = member.body_offset.saturating_add(member.data_len);
                    // Padding is less than a block; an end mark is at least one.
                    self.ending = if end.saturating_add(511) >= blob.len() { Ending::Unmarked } else { Ending::Marked };
                    let held = match member.kind {
                        MemberKind::Path(PathKind::File) => Held::Bytes {
                            offset: member.body_offset,
                            len: member.data_len.min(blob.len().saturating_sub(member.body_offset)),
                        },
                        MemberKind::Path(PathKind::Symlink | PathKind::HardLink) => {
                            Held::LinkOutside(lossy(member.link))
                        }
                        MemberKind::Path(PathKind::Directory) => continue,
                        _ => Held::NotAFile,
                    };
                    let (path, kind) = (lossy(member.path), member.kind);
                    self.add(&path, kind, held);
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
                    self.remarks.push(Remark::survived(&self.name, &error, "what came before is shown"));
                    break;
                }
            }
        }
        if notes.has_only_links() {
            let mut walker = Walker::new(Positional::new(blob));
            while let Ok(Some(member)) = walker.next() {
                if let Ok(name) = normalise("", &lossy(member.path)) {
                    notes.note_target(&name, shape_of(member.kind, ""));
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
                let text = format!("the image is inside the folder {}, where engines do not look", Quoted(folder));
                self.remarks.push(Remark::new(&self.name, text));
                if unread_folders > 0 {
                    let folders = if unread_folders == 1 { "folder" } else { "folders" };
                    let text = format!("{unread_folders} more {folders} may hold images; dive did not search there");
                    self.remarks.push(Remark::new(&self.name, text));
                }
            }
            ArchiveShape::TooManyFolders => {
                return Err(StoreError::TooManyFolders {
                    archive: self.name.clone(),
                    read: FOLDERS_LOOKED_INTO,
                    unread: unread_folders,
                });
            }
            ArchiveShape::Image | ArchiveShape::RootFileSystem => {}
        }
        Ok(())
    }

    fn survey(&self, notes: &ShapeNotes) -> Survey {
        let read = |document: &str| self.open(document).ok()?.read_document(DOCUMENT_LIMIT).ok();
        notes.shape(&self.members.keys().map(String::as_str), read)
    }

    /// A tar without members ends with its first block. Behind that, nothing stands.
    fn refuse_data(&self, blob: &Blob) -> Result<(), StoreError> {
        let first = blob.first_bytes(SAMPLE_LEN).unwrap_or_default();
        match magic::identify(&first).filter(|_| first.iter().take(512).all(|byte| *byte == 0)) {
            Some(format) => Err(StoreError::NotAnArchive { archive: self.name.clone(), found: format.name }),
            None => Ok(()),
        }
    }

    fn add(&mut self, path: &str, kind: MemberKind, held: Held) {
        let Ok(name) = normalise("", path) else {
            self.left_out += 1;
            if self.left_out <= LEFT_OUT_NAMED {
                let start: String = path.chars().take(200).collect();
                let text = format!("ignored the member {}: its path leads out of the archive", Quoted(&start));
                self.remarks.push(Remark::new(&self.name, text));
            }
            return;
        };
        let held = match held {
            Held::LinkOutside(target) => {
                // A hard link names a member, a symbolic link a way from the folder it lies in.
                let from = if kind == MemberKind::Path(PathKind::Symlink) { folder(&name) } else { "" };
                if kind == MemberKind::Path(PathKind::Symlink) {
                    self.links.push(name.clone());
                }
                normalise(from, &target).map_or(Held::LinkOutside(target), Held::Link)
            }
            held => held,
        };
        // Engines unpack the archive into a folder: a later member of the same name replaces the earlier one.
        self.members.insert(name, held);
    }

    /// The bytes called `member`; links are followed, but never out of the archive.
    ///
    /// # Errors
    /// If there is no such member, or it is not a plain file, or it leads outside.
    pub fn open(&self, member: &str) -> Result<Blob, StoreError> {
        let outside = |what: &str| StoreError::Outside { archive: self.name.clone(), member: what.to_owned() };
        let asked = self.in_root(member).map_err(|Escapes| outside(member))?;
        let mut name = asked.clone();
        for _ in 0..=MAX_LINKS {
            match self.members.get(&name) {
                Some(Held::Bytes { offset, len }) => {
                    return Ok(Blob::new(Arc::clone(&self.file), *offset, *len, self.out_of_root(&asked)));
                }
                Some(Held::Link(target)) => name.clone_from(target),
                Some(Held::LinkOutside(target)) => return Err(outside(&format!("{name} -> {target}"))),
                Some(Held::NotAFile) => {
                    return Err(StoreError::NotAFile { archive: self.name.clone(), member: member.to_owned() });
                }
                None => {
                    if let Some((link, rest)) = self.linked_folder(&name) {
                        let Some(Held::Link(target)) = self.members.get(link) else { return Err(outside(link)) };
                        name = format!("{target}/{rest}");
                        continue;
                    }
                    if name == asked {
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
        let link = self.linked_folder(&asked).map_or(asked.as_str(), |(folder, _)| folder);
        let (archive, link) = (self.name.clone(), link.to_owned());
        Err(StoreError::LinkLoop { archive, member: member.to_owned(), link, limit: MAX_LINKS })
    }

    /// Whether it has a member of that name.
    #[must_use]
    pub fn contains(&self, member: &str) -> bool {
        let Ok(mut name) = self.in_root(member) else { return false };
        for _ in 0..=MAX_LINKS {
            if self.members.contains_key(&name) {
                return true;
            }
            let Some((link, rest)) = self.linked_folder(&name) else { return false };
            // Where a folder leads out of the archive, opening it says so.
            let Some(Held::Link(target)) = self.members.get(link) else { return true };
            name = format!("{target}/{rest}");
        }
        // Folders that are links and lead round: opening it says so.
        true
    }

    /// The normal name of a member that the image's documents call `member`.
    fn in_root(&self, member: &str) -> Result<String, Escapes> {
        let root = self.shape.root();
        let name = normalise("", member)?;
        Ok(if root.is_empty() { name } else { format!("{root}/{name}") })
    }

    /// The first folder of `name` that is a link, and the rest of the name.
    fn linked_folder<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let folders = name.match_indices('/').map(|(at, _)| (&name[..at], &name[at + 1..]));
        let is_link = |folder: &str| matches!(self.members.get(folder), Some(Held::Link(_) | Held::LinkOutside(_)));
        folders.into_iter().find(|(folder, _)| is_link(folder))
    }

    /// The whole tar, if it is a root file system and no image.
    #[must_use]
    pub fn root_file_system(&self) -> Option<Blob> {
        let blob = || Blob::new(Arc::clone(&self.file), 0, self.len, self.name.as_str());
        (self.shape == ArchiveShape::RootFileSystem).then(blob)
    }

    /// A normal name as the image's documents have it.
    fn out_of_root<'a>(&self, name: &'a str) -> &'a str {
        let rest = name.strip_prefix(self.shape.root());
        rest.map_or(name, |rest| rest.trim_start_matches('/'))
    }

    /// Symbolic links in the order of the archive, each with the name it leads to.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links.iter().filter_map(|name| match self.members.get(name) {
            Some(Held::Link(target)) => Some((self.out_of_root(name), self.out_of_root(target))),
            _ => None,
        })
    }

    /// The names of its members, in no order.
    pub fn member_names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(|name| self.out_of_root(name))
    }

    /// How it ends.
    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.ending
    }

    /// Takes what was odd while it was indexed.
    pub fn take_remarks(&mut self) -> Vec<Remark> {
        let unnamed = self.left_out.saturating_sub(LEFT_OUT_NAMED);
        if unnamed > 0 {
            let members = if unnamed == 1 { "member whose path leads" } else { "members whose paths lead" };
            let text = format!("ignored {unnamed} more {members} out of the archive");
            self.remarks.push(Remark::new(&self.name, text));
        }
        std::mem::take(&mut self.remarks)
    }
}

fn shape_of(kind: MemberKind, link: &str) -> MemberShape<'_> {
    match kind {
        MemberKind::Path(PathKind::Directory) => MemberShape::Directory,
        MemberKind::Path(PathKind::Symlink) => MemberShape::Link(link),
        _ => MemberShape::Other,
    }
}

/// Member names are looked up by the names that JSON documents give, which are UTF-8.
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
    fn a_repacked_archive_is_found_under_its_plain_names() {
        let archive = archive(&[file("./l0/layer.tar", "zero"), file("/manifest.json", "[]")]);
        assert_eq!(read(&archive, "l0/layer.tar"), "zero");
        assert_eq!(read(&archive, "./manifest.json"), "[]");
        assert!(archive.contains("manifest.json") && !archive.contains("l0"));
    }

    #[test]
    fn the_later_member_of_a_name_wins() {
        assert_eq!(read(&archive(&[file("m", "old"), file("./m", "new")]), "m"), "new");
    }

    #[test]
    fn links_lead_to_the_bytes() {
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
    fn no_name_and_no_link_leads_out() {
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
    fn a_cut_archive_fails_or_shows_what_came_before_the_cut() {
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
    fn what_is_no_tar_is_named() {
        assert!(index(b"", OnDamage::Fail).unwrap_err().to_string().contains("the file is empty"));
        assert!(index(b"PK\x03\x04", OnDamage::Remark).unwrap_err().to_string().contains("it is a ZIP file"));
    }
}
