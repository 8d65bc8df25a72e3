//! The numbers: dive's own, compared with those of dive 0.13.1, and the exact ones, compared with a slow, simple model.
//! A failure means that a CI budget gives the wrong verdict, or that a list names the wrong file.

use std::collections::{BTreeMap, BTreeSet};

use dive_model::analysis::Analysis;
use dive_model::analysis::exact::Cause;
use serde_json::Value;

use crate::library;
use crate::place::{Corpus, repository, sample};
use crate::user::User;

/// Images and dive's results for them.
const ANSWERED: [(&str, &str); 8] = [
    ("dive/test-docker-image.tar", "oracle/dive_test-docker-image"),
    ("dive/test-kaniko-image.tar", "oracle/dive_test-kaniko-image"),
    ("many-layers/docker26.tar", "oracle/many-layers_docker26"),
    ("multi/docker20.tar", "oracle/multi_docker20"),
    ("opaque/docker20.tar", "oracle/opaque_docker20"),
    ("opaque/docker26.tar", "oracle/opaque_docker26"),
    ("variants/opaque-classic-docker20.tar", "oracle/variants_opaque-classic-docker20"),
    ("variants/opaque-classic-vfs-docker20.tar", "oracle/variants_opaque-classic-vfs-docker20"),
];

#[test]
fn json_document_contains_dives_document() {
    let Some(corpus) = Corpus::here() else { return };
    let user = User::new();
    for (image, answer) in ANSWERED {
        let ran = user.runs(&["-q", "--json", "-", &corpus.path(image)]).ends_with(0);
        let ours: Value = serde_json::from_str(&ran.stdout).unwrap();
        let theirs: Value = serde_json::from_str(&corpus.text(&format!("{answer}.json"))).unwrap();
        assert_holds(&ours, &theirs, image);
    }
}

/// Every key of `theirs` is in `ours` with the same value.
fn assert_holds(ours: &Value, theirs: &Value, place: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (key, value) in theirs {
                let place = format!("{place}.{key}");
                match key.as_str() {
                    // For blobs in `blobs/sha256`, dive uses the folder name as the id.
                    "id" if value == "blobs" => assert_eq!(ours["id"], ours["blobDigest"], "{place}"),
                    "fileReference" => assert_eq!(references(&ours[key]), references(value), "{place}"),
                    _ => assert_holds(ours.get(key).unwrap_or_else(|| panic!("no {place}")), value, &place),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{place}");
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_holds(ours, theirs, &format!("{place}[{index}]"));
            }
        }
        // dive writes 1 for 1.0.
        (Value::Number(ours), Value::Number(theirs)) => assert_eq!(ours.as_f64(), theirs.as_f64(), "{place}"),
        _ => assert_eq!(ours, theirs, "{place}"),
    }
}

/// The inefficient files, largest first. Files of equal size are a set, since Go's sort decides their order in a long
/// list.
fn references(list: &Value) -> Vec<(u64, BTreeSet<String>)> {
    let mut groups: Vec<(u64, BTreeSet<String>)> = Vec::new();
    for file in list.as_array().into_iter().flatten() {
        let size = file["sizeBytes"].as_u64().unwrap();
        if groups.last().is_none_or(|(last, _)| *last != size) {
            groups.push((size, BTreeSet::new()));
        }
        groups.last_mut().unwrap().1.insert(file.to_string());
    }
    groups
}

#[test]
fn reclaimable_bytes_match_the_model() {
    let Some(corpus) = Corpus::here() else { return };
    for line in corpus.text("oracle/exact.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<_> = line.split('\t').collect();
        let [index, layers, entries, total, visible, reclaimable] =
            [1, 2, 3, 4, 5, 6].map(|column| cells[column].parse::<u64>().unwrap());
        let own;
        let opened = if cells[0] == library::MANY_FILES {
            library::many_files(&corpus)
        } else {
            own = library::open_image(&corpus.path(cells[0]), usize::try_from(index).unwrap());
            &own
        };
        let tree = &opened.tree;
        let exact = &opened.analysis.exact;
        let ours = [tree.layer_count() as u64, exact.total_bytes, exact.visible_bytes, exact.reclaimable_bytes()];
        assert_eq!(ours, [layers, total, visible, reclaimable], "{line}");
        assert_eq!(Cause::ALL.map(|cause| exact.bytes_by(cause)).iter().sum::<u64>(), reclaimable, "{line}");
        assert_eq!(exact.files.iter().map(|file| file.size_bytes).sum::<u64>(), reclaimable, "{line}");
        assert!(exact.files.iter().all(|file| file.layer <= file.hidden_by), "{line}");
        let last = tree.last_layer().unwrap();
        assert_eq!(
            tree.nodes().skip(1).filter(|node| tree.visible(*node, last).is_some()).count() as u64,
            entries,
            "{line}"
        );
    }
}

/// tests/fixtures/README.md states the waste of the sample.
#[test]
fn sample_waste_matches_its_readme() {
    let readme = std::fs::read_to_string(repository("tests/fixtures/README.md")).unwrap();
    let mut files = BTreeSet::new();
    let mut sums = BTreeMap::new();
    for line in readme.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let cause = cells[0].split(' ').next().unwrap_or_default();
        let number = |cell: &str| cell.replace(',', "").parse::<u64>().unwrap();
        if !Cause::ALL.iter().any(|known| known.name() == cause) {
            continue;
        }
        match cells[..] {
            [_, path, bytes, layer, hidden_by] => {
                files.insert((
                    cause,
                    path.trim_matches('`').to_owned(),
                    number(bytes),
                    number(layer),
                    number(hidden_by),
                ));
            }
            [_, bytes] => {
                sums.insert(cause, number(bytes));
            }
            _ => {}
        }
    }
    assert_eq!((files.len(), sums.len()), (11, 6), "rows of the README's tables");

    let opened = library::open(&sample());
    let Analysis { classic, exact } = &opened.analysis;
    let ours = exact.files.iter().map(|file| {
        let path = String::from_utf8(opened.tree.path(file.node)).unwrap();
        (file.cause.name(), path, file.size_bytes, file.layer.get() as u64, file.hidden_by.get() as u64)
    });
    assert_eq!(ours.collect::<BTreeSet<_>>(), files);
    assert_eq!(Cause::ALL.iter().map(|cause| (cause.name(), exact.bytes_by(*cause))).collect::<BTreeMap<_, _>>(), sums);
    assert_eq!((exact.total_bytes, exact.visible_bytes, exact.reclaimable_bytes()), (2_950_272, 2_817_652, 132_620));

    assert_eq!(classic.wasted_bytes, 82_622);
    assert_eq!(
        format!("{:.4} {:.4}", classic.efficiency * 100.0, classic.user_wasted_percent * 100.0),
        "98.1030 8.5453"
    );
    let inefficient: Vec<_> = classic
        .inefficient_files
        .iter()
        .map(|file| (file.count, file.size_bytes, String::from_utf8(opened.tree.path(file.node)).unwrap()))
        .collect();
    let expected = [
        (2, 30_160, "/srv/shop/data/sessions.db".into()),
        (2, 23_510, "/srv/shop/data/prices.csv".into()),
        (2, 14_500, "/tmp/vendor.txt".into()),
        (2, 7_952, "/srv/shop/etc/locale.csv".into()),
        (2, 6_500, "/srv/shop/static/404.html".into()),
    ];
    assert_eq!(inefficient, expected);
}
