//! Files that the image has twice in different forms: model weights in two formats, and CUDA libraries of the system beside
//! those of Python packages. Their bytes differ, so only their names tell.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};

use super::below::Below;
use super::kind::AdviceKind;
use super::linked_caches::MAX_STEPS;
use super::start_command::MentionedNames;
use crate::tree::{LinkWalker, NodeId, PathOrder, SpanId, SpanKind, Tree};
use crate::units::Total;

/// A superfluous file, and the one that is enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct SuperfluousFile {
    pub(super) kind: AdviceKind,
    pub(super) node: NodeId,
    pub(super) twin: NodeId,
}

/// Endings of files with model weights.
const WEIGHTS: [&[u8]; 9] =
    [b".safetensors", b".bin", b".ckpt", b".pt", b".pth", b".h5", b".msgpack", b".ot", b".gguf"];

/// True for names of model weights, whose copies are of the same kind as weights in two formats.
pub(super) fn is_weights(name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 5] = [b".safetensors", b".ckpt", b".pt", b".pth", b".gguf"];
    name.starts_with(b"pytorch_model") || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Names that the search needs, of files and symbolic links.
#[derive(Debug, Default)]
pub(super) struct TwinSearch {
    /// Directories with model weights in the newest format.
    weights: HashSet<NodeId>,
    /// CUDA libraries, by their names without version.
    libraries: Vec<NodeId>,
}

impl TwinSearch {
    /// Notes a visible name of an inode of some kind.
    pub(super) fn note(&mut self, tree: &Tree, node: NodeId, kind: SpanKind) {
        let name = tree.name(node);
        if name.ends_with(b".safetensors") {
            self.weights.extend(tree.parent(node));
        } else if kind.is_file() && cuda_library(name).is_some() {
            self.libraries.push(node);
        }
    }

    /// The superfluous files. Those of `mentioned` names are needed.
    pub(super) fn twins(self, tree: &Tree, mentioned: &MentionedNames<'_>) -> Vec<SuperfluousFile> {
        let mut folders: Vec<NodeId> = self.weights.into_iter().collect();
        folders.sort_unstable();
        let Some(last) = tree.last_layer() else { return Vec::new() };
        let mut walker = LinkWalker::new(tree, last, MAX_STEPS);
        let mut twins: Vec<SuperfluousFile> =
            folders.into_iter().flat_map(|folder| weights_in(tree, folder, &mut walker, mentioned)).collect();
        twins.extend(cuda_twins(tree, &self.libraries));
        twins
    }
}

/// A file of a directory, also through a symbolic link, as in the cache of Hugging Face.
struct FolderFile<'a> {
    name: &'a [u8],
    /// The name in the directory, which may be a symbolic link.
    entry: NodeId,
    node: NodeId,
    inode: SpanId,
    size: u64,
}

/// Directory of weights in the format of their author, beside those of Hugging Face.
const OF_AUTHOR: &[u8] = b"original";

/// Start of the names of weights in the format of their author: `consolidated.00.pth`.
pub(super) const WHOLE: &[u8] = b"consolidated";

/// The weights in a directory, and in the format of their author below it.
fn files_in<'a>(tree: &'a Tree, folder: NodeId, walker: &mut LinkWalker<'a>) -> Vec<FolderFile<'a>> {
    let mut files = weights_of(tree, folder, walker);
    let of_author = tree.children(folder).filter(|child| tree.name(*child) == OF_AUTHOR);
    for directory in of_author {
        let below = weights_of(tree, directory, walker).into_iter();
        // Any other model may be there, too.
        files.extend(below.filter(|file| file.name.starts_with(WHOLE) && file.name.ends_with(b".pth")));
    }
    files.sort_unstable_by_key(|file| file.name);
    files
}

fn weights_of<'a>(tree: &'a Tree, folder: NodeId, walker: &mut LinkWalker<'a>) -> Vec<FolderFile<'a>> {
    let Some(last) = tree.last_layer() else { return Vec::new() };
    let mut files = Vec::new();
    for child in tree.children(folder) {
        let name = tree.name(child);
        if !WEIGHTS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let Some(id) = tree.visible(child, last) else { continue };
        let (node, id) = match tree.span(tree.inode(id)).kind {
            SpanKind::Symlink => match walker.resolve(child) {
                Some(target) => target,
                None => continue,
            },
            _ => (child, id),
        };
        let inode = tree.inode(id);
        let span = tree.span(inode);
        if span.kind == SpanKind::File {
            files.push(FolderFile { name, entry: child, node, inode, size: span.size });
        }
    }
    files
}

/// Weights in an older format of which the directory also has the newest one.
fn weights_in<'a>(
    tree: &'a Tree,
    folder: NodeId,
    walker: &mut LinkWalker<'a>,
    mentioned: &MentionedNames<'_>,
) -> Vec<SuperfluousFile> {
    let files = files_in(tree, folder, walker);
    let mut sets: BTreeMap<(&[u8], &[u8]), Vec<&FolderFile<'_>>> = BTreeMap::new();
    for file in &files {
        if let Some((format, start)) = older_format(file.name) {
            sets.entry((format, start)).or_default().push(file);
        }
    }
    let mut twins = Vec::new();
    for ((_, start), older) in sets {
        let newest = complete(newest_of(&files, start));
        let divisions: HashSet<Option<u32>> = newest.iter().map(|file| division_of(file.name)).collect();
        let inodes: HashSet<SpanId> = newest.iter().map(|file| file.inode).collect();
        let sum = |files: &[&FolderFile<'_>]| files.iter().map(|file| file.size).sum::<Total>().get();
        let Some(twin) = newest.iter().max_by_key(|file| file.size) else { continue };
        // An adapter is small beside the model that it is for; half precision has half of the size.
        if sum(&newest) >= (sum(&older) / 5).saturating_mul(2) {
            // Two names of one file are no twins.
            let other = |file: &FolderFile<'_>| {
                !inodes.contains(&file.inode) && !mentioned.contain(file.name) && has_parts_of(&divisions, file.name)
            };
            twins.extend(older.iter().filter(|file| other(file)).map(|file| SuperfluousFile {
                kind: AdviceKind::ModelWeightsTwice,
                node: file.node,
                twin: same_part(file.name, start, &newest).unwrap_or(*twin).entry,
            }));
        }
    }
    twins
}

/// The number of a part of a model, and the number of all parts: `model-00001-of-00002.safetensors`.
fn part_of(name: &[u8]) -> Option<(u32, u32)> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
    let at = name.windows(4).rposition(|part| part == b"-of-")?;
    let (before, after) = (name.get(..at)?, name.get(at.saturating_add(4)..)?);
    let part = before.rsplit(|byte| !byte.is_ascii_digit()).next()?;
    Some((number(part)?, number(after.split(|byte| !byte.is_ascii_digit()).next()?)?))
}

/// The number of all parts of a model; `None` if it is in one.
fn division_of(name: &[u8]) -> Option<u32> {
    part_of(name).map(|(_, of)| of).filter(|of| *of > 1)
}

/// The files of models of which all parts are there.
fn complete<'a, 'b>(files: Vec<&'b FolderFile<'a>>) -> Vec<&'b FolderFile<'a>> {
    let mut parts: HashMap<u32, HashSet<u32>> = HashMap::new();
    for (part, of) in files.iter().filter_map(|file| part_of(file.name)) {
        if (1..=of).contains(&part) {
            parts.entry(of).or_default().insert(part);
        }
    }
    let is_complete = |of| parts.get(&of).is_some_and(|parts| parts.len() == of as usize);
    files.into_iter().filter(|file| part_of(file.name).is_none_or(|(_, of)| is_complete(of))).collect()
}

/// True if the weights of an older file are in a model of these numbers of parts: one that is divided in another way may be another
/// one.
fn has_parts_of(divisions: &HashSet<Option<u32>>, older: &[u8]) -> bool {
    let older = division_of(older);
    older.is_none() || divisions.contains(&None) || divisions.contains(&older)
}

/// The part of the newest format with the number of a part of an older one: `model-00001-of-00002.safetensors`.
fn same_part<'a, 'b>(older: &[u8], start: &[u8], newest: &[&'b FolderFile<'a>]) -> Option<&'b FolderFile<'a>> {
    let dot = older.iter().rposition(|byte| *byte == b'.')?;
    let dash = older.get(..dot)?.iter().position(|byte| *byte == b'-')?;
    let name = [start, older.get(dash..=dot)?, NEWEST].concat();
    let at = newest.binary_search_by(|file| file.name.cmp(&name[..])).ok()?;
    newest.get(at).copied()
}

/// The format of weights, and how the names of the same weights in the newest format start; with `.` at the end if that is all
/// of the name.
fn older_format(name: &[u8]) -> Option<(&'static [u8], &[u8])> {
    const WHOLE_MODEL: [&[u8]; 3] = [b"tf_model.h5", b"flax_model.msgpack", b"rust_model.ot"];
    if let Some(format) = WHOLE_MODEL.into_iter().find(|other| *other == name) {
        return Some((format, b"model"));
    }
    if name.starts_with(b"pytorch_model") && name.ends_with(b".bin") {
        return Some((b"pytorch_model", b"model"));
    }
    if name.starts_with(b"diffusion_pytorch_model") && name.ends_with(b".bin") {
        return Some((b"diffusion_pytorch_model", b"diffusion_pytorch_model"));
    }
    if name.starts_with(WHOLE) && name.ends_with(b".pth") {
        return Some((WHOLE, b"model"));
    }
    let format = [&b".ckpt"[..], b".bin", b".pt", b".pth"].into_iter().find(|ending| name.ends_with(ending))?;
    let stem = name.get(..name.len().saturating_sub(format.len()).saturating_add(1))?;
    Some((format, stem))
}

/// The files whose names start like those of an older format; `files` are sorted by name. A directory may have thousands of older
/// files with names of their own, all of which start alike: each of those has at most one newest file.
fn newest_of<'a, 'b>(files: &'b [FolderFile<'a>], start: &[u8]) -> Vec<&'b FolderFile<'a>> {
    if start.ends_with(b".") {
        let name = [start, NEWEST].concat();
        let at = files.binary_search_by(|file| file.name.cmp(&name)).ok();
        return at.and_then(|at| files.get(at)).into_iter().collect();
    }
    let from = files.partition_point(|file| file.name < start);
    let alike = files.get(from..).unwrap_or_default().iter().take_while(|file| file.name.starts_with(start));
    alike.filter(|file| is_newest(file.name, start)).collect()
}

/// The ending of weights in the newest format, after its dot.
const NEWEST: &[u8] = b"safetensors";

fn is_newest(name: &[u8], start: &[u8]) -> bool {
    let Some(stem) = name.strip_suffix(NEWEST) else { return false };
    if start.ends_with(b".") { stem == start } else { stem.starts_with(start) }
}

/// Libraries of CUDA that Python packages bring.
const CUDA_LIBRARIES: [&[u8]; 9] = [
    b"libcublas",
    b"libcublasLt",
    b"libcudart",
    b"libcufft",
    b"libcusparse",
    b"libcusolver",
    b"libcurand",
    b"libnccl",
    b"libnvrtc",
];

/// The library of cuDNN that loads its parts, whose names start alike.
const CUDNN: &[u8] = b"libcudnn";

/// The name of a CUDA library without version, and without the checksum that some packages add: `libcudart-8066.so.11.0`.
fn cuda_library(name: &[u8]) -> Option<&[u8]> {
    if !name.starts_with(b"libcu") && !name.starts_with(b"libn") {
        return None;
    }
    let end = name.windows(3).position(|part| part == b".so")?;
    let (stem, rest) = name.split_at_checked(end)?;
    if !matches!(rest, [_, _, _] | [_, _, _, b'.', ..]) {
        return None;
    }
    let stem = stem.split(|byte| *byte == b'-').next().unwrap_or(stem);
    (CUDA_LIBRARIES.contains(&stem) || stem.starts_with(CUDNN)).then_some(stem)
}

/// The libraries of the system that Python packages have, too.
fn cuda_twins(tree: &Tree, libraries: &[NodeId]) -> Vec<SuperfluousFile> {
    let Some(last) = tree.last_layer().filter(|_| libraries.len() > 1) else { return Vec::new() };
    let of_python = Below::of(tree, &[], &[b"site-packages", b"dist-packages"]);
    let of_cuda = tree.find(b"usr/local").into_iter().flat_map(|local| tree.children(local));
    let of_cuda = of_cuda.filter(|node| tree.name(*node).starts_with(b"cuda"));
    let of_system = [&b"usr/lib"[..], b"usr/lib64", b"lib", b"lib64"].into_iter().filter_map(|path| tree.find(path));
    let of_system = Below::of_nodes(tree, of_cuda.chain(of_system), &[]);
    // For linking only.
    let stubs = Below::of(tree, &[], &[b"stubs"]);
    let packaged_nodes = || libraries.iter().copied().filter(|node| of_python.contains(*node));
    // By rank, not by path: thousands of paths may be 16 KB long.
    let order = PathOrder::of(tree, packaged_nodes());
    let mut packaged: HashMap<&[u8], NodeId> = HashMap::new();
    for node in packaged_nodes() {
        let Some(library) = cuda_library(tree.name(node)) else { continue };
        let known = packaged.entry(library).or_insert(node);
        if order.rank(node) < order.rank(*known) {
            *known = node;
        }
    }
    let is_system = |node: &NodeId| of_system.contains(*node) && !of_python.contains(*node) && !stubs.contains(*node);
    let inode = |node: NodeId| tree.visible(node, last).map(|id| tree.inode(id));
    let twin = |node: NodeId| {
        let library = cuda_library(tree.name(node))?;
        // Version 9 of cuDNN has other parts than version 8.
        let same_package = || packaged.get(CUDNN).filter(|_| library.starts_with(CUDNN));
        let twin = packaged.get(library).or_else(same_package)?;
        let is_same = inode(node) == inode(*twin);
        (!is_same).then_some(SuperfluousFile { kind: AdviceKind::CudaTwice, node, twin: *twin })
    };
    libraries.iter().copied().filter(is_system).filter_map(twin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_compared_without_their_versions() {
        for (name, library) in [
            ("libcublas.so.12.4.5.8", Some("libcublas")),
            ("libcudart-80664282.so.10.2", Some("libcudart")),
            ("libcudnn_ops_infer.so.8", Some("libcudnn_ops_infer")),
            ("libnccl.so", Some("libnccl")),
            ("libcudart_static.a", None),
            ("libcuda.so.1", None),
            ("libcublas.source", None),
            ("libcurl.so.4", None),
            ("libnss_dns.so.2", None),
        ] {
            assert_eq!(cuda_library(name.as_bytes()), library.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn older_formats_are_compared_with_the_newest() {
        let is_twin = |older: &str, newest: &str| {
            older_format(older.as_bytes()).is_some_and(|(_, start)| is_newest(newest.as_bytes(), start))
        };
        for (older, newest) in [
            ("pytorch_model.bin", "model.safetensors"),
            ("pytorch_model-00001-of-00002.bin", "model-00001-of-00003.safetensors"),
            ("diffusion_pytorch_model.fp16.bin", "diffusion_pytorch_model.safetensors"),
            ("v1-5.ckpt", "v1-5.safetensors"),
            ("tf_model.h5", "model.safetensors"),
            ("consolidated.00.pth", "model-00001-of-00004.safetensors"),
        ] {
            assert!(is_twin(older, newest), "{older} {newest}");
        }
        for (older, newest) in [
            ("pytorch_model.bin", "adapter_model.safetensors"),
            ("adapter_model.bin", "model.safetensors"),
            ("v1-5.ckpt", "v1-5-pruned.safetensors"),
            ("training_args.bin", "model.safetensors"),
            ("model.safetensors", "model.safetensors"),
        ] {
            assert!(!is_twin(older, newest), "{older} {newest}");
        }
    }
}
