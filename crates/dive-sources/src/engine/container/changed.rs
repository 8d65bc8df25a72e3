//! Writes the layer of a container: the entries of the changed paths from its export, and whiteouts for removed paths.
//!
//! Entries are copied byte for byte with their extension headers, so that no attribute is lost. Only changed files reach the disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::changes::{ChangedPaths, listed};
use super::exported::{ExportReader, ExportedEntry};
use crate::container_engine::ContainerEngine;
use crate::engine::error::EngineError;
use crate::error::SourceError;
use dive_model::blob::Blob;
use dive_model::digest::hex;
use dive_model::layer::path::{self, NameKind, WHITEOUT_PREFIX};
use dive_model::store::{StoreError, check_free_space};
use dive_model::tarfile::BLOCK;
use dive_model::unfinished::unnamed;

/// Bytes to write between two checks of the free space.
const ROOM_CHECK: u64 = 64 << 20;

/// The layer of a container.
#[derive(Debug)]
pub(super) struct ChangedLayer {
    pub(super) blob: Blob,
    pub(super) diff_id: String,
    /// Remarks on changed paths that the layer does not have.
    pub(super) remarks: Vec<String>,
}

/// Why the layer cannot be written.
enum LayerFailure {
    /// The export ended early or is not a tar archive.
    Export { received: u64, cause: String },
    /// The temporary file cannot be written.
    Disk { written: u64, cause: io::Error },
}

impl LayerFailure {
    fn of(self, engine: ContainerEngine, name: &str) -> SourceError {
        let name = name.to_owned();
        match self {
            Self::Export { received, cause } => EngineError::Export { engine, name, received, cause }.into(),
            Self::Disk { written, cause } => {
                StoreError::Spool { archive: name, folder: std::env::temp_dir(), written, cause }.into()
            }
        }
    }
}

/// The layer with the `changes` of the container whose file system is `export`.
pub(super) fn layer(
    export: impl Read,
    changes: &ChangedPaths,
    engine: ContainerEngine,
    name: &str,
) -> Result<ChangedLayer, SourceError> {
    let written = || {
        let mut out = LayerFile::create()?;
        let found = copy_changed(export, changes, &mut out)?;
        for path in &changes.removed {
            out.put(&whiteout(path))?;
        }
        // The end of a tar archive.
        out.put(&[0; 2 * BLOCK as usize])?;
        Ok((out, found))
    };
    let (out, found) = written().map_err(|failure: LayerFailure| failure.of(engine, name))?;
    let (len, diff_id) = (out.len, format!("sha256:{}", hex(&out.digest.finalize())));
    let blob = Blob::new(out.file.into(), 0, len, "the container's layer");
    let remarks = [missing(changes, &found.paths), found.refused()].into_iter().flatten().collect();
    Ok(ChangedLayer { blob, diff_id, remarks })
}

/// What an export has of the changed paths.
#[derive(Default)]
struct FoundPaths {
    paths: BTreeSet<String>,
    /// The first path that a layer cannot have, and the number of them.
    refused: Option<(String, u64)>,
}

impl FoundPaths {
    fn refuse(&mut self, path: &str) {
        let (_, count) = self.refused.get_or_insert_with(|| (path.to_owned(), 0));
        *count = count.saturating_add(1);
    }

    /// A remark on the paths that a layer cannot have.
    fn refused(&self) -> Option<String> {
        let (first, count) = self.refused.as_ref()?;
        let more = match count {
            1 => String::new(),
            count => format!(" and {} more such files", count.saturating_sub(1)),
        };
        Some(format!("dive leaves out /{first}{more} of the container: in a layer, the name marks a removed path"))
    }
}

/// True for a name that marks a removed path in a layer. In a container, any process can create such a file.
fn is_whiteout(name: &[u8]) -> bool {
    let (_, last) = path::split(name);
    path::kind(last) != NameKind::Plain
}

/// Copies the entries of changed paths to `out`, and returns their paths.
fn copy_changed(export: impl Read, changes: &ChangedPaths, out: &mut LayerFile) -> Result<FoundPaths, LayerFailure> {
    let mut reader = ExportReader::new(export);
    let mut found = FoundPaths::default();
    loop {
        let next = reader.next().map_err(|cause| reader.failure(&cause))?;
        let Some(ExportedEntry { name, headers }) = next else { return Ok(found) };
        let path = listed(&name);
        let mut is_changed = changes.written.contains(&path) || changes.removed.contains(&path);
        let mut written = Ok(());
        if is_changed {
            if is_whiteout(&name) {
                found.refuse(&path);
                is_changed = false;
            } else {
                written = out.put(&headers);
            }
            found.paths.insert(path);
        }
        let body = reader.body(&mut |piece| {
            if is_changed && written.is_ok() {
                written = out.put(piece);
            }
        });
        written?;
        let padding = body.map_err(|cause| reader.failure(&cause))?;
        if is_changed {
            // The padding has less than a block.
            out.put(&[0; BLOCK as usize][..padding])?;
        }
    }
}

impl<R: Read> ExportReader<R> {
    fn failure(&self, cause: &dyn std::fmt::Display) -> LayerFailure {
        LayerFailure::Export { received: self.offset(), cause: cause.to_string() }
    }
}

/// A remark on the changed paths that are not in `found`.
fn missing(changes: &ChangedPaths, found: &BTreeSet<String>) -> Option<String> {
    let mut missing = changes.written.iter().filter(|path| !found.contains(*path));
    let first = missing.next()?;
    let lacks = match missing.count() {
        0 => format!("lacks a path that it changed: /{first}"),
        others => format!("lacks {} paths that it changed, such as /{first}", others + 1),
    };
    Some(format!("the export of the container {lacks}; it is still running, or these are sockets or mount points"))
}

/// The tar entry of the whiteout of `path`.
fn whiteout(path: &str) -> Vec<u8> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    let name = format!("{folder}{slash}{WHITEOUT_PREFIX}{name}");
    let mut entry = Vec::new();
    if name.len() > Header::new_gnu().as_old().name.len() {
        let mut long = name.clone().into_bytes();
        long.push(0);
        entry.extend(header(b"././@LongLink", EntryType::GNULongName, long.len() as u64).as_bytes());
        long.resize(long.len().next_multiple_of(BLOCK as usize), 0);
        entry.extend(long);
    }
    entry.extend(header(name.as_bytes(), EntryType::Regular, 0).as_bytes());
    entry
}

/// A GNU header. It cuts a longer name, which a preceding entry then has in full.
fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    // `set_path` would change backslashes on Windows.
    for (to, from) in header.as_old_mut().name.iter_mut().zip(name) {
        *to = *from;
    }
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    header
}

/// A temporary file with its digest.
struct LayerFile {
    file: File,
    digest: Sha256,
    len: u64,
}

impl LayerFile {
    fn create() -> Result<Self, LayerFailure> {
        let file = unnamed(&std::env::temp_dir()).map_err(|cause| LayerFailure::Disk { written: 0, cause })?;
        Ok(Self { file, digest: Sha256::new(), len: 0 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), LayerFailure> {
        self.write(bytes).map_err(|cause| LayerFailure::Disk { written: self.len, cause })
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
    use dive_model::tarfile::{MemberKind, PathKind, Streaming, Walker};

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
        assert_eq!(layer.remarks, [""; 0]);
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
        assert!(layer.remarks[0].contains("the export of the container lacks a path that it changed: /run/lock"));
    }

    /// Otherwise `touch /.wh.etc` in a container hides all of `/etc`.
    #[test]
    fn a_file_that_looks_like_a_whiteout_is_left_out() {
        let export = export(&[("a", "x"), (".wh.etc", ""), ("w/", ""), ("w/.wh..wh..opq", "x")]);
        let changes = changes(&[("/a", 1), ("/.wh.etc", 1), ("/w", 1), ("/w/.wh..wh..opq", 1)]);
        let layer = of(&export, &changes).unwrap();
        let names: Vec<_> = entries(&layer).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "w/"]);
        assert_eq!(
            layer.remarks,
            [
                "dive leaves out /.wh.etc and 1 more such files of the container: in a layer, the name marks a removed path"
            ]
        );
    }

    #[test]
    fn a_cut_or_hostile_export_is_an_error() {
        let whole = export(&[("a", &"x".repeat(2000))]);
        for len in [100, 600, 1024] {
            assert!(of(&whole[..len], &changes(&[("/a", 1)])).is_err(), "{len}");
        }
        assert!(of(&[0xff; 4096], &changes(&[])).is_err());
        let header = *header(b"x", EntryType::XGlobalHeader, 512).as_bytes();
        let endless = header.into_iter().chain([b' '; 512]).cycle().take(64 << 20);
        let endless: Vec<u8> = endless.collect();
        assert!(of(&endless, &changes(&[])).is_err());
    }
}
