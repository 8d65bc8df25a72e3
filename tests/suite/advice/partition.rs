//! The partition: every byte of an image is waste, advice, or neither, whatever the image and the order of its entries.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::ops::ControlFlow;

use dive_model::advice::{
    AdviceClaims, AdviceKind, AdviceScope, ClaimScope, CountedBytes, FindingState, KindSet, OwnBoundary, testing,
};
use dive_model::analysis::WasteGroup;
use dive_model::analysis::exact::ReclaimableFile;
use dive_model::image::{ContainerPlaces, ImagePart};
use dive_model::layer::content::open_body_while;
use dive_model::tree::{Cause, Span, SpanId, SpanKind, Tree};
use proptest::prelude::*;
use proptest::sample::select;

use super::contents::{elf, program, static_library};
use crate::build::{DrawnImage, image};
use crate::model::random::{images_of, images_with};

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
    ClaimScope {
        kinds,
        own_from,
        copies: Vec::new(),
        runs: Vec::new(),
        kept_archives: HashSet::default(),
        places: ContainerPlaces::default(),
        start_command: Vec::new(),
    }
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

/// What is directly in a directory for temporary files, at or above a path.
fn temporary_entry(path: &str) -> Option<String> {
    ["tmp/", "var/tmp/"].iter().find_map(|directory| {
        let name = path.strip_prefix(directory)?.split('/').next()?;
        Some(format!("{directory}{name}"))
    })
}

/// All paths on the way that a symbolic link leads, itself first; `None` if it leads nowhere.
fn way_of(kinds: &BTreeMap<String, (SpanKind, String)>, link: &str) -> Option<Vec<String>> {
    let mut here = link.to_owned();
    let (mut way, mut ahead, mut followed) = (vec![here.clone()], Vec::<String>::new(), 0);
    loop {
        let kind = if here.is_empty() { SpanKind::Directory } else { kinds.get(&here)?.0 };
        if kind == SpanKind::Symlink {
            let target = &kinds[&here].1;
            followed += 1;
            if followed > 40 || target.is_empty() {
                return None;
            }
            ahead.extend(target.split('/').rev().filter(|name| !name.is_empty()).map(ToOwned::to_owned));
            let above = here.rsplit_once('/').map_or("", |(above, _)| above);
            here = if target.starts_with('/') { String::new() } else { above.to_owned() };
        } else {
            let Some(name) = ahead.pop() else { return Some(way) };
            if !kind.is_directory() {
                return None;
            }
            here = match &*name {
                "." => here,
                ".." => here.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned()),
                name if here.is_empty() => name.to_owned(),
                name => format!("{here}/{name}"),
            };
        }
        way.push(here.clone());
    }
}

/// What each visible path is, with the target of a link.
fn visible_kinds(tree: &Tree) -> BTreeMap<String, (SpanKind, String)> {
    let mut kinds = BTreeMap::new();
    for (inode, names) in visible_names(tree) {
        let kind = tree.span(inode).kind;
        let is_link = kind == SpanKind::Symlink;
        let target = if is_link { String::from_utf8_lossy(tree.link(inode)).into_owned() } else { String::new() };
        kinds.extend(names.into_iter().map(|name| (name, (kind, target.clone()))));
    }
    kinds
}

/// The kinds of caches that links outside of them need.
fn needed_caches(kinds: &BTreeMap<String, (SpanKind, String)>) -> KindSet {
    let caches = [AdviceKind::NodeCache, AdviceKind::PythonCache, AdviceKind::BuildCache].into_iter().collect();
    let is_followed = |target: &str| ["store", "cache", "uv", "yarn"].iter().any(|part| target.contains(part));
    let links = kinds.iter().filter(|(_, (kind, target))| *kind == SpanKind::Symlink && is_followed(target));
    let needed = links.filter_map(|(link, _)| {
        let end = way_of(kinds, link)?.pop()?;
        Some(testing::kinds_of(&end).minus(testing::kinds_of(link)).and(caches))
    });
    needed.fold(KindSet::default(), KindSet::or)
}

/// What links outside of the directories for temporary files need of them.
fn needed_in_temporary(kinds: &BTreeMap<String, (SpanKind, String)>) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    loop {
        let before = needed.len();
        for (link, _) in kinds.iter().filter(|(_, (kind, _))| *kind == SpanKind::Symlink) {
            if temporary_entry(link).is_none_or(|entry| needed.contains(&entry)) {
                let way = way_of(kinds, link).unwrap_or_default();
                needed.extend(way.iter().filter_map(|path| temporary_entry(path)));
            }
        }
        if needed.len() == before {
            return needed;
        }
    }
}

/// The kinds of a name, without temporary files if links need it.
fn not_needed(kinds: KindSet, name: &str, needed: &BTreeSet<String>) -> KindSet {
    let is_needed = temporary_entry(name).is_some_and(|entry| needed.contains(&entry));
    if is_needed { kinds.without(AdviceKind::TemporaryFiles) } else { kinds }
}

/// The claims by kind and path, from the rules.
fn expected(tree: &Tree, scope: &ClaimScope, files: &KindsOfFiles) -> BTreeSet<(AdviceKind, String, usize, u64)> {
    let visible = AdviceKind::ALL.iter().copied().filter(|kind| kind.row().counts == CountedBytes::Visible);
    let paths = visible_kinds(tree);
    let kinds = scope.kinds.and(visible.collect()).minus(needed_caches(&paths));
    let mut claims = BTreeSet::new();
    let needed = needed_in_temporary(&paths);
    for (inode, names) in visible_names(tree) {
        let span = tree.span(inode);
        if !span.kind.is_file() || span.size == 0 {
            continue;
        }
        let kind_of = |name: &String| not_needed(files.kinds(inode, name).and(kinds), name, &needed).first();
        let of_names: Option<Vec<_>> = names.iter().map(kind_of).collect();
        let Some(kind) = of_names.and_then(|kinds| kinds.into_iter().min()) else { continue };
        let of_kind = names.iter().filter(|name| kind_of(name) == Some(kind));
        let bytes = if kind == AdviceKind::UnstrippedBinary { SYMBOLS as u64 } else { span.size };
        claims.insert((kind, of_kind.min().unwrap().clone(), span.from().get(), bytes));
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

/// Bytes of symbols in the programs of these tests.
const SYMBOLS: usize = 1_000_000;

/// Contents of which advice knows something, and some that only look like them.
fn telling_contents() -> BoxedStrategy<Vec<u8>> {
    let telling = vec![
        program(SYMBOLS),
        elf(4, 0),
        static_library(70_128),
        vec![b'x'; 70_128],
        vec![b'x'; 70_128],
        vec![b'y'; 70_128],
        vec![b'x'; 1_000],
        vec![],
    ];
    select(telling).boxed()
}

/// Contents, of which some are large enough to be inspected.
fn inspected_contents() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![3 => (1usize..2000).prop_map(|size| vec![b'x'; size]), 1 => telling_contents()].boxed()
}

/// Paths of which advice knows something.
fn telling_paths() -> BoxedStrategy<String> {
    let paths = [
        "app/a",
        "app/b.a",
        "app/c.debug",
        "opt/model.safetensors",
        "opt/pytorch_model.bin",
        "usr/lib/d",
        "usr/local/cuda/libcublas.so.12",
        "app/site-packages/libcublas.so.11",
        "tmp/e",
    ];
    select(paths.map(ToOwned::to_owned).to_vec()).boxed()
}

/// Kinds that paths alone do not show.
#[derive(Debug, Default)]
struct KindsOfFiles {
    contents: BTreeMap<SpanId, KindSet>,
    names: BTreeMap<String, KindSet>,
}

impl KindsOfFiles {
    fn add(&mut self, inode: SpanId, kind: AdviceKind) {
        let known = self.contents.entry(inode).or_default();
        *known = known.with(kind);
    }

    fn add_name(&mut self, name: &str, kind: AdviceKind) {
        let known = self.names.entry(name.to_owned()).or_default();
        *known = known.with(kind);
    }

    /// All kinds of a name of an inode.
    fn kinds(&self, inode: SpanId, name: &str) -> KindSet {
        let of_content = self.contents.get(&inode).copied().unwrap_or_default();
        let of_name = self.names.get(name).copied().unwrap_or_default();
        testing::kinds_of(name).or(of_content).or(of_name)
    }
}

/// The kinds of each file by its content and by other files, from the rules.
fn kinds_of_files(opened: &DrawnImage, kinds: KindSet) -> KindsOfFiles {
    let tree = opened.tree();
    let names = visible_names(tree);
    let content = |inode: SpanId| {
        let body = tree.body(inode);
        let blob = opened.opened().image.layers[body.layer.get()].blob.as_ref().unwrap();
        let mut content = Vec::new();
        let reader = open_body_while(blob, body, &mut |_| ControlFlow::Continue(())).unwrap();
        reader.unwrap().read_to_end(&mut content).unwrap();
        content
    };
    let is_file = |inode: SpanId| tree.span(inode).kind == SpanKind::File && tree.span(inode).size > 0;
    let contents: BTreeMap<SpanId, Vec<u8>> =
        names.keys().filter(|inode| is_file(**inode)).map(|inode| (*inode, content(*inode))).collect();
    let mut found = KindsOfFiles::default();
    let is_packaged = |inode: SpanId| {
        let packaged = ["usr/lib/", "usr/local/cuda/"];
        let is_below = |name: &String| packaged.iter().any(|directory| name.starts_with(directory));
        names[&inode].iter().any(|name| is_below(name) || name.contains("site-packages/"))
    };
    for (inode, content) in &contents {
        for name in &names[inode] {
            match (content.get(..17), name.rsplit('.').next()) {
                (Some([b'!', ..]), Some("a")) => found.add_name(name, AdviceKind::StaticLibrariesAndHeaders),
                (Some([0x7f, .., 3]), Some("debug")) => found.add_name(name, AdviceKind::DebugSymbols),
                _ => {}
            }
        }
        match content.get(..17) {
            Some([0x7f, .., 4]) if !is_packaged(*inode) => found.add(*inode, AdviceKind::CoreDump),
            Some([0x7f, .., 3]) if !is_packaged(*inode) && names[inode].iter().any(|name| name != "app/c.debug") => {
                found.add(*inode, AdviceKind::UnstrippedBinary);
            }
            _ => {}
        }
    }
    // What a path leads to, also through symbolic links.
    let last = tree.last_layer().unwrap();
    let at = |path: &str| {
        let (node, span) = tree.resolve(tree.find(path.as_bytes())?, last).ok()?;
        let id = tree.inode(span);
        let inode = tree.span(id);
        let name = String::from_utf8(tree.path(node)[1..].to_vec()).unwrap();
        (inode.kind == SpanKind::File).then_some((name, id, inode.size))
    };
    if let (Some((older, first, size)), Some((_, second, newest))) =
        (at("opt/pytorch_model.bin"), at("opt/model.safetensors"))
        && first != second
        && newest >= size / 5 * 2
    {
        found.add_name(&older, AdviceKind::ModelWeightsTwice);
    }
    let named = |path: &str| {
        let inode = names.iter().find(|(_, names)| names.iter().any(|name| name == path)).map(|(inode, _)| *inode);
        inode.filter(|inode| tree.span(*inode).kind.is_file())
    };
    let system = "usr/local/cuda/libcublas.so.12";
    if let (Some(inode), Some(twin)) = (named(system), named("app/site-packages/libcublas.so.11"))
        && inode != twin
    {
        found.add_name(system, AdviceKind::CudaTwice);
    }
    // Copies last, since they depend on the others.
    let needed = needed_in_temporary(&visible_kinds(tree));
    let is_free = |inode: SpanId, found: &KindsOfFiles| {
        let leaves = |kind: AdviceKind| [AdviceKind::DataInImage, AdviceKind::UnstrippedBinary].contains(&kind);
        let first = |name: &String| not_needed(found.kinds(inode, name).and(kinds), name, &needed).first();
        names[&inode].iter().all(|name| first(name).is_none_or(leaves))
    };
    // The layer that first had the content at the path.
    let brought_by = |inode: SpanId| {
        let mut span = tree.span(inode);
        let has_content = |span: &Span| matches!(span.kind, SpanKind::File | SpanKind::HardLink);
        while has_content(span) {
            let again = (span.from(), Cause::MetadataOnly);
            // A layer may store a path twice.
            let mut older = tree.spans(span.node()).map(|id| tree.span(id)).filter(|it| it.from() < span.from());
            let Some(before) = older.find(|it| has_content(it) && it.end() == Some(again)) else { break };
            span = before;
        }
        span.from().get()
    };
    let mut copies: BTreeMap<&[u8], Vec<(usize, &String, SpanId)>> = BTreeMap::new();
    for (inode, content) in &contents {
        if content.len() >= 65_536 && is_free(*inode, &found) {
            let place = (brought_by(*inode), names[inode].iter().min().unwrap(), *inode);
            copies.entry(content).or_default().push(place);
        }
    }
    // A link in its place would have no set-user-id bit.
    let is_needed = |inode: SpanId| is_packaged(inode) || tree.span(inode).mode & 0o6000 != 0;
    for mut group in copies.into_values() {
        group.sort();
        for (_, name, inode) in group.into_iter().skip(1).filter(|(.., inode)| !is_needed(*inode)) {
            if name.ends_with(".safetensors") || name.ends_with("pytorch_model.bin") {
                found.add(inode, AdviceKind::ModelWeightsTwice);
            }
            found.add(inode, AdviceKind::DuplicateContent);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kinds_of_contents_claim_no_byte_twice(
        random in images_with(&telling_paths(), &telling_contents()),
        kinds in kind_sets(),
    ) {
        let opened = random.build().open();
        let (tree, exact) = (opened.tree(), opened.exact());
        let scope = scope(kinds, 0);
        let (claims, found) = claimed(&opened, &scope);
        let visible = AdviceKind::ALL.iter().copied().filter(|kind| kind.row().counts == CountedBytes::Visible);
        let files = kinds_of_files(&opened, kinds.and(visible.collect()));
        prop_assert_eq!(&found, &expected(tree, &scope, &files));
        let whole = claims.partition(tree, &exact, &(0..tree.layer_count()));
        prop_assert_eq!(whole.advice_bytes, found.iter().map(|claim| claim.3).sum::<u64>());
        prop_assert_eq!(whole.total_bytes, whole.waste_bytes + whole.advice_bytes + whole.rest_bytes);
    }
}

/// Paths in and beside directories for temporary files, where most links lead somewhere.
fn temporary_paths() -> BoxedStrategy<String> {
    let paths = ["tmp", "tmp/a", "tmp/a/x", "tmp/b", "tmp/b/y", "var/tmp", "var/tmp/a", "a", "b", "b/x", "b/y"];
    select(paths.map(ToOwned::to_owned).to_vec()).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn links_into_temporary_directories_claim_no_file_that_they_need(random in images_of(&temporary_paths())) {
        let opened = random.build().open();
        let scope = scope(AdviceKind::ALL.iter().copied().collect(), 0);
        let (claims, found) = claimed(&opened, &scope);
        prop_assert_eq!(&found, &expected(opened.tree(), &scope, &KindsOfFiles::default()));
        let whole = claims.partition(opened.tree(), &opened.exact(), &(0..opened.tree().layer_count()));
        prop_assert_eq!(whole.total_bytes, whole.waste_bytes + whole.advice_bytes + whole.rest_bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_in_one_part(random in images_of(&paths()), kinds in kind_sets(), own_from in 0usize..4) {
        let opened = random.build().open();
        let (tree, exact) = (opened.tree(), opened.exact());
        let scope = scope(kinds, own_from);
        let (claims, found) = claimed(&opened, &scope);
        prop_assert_eq!(&found, &expected(tree, &scope, &KindsOfFiles::default()));
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
        let advice = opened.opened().advice(kinds);
        let (base, ours) = advice.partitions(tree, &exact);
        let claimed_waste = advice.claims.waste.iter().map(|claim| claim.file.size_bytes).sum::<u64>();
        let in_findings = advice.findings.iter().map(|finding| finding.size_bytes).sum::<u64>();
        prop_assert_eq!(in_findings, claimed_waste + base.advice_bytes + ours.advice_bytes);
        prop_assert_eq!(in_findings, advice.bytes_in(&(0..layers), None));
        // Whose a finding is, where its bytes are, and what a rule counts are one decision.
        let scope = AdviceScope { kinds, own: Some(OwnBoundary::Base(cut)), state_of: &mut |_| FindingState::Open };
        let advice = opened.opened().advice_on(scope);
        let (base, ours) = advice.partitions(tree, &exact);
        for (part, partition, range) in [(ImagePart::Base, base, 0..cut), (ImagePart::Ours, ours, cut..layers)] {
            let of_part = || advice.findings.iter().filter(|finding| finding.part == part);
            let bytes = of_part().map(|finding| finding.size_bytes).sum::<u64>();
            prop_assert_eq!(bytes, advice.bytes_in(&range, None));
            let visible = of_part().filter(|finding| finding.kind.row().counts == CountedBytes::Visible);
            prop_assert!(visible.clone().all(|finding| finding.doubled_by.is_none()), "these paths have no twins");
            prop_assert_eq!(visible.map(|finding| finding.size_bytes).sum::<u64>(), partition.advice_bytes);
        }
        let groups = WasteGroup::of(tree, &exact);
        let of_groups = WasteGroup::files_of(&groups, tree, &exact);
        for (group, files) in groups.iter().zip(&of_groups) {
            let files: Vec<_> = files.iter().map(|at| exact.files[*at]).collect();
            let pair = |file: &ReclaimableFile| (file.layer, file.hidden_by, file.cause);
            prop_assert!(files.iter().all(|file| pair(file) == (group.layer, group.hidden_by, group.cause)));
            prop_assert_eq!(files.iter().map(|file| file.size_bytes).sum::<u64>(), group.size_bytes);
            prop_assert_eq!(files.len() as u64, group.files);
        }
        prop_assert_eq!(of_groups.concat().len(), exact.files.len());
        if kinds == AdviceKind::ALL.iter().copied().collect() {
            prop_assert_eq!(claims.waste.iter().map(|claim| claim.file.size_bytes).sum::<u64>(), exact.reclaimable_bytes());
        }
    }

    #[test]
    fn the_order_of_entries_changes_nothing(
        files in prop::collection::btree_map(prop_oneof![3 => paths(), 1 => telling_paths()], inspected_contents(), 0..12),
        links in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4),
        seed in any::<u64>(),
    ) {
        // A path that is also a directory would depend on the order.
        let is_parent = |path: &String| files.keys().any(|other| other.starts_with(&format!("{path}/")));
        let files: Vec<_> = files.iter().filter(|(path, _)| !is_parent(path)).collect();
        let build = |order: &[usize]| {
            image().layer(|layer| {
                let layer = order.iter().fold(layer, |layer, at| layer.file(files[*at].0, files[*at].1));
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
