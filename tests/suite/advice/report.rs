//! `dive advise`: text, JSON and TSV, as a user runs it.

use dive_model::advice::AdviceKind;
use serde_json::Value;

use crate::build::{Format, Image, assert_drawn, image};
use crate::user::User;

/// An image on a distribution, with findings of its own, in the base, and across both.
pub(super) fn shop() -> Image {
    image()
        .runs_as("app")
        .layer(|l| {
            l.file("var/lib/dpkg/status", "1")
                .file("var/cache/apt/archives/a.deb", "x".repeat(5_000))
                .created_by("base")
        })
        .layer(|l| {
            let l = l.file("var/lib/apt/lists/deb_Packages", "x".repeat(80_000)).file("usr/bin/curl", "x".repeat(900));
            l.gzip().created_by("RUN /bin/sh -c apt-get update && apt-get install -y curl=8.14 # buildkit")
        })
        .layer(|l| l.file("app/build.o", "x".repeat(7_000)).created_by("RUN /bin/sh -c make # buildkit"))
        .layer(|l| l.whiteout("app/build.o").created_by("RUN /bin/sh -c rm /app/build.o # buildkit"))
}

pub(super) const DOCKERFILE: &str = "\
FROM debian@sha256:1
RUN apt-get update && \\
    apt-get install -y curl=8.14
RUN make
RUN rm /app/build.o
";

#[test]
fn text_names_lines_bytes_and_what_to_write() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new().writes("Dockerfile", DOCKERFILE);
    let ran = user.runs(&["advise", path, "--dockerfile", "Dockerfile"]).ends_with(0);
    let from = ran.stdout.find("Advice:").unwrap();
    let to = ran.stdout.find("Not yours").unwrap();
    // The size of the compressed layer depends on the compressor.
    let shown = regex::Regex::new(r"~[0-9.]+ (B|kB)").unwrap().replace_all(&ran.stdout[from..to], "~SIZE").into_owned();
    assert_drawn(
        &shown.replace("\n\n", "\n"),
        "
        Advice: 2 findings in the image's own layers, 87 kB (~SIZE stored)
             80 kB  apt-lists: package lists of apt
                    warn, layer 1 (Dockerfile:2-3), ~SIZE stored
                    RUN apt-get update && apt-get install -y curl=8.14
                    lines 2-3: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches:
                    `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and
                    `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`
                       80 kB  1 file      /var/lib/apt/lists/deb_Packages
            7.0 kB  deleted-later: files that a later layer deletes
                    warn, layer 2 (Dockerfile:4), hidden by layer 3 (Dockerfile:5),
                    ~SIZE stored
                    RUN make
                    line 4: delete /app/build.o here instead of in line 5
                      7.0 kB  1 file      /app/build.o
        ",
    );
    for line in ran.stdout.lines() {
        assert!(line.chars().count() <= 80 || line.contains("Image:"), "{line:?}");
    }
}

#[test]
fn findings_of_the_base_are_one_line() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let text = user.runs(&["advise", path]).ends_with(0).stdout;
    assert!(text.contains("Not yours, in the distribution in layer 0: 5.0 kB"), "{text}");
    assert!(text.contains("apt-archives; --all lists them"), "{text}");
    assert!(!text.contains("apt-archives: packages"), "{text}");
    user.runs(&["advise", "--all", path])
        .ends_with(0)
        .prints(&["5.0 kB  apt-archives: packages", "run `apt-get clean` in the same step"]);
}

#[test]
fn the_last_lines_add_up() {
    let archive = shop().save(Format::DockerArchive);
    let text = User::new().runs(&["advise", archive.path().to_str().unwrap()]).ends_with(0).stdout;
    let from = text.find("Bytes (base)").unwrap();
    assert_drawn(
        &text[from..],
        "
        Bytes (base): 5001 = 0 hidden + 5000 visible with advice + 1 other
        Bytes (ours): 87900 = 7000 hidden + 80000 visible with advice + 900 other
        ",
    );
}

#[test]
fn json_has_every_finding_with_its_groups() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let ran = User::new().runs(&["advise", path, "--format", "json"]).ends_with(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let ids: Vec<&str> = document["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["apt-lists", "deleted-later", "apt-archives"]);
    let deleted = &document["findings"][1];
    assert_eq!((&deleted["layer"], &deleted["hiddenBy"], &deleted["part"]), (&2.into(), &3.into(), &"ours".into()));
    assert_eq!(deleted["groups"][0], serde_json::json!({ "path": "/app/build.o", "sizeBytes": 7000, "files": 1 }));
    assert_eq!(document["ours"]["totalBytes"], 87_900);
    assert_eq!(document["baseLayers"], 1);
    assert!(document["findings"][0]["storedBytes"].as_u64().unwrap() < 2_000, "compressed: {document}");
}

#[test]
fn tsv_has_a_row_for_each_finding() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let rows = User::new().runs(&["advise", path, "--format", "tsv"]).ends_with(0).stdout;
    let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split('\t').collect()).collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.len() == 12), "{rows:?}");
    assert_eq!(rows[1][..4], ["deleted-later", "warn", "ours", "7000"]);
    assert_eq!(rows[1][5..9], ["1", "2", "3", ""]);
}

/// The history of the classic builder has only the destination of a COPY: other lines may have made the layer.
#[test]
fn lines_that_may_be_others_are_not_stated_as_facts() {
    let image = image()
        .runs_as("app")
        .layer(|l| l.file("var/log/a", "x".repeat(1_000_001)).created_by("/bin/sh -c make"))
        .layer(|l| l.file("tmp/a", "x".repeat(5_000)).created_by("/bin/sh -c #(nop) COPY dir:12ab in /tmp "))
        .layer(|l| l.file("opt/a", "1").created_by("/bin/sh -c sh /tmp/a"));
    let archive = image.save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new().writes("Dockerfile", "FROM scratch\nRUN make\nCOPY a /tmp\nRUN sh /tmp/a\n");
    let read = |format: &str| {
        let ran = user.runs(&["advise", path, "--all", "--dockerfile", "Dockerfile", "--format", format]);
        ran.ends_with(0).stdout
    };
    let text = read("text");
    assert!(text.contains("layer 0 (Dockerfile:2),"), "{text}");
    assert!(text.contains("layer 1 (Dockerfile:3, probably),"), "{text}");
    assert!(text.contains("layer 1 (probably line 3): mount /tmp/a in line 4"), "{text}");
    let table = read("tsv");
    let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split('\t').collect()).collect();
    let lines: Vec<_> = rows.iter().map(|row| (row[8], row[11])).collect();
    assert_eq!(lines, [("Dockerfile:2", "matched"), ("Dockerfile:3", "uncertain")]);
    let document: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(document["findings"][1]["lines"]["certainty"], "uncertain");
    // The report of CI mode has the sentence, too.
    let user = user
        .writes(".dive-ci", "rules: { lowestEfficiency: off, highestUserWastedPercent: off, highestAdviceBytes: 1 }\n");
    let report = user.runs(&["--ci", path, "--dockerfile", "Dockerfile"]).ends_with(1).stdout;
    assert!(report.contains("Dockerfile:3, probably") && report.contains("Dockerfile:2)"), "{report}");
}

/// `dive advise` alone is an image of that name, as every verb.
#[test]
fn kinds_are_chosen_by_id() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let only = user.runs(&["advise", path, "--kind", "deleted-later"]).ends_with(0).stdout;
    assert!(only.contains("Advice: 1 finding in") && !only.contains("apt-lists:"), "{only}");
    let unknown = user.runs(&["advise", path, "--kind", "apt-list"]).ends_with(2);
    assert!(unknown.stderr.contains("'apt-lists'"), "suggests the id: {}", unknown.stderr);
    for kind in AdviceKind::ALL {
        let text = user.runs(&["advise", path, "--kind", kind.id()]).ends_with(0).stdout;
        let others = AdviceKind::ALL.iter().filter(|other| *other != kind && text.contains(&format!("{other}: ")));
        assert_eq!(others.count(), 0, "{kind}: {text}");
    }
}

/// Names and commands in an image must not control a terminal.
#[test]
fn hostile_names_are_escaped() {
    let image = image()
        .layer(|l| l.file("tmp/\x1b[2J\u{202e}x", "1234").created_by("RUN /bin/sh -c \x1b]0;title\x07 # buildkit"));
    let archive = image.save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    for format in ["text", "json", "tsv"] {
        let out = User::new().runs(&["advise", path, "--format", format]).ends_with(0).stdout;
        assert!(!out.contains(['\x1b', '\x07']), "{format}: {out:?}");
    }
}

#[test]
fn every_line_of_text_fits_into_80_columns() {
    let archive = image().layer(|l| l.file("usr/include/a.h", "x".repeat(1_000_001))).save(Format::DockerArchive);
    let text = User::new().runs(&["advise", archive.path().to_str().unwrap()]).ends_with(0).stdout;
    assert!(text.contains("headers, static libraries and libtool"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn an_image_without_findings_says_so() {
    let archive = image().layer(|l| l.file("app/x", "1")).save(Format::OciArchive);
    let ran = User::new().runs(&["advise", archive.path().to_str().unwrap()]).ends_with(0);
    ran.prints(&[
        "Advice: none for the image's own layers",
        "Bytes (ours): 1 = 0 hidden + 0 visible with advice + 1 other",
    ]);
}

/// Scripts and histories read what a report says of an image from its documents.
#[test]
fn documents_have_the_advice() {
    let archive = shop().save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let read = |arguments: &[&str]| -> Value {
        serde_json::from_str(&user.runs(&[arguments, &[path]].concat()).ends_with(0).stdout).unwrap()
    };
    let mut alone = read(&["advise", "--format", "json"]);
    alone.as_object_mut().unwrap().remove("image");
    assert_eq!(read(&["--json", "-"])["advice"], alone);
    let sums = read(&["--summary", "-"])["advice"].clone();
    let stored = &alone["findings"][0]["storedBytes"];
    assert_eq!(
        sums["kinds"][0],
        serde_json::json!({ "id": "apt-lists", "level": "warn", "part": "ours", "sizeBytes": 80_000, "storedBytes": stored, "ignoredBytes": 0 })
    );
    let ids: Vec<_> = sums["kinds"].as_array().unwrap().iter().map(|kind| (&kind["id"], &kind["part"])).collect();
    assert_eq!(
        ids,
        [
            (&"apt-lists".into(), &"ours".into()),
            (&"deleted-later".into(), &"ours".into()),
            (&"apt-archives".into(), &"base".into())
        ]
    );
    assert_eq!(sums["others"], serde_json::json!({ "kinds": 0, "sizeBytes": 0 }));
}

/// Nobody changes a Dockerfile for 90 bytes, but a memory dump may have secrets.
#[test]
fn findings_of_a_few_bytes_are_in_no_report_to_people() {
    let small = |path: &str, size: usize| {
        let archive = image().runs_as("app").layer(|l| l.file(path, "x".repeat(size))).save(Format::DockerArchive);
        let advised = |format: &str| {
            User::new().runs(&["advise", archive.path().to_str().unwrap(), "--format", format]).ends_with(0).stdout
        };
        (advised("text"), advised("tsv"))
    };
    for (path, kind) in [("root/.cache/pip/selfcheck.json", "python-cache"), ("tmp/a", "temporary-files")] {
        let (text, tsv) = small(path, 90);
        assert!(!text.contains(kind) && tsv.contains(kind), "{text}");
        assert!(small(path, 4_000).0.contains(kind));
    }
    assert!(small("app/hs_err_pid1.log", 90).0.contains("core-dump"));
    // The report has their sum, so that it adds up.
    let both = image()
        .runs_as("app")
        .layer(|l| l.file("root/.cache/pip/a", "x".repeat(90)).file("var/cache/apk/a.tar.gz", "x".repeat(5_000)))
        .save(Format::DockerArchive);
    User::new().runs(&["advise", both.path().to_str().unwrap()]).ends_with(0).prints(&[
        "Advice: 1 finding in the image's own layers, 5.0 kB (~",
        "Below 4.0 kB each, listed only by `--format json`: 1 finding, 90 B",
        "+ 5090 visible with advice +",
    ]);
}
