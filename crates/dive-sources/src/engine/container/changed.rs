//! Writes the layer of a container: the entries of the changed paths from its export, and whiteouts for removed paths.
//!
//! Entries are copied byte for byte with their extension headers, so that no attribute is lost. Only changed files reach the disk.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::changes::{ChangedPaths, listed};
use crate::container_engine::ContainerEngine;
use crate::engine::error::EngineError;
use crate::error::SourceError;
use dive_model::blob::Blob;
use dive_model::digest::hex;
use dive_model::layer::path::WHITEOUT_PREFIX;
use dive_model::store::{StoreError, check_free_space};
use dive_model::tarfile::{BLOCK, Input, MAX_EXTENSION, Streaming, Walker};
use dive_model::unfinished::unnamed;

/// Bytes to write between two checks of the free space.
const ROOM_CHECK: u64 = 64 << 20;

/// Limit of the headers of one entry, in bytes: three extension headers of the greatest length, and more.
const HEADERS_LIMIT: usize = 4 * MAX_EXTENSION as usize;

/// The length of a name in a tar header, in bytes.
const NAME: usize = 100;

/// The layer of a container.
#[derive(Debug)]
pub(super) struct ChangedLayer {
    pub(super) blob: Blob,
    pub(super) diff_id: String,
    /// A remark on changed paths that the export does not have.
    pub(super) missing: Option<String>,
}

/// The layer with the `changes` of the container whose file system is `export`.
pub(super) fn layer(
    export: impl Read,
    changes: &ChangedPaths,
    engine: ContainerEngine,
    name: &str,
) -> Result<ChangedLayer, SourceError> {
    let mut out = LayerFile::create().map_err(|cause| disk(name, 0, cause))?;
    let headers = Rc::new(RefCell::new(Headers { bytes: Vec::new(), taken: Taken::Kept }));
    let mut walker = Walker::new(Recorded { input: Streaming::new(export), headers: Rc::clone(&headers) });
    let stopped =
        |offset, cause: String| EngineError::Export { engine, name: name.to_owned(), received: offset, cause };
    let mut found = BTreeSet::new();
    // The padding after the body of the previous entry, which belongs to it.
    let (mut padding, mut copied) = (0, Copied::No);
    loop {
        let member = match walker.next() {
            Ok(member) => member.map(|member| (listed(trimmed(member.path)), member.data_len)),
            Err(error) => return Err(stopped(walker.offset(), error.to_string()).into()),
        };
        let mut bytes = std::mem::take(&mut headers.borrow_mut().bytes);
        let rest = bytes.split_off(padding.min(bytes.len()));
        if copied == Copied::Yes {
            out.write(&bytes).map_err(|cause| disk(name, out.len, cause))?;
        }
        let Some((path, data_len)) = member else { break };
        copied =
            if changes.written.contains(&path) || changes.removed.contains(&path) { Copied::Yes } else { Copied::No };
        padding = (data_len.next_multiple_of(BLOCK) - data_len) as usize;
        let mut written = Ok(());
        if copied == Copied::Yes {
            written = out.write(&rest);
            found.insert(path);
        }
        headers.borrow_mut().taken = Taken::Passed;
        let body = walker.body(&mut |piece| {
            if copied == Copied::Yes && written.is_ok() {
                written = out.write(piece);
            }
        });
        headers.borrow_mut().taken = Taken::Kept;
        written.map_err(|cause| disk(name, out.len, cause))?;
        body.map_err(|error| stopped(walker.offset(), error.to_string()))?;
    }
    for path in &changes.removed {
        out.write(&whiteout(path)).map_err(|cause| disk(name, out.len, cause))?;
    }
    out.write(&[0; 2 * BLOCK as usize]).map_err(|cause| disk(name, out.len, cause))?;
    let missing: Vec<_> = changes.written.iter().filter(|path| !found.contains(*path)).collect();
    let missing = missing.first().map(|first| {
        let count = missing.len();
        format!("{count} changed paths are not in the export of the container, such as /{first}: it is running, or they are not files")
    });
    let (len, diff_id) = (out.len, format!("sha256:{}", hex(&out.digest.finalize())));
    Ok(ChangedLayer { blob: Blob::new(out.file.into(), 0, len, "the container's layer"), diff_id, missing })
}

fn disk(name: &str, written: u64, cause: io::Error) -> SourceError {
    StoreError::Spool { archive: name.to_owned(), folder: std::env::temp_dir(), written, cause }.into()
}

/// A path without `./` and without slashes at its ends.
fn trimmed(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let start = path.iter().position(|byte| *byte != b'/').unwrap_or(path.len());
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(start, |last| last + 1);
    &path[start..end]
}

/// The tar entry of the whiteout of `path`.
fn whiteout(path: &str) -> Vec<u8> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    let name = format!("{folder}{slash}{WHITEOUT_PREFIX}{name}");
    let mut entry = Vec::new();
    if name.len() > NAME {
        let mut long = name.clone().into_bytes();
        long.push(0);
        entry.extend(header(b"././@LongLink", b'L', long.len()));
        long.resize(long.len().next_multiple_of(BLOCK as usize), 0);
        entry.extend(long);
    }
    entry.extend(header(name.as_bytes(), b'0', 0));
    entry
}

/// A GNU header. A longer name is cut: the entry before has the whole.
fn header(name: &[u8], kind: u8, size: usize) -> [u8; BLOCK as usize] {
    let mut block = [0; BLOCK as usize];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name[..name.len().min(NAME)]);
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar  \0");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// Whether the current entry goes into the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copied {
    Yes,
    No,
}

/// What happens to the bytes that the walker passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Headers and padding.
    Kept,
    /// Bodies, which the walker hands out itself.
    Passed,
}

/// The headers since the last entry, and the padding before them.
struct Headers {
    bytes: Vec<u8>,
    taken: Taken,
}

/// An input that records the headers.
struct Recorded<R> {
    input: Streaming<R>,
    headers: Rc<RefCell<Headers>>,
}

impl<R: Read> Input for Recorded<R> {
    fn peek(&mut self, want: usize) -> io::Result<&[u8]> {
        self.input.peek(want)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut headers = self.headers.borrow_mut();
        if headers.taken == Taken::Passed {
            return self.input.skip(count);
        }
        let mut left = count;
        while left > 0 {
            let bytes = self.input.peek(1)?;
            let piece = left.min(bytes.len() as u64);
            if piece == 0 {
                break;
            }
            // Zero blocks after the last entry are endless only in a hostile export.
            if headers.bytes.len() + piece as usize > HEADERS_LIMIT {
                return Err(io::Error::other("the headers of an entry are too long"));
            }
            headers.bytes.extend_from_slice(&bytes[..piece as usize]);
            left -= self.input.skip(piece)?;
        }
        Ok(count - left)
    }
}

/// A temporary file with its digest.
struct LayerFile {
    file: File,
    digest: Sha256,
    len: u64,
}

impl LayerFile {
    fn create() -> io::Result<Self> {
        Ok(Self { file: unnamed(&std::env::temp_dir())?, digest: Sha256::new(), len: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let after = self.len + bytes.len() as u64;
        if self.len / ROOM_CHECK != after / ROOM_CHECK {
            check_free_space(&self.file, self.len)?;
        }
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.len = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::PathChange;
    use dive_model::tarfile::{MemberKind, PathKind};

    fn changes(listed: &[(&str, u8)]) -> ChangedPaths {
        let document: Vec<_> =
            listed.iter().map(|(path, kind)| serde_json::json!({"Path": path, "Kind": kind})).collect();
        ChangedPaths::of(serde_json::from_value::<Vec<PathChange>>(document.into()).unwrap())
    }

    fn export(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o4755);
            if name.ends_with('/') {
                header.set_entry_type(tar::EntryType::Directory);
            }
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn entries(layer: &ChangedLayer) -> Vec<(String, String)> {
        let mut bytes = Vec::new();
        layer.blob.reader().read_to_end(&mut bytes).unwrap();
        assert_eq!(layer.diff_id, format!("sha256:{}", hex(&Sha256::digest(&bytes))));
        let mut walker = Walker::new(Streaming::new(&bytes[..]));
        let mut entries = Vec::new();
        while let Some(member) = walker.next().unwrap() {
            assert!(matches!(member.kind, MemberKind::Path(PathKind::File | PathKind::Directory)));
            let path = String::from_utf8(member.path.to_vec()).unwrap();
            let mut body = Vec::new();
            walker.body(&mut |piece| body.extend_from_slice(piece)).unwrap();
            entries.push((path, String::from_utf8(body).unwrap()));
        }
        entries
    }

    fn of(export: &[u8], changes: &ChangedPaths) -> Result<ChangedLayer, SourceError> {
        layer(export, changes, ContainerEngine::Docker, "web")
    }

    #[test]
    fn only_changed_entries_are_copied() {
        let long = format!("deep/{}/file", "x".repeat(150));
        let body = "b".repeat(100_000);
        let export = export(&[
            ("etc/", ""),
            ("etc/same", &"a".repeat(700)),
            ("etc/changed", "new"),
            (&long, &body),
            ("other", "x"),
            ("empty", ""),
            ("last", "l"),
        ]);
        let long_path = format!("/{long}");
        let changes = changes(&[("/etc", 0), ("/etc/changed", 0), (&long_path, 1), ("/empty", 1), ("/gone", 2)]);
        let layer = of(&export, &changes).unwrap();
        let pair = |path: &str, body: &str| (path.to_owned(), body.to_owned());
        let expected =
            [pair("etc/", ""), pair("etc/changed", "new"), pair(&long, &body), pair("empty", ""), pair(".wh.gone", "")];
        assert_eq!(entries(&layer), expected);
        assert_eq!(layer.missing, None);
    }

    #[test]
    fn a_removed_path_is_a_whiteout_however_long() {
        let long = format!("{}/{}", "d".repeat(90), "n".repeat(40));
        let (short, long_path) = ("/usr/bin/tool", format!("/{long}"));
        let layer = of(&export(&[]), &changes(&[(short, 2), (&long_path, 2)])).unwrap();
        let expected = [
            (format!("{}/.wh.{}", "d".repeat(90), "n".repeat(40)), String::new()),
            ("usr/bin/.wh.tool".to_owned(), String::new()),
        ];
        assert_eq!(entries(&layer), expected);
    }

    /// A directory that was removed and made again hides what was in it.
    #[test]
    fn a_directory_made_again_is_both() {
        let layer = of(&export(&[("d/", ""), ("d/new", "n")]), &changes(&[("/d", 2), ("/d/new", 1)])).unwrap();
        let names: Vec<_> = entries(&layer).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["d/", "d/new", ".wh.d"]);
    }

    #[test]
    fn a_path_that_the_export_lacks_is_reported() {
        let layer = of(&export(&[("a", "x")]), &changes(&[("/a", 1), ("/run/lock", 1)])).unwrap();
        assert!(
            layer
                .missing
                .unwrap()
                .contains("1 changed paths are not in the export of the container, such as /run/lock")
        );
    }

    #[test]
    fn a_cut_or_hostile_export_is_an_error() {
        let whole = export(&[("a", &"x".repeat(2000))]);
        for len in [100, 600, 1024] {
            assert!(of(&whole[..len], &changes(&[("/a", 1)])).is_err(), "{len}");
        }
        assert!(of(&[0xff; 4096], &changes(&[])).is_err());
        let endless = header(b"x", b'g', 512).into_iter().chain([b' '; 512]).cycle().take(64 << 20);
        let endless: Vec<u8> = endless.collect();
        assert!(of(&endless, &changes(&[])).is_err());
    }
}
