//! Malformed and odd archives with their expected result. A failure means that a damaged image causes a panic, a hang,
//! a wrong listing, or an error without a position.

use std::collections::BTreeSet;

use crate::place::{Corpus, fixture};
use crate::truth;
use crate::user::{Ran, User};

/// Odd but unambiguous: listed without a warning.
const LISTED: [&str; 50] = [
    "absolute-paths.tar",
    "case-collide.tar",
    "child-of-file.tar",
    "config-null-history.tar",
    "config-unknown-fields.tar",
    "deep-1000.tar",
    "deep-5000-implicit.tar",
    "dir-with-size.tar",
    "dot-slash-outer.tar",
    "duplicate-entries.tar",
    "empty-layer-1024.tar",
    "hardlink-cases.tar",
    "hardlink-same-layer.tar",
    "history-mixed.tar",
    "layer-gzip-in-docker-archive.tar",
    "layer-gzip-multimember.tar",
    "layer-hardlinked.tar",
    "layer-symlinked.tar",
    "layer-zstd-multiframe-skippable.tar",
    "manifest-dup-layers.tar",
    "manifest-no-repotags.tar",
    "manifest-twice.tar",
    "meta-only-change.tar",
    "no-eof-unpadded.tar",
    "oci-wrong-mediatype-uncompressed.tar",
    "ok-control.tar",
    "opaque-last.tar",
    "opaque-no-dir-entry.tar",
    "opaque-on-file.tar",
    "opaque-root.tar",
    "path-dotdot-inside.tar",
    "pax-all-ok.tar",
    "pax-all.tar",
    "pax-empty-path.tar",
    "pax-size-override.tar",
    "pax-size-smaller.tar",
    "real-docker26-no-index.tar",
    "real-docker26-no-manifest.tar",
    "real-flipped-content-docker20.tar",
    "symlink-dir-traversal-2.tar",
    "symlink-with-size.tar",
    "type-changes.tar",
    "unsorted-parents.tar",
    "ustar-prefix.tar",
    "whiteout-and-readd-same-layer-1.tar",
    "whiteout-aufs-meta.tar",
    "whiteout-with-content.tar",
    "zero-byte-layer.tar",
    "zero-layers-synth.tar",
    "zipbomb-1g-file.tar",
];

/// Listed with this warning.
const WARNED: [(&str, &str); 18] = [
    ("hardlink-escape.tar", "dive ignores the hard link from \"self\" to itself"),
    ("hardlink-forward.tar", "precedes its target \"after\""),
    ("history-all-empty.tar", "the history describes 0 layers, but the image has 2"),
    ("history-longer.tar", "the history describes 5 layers, but the image has 2"),
    ("layer-gzip-trailing-garbage.tar", "dive ignores the bytes from offset 105 on: they are not gzip data"),
    ("manifest-bom.tar", "starts with a byte order mark, which Docker refuses"),
    ("manifest-nonutf8.tar", "contains bytes that are not UTF-8; dive shows them as"),
    ("oci-encrypted-mediatype.tar", "but is not encrypted"),
    ("oci-unknown-mediatype.tar", "has the unknown media type application/vnd.example.blob"),
    ("oci-wrong-size.tar", "the manifest gives its size as 5 bytes, but it has 500"),
    ("odd-root-names.tar", "is the root but not a directory; dive ignores it"),
    ("opaque-through-symlink.tar", "the whiteout of \"link-to-d/a\" has no effect: no layer below has that path"),
    (
        "path-traversal.tar",
        "entry \"../../etc/passwd\" at offset 0 leads out of the root; dive reads it as \"etc/passwd\"",
    ),
    ("pax-at-end.tar", "dive ignores the extension header at offset 1024: no entry follows it"),
    (
        "symlink-dir-traversal.tar",
        "is below \"esc\", a link of the same layer; dive puts it at \"tmp/escaped-by-symlink\"",
    ),
    ("symlink-loop.tar", "is below \"l1\", which is not a directory in this layer; dive puts a directory there"),
    ("whiteout-in-base-layer.tar", "the whiteout of \"foo\" has no effect: no layer below has that path"),
    ("whiteout-nonexistent.tar", "the whiteout of \"no/such/dir/file\" has no effect: no layer below has that path"),
];

/// Refused with this error; listed with `--ignore-errors`, with the error as a warning.
const DAMAGED: [(&str, &str); 25] = [
    ("bad-octal.tar", "entry \"bad\" at offset 0"),
    (
        "config-missing.tar",
        "the configuration 97125e56947793d1c0df8ea14c6f5f0dfc9f7d548ec22f17f7979a8c31600823.json is missing",
    ),
    ("deep-100000-implicit.tar", "its name has 200007 bytes; the limit is 16384 bytes"),
    ("diffids-fewer.tar", "the manifest lists 2 layers, but the configuration lists 1"),
    ("diffids-more.tar", "the manifest lists 2 layers, but the configuration lists 3"),
    ("dir-with-data.tar", "at offset 512"),
    ("gnu-longname-huge.tar", "its name has 1000000 bytes; the limit is 16384 bytes"),
    ("hardlink-with-size.tar", "at offset 1536"),
    ("huge-declared-size.tar", "is truncated: its header announces 8589934591 bytes, but 16 follow"),
    ("huge-pax-size.tar", "is truncated: its header announces 9223372036854775807 bytes, but 1536 follow"),
    ("layer-gzip-bad-crc.tar", "gzip data, near compressed offset 105"),
    ("layer-gzip-twice.tar", "is not a tar"),
    ("manifest-null-fields.tar", "the manifest lists 0 layers, but the configuration lists 2"),
    ("manifest-traversal.tar", "the link \"../../../etc/passwd\" leads out of the archive; save the image again"),
    ("negative-size-b256.tar", "entry \"neg\" at offset 0"),
    ("not-a-tar-layer.tar", "is not a tar"),
    ("oci-foreign-layer.tar", "it is a foreign layer, which engines download from https://example.invalid/x"),
    ("pax-bad-length.tar", "a PAX record with a wrong length"),
    ("pax-nul-in-path.tar", "a name with a NUL byte in a PAX record"),
    ("random-layer.tar", "is not a tar"),
    ("real-docker26-missing-config-blob.tar", "the archive is incomplete: Docker with the containerd image store"),
    (
        "real-docker26-missing-layer-blob.tar",
        "blobs/sha256/95ecb2ac5d20fc20f8ebf1b6f45551ad22327c4fbff75607cd82b7de2a377bda is missing: the archive is incomplete",
    ),
    ("real-flipped-layer-header-docker20.tar", "is not a tar"),
    (
        "real-oci-missing-layer-blob.tar",
        "blobs/sha256/deb49001b3fe01ec74974c01b7abb5fe020762d98f656745771e54100755685f is missing: the archive is incomplete",
    ),
    ("size-overflow-pax.tar", "a PAX record with a size that is not a valid number"),
];

/// Refused with this error, even with `--ignore-errors`.
const UNREADABLE: [(&str, &str); 19] = [
    ("empty-file.tar", "the file is empty"),
    ("gzip-magic-only.tar", "gzip data near byte 4 cannot be unpacked"),
    (
        "manifest-deep-json.tar",
        "manifest.json is not a valid document: expected an object, found a list at line 1 column 2",
    ),
    ("manifest-empty-array.tar", "contains no image: manifest.json lists no images"),
    ("manifest-empty.tar", "manifest.json is empty; save the image again"),
    ("manifest-missing.tar", "no manifest.json or index.json; the manifest often comes last"),
    ("manifest-wrong-types.tar", "manifest.json is not a valid document: expected a string, found a number"),
    (
        "oci-artifact-empty-config.tar",
        "contains no image, only an OCI artifact of type \"application/vnd.example.sbom\"",
    ),
    ("oci-bad-index-json.tar", "index.json is not a valid document: the document ends too early"),
    ("oci-empty-index.tar", "contains no image: index.json lists no images"),
    ("one-byte.tar", "not an image archive: it is data in an unknown format"),
    ("random.tar", "not an image archive: it is data in an unknown format"),
    ("real-flipped.tar.gz", "cannot be unpacked"),
    (
        "real-oci-missing-manifest-blob.tar",
        "the manifest blobs/sha256/f20195f9a7a4f42ee1a13f491514f8171c8bd7fa24b0fb2aca1cfab4bc5140dc is missing",
    ),
    ("real-truncated-before-manifest-docker20.tar", "no manifest.json or index.json; the manifest often comes last"),
    ("real-truncated-mid-header-docker20.tar", "is truncated inside a header: it has 200 of 512 bytes"),
    ("real-truncated-mid-layer-docker20.tar", "is truncated: its header announces 2129920 bytes, but 1064960 follow"),
    ("real-truncated-oci-gzip.tar", "is truncated: its header announces 1068540 bytes, but 534270 follow"),
    ("zip-file.tar", "it is a ZIP file"),
];

fn lists(corpus: &Corpus, name: &str, options: &[&str]) -> Ran {
    let path = corpus.path(&format!("broken/{name}"));
    User::new().runs(&[&["tree", "--format", "tsv", path.as_str()][..], options].concat())
}

/// Checks that the error names the archive and, for errors in a layer, the layer and the position.
fn assert_names_the_position(name: &str, error: &str) {
    assert!(error.contains(&format!("/{name}: ")), "which archive? {error}");
    if error.contains("/layer.tar") && error.contains(": layer ") {
        let has_place = ["entry ", "offset ", "not a tar"].iter().any(|place| error.contains(place));
        assert!(has_place, "where in the layer? {error}");
    }
}

#[test]
fn harmless_oddities_are_listed_silently() {
    let Some(corpus) = Corpus::here() else { return };
    for name in LISTED {
        for options in [&[][..], &["--ignore-errors"]] {
            let ran = lists(&corpus, name, options);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name} {options:?}");
        }
    }
}

#[test]
fn oddities_are_listed_with_a_warning() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, remark) in WARNED {
        for options in [&[][..], &["--ignore-errors"]] {
            let ran = lists(&corpus, name, options);
            assert_eq!(ran.code, 0, "{name} {options:?}: {}", ran.stderr);
            let warned = ran.stderr.lines().any(|line| line.starts_with("dive: warning: ") && line.contains(remark));
            assert!(warned && ran.stderr.contains(name), "{name}: {remark:?} is not in {}", ran.stderr);
        }
    }
}

#[test]
fn damage_is_refused_with_its_position() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, message) in DAMAGED.iter().chain(&UNREADABLE) {
        let ran = lists(&corpus, name, &[]);
        let error = ran.error();
        assert!(error.contains(message), "{name}: {error}");
        assert_names_the_position(name, error);
        assert_eq!(ran.stdout, "", "{name}");
    }
}

#[test]
fn ignore_errors_lists_the_readable_part() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, message) in DAMAGED {
        let ran = lists(&corpus, name, &["--ignore-errors"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let warned = ran.stderr.lines().any(|line| line.starts_with("dive: warning: ") && line.contains(message));
        assert!(warned, "{name}: {message:?} is not in {}", ran.stderr);
    }
}

/// Warnings are printed as well as the error.
#[test]
fn unreadable_image_is_refused_despite_ignore_errors() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, message) in UNREADABLE {
        let ran = lists(&corpus, name, &["--ignore-errors"]);
        assert_names_the_position(name, ran.error());
        assert!(ran.stderr.contains(message), "{name}: {message:?} is not in {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{name}");
    }
}

#[test]
fn every_corpus_file_is_in_exactly_one_table() {
    let Some(corpus) = Corpus::here() else { return };
    let named = [&WARNED[..], &DAMAGED, &UNREADABLE].concat();
    let tables: Vec<&str> = LISTED.into_iter().chain(named.iter().map(|(name, _)| *name)).collect();
    let known: BTreeSet<&str> = tables.iter().copied().collect();
    assert_eq!(tables.len(), known.len(), "a file is in two tables");
    let engines = corpus.text("broken/engines.tsv");
    let there: BTreeSet<&str> =
        engines.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(known, there);
    assert_eq!(there.len(), 112);
}

/// Compares with the tree that both Docker versions and every unpacking tool produce.
#[test]
fn listing_matches_engines_where_they_agree() {
    let Some(corpus) = Corpus::here() else { return };
    let mut agreed = 0;
    for line in corpus.text("broken/engines.tsv").lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<_> = line.split('\t').collect();
        let (name, docker20, docker26, truths) = (cells[0], cells[4], cells[5], [cells[8], cells[9]]);
        if (docker20, docker26) != ("ok", "ok") || truths[0].is_empty() {
            continue;
        }
        let [docker, umoci] = truths.map(|truth| {
            if truth.is_empty() { None } else { Some(truth::read(&corpus.path(&format!("broken/{truth}")))) }
        });
        let docker = docker.unwrap();
        if umoci.is_some_and(|umoci| umoci != docker) {
            continue;
        }
        let ran = lists(&corpus, name, &[]).ends_with(0);
        truth::assert_same(name, &docker, &truth::rows(&ran.stdout));
        agreed += 1;
    }
    assert!(agreed >= 40, "engines agree on {agreed} files only");
}

/// The fixtures in the repository, for a machine without the corpus.
#[test]
fn damaged_fixtures_name_the_position() {
    let expected = [
        ("config-missing.tar", "is missing: the archive is incomplete"),
        ("huge-declared-size.tar", "entry \"huge\" at offset 1024"),
        ("layer-gzip-bad-crc.tar", "near compressed offset 105"),
        ("not-a-tar-layer.tar", "is not a tar"),
        ("pax-bad-length.tar", "at offset 0"),
        ("real-oci-missing-layer-blob.tar", "layer 0"),
    ];
    let mut names: Vec<_> =
        std::fs::read_dir(fixture("broken")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, expected.map(|(name, _)| name));
    let user = User::new();
    for (name, message) in expected {
        let path = fixture(&format!("broken/{name}"));
        let ran = user.runs(&[&path]);
        assert!(ran.error().contains(message), "{}", ran.error());
        assert_names_the_position(name, ran.error());
        user.runs(&["-i", &path]).ends_with(0).says(&[message]).prints(&["Analysis:"]);
    }
}
