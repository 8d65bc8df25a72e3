//! Kinds about the modes of files in the image's own layers. They count no bytes.

use super::below::{BESIDE_USR, Below};
use super::boundary::OwnBoundary;
use super::finding::{AdviceGroup, AdviceItem, Finding, FindingState};
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::place::{adding, instruction_of, place_name};
use super::removal::{PATHS, and_others};
use crate::image::Image;
use crate::layer::LayerIndex;
use crate::shell::{named, plain_word};
use crate::tree::{NodeId, PathOrder, SpanKind, Tree};

/// Set-user-id and set-group-id.
pub(super) const SETUID: u16 = 0o6000;

/// The sticky bit: only owners delete files of the directory.
const STICKY: u16 = 0o1000;

/// Directories with programs and libraries in `/usr`.
const OF_PROGRAMS: [&[u8]; 9] = [
    b"usr/bin",
    b"usr/sbin",
    b"usr/lib",
    b"usr/lib32",
    b"usr/lib64",
    b"usr/libexec",
    b"usr/local/bin",
    b"usr/local/sbin",
    b"usr/local/lib",
];

/// The program with which Chrome, and others made of it, separate their processes. It needs the bit.
const SANDBOX: &[u8] = b"chrome-sandbox";

/// Files listed of a finding.
const LISTED: usize = 10;

/// The findings of these kinds.
pub(super) fn findings(
    image: &Image,
    tree: &Tree,
    own: OwnBoundary,
    kinds: KindSet,
    state_of: &mut dyn FnMut(AdviceItem) -> FindingState,
) -> Vec<Finding> {
    let of_packages = Below::programs_of_packages(tree);
    let of_variables = directories_of_programs(&image.places.environment).filter_map(|path| tree.find(path));
    let of_programs = OF_PROGRAMS.iter().chain(&BESIDE_USR).filter_map(|path| tree.find(path)).chain(of_variables);
    let of_programs = Below::of_nodes(tree, of_programs.filter(|node| *node != NodeId::ROOT), &[]);
    let mut found: Vec<(AdviceKind, LayerIndex, FindingState, NodeId)> = Vec::new();
    let mut add = |kind: AdviceKind, layer: LayerIndex, node: NodeId| {
        if kinds.contains(kind) {
            found.push((kind, layer, state_of(AdviceItem { kind, node: Some(node), size_bytes: 0 }), node));
        }
    };
    for layer in tree.layers().skip(own.layers()) {
        for id in tree.layer_spans(layer) {
            let span = tree.span(id);
            if span.end().is_some() {
                continue;
            }
            let node = span.node();
            let is_setuid = span.kind == SpanKind::File && span.mode & SETUID != 0;
            if is_setuid && !of_packages.contains(node) && tree.name(node) != SANDBOX {
                add(AdviceKind::SetuidAdded, layer, node);
            }
            let is_open = match span.kind {
                SpanKind::File => true,
                SpanKind::Directory => span.mode & STICKY == 0,
                _ => false,
            };
            if is_open && span.mode & 0o002 != 0 && of_programs.contains(node) {
                add(AdviceKind::WorldWritable, layer, node);
            }
        }
    }
    let order = PathOrder::of(tree, found.iter().map(|(.., node)| *node));
    found.sort_by_key(|(kind, layer, state, node)| (*kind, *layer, *state, order.rank(*node)));
    let groups = found.chunk_by(|left, right| (left.0, left.1, left.2) == (right.0, right.1, right.2));
    groups.filter_map(|files| finding(image, tree, files)).collect()
}

/// Variables with directories of programs and libraries.
const SEARCHED: [&str; 2] = ["PATH", "LD_LIBRARY_PATH"];

/// Maximum number of directories in variables: each is looked up in large directories.
const MAX_DIRECTORIES: usize = 100;

/// The directories in which containers look for programs and libraries.
fn directories_of_programs(environment: &[String]) -> impl Iterator<Item = &[u8]> {
    let variables = environment.iter().filter_map(|variable| variable.split_once('='));
    let values = variables.filter(|(name, _)| SEARCHED.contains(name)).map(|(_, value)| value);
    values.flat_map(|value| value.split(':')).take(MAX_DIRECTORIES).map(|path| path.trim_matches('/').as_bytes())
}

fn finding(image: &Image, tree: &Tree, files: &[(AdviceKind, LayerIndex, FindingState, NodeId)]) -> Option<Finding> {
    let (kind, layer, state, _) = *files.first()?;
    let (mode, what) = match kind {
        AdviceKind::SetuidAdded => ("ug-s", "the set-user-id or set-group-id bit"),
        _ => ("o-w", "write permission for others"),
    };
    let place = place_name(image, layer);
    let shown = files.get(..files.len().min(PATHS)).unwrap_or_default();
    let words: Option<Vec<String>> = shown.iter().map(|(.., node)| plain_word(&tree.path(*node))).collect();
    let paths: Vec<String> = shown.iter().map(|(.., node)| named(&tree.path(*node))).collect();
    let (paths, others) = (paths.join(" and "), and_others(files.len().saturating_sub(shown.len())));
    let remedy = match words {
        _ if instruction_of(image, layer).copies() => {
            format!("{place}: copy {paths} without {what}, for example with `--chmod=`")
        }
        Some(words) => {
            let command = format!("chmod {mode} {}", words.join(" "));
            format!("{place}: {}", adding(instruction_of(image, layer), &command))
        }
        None => format!("{place}: remove {what} from {paths} (`chmod {mode}`)"),
    };
    let listed = files.iter().take(LISTED);
    Some(Finding {
        files: files.len() as u64,
        groups: listed.map(|(.., node)| AdviceGroup { place: *node, files: 1, size_bytes: 0 }).collect(),
        state,
        ..Finding::of_configuration(kind, Some(layer), remedy + &others)
    })
}
