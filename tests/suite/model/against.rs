//! Compares the tree of a random image with the model: every state, every change between two states, and every number.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use dive_model::analysis::WasteGroup;
use dive_model::analysis::exact::Cause;
use dive_model::tree::testing::{Changes, NodeSizes};
use dive_model::tree::{Change, Comparison, Scope, SpanKind, Tree};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};

use super::naive::{Kind, Line, Lost, Model};
use super::random::RandomImage;
use crate::build::{DrawnImage, layer};

/// Fails if the tree differs from the model.
pub(crate) fn check(random: &RandomImage) -> Result<(), TestCaseError> {
    let opened = random.build().open();
    let model = Model::of(random);
    let count = random.0.len();
    for number in 0..count {
        prop_assert_eq!(listing(opened.tree(), number), model.listing(number), "layer {}", number);
        prop_assert_eq!(sizes(&opened, &model, number), vec![], "layer {}", number);
        for base in (0..count).map(Some).chain([None]) {
            let changes = changes(opened.tree(), base, number);
            prop_assert_eq!(changes, model.changes(base, number), "from {:?} to {}", base, number);
            prop_assert_eq!(
                comparison_differences(opened.tree(), base, number),
                vec![],
                "from {:?} to {}",
                base,
                number
            );
        }
    }
    for (base, target) in (0..count).flat_map(|base| (base..count).map(move |target| (base, target))) {
        let happened = happened(opened.tree(), base, target);
        prop_assert_eq!(happened, model.happened(base, target), "since {} up to {}", base, target);
    }
    prop_assert_eq!(opened.tree().change_counts(), model.change_counts());
    prop_assert_eq!(opened.remark_count(), model.remarks);
    let exact = opened.exact();
    let (total, visible, mut lost) = model.exact();
    prop_assert_eq!((exact.total_bytes, exact.visible_bytes), (total, visible));
    prop_assert_eq!(Cause::ALL.map(|cause| exact.bytes_by(cause)).iter().sum::<u64>(), total - visible);
    let listed = exact.files.iter().map(|file| Lost {
        size_bytes: Reverse(file.size_bytes),
        path: opened.tree().path(file.node),
        layer: file.layer.get(),
        hidden_by: file.hidden_by.get(),
        cause: file.cause,
    });
    let mut listed: Vec<_> = listed.collect();
    // Every file is in exactly one group, at or below the group's path.
    let groups = WasteGroup::of(opened.tree(), &exact);
    prop_assert_eq!(groups.iter().map(|group| group.size_bytes).sum::<u64>(), total - visible);
    prop_assert_eq!(groups.iter().map(|group| group.files).sum::<u64>(), exact.files.len() as u64);
    for file in &exact.files {
        let above = std::iter::successors(Some(file.node), |node| opened.tree().parent(*node)).collect::<Vec<_>>();
        let holds = |group: &WasteGroup| {
            (group.layer, group.hidden_by, group.cause) == (file.layer, file.hidden_by, file.cause)
                && above.contains(&group.place)
        };
        prop_assert!(groups.iter().any(holds), "{:?}", file);
    }
    let places = |files: &[Lost]| -> Vec<_> {
        files.iter().map(|file| (file.size_bytes, file.path.clone(), file.layer)).collect()
    };
    lost.sort();
    prop_assert_eq!(places(&listed), places(&lost));
    listed.sort();
    prop_assert_eq!(listed, lost);
    Ok(())
}

fn listing(tree: &Tree, number: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let keep = |node| tree.visible(node, layer(number)).is_some();
    let visit = |path: &[u8], node| {
        let inode = tree.inode(tree.visible(node, layer(number)).unwrap());
        let span = tree.span(inode);
        lines.push(Line {
            path: String::from_utf8(path.to_vec()).unwrap(),
            kind: kind(span.kind),
            size: span.size,
            mode: span.mode & 0o7777,
            owner: (span.uid, span.gid),
            link: if span.kind == SpanKind::Symlink {
                String::from_utf8_lossy(tree.link(inode)).into()
            } else {
                String::new()
            },
            device: tree.extra(inode).device.1,
            has_xattr: tree.extra(inode).xattrs != 0,
        });
        Ok::<_, ()>(())
    };
    tree.walk(keep, visit).unwrap();
    lines
}

fn kind(kind: SpanKind) -> Kind {
    match kind {
        SpanKind::File => Kind::File,
        SpanKind::Directory => Kind::Directory,
        SpanKind::ImplicitDirectory => Kind::ImplicitDirectory,
        SpanKind::Symlink => Kind::Symlink,
        SpanKind::CharDevice => Kind::Device,
        SpanKind::Fifo => Kind::Fifo,
        SpanKind::HardLink => Kind::DanglingLink,
        SpanKind::SparseFile | SpanKind::BlockDevice => unreachable!("no random image has one"),
    }
}

fn changes(tree: &Tree, base: Option<usize>, target: usize) -> BTreeMap<String, Change> {
    let changes = Changes::between(tree, base.map(layer), layer(target));
    let of_node = |node| {
        let path = String::from_utf8(tree.path(node)).unwrap();
        changes.of(node).map(|change| (path[1..].to_owned(), change))
    };
    tree.nodes().filter_map(of_node).collect()
}

/// Changes of all paths in the aggregated view, with the sizes of existing ones.
fn happened(tree: &Tree, base: usize, target: usize) -> BTreeMap<String, (Change, Option<u64>)> {
    let comparison = Comparison::between(tree, Scope::history(layer(base), layer(target)));
    let of_node = |node| {
        let change = comparison.change(node)?;
        let path = String::from_utf8(tree.path(node)).unwrap();
        let size = (change != Change::Removed).then(|| comparison.size_bytes(node));
        Some((path[1..].to_owned(), (change, size)))
    };
    tree.nodes().filter_map(of_node).collect()
}

/// Paths for which a comparison differs from changes and sizes: path, comparison, expected.
fn comparison_differences(tree: &Tree, base: Option<usize>, target: usize) -> Vec<(String, Compared, Compared)> {
    let comparison = Comparison::between(tree, Scope::states(base.map(layer), layer(target)));
    let changes = Changes::between(tree, base.map(layer), layer(target));
    let after = NodeSizes::at(tree, layer(target));
    let before = base.map(|base| NodeSizes::at(tree, layer(base)));
    let compare = |node| {
        let change = changes.of(node);
        let before = || before.as_ref().map_or(0, |sizes| sizes.of(node));
        let size = if change == Some(Change::Removed) { before() } else { after.of(node) };
        let (ours, theirs) = ((comparison.change(node), comparison.size_bytes(node)), (change, size));
        (ours != theirs).then(|| (String::from_utf8(tree.path(node)).unwrap(), ours, theirs))
    };
    tree.nodes().filter_map(compare).collect()
}

type Compared = (Option<Change>, u64);

/// Paths whose size differs from the model: path, actual, expected.
fn sizes(opened: &DrawnImage, model: &Model, number: usize) -> Vec<(String, u64, u64)> {
    let tree = opened.tree();
    let sizes = NodeSizes::at(tree, layer(number));
    let compare = |node| {
        let path = String::from_utf8(tree.path(node)).unwrap();
        let expected = model.size_below(number, &path[1..]);
        (sizes.of(node) != expected).then_some((path, sizes.of(node), expected))
    };
    tree.nodes().filter_map(compare).collect()
}
