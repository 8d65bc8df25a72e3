//! Parses the JSON of a table of contents, which both formats share.
//!
//! A table with any oddity is rejected, and the layer itself is read instead.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use super::{TocChunk, TocEntry};
use crate::digest::Digest;
use crate::remark::Quoted;
use crate::tarfile::PathKind;

/// Reason to reject a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TocError(pub String);

impl TocError {
    /// An error with this reason.
    #[must_use]
    pub fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

/// Maximum number of entries, chunks and attributes, in one table and in all tables of an image. An entry takes several
/// times its JSON; the largest images have some 100,000 files.
pub const ENTRIES: usize = if cfg!(test) { 1 << 12 } else { 1 << 19 };

/// Maximum length of a name, link target or attribute, in bytes.
const MAX_TEXT: usize = 16 << 10;

/// Parses a table of a blob of `size` bytes.
pub(in crate::layer) fn parse(json: &[u8], size: u64) -> Result<Vec<TocEntry>, TocError> {
    let table: TocDocument =
        serde_json::from_slice(json).map_err(|error| TocError(format!("it cannot be read: {error}")))?;
    if table.version != 1 {
        return Err(TocError(format!("its version is {}; dive reads version 1", table.version)));
    }
    let RawEntries(mut entries) = table.entries;
    for entry in &mut entries {
        check_chunks(entry, size)?;
    }
    Ok(entries)
}

#[derive(Deserialize)]
struct TocDocument {
    version: u64,
    entries: RawEntries,
}

/// An entry in the JSON. The chunks of a file after its first are entries of their own that follow it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEntry {
    name: String,
    r#type: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    mode: u32,
    #[serde(default)]
    uid: i64,
    #[serde(default)]
    gid: i64,
    #[serde(default)]
    link_name: String,
    #[serde(default)]
    dev_major: u32,
    #[serde(default)]
    dev_minor: u32,
    #[serde(default)]
    xattrs: Option<BTreeMap<String, String>>,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    inner_offset: u64,
    #[serde(default)]
    chunk_offset: u64,
    #[serde(default)]
    chunk_size: u64,
    #[serde(default)]
    chunk_type: String,
}

impl RawEntry {
    fn chunk(&self) -> Result<TocChunk, String> {
        let stored_at = match self.chunk_type.as_str() {
            "" => Some(self.offset),
            "zeros" => None,
            other => return Err(format!("a chunk of {} has the unknown type {}", Quoted(&self.name), Quoted(other))),
        };
        Ok(TocChunk { stored_at, inner: self.inner_offset, at: self.chunk_offset, len: self.chunk_size })
    }

    fn into_entry(self) -> Result<TocEntry, String> {
        let kind = match self.r#type.as_str() {
            "reg" => PathKind::File,
            "dir" => PathKind::Directory,
            "symlink" => PathKind::Symlink,
            "hardlink" => PathKind::HardLink,
            "char" => PathKind::CharDevice,
            "block" => PathKind::BlockDevice,
            "fifo" => PathKind::Fifo,
            other => return Err(format!("{} has the unknown type {}", Quoted(&self.name), Quoted(other))),
        };
        // JSON cannot represent names that are not UTF-8.
        if [&self.name, &self.link_name].iter().any(|text| text.contains('\u{fffd}')) {
            return Err("it lists names that the layer does not have".to_owned());
        }
        let chunks = if kind == PathKind::File && self.size > 0 { vec![self.chunk()?] } else { Vec::new() };
        let xattrs = self.xattrs.unwrap_or_default().into_iter().map(|(name, value)| {
            let value =
                STANDARD.decode(value).map_err(|_| format!("an attribute of {} cannot be read", Quoted(&self.name)));
            Ok::<_, String>((name.into_bytes(), value?))
        });
        let xattrs = xattrs.collect::<Result<Vec<_>, _>>()?;
        Ok(TocEntry {
            kind,
            size: self.size,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
            link: self.link_name,
            device: (self.dev_major, self.dev_minor),
            xattrs,
            digest: checked(&self.digest),
            chunks,
            name: self.name,
        })
    }
}

fn checked(digest: &str) -> Option<String> {
    digest.parse::<Digest>().ok().map(|digest| digest.to_string())
}

/// Checks that the chunks cover the file without gap or overlap, and start inside the blob.
fn check_chunks(entry: &mut TocEntry, size: u64) -> Result<(), TocError> {
    let mut at = 0_u64;
    let last = entry.chunks.len().saturating_sub(1);
    for (index, chunk) in entry.chunks.iter_mut().enumerate() {
        if index == last && chunk.len == 0 {
            // The last chunk may omit its length.
            chunk.len = entry.size.saturating_sub(chunk.at);
        }
        let fits = chunk.at == at && chunk.len > 0 && chunk.stored_at.is_none_or(|stored_at| stored_at < size);
        at = at.checked_add(chunk.len).filter(|_| fits).ok_or_else(|| {
            TocError(format!("the chunks of {} overlap, leave gaps, or are outside of the layer", Quoted(&entry.name)))
        })?;
    }
    if at != entry.size && entry.kind == PathKind::File {
        return Err(TocError(format!("the chunks of {} do not add up to its size", Quoted(&entry.name))));
    }
    Ok(())
}

/// The list of entries, with chunks added to their files.
struct RawEntries(Vec<TocEntry>);

impl<'de> Deserialize<'de> for RawEntries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = RawEntries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawEntries, A::Error> {
                let mut entries: Vec<TocEntry> = Vec::new();
                let mut count = 0_usize;
                while let Some(written) = list.next_element::<RawEntry>()? {
                    let attributes = written.xattrs.iter().flatten();
                    count = count.saturating_add(1).saturating_add(attributes.clone().count());
                    let texts =
                        [&written.name, &written.link_name].into_iter().chain(attributes.map(|(_, value)| value));
                    if texts.into_iter().any(|text| text.len() > MAX_TEXT) {
                        return Err(A::Error::custom(format_args!(
                            "a name or an attribute of more than {MAX_TEXT} bytes (dive's limit)"
                        )));
                    }
                    if count > ENTRIES {
                        return Err(A::Error::custom(format_args!("more than {ENTRIES} entries (dive's limit)")));
                    }
                    if written.r#type != "chunk" {
                        entries.push(written.into_entry().map_err(A::Error::custom)?);
                        continue;
                    }
                    let file = entries.last_mut().filter(|file| file.name == written.name && !file.chunks.is_empty());
                    let chunk = written.chunk().map_err(A::Error::custom)?;
                    file.ok_or_else(|| A::Error::custom("a chunk without its file"))?.chunks.push(chunk);
                }
                Ok(RawEntries(entries))
            }
        }

        deserializer.deserialize_seq(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &str) -> Result<Vec<TocEntry>, String> {
        parse(format!(r#"{{"version": 1, "entries": [{entries}]}}"#).as_bytes(), 1_000).map_err(|TocError(why)| why)
    }

    #[test]
    fn entries_keep_all_attributes_and_chunks() {
        let entries = parsed(
            r#"{"name": "d/", "type": "dir", "mode": 16877, "uid": 3, "gid": 4},
               {"name": "d/l", "type": "symlink", "linkName": "t", "xattrs": {"user.b": "AQ==", "user.a": "AgM="}},
               {"name": "d/c", "type": "char", "devMajor": 1, "devMinor": 3},
               {"name": "d/f", "type": "reg", "size": 9, "offset": 90, "innerOffset": 7, "chunkSize": 4},
               {"name": "d/f", "type": "chunk", "offset": 95, "chunkOffset": 4, "chunkSize": 3, "chunkType": "zeros"},
               {"name": "d/f", "type": "chunk", "offset": 99, "chunkOffset": 7},
               {"name": "d/e", "type": "reg", "digest": "nonsense"}"#,
        )
        .unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!((entries[0].mode, entries[0].uid, entries[0].gid), (0o40755, 3, 4));
        assert_eq!(entries[1].link, "t");
        assert_eq!(entries[1].xattrs, [(b"user.a".to_vec(), vec![2, 3]), (b"user.b".to_vec(), vec![1])]);
        assert_eq!(entries[2].device, (1, 3));
        let chunks: Vec<_> = entries[3].chunks.iter().map(|c| (c.stored_at, c.inner, c.at, c.len)).collect();
        assert_eq!(chunks, [(Some(90), 7, 0, 4), (None, 0, 4, 3), (Some(99), 0, 7, 2)]);
        assert_eq!((entries[4].chunks.len(), &entries[4].digest), (0, &None));
    }

    /// Each of these would show wrong content.
    #[test]
    fn a_malformed_table_is_rejected() {
        for (entries, says) in [
            (r#"{"name": "x", "type": "socket"}"#, "unknown type"),
            (r#"{"type": "reg"}"#, "name"),
            (r#"{"name": "x", "type": "reg", "size": -1}"#, "cannot be read"),
            (r#"{"name": "x", "type": "reg", "size": 5, "offset": 1000}"#, "outside"),
            (r#"{"name": "x", "type": "reg", "size": 5, "chunkSize": 3}"#, "do not add up"),
            (r#"{"name": "x", "type": "reg", "size": 5, "chunkOffset": 1}"#, "leave gaps"),
            (r#"{"name": "x", "type": "chunk"}"#, "without its file"),
            (r#"{"name": "x\ufffd", "type": "dir"}"#, "names"),
            (r#"{"name": "x", "type": "dir", "xattrs": {"a": "!"}}"#, "attribute"),
            (r#"{"name": "x", "type": "reg", "size": 1, "chunkType": "?"}"#, "unknown type"),
        ] {
            let why = parsed(entries).unwrap_err();
            assert!(why.contains(says), "{entries}: {why}");
        }
        assert!(parse(br#"{"version": 2, "entries": []}"#, 1).unwrap_err().0.contains("version"));
    }

    #[test]
    fn long_names_and_many_attributes_are_rejected() {
        let name = "x".repeat(MAX_TEXT + 1);
        assert!(
            parsed(&format!(r#"{{"name": "{name}", "type": "dir"}}"#))
                .unwrap_err()
                .contains("a name or an attribute of more than")
        );
        let attributes: Vec<_> = (0..=ENTRIES).map(|number| format!(r#""user.{number}": """#)).collect();
        let many = format!(r#"{{"name": "x", "type": "dir", "xattrs": {{{}}}}}"#, attributes.join(","));
        assert!(parsed(&many).unwrap_err().contains("more than"));
    }

    #[test]
    fn too_many_entries_are_rejected() {
        let long = vec![r#"{"name":"","type":"dir"}"#; ENTRIES + 1].join(",");
        assert!(parsed(&long).unwrap_err().contains("more than 4096 entries"));
    }
}
