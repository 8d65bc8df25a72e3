//! dive's JSON document, key for key, with new keys beside. The shape is dive 0.13.1's `--json` export; it is written layer
//! by layer, so that at most one layer's paths are gathered at a time.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::Findings;
use crate::analysis::Exact;
use crate::analysis::exact::Cause;
use crate::image::ImageLayer;
use crate::layer::{LayerIndex, MarkerKind, entry::file_type};
use crate::tree::{Marker, NodeId, SpanId, SpanKind, Tree};

/// Counts up when a key changes its meaning or goes; new keys do not count.
const SCHEMA_VERSION: u32 = 1;

/// Writes the document, with a line break at its end.
///
/// # Errors
/// When writing fails.
pub fn render(findings: Findings<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &Document::of(findings))?;
    writeln!(out)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    layer: Layers<'a>,
    image: ImageFigures<'a>,
    exact: ExactFigures<'a>,
}

impl<'a> Document<'a> {
    fn of(findings: Findings<'a>) -> Self {
        let classic = &findings.analysis.classic;
        let reference = |file: &'a crate::analysis::classic::InefficientFile| FileReference {
            count: file.count,
            size_bytes: file.size_bytes,
            file: String::from_utf8_lossy(&file.path),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            layer: Layers(findings),
            image: ImageFigures {
                name: &findings.image.name,
                tags: &findings.image.tags,
                platform: findings.image.platform.as_ref().map(ToString::to_string),
                size_bytes: classic.size_bytes(),
                inefficient_bytes: classic.wasted_bytes,
                efficiency_score: classic.efficiency,
                user_wasted_percent: classic.user_wasted_percent,
                file_reference: classic.inefficient_files.iter().map(reference).collect(),
            },
            exact: ExactFigures::of(&findings.analysis.exact),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageFigures<'a> {
    name: &'a str,
    tags: &'a [String],
    platform: Option<String>,
    size_bytes: u64,
    inefficient_bytes: u64,
    efficiency_score: f64,
    user_wasted_percent: f64,
    file_reference: Vec<FileReference<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReference<'a> {
    count: u64,
    size_bytes: u64,
    file: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExactFigures<'a> {
    total_bytes: u64,
    visible_bytes: u64,
    reclaimable_bytes: u64,
    efficiency: f64,
    causes: CauseFigures,
    files: Vec<ReclaimableFile<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CauseFigures {
    overwritten: u64,
    metadata_only: u64,
    deleted: u64,
    deleted_with_directory: u64,
    hidden_by_opaque: u64,
    replaced: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReclaimableFile<'a> {
    path: std::borrow::Cow<'a, str>,
    size_bytes: u64,
    layer: usize,
    hidden_by: usize,
    cause: &'static str,
}

impl<'a> ExactFigures<'a> {
    fn of(exact: &'a Exact) -> Self {
        Self {
            total_bytes: exact.total_bytes,
            visible_bytes: exact.visible_bytes,
            reclaimable_bytes: exact.reclaimable_bytes(),
            efficiency: exact.efficiency(),
            causes: CauseFigures {
                overwritten: exact.bytes_by(Cause::Overwritten),
                metadata_only: exact.bytes_by(Cause::MetadataOnly),
                deleted: exact.bytes_by(Cause::Deleted),
                deleted_with_directory: exact.bytes_by(Cause::DeletedWithDirectory),
                hidden_by_opaque: exact.bytes_by(Cause::HiddenByOpaque),
                replaced: exact.bytes_by(Cause::Replaced),
            },
            files: exact
                .files
                .iter()
                .map(|file| ReclaimableFile {
                    path: String::from_utf8_lossy(&file.path),
                    size_bytes: file.size_bytes,
                    layer: file.layer.get(),
                    hidden_by: file.hidden_by.get(),
                    cause: camel_case(file.cause),
                })
                .collect(),
        }
    }
}

/// A cause as the keys of `causes` spell it.
const fn camel_case(cause: Cause) -> &'static str {
    match cause {
        Cause::Overwritten => "overwritten",
        Cause::MetadataOnly => "metadataOnly",
        Cause::Deleted => "deleted",
        Cause::DeletedWithDirectory => "deletedWithDirectory",
        Cause::HiddenByOpaque => "hiddenByOpaque",
        Cause::Replaced => "replaced",
    }
}

struct Layers<'a>(Findings<'a>);

impl Serialize for Layers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Findings { image, loaded, .. } = self.0;
        let mut list = serializer.serialize_seq(Some(image.layers.len()))?;
        for (index, layer) in loaded.tree.layers().zip(&image.layers) {
            let compression = loaded.compressions.get(index.get()).copied().flatten();
            list.serialize_element(&LayerFigures::of(
                &loaded.tree,
                index,
                layer,
                compression.map(|it| it.to_string()),
            ))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LayerFigures<'a> {
    index: usize,
    id: &'a str,
    digest_id: &'a str,
    size_bytes: u64,
    command: &'a str,
    /// The blob as it is stored: its digest, type and size.
    blob_digest: Option<&'a str>,
    media_type: Option<&'a str>,
    compression: Option<String>,
    stored_bytes: Option<u64>,
    file_list: FileList<'a>,
}

impl<'a> LayerFigures<'a> {
    fn of(tree: &'a Tree, index: LayerIndex, layer: &'a ImageLayer, compression: Option<String>) -> Self {
        Self {
            index: index.get(),
            id: &layer.id,
            digest_id: layer.diff_id.as_deref().or(layer.digest.as_deref()).unwrap_or_default(),
            size_bytes: tree.layer_size_bytes(index),
            command: &layer.command,
            blob_digest: layer.digest.as_deref(),
            media_type: layer.media_type.as_deref(),
            compression,
            stored_bytes: layer.size,
            file_list: FileList { tree, layer: index },
        }
    }
}

/// The paths of one layer's tar as dive lists them: children before parents, siblings in byte order, whiteouts under
/// their `.wh.` name; without opaque markers and directories that no entry names.
struct FileList<'a> {
    tree: &'a Tree,
    layer: LayerIndex,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedFile<'a> {
    path: std::borrow::Cow<'a, str>,
    type_flag: u8,
    link_name: std::borrow::Cow<'a, str>,
    size: u64,
    file_mode: u32,
    uid: u32,
    gid: u32,
    is_dir: bool,
}

#[derive(Clone, Copy)]
enum Listed<'a> {
    Path(SpanId),
    Whiteout(&'a Marker),
}

impl<'a> FileList<'a> {
    /// The paths, each with what it lists, in dive's order.
    fn rows(&self) -> (Vec<u8>, Vec<(std::ops::Range<usize>, Listed<'a>)>) {
        let tree = self.tree;
        let mut paths = Vec::new();
        let mut rows = Vec::new();
        let mut seen = HashSet::new();
        for id in tree.layer_spans(self.layer).rev() {
            let node = tree.span(id).node();
            // Of several entries of one path the last one speaks.
            if tree.span(id).kind != SpanKind::ImplicitDirectory && node != NodeId::ROOT && seen.insert(node) {
                let start = paths.len();
                tree.push_path(node, &mut paths);
                rows.push((start..paths.len(), Listed::Path(id)));
            }
        }
        seen.clear();
        for marker in tree.layer_markers(self.layer).iter().rev() {
            if marker.kind == MarkerKind::Whiteout && seen.insert(marker.node) {
                let start = paths.len();
                if let Some(directory) = tree.parent(marker.node).filter(|directory| *directory != NodeId::ROOT) {
                    tree.push_path(directory, &mut paths);
                    paths.push(b'/');
                }
                paths.extend_from_slice(b".wh.");
                paths.extend_from_slice(tree.name(marker.node));
                rows.push((start..paths.len(), Listed::Whiteout(marker)));
            }
        }
        // dive drops every path with such a component.
        rows.retain(|(path, _)| {
            !paths[path.clone()].split(|byte| *byte == b'/').any(|name| name.starts_with(b".wh..wh."))
        });
        rows.sort_by(|(left, _), (right, _)| post_order(&paths[left.clone()]).cmp(post_order(&paths[right.clone()])));
        (paths, rows)
    }
}

/// What paths sort by so that siblings stand in byte order and a directory behind what is in it: a slash before the end
/// of a name, the end before any byte that would make the name longer.
fn post_order(path: &[u8]) -> impl Iterator<Item = u16> {
    path.iter().map(|byte| if *byte == b'/' { 0 } else { u16::from(*byte) + 2 }).chain(std::iter::once(1))
}

impl Serialize for FileList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (paths, rows) = self.rows();
        let mut list = serializer.serialize_seq(Some(rows.len()))?;
        for (path, listed) in rows {
            let path = String::from_utf8_lossy(&paths[path]);
            list.serialize_element(&match listed {
                Listed::Path(id) => {
                    let span = self.tree.span(id);
                    ListedFile {
                        path,
                        type_flag: type_flag(span.kind, span.mode),
                        link_name: String::from_utf8_lossy(self.tree.link(id)),
                        size: span.size,
                        file_mode: go_file_mode(span.mode),
                        uid: span.uid,
                        gid: span.gid,
                        is_dir: span.kind.is_directory(),
                    }
                }
                Listed::Whiteout(marker) => ListedFile {
                    path,
                    type_flag: type_flag(SpanKind::File, marker.mode),
                    link_name: String::from_utf8_lossy(self.tree.marker_link(marker)),
                    size: marker.size,
                    file_mode: go_file_mode(marker.mode),
                    uid: marker.uid,
                    gid: marker.gid,
                    is_dir: marker.mode & file_type::MASK == file_type::DIRECTORY,
                },
            })?;
        }
        list.end()
    }
}

/// The type flag of a tar header (POSIX.1-2001, `ustar`).
const fn type_flag(kind: SpanKind, mode: u16) -> u8 {
    match kind {
        SpanKind::HardLink => b'1',
        SpanKind::SparseFile => b'S',
        _ => match mode & file_type::MASK {
            file_type::SYMLINK => b'2',
            file_type::CHAR_DEVICE => b'3',
            file_type::BLOCK_DEVICE => b'4',
            file_type::DIRECTORY => b'5',
            file_type::FIFO => b'6',
            _ => b'0',
        },
    }
}

/// A mode as Go's `os.FileMode` has it (`io/fs`): permissions where POSIX has them, all else elsewhere.
fn go_file_mode(mode: u16) -> u32 {
    let type_bits = match mode & file_type::MASK {
        file_type::DIRECTORY => 1 << 31,
        file_type::SYMLINK => 1 << 27,
        file_type::BLOCK_DEVICE => 1 << 26,
        file_type::CHAR_DEVICE => 1 << 26 | 1 << 21,
        file_type::FIFO => 1 << 25,
        _ => 0,
    };
    let bit = |posix: u16, go: u32| if mode & posix == 0 { 0 } else { 1 << go };
    type_bits | bit(0o4000, 23) | bit(0o2000, 22) | bit(0o1000, 20) | u32::from(mode & 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_go_prints() {
        assert_eq!(go_file_mode(file_type::DIRECTORY | 0o755), 2_147_484_141);
        assert_eq!(go_file_mode(file_type::SYMLINK | 0o777), 134_218_239);
        assert_eq!(go_file_mode(file_type::FILE | 0o4755), 8_389_101);
        assert_eq!(go_file_mode(file_type::CHAR_DEVICE | 0o666), 69_206_454);
    }

    #[test]
    fn children_come_before_parents_and_siblings_in_byte_order() {
        let mut paths = ["d", "d/sub/x", "d/sub", "d-e", "d/.wh.gone", "c", "d/a", "dd"];
        paths.sort_by(|a, b| post_order(a.as_bytes()).cmp(post_order(b.as_bytes())));
        assert_eq!(paths, ["c", "d/.wh.gone", "d/a", "d/sub/x", "d/sub", "d", "d-e", "dd"]);
    }
}
