//! The partition: every byte of an image is waste, advice, or neither, whatever the image and the order of its entries.

use std::collections::{BTreeMap, BTreeSet};

use dive_model::advice::{AdviceClaims, AdviceKind, ClaimScope, CountedBytes, KindSet, testing};
use dive_model::tree::{SpanId, Tree};
use proptest::prelude::*;
use proptest::sample::select;

use crate::build::{DrawnImage, image};
use crate::model::random::images_of;

/// Paths of names that patterns have.
fn paths() -> BoxedStrategy<String> {
    let starts = vec![
        "",
        "var/lib/apt/lists/",
        "var/cache/",
        "root/.cache/",
        "tmp/",
        "usr/share/doc/",
        "root/.npm/",
        "app/node_modules/",
        "usr/lib/ruby/gems/x/",
    ];
    let names = prop::collection::vec(select(testing::names()), 1..=3);
    (select(starts), names).prop_map(|(start, names)| format!("{start}{}", names.join("/"))).boxed()
}

fn scope(kinds: KindSet, own_from: usize) -> ClaimScope {
    ClaimScope { kinds, own_from, copies: Vec::new() }
}

/// Some kinds, also those that are off.
fn kind_sets() -> impl Strategy<Value = KindSet> {
    prop_oneof![
        Just(AdviceKind::ALL.iter().copied().collect::<KindSet>()),
        prop::collection::vec(select(AdviceKind::ALL.to_vec()), 0..30).prop_map(|kinds| kinds.into_iter().collect()),
    ]
}

/// The visible names of every inode, by a walk over all paths.
fn visible_names(tree: &Tree) -> BTreeMap<SpanId, Vec<String>> {
    let mut names: BTreeMap<SpanId, Vec<String>> = BTreeMap::new();
    let Some(last) = tree.last_layer() else { return names };
    tree.walk(
        |node| tree.visible(node, last).is_some(),
        |path, node| {
            let inode = tree.inode(tree.visible(node, last).unwrap());
            names.entry(inode).or_default().push(String::from_utf8(path.to_vec()).unwrap());
            Ok::<(), ()>(())
        },
    )
    .unwrap();
    names
}

/// The claims by kind and path, from the rules.
fn expected(tree: &Tree, scope: &ClaimScope) -> BTreeSet<(AdviceKind, String, usize, u64)> {
    let visible = AdviceKind::ALL.iter().copied().filter(|kind| kind.row().counts == CountedBytes::Visible);
    let kinds = scope.kinds.and(visible.collect());
    let mut claims = BTreeSet::new();
    for (inode, names) in visible_names(tree) {
        let span = tree.span(inode);
        if !span.kind.is_file() || span.size == 0 {
            continue;
        }
        let of_names: Option<Vec<_>> = names.iter().map(|name| testing::kinds_of(name).and(kinds).first()).collect();
        let Some(kind) = of_names.and_then(|kinds| kinds.into_iter().min()) else { continue };
        let of_kind = names.iter().filter(|name| testing::kinds_of(name).and(kinds).first() == Some(kind));
        claims.insert((kind, of_kind.min().unwrap().clone(), span.from().get(), span.size));
    }
    let sum = |kind: AdviceKind, is_base: bool| -> u64 {
        let of_part = claims.iter().filter(|claim| claim.0 == kind && (claim.2 < scope.own_from) == is_base);
        of_part.map(|claim| claim.3).sum()
    };
    let above =
        |claim: &(AdviceKind, String, usize, u64)| sum(claim.0, claim.2 < scope.own_from) >= claim.0.row().floor_bytes;
    claims.iter().filter(|claim| above(claim)).cloned().collect()
}

fn claimed(opened: &DrawnImage, scope: &ClaimScope) -> (AdviceClaims, BTreeSet<(AdviceKind, String, usize, u64)>) {
    let tree = opened.tree();
    let claims = AdviceClaims::of(tree, &opened.exact(), scope);
    let path = |node| String::from_utf8(tree.path(node)[1..].to_vec()).unwrap();
    let visible: Vec<_> =
        claims.visible.iter().map(|it| (it.kind, path(it.node), it.layer.get(), it.size_bytes)).collect();
    let set: BTreeSet<_> = visible.iter().cloned().collect();
    // Two layers cannot both show a path.
    assert_eq!(set.len(), visible.len());
    (claims, set)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_in_one_part(random in images_of(&paths()), kinds in kind_sets(), own_from in 0usize..4) {
        let opened = random.build().open();
        let (tree, exact) = (opened.tree(), opened.exact());
        let scope = scope(kinds, own_from);
        let (claims, found) = claimed(&opened, &scope);
        prop_assert_eq!(&found, &expected(tree, &scope));
        let layers = tree.layer_count();
        let cut = own_from.min(layers);
        let whole = claims.partition(tree, &exact, &(0..layers));
        let parts = [0..cut, cut..layers].map(|range| claims.partition(tree, &exact, &range));
        let sum = |of: fn(&dive_model::advice::Partition) -> u64| parts.iter().map(of).sum::<u64>();
        prop_assert_eq!(whole.total_bytes, exact.total_bytes);
        prop_assert_eq!(whole.waste_bytes, exact.reclaimable_bytes());
        prop_assert_eq!(whole.advice_bytes, found.iter().map(|claim| claim.3).sum::<u64>());
        prop_assert_eq!(whole.total_bytes, whole.waste_bytes + whole.advice_bytes + whole.rest_bytes);
        prop_assert_eq!(whole.total_bytes, sum(|it| it.total_bytes));
        prop_assert_eq!(whole.rest_bytes, sum(|it| it.rest_bytes));
        for partition in parts {
            let used = partition.waste_bytes + partition.advice_bytes + partition.rest_bytes;
            prop_assert_eq!(partition.total_bytes, used);
        }
        if kinds == AdviceKind::ALL.iter().copied().collect() {
            prop_assert_eq!(claims.waste.iter().map(|claim| claim.file.size_bytes).sum::<u64>(), exact.reclaimable_bytes());
        }
    }

    #[test]
    fn the_order_of_entries_changes_nothing(
        files in prop::collection::btree_map(paths(), 1usize..2000, 0..12),
        links in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        seed in any::<u64>(),
    ) {
        // A path that is also a directory would depend on the order.
        let is_parent = |path: &String| files.keys().any(|other| other.starts_with(&format!("{path}/")));
        let files: Vec<_> = files.iter().filter(|(path, _)| !is_parent(path)).collect();
        let build = |order: &[usize]| {
            image().layer(|layer| {
                let layer = order.iter().fold(layer, |layer, at| layer.file(files[*at].0, "x".repeat(*files[*at].1)));
                let links = links.iter().filter(|_| !files.is_empty()).enumerate();
                links.fold(layer, |layer, (number, (directory, target))| {
                    let directory = directory.get(&files).0.rsplit_once('/').map_or("", |(directory, _)| directory);
                    layer.hardlink(&format!("{directory}/link{number}"), target.get(&files).0)
                })
            })
        };
        let sorted: Vec<usize> = (0..files.len()).collect();
        let mut shuffled = sorted.clone();
        shuffled.sort_by_key(|at| (*at as u64).wrapping_mul(seed | 1).rotate_left(17));
        let kinds: KindSet = AdviceKind::ALL.iter().copied().collect();
        let found = |order: &[usize]| {
            let opened = build(order).open();
            let advice = opened.opened().advice(kinds);
            (claimed(&opened, &scope(kinds, 0)).1, super::drawn(&opened, &advice))
        };
        prop_assert_eq!(found(&sorted), found(&shuffled));
    }
}
