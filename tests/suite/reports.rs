//! Images of public bug reports (`reports/` of the corpus). A failure means that dive refuses, hides or misreads an
//! image that engines accept.

use crate::place::Corpus;
use crate::user::{Ran, User};

/// Opens an image of the reports without a terminal.
fn report(corpus: &Corpus, name: &str, options: &[&str]) -> Ran {
    let path = corpus.path(&format!("reports/{name}"));
    User::new().runs(&[options, &[path.as_str()]].concat())
}

/// JSON that Go accepts and strict parsers refuse.
#[test]
fn json_is_parsed_as_engines_parse_it() {
    let Some(corpus) = Corpus::here() else { return };
    for (name, shows) in [
        ("jib2430-repoTags.tar", "2 layers"),
        ("json-cfg-uppercase.tar", "2 layers"),
        ("cfg-history-null-entry.tar", "2 layers"),
        ("cfg-lone-surrogate.tar", "\u{fffd}"),
    ] {
        let ran = report(&corpus, name, &[]).ends_with(0).prints(&[shows]);
        assert_eq!(ran.stderr, "", "{name}");
    }
    // An image for another platform, which dive names.
    let ran = report(&corpus, "skopeo1287-rootfS.tar", &[]).ends_with(0).prints(&["2 layers"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("dive shows the image for windows/amd64"), "{}", ran.stderr);
}

/// Headers from Docker up to 17.05, star, and systems with negative owners; whiteouts from Kaniko 1.9.
#[test]
fn reported_layers_match_the_engines() {
    let Some(corpus) = Corpus::here() else { return };
    let lists = |name: &str| {
        let path = corpus.path(&format!("reports/{name}"));
        User::new().runs(&["tree", "--format", "tsv", path.as_str()]).ends_with(0)
    };
    let deep =
        "home/builder/go/src/example.test/vendor/github.test/organisation/repository-with-long-name/internal/packages";
    let collide = lists("moby34092-prego18-collide.tar");
    for (name, size) in [("a/main.go", 4), ("b/main.go", 8)] {
        let row = format!("{deep}/{name}\tf\t{size}\t644\t88889462:0\t");
        assert!(collide.stdout.lines().any(|line| line == row), "no {row:?} in {}", collide.stdout);
    }
    let star = lists("star-format-prefix.tar").stdout;
    assert!(star.contains(&format!("\n{}/file\tf\t1\t", "q".repeat(131))), "{star}");
    lists("negative-uid.tar").prints(&["nobody\tf\t1\t644\t4294967294:4294967294\t"]);
    lists("kaniko2308-v191.tar")
        .prints(&["a\tl\t0\t777\t0:0\tb\n"])
        .says(&["warning: ", "the whiteout of \"a/a\" is below \"a\", a link of the same layer"]);
}

#[test]
fn warnings_about_docker_are_true() {
    let Some(corpus) = Corpus::here() else { return };
    let utf8 = report(&corpus, "cfg-invalid-utf8.tar", &[])
        .ends_with(0)
        .says(&["bytes that are not UTF-8; dive shows them as"]);
    assert!(!utf8.stderr.contains("Docker"), "a wrong claim about Docker: {}", utf8.stderr);
    report(&corpus, "json-cfg-trailing-garbage.tar", &[])
        .ends_with(0)
        .says(&["contains bytes after the end of the document, which Docker refuses; dive ignores them"]);
}

/// Every image of an index opens, and artifacts are named.
#[test]
fn reported_indexes_hide_no_image() {
    let Some(corpus) = Corpus::here() else { return };
    report(&corpus, "crane-two-images-same-platform.oci.tar", &[]).ends_with(0).says(&["contains 2 images"]);
    report(&corpus, "crane-two-images-same-platform.oci.tar", &["--image", "1"]).ends_with(0).prints(&["256 B"]);
    report(&corpus, "oras-recursive-referrers-first.oci.tar", &[])
        .ends_with(0)
        .prints(&["Image: v1 "])
        .says(&["an OCI artifact of type \"application/spdx+json\""]);
    report(&corpus, "unknown-platform-real-image-tagged.oci.tar", &[]).ends_with(0).prints(&["Image: v1 "]);
    let windows = "kyverno17694-windows-osversion.oci.tar";
    let ran = report(&corpus, windows, &[]);
    assert!(ran.error().contains("windows/amd64:10.0.17763.1, windows/amd64:10.0.20348.1"), "{}", ran.error());
    report(&corpus, windows, &["--platform", "windows/amd64:10.0.20348"]).ends_with(0).prints(&["256 B"]);
    let ran = report(&corpus, "attestation-only.oci.tar", &[]);
    assert!(ran.error().contains("contains no image, only an attestation"), "{}", ran.error());
}

#[test]
fn reported_non_tar_layers_are_named() {
    let Some(corpus) = Corpus::here() else { return };
    report(&corpus, "containerd9142-artifact-layer-extra.oci.tar", &[])
        .ends_with(0)
        .prints(&["not a file system layer (application/vnd.wasm.content.layer.v1+wasm, 508 B)"]);
    for (name, message) in [
        ("cosign-signature.oci.tar", "application/vnd.dev.cosign.simplesigning.v1+json"),
        (
            "stacker-squashfs.oci.tar",
            "a squashfs file system (application/vnd.stacker.image.layer.squashfs+zstd+verity)",
        ),
        ("erofs-layer.oci.tar", "an EROFS file system"),
    ] {
        for options in [&[][..], &["--ci"]] {
            let ran = report(&corpus, name, options);
            assert!(ran.error().contains(message), "{}", ran.error());
        }
    }
}

#[test]
fn reported_archives_open() {
    let Some(corpus) = Corpus::here() else { return };
    report(&corpus, "v1-repositories-only.tar", &[])
        .ends_with(0)
        .prints(&["Image: library/centos:6 (linux/amd64), 3 layers"]);
    report(&corpus, "retarred-with-folder.tar", &[]).ends_with(0).says(&["is inside the directory \"myimage\""]);
    for (name, message) in [
        ("podman8132-empty-layer-path.tar", "an empty name"),
        ("powershell-utf16.tar", "PowerShell's `>`"),
        ("outer-lz4.tar.lz4", "lz4 data"),
    ] {
        let ran = report(&corpus, name, &[]);
        assert!(ran.error().contains(message), "{}", ran.error());
    }
}

/// Directories, stored as archives in the corpus.
#[cfg(unix)]
#[test]
fn reported_directories_open() {
    let Some(corpus) = Corpus::here() else { return };
    let user = User::new();
    for name in ["grype2051-skopeo-dir.dir.tgz", "rulesoci560-symlinked-blobs.dir.tgz"] {
        let file = std::fs::File::open(corpus.path(&format!("reports/{name}"))).unwrap();
        tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(user.file("")).unwrap();
    }
    user.runs(&["skopeodir"]).ends_with(0).prints(&["2 layers"]);
    let ran = user.runs(&["bz2/img"]);
    assert!(ran.error().contains("--follow-links") && ran.error().contains("cp -rL"), "{}", ran.error());
    user.runs(&["--follow-links", "bz2/img"]).ends_with(0);
}
