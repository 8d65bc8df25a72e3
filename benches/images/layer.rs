//! Writes the tar of one layer.

use std::io::Write;

use tar::{Builder, EntryType};

use super::{header, paths};

/// A tar with a fixed number of members.
pub(super) struct Layer<W: Write> {
    tar: Builder<W>,
    room: u64,
    /// The directory of the last member; it and its parents have entries.
    folder: String,
}

impl<W: Write> Layer<W> {
    pub(super) fn new(room: u64, out: W) -> Self {
        Self { tar: Builder::new(out), room, folder: String::new() }
    }

    pub(super) const fn has_room(&self) -> bool {
        self.room > 0
    }

    /// Calls `add` with 0, 1, 2 and so on until the tar is full.
    pub(super) fn fill(&mut self, add: impl Fn(&mut Self, u64)) {
        let mut at = 0;
        while self.has_room() {
            add(self, at);
            at += 1;
        }
    }

    pub(super) fn finish(self) -> W {
        self.tar.into_inner().unwrap()
    }

    /// Adds the usual member at `path_of(at)`: one in 16 is a symbolic link, one in 128 a hard link to the file before
    /// it, two thirds of the rest are empty.
    pub(super) fn usual(&mut self, path_of: fn(u64) -> String, at: u64) {
        let path = path_of(at);
        match at {
            _ if at % 16 == 7 => self.link(EntryType::Symlink, &path, "../current/main.js"),
            _ if at % 128 == 65 => self.link(EntryType::Link, &path, &path_of(at - 1)),
            _ if at.is_multiple_of(3) => self.file(&path, at),
            _ => self.put(&path, &[]),
        }
    }

    /// Adds a file whose content depends on `seed`.
    pub(super) fn file(&mut self, path: &str, seed: u64) {
        self.put(path, paths::body(seed));
    }

    pub(super) fn whiteout(&mut self, path: &str) {
        let (folder, name) = path.rsplit_once('/').unwrap();
        self.put(&format!("{folder}/.wh.{name}"), &[]);
    }

    fn put(&mut self, path: &str, body: &[u8]) {
        self.list_folders(path);
        self.member(path, EntryType::Regular, body);
    }

    fn link(&mut self, kind: EntryType, path: &str, target: &str) {
        self.list_folders(path);
        if self.take_room() {
            let mut header = header();
            header.set_entry_type(kind);
            self.tar.append_link(&mut header, path, target).unwrap();
        }
    }

    /// Adds directory entries for the parents of `path` that have none yet.
    fn list_folders(&mut self, path: &str) {
        let folder = paths::folder(path);
        if folder == self.folder {
            return;
        }
        let last = std::mem::replace(&mut self.folder, folder.to_owned());
        let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
        for directory in ends.map(|end| &folder[..end]) {
            let is_listed = last.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if !is_listed {
                self.member(directory, EntryType::Directory, &[]);
            }
        }
    }

    fn member(&mut self, path: &str, kind: EntryType, body: &[u8]) {
        if self.take_room() {
            let mut header = header();
            header.set_entry_type(kind);
            if kind == EntryType::Directory {
                header.set_mode(0o755);
            }
            header.set_size(body.len() as u64);
            self.tar.append_data(&mut header, path, body).unwrap();
        }
    }

    fn take_room(&mut self) -> bool {
        let has_room = self.has_room();
        self.room = self.room.saturating_sub(1);
        has_room
    }
}
