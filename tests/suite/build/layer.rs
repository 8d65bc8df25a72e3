//! One layer, entry by entry. Headers come from the `tar` crate; names, links and PAX records are written as bytes,
//! since the crate refuses malformed ones.

use std::io::Write;

use tar::{EntryType, Header};

/// A layer under construction. Names are written unchanged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    entries: Vec<Entry>,
    packing: Packing,
    created_by: Option<String>,
    built_at: u64,
}

/// Compression of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Packing {
    #[default]
    Plain,
    Gzip,
    Zstd,
}

#[derive(Debug, Clone)]
struct Entry {
    kind: EntryType,
    name: Vec<u8>,
    link: Vec<u8>,
    content: Vec<u8>,
    mode: u32,
    owner: (u64, u64),
    device: (u32, u32),
    /// Size of a sparse file, including holes.
    whole_size: u64,
    xattrs: Vec<(String, String)>,
}

impl Layer {
    /// A regular file with mode 0644.
    pub(crate) fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let mut layer = self.entry(EntryType::Regular, name.as_ref(), b"", 0o644);
        layer.last().content = content.as_ref().to_vec();
        layer
    }

    /// A sparse file (old GNU format) of `size` bytes: `content`, then a hole.
    pub(crate) fn sparse_file(self, name: &str, content: &str, size: u64) -> Self {
        let mut layer = self.entry(EntryType::GNUSparse, name.as_bytes(), b"", 0o644);
        layer.last().content = content.as_bytes().to_vec();
        layer.last().whole_size = size;
        layer
    }

    /// A directory with mode 0755.
    pub(crate) fn dir(self, name: &str) -> Self {
        self.entry(EntryType::Directory, name.as_bytes(), b"", 0o755)
    }

    /// A symbolic link.
    pub(crate) fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(EntryType::Symlink, name.as_ref(), target.as_ref(), 0o777)
    }

    /// A hard link to `target`.
    pub(crate) fn hardlink(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name.as_bytes(), target.as_bytes(), 0o644)
    }

    /// A character device.
    pub(crate) fn char_device(self, name: &str, major: u32, minor: u32) -> Self {
        let mut layer = self.entry(EntryType::Char, name.as_bytes(), b"", 0o644);
        layer.last().device = (major, minor);
        layer
    }

    /// A named pipe.
    pub(crate) fn fifo(self, name: &str) -> Self {
        self.entry(EntryType::Fifo, name.as_bytes(), b"", 0o644)
    }

    /// A whiteout of `path`.
    pub(crate) fn whiteout(self, path: &str) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let slash = if directory.is_empty() { "" } else { "/" };
        self.file(format!("{directory}{slash}.wh.{name}"), "")
    }

    /// An opaque marker of `directory`.
    pub(crate) fn opaque(self, directory: &str) -> Self {
        let slash = if directory.is_empty() { "" } else { "/" };
        self.file(format!("{directory}{slash}.wh..wh..opq"), "")
    }

    /// Sets the mode of the last entry.
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.last().mode = mode;
        self
    }

    /// Sets owner and group of the last entry.
    pub(crate) fn owner(mut self, uid: u64, gid: u64) -> Self {
        self.last().owner = (uid, gid);
        self
    }

    /// Adds an extended attribute to the last entry.
    pub(crate) fn xattr(mut self, name: &str, value: &str) -> Self {
        self.last().xattrs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the compression.
    pub(crate) fn packed(mut self, packing: Packing) -> Self {
        self.packing = packing;
        self
    }

    /// Sets the command in the image's history.
    pub(crate) fn created_by(mut self, command: &str) -> Self {
        self.created_by = Some(command.to_owned());
        self
    }

    /// Sets the time of all entries, in seconds since 1970.
    pub(crate) fn built_at(mut self, seconds: u64) -> Self {
        self.built_at = seconds;
        self
    }

    pub(super) fn command(&self) -> Option<&str> {
        self.created_by.as_deref()
    }

    pub(crate) fn gzip(self) -> Self {
        self.packed(Packing::Gzip)
    }

    pub(crate) fn zstd(self) -> Self {
        self.packed(Packing::Zstd)
    }

    fn entry(mut self, kind: EntryType, name: &[u8], link: &[u8], mode: u32) -> Self {
        self.entries.push(Entry {
            kind,
            name: name.to_vec(),
            link: link.to_vec(),
            content: Vec::new(),
            mode,
            owner: (0, 0),
            device: (0, 0),
            whole_size: 0,
            xattrs: Vec::new(),
        });
        self
    }

    fn last(&mut self) -> &mut Entry {
        self.entries.last_mut().expect("an entry comes first")
    }

    /// The uncompressed tar.
    pub(crate) fn tar(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.entries {
            entry.write(self.built_at, &mut out);
        }
        out.resize(out.len() + 1024, 0);
        out
    }

    /// The layer as stored in the archive.
    pub(crate) fn blob(&self) -> Vec<u8> {
        self.packing.pack(&self.tar())
    }
}

impl Packing {
    /// Compresses these bytes.
    pub(crate) fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }
}

impl Entry {
    fn write(&self, built_at: u64, out: &mut Vec<u8>) {
        let mut header = if self.kind == EntryType::GNUSparse { Header::new_gnu() } else { Header::new_ustar() };
        let mut records = Vec::new();
        put_name(&mut header.as_old_mut().name, &self.name, "path", &mut records);
        put_name(&mut header.as_old_mut().linkname, &self.link, "linkpath", &mut records);
        for (name, value) in &self.xattrs {
            push_record(&mut records, &format!("SCHILY.xattr.{name}"), value.as_bytes());
        }
        header.set_entry_type(self.kind);
        header.set_mtime(built_at);
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_size(self.content.len() as u64);
        header.set_device_major(self.device.0).unwrap();
        header.set_device_minor(self.device.1).unwrap();
        if let Some(gnu) = header.as_gnu_mut().filter(|_| self.kind == EntryType::GNUSparse) {
            gnu.sparse[0].set_offset(0);
            gnu.sparse[0].set_length(self.content.len() as u64);
            gnu.set_real_size(self.whole_size);
        }
        header.set_cksum();
        if !records.is_empty() {
            let mut extended = Header::new_ustar();
            extended.set_entry_type(EntryType::XHeader);
            extended.set_size(records.len() as u64);
            extended.set_cksum();
            push_blocks(out, extended.as_bytes());
            push_blocks(out, &records);
        }
        push_blocks(out, header.as_bytes());
        push_blocks(out, &self.content);
    }
}

/// Writes a name into its header field, or into a PAX record if it is too long.
fn put_name(field: &mut [u8; 100], name: &[u8], key: &str, records: &mut Vec<u8>) {
    match field.get_mut(..name.len()) {
        Some(field) => field.copy_from_slice(name),
        None => push_record(records, key, name),
    }
}

/// Appends `LENGTH KEY=VALUE\n`, where LENGTH includes its own digits.
fn push_record(records: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut len = rest;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    write!(records, "{len} {key}=").unwrap();
    records.extend_from_slice(value);
    records.push(b'\n');
}

fn push_blocks(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(512), 0);
}
