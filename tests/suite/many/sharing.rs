//! What images have in common: layers, bytes, bases, waste; and that a shared layer is read once, but never on trust.

use super::{documents, on_base, rows, saves};
use crate::build::{Format, Packing, image};
use crate::user::User;

/// Own and shared bytes follow from equal layers on equal layers, however they are compressed.
#[test]
fn own_and_shared_bytes_add_up() {
    let user = User::new();
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    saves(&user, "b.tar", &on_base("b", Packing::Gzip));
    let other = image()
        .layer(|layer| layer.file("base/b", "b".repeat(1000)))
        .layer(|layer| layer.file("base/a", "a".repeat(1000)));
    saves(&user, "other.tar", &other);
    let ran = user.runs(&["a.tar", "b.tar", "other.tar"]).ends_with(0);
    let figures: Vec<_> = rows(&ran.stdout).iter().map(|row| row[3..9].join(" ")).collect();
    // Unpacked, own, shared: the layers of `other` are the same, but not on the same layers.
    assert_eq!(figures, ["2.1 kB 100 B 2.0 kB", "2.1 kB 100 B 2.0 kB", "2.0 kB 2.0 kB 0 B"]);
    ran.prints(&["  each image alone: 6.2 kB unpacked", "  each layer once: 4.2 kB unpacked"]);
}

/// A name with a digest must not push its figures out of their columns.
#[test]
fn long_names_keep_the_columns() {
    let user = User::new();
    let long = format!("./{}.tar", "registry.example-team-shop-web-sha256-".repeat(4));
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    saves(&user, &long, &on_base("b", Packing::Plain));
    let ran = user.runs(&["a.tar", &long]).ends_with(0);
    let (_, table) = ran.stdout.split_once("\nImages:\n").unwrap();
    let ends: Vec<_> = table.lines().take(3).map(|line| line.rfind("  ").unwrap()).collect();
    assert_eq!(ends, [ends[0]; 3], "{table}");
}

#[test]
fn waste_in_shared_layers_is_one_group() {
    let user = User::new();
    for own in ["a", "b"] {
        let image = image()
            .layer(|layer| layer.file("cache/x", "x".repeat(5000)))
            .layer(|layer| layer.whiteout("cache/x"))
            .layer(|layer| layer.file(own, own));
        saves(&user, &format!("{own}.tar"), &image);
    }
    let ran = user.runs(&["a.tar", "b.tar"]).ends_with(0);
    let (_, groups) = ran.stdout.split_once("Largest reclaimable groups of all images").expect("groups");
    let row: Vec<_> = groups.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(row, ["5.0", "kB", "1", "2", "deleted", "/cache/x", "(a.tar)"]);
}

/// A host stores the file once, whichever layers of the images hide it.
#[test]
fn one_file_that_several_images_hide_is_one_group() {
    let user = User::new();
    let names = ["a.tar", "b.tar", "c.tar"];
    for name in names {
        let image = image()
            .layer(|layer| layer.file("cache/x", "x".repeat(5000)))
            .layer(|layer| layer.whiteout("cache/x").file("own", name));
        saves(&user, name, &image);
    }
    let ran = user.runs(&names).ends_with(0);
    let (_, groups) = ran.stdout.split_once("Largest reclaimable groups of all images").expect("groups");
    let rows: Vec<_> = groups.lines().skip(2).take_while(|line| line.ends_with(')')).collect();
    assert_eq!(rows.len(), 1, "{groups}");
    let row: Vec<_> = rows[0].split_whitespace().collect();
    assert_eq!(row, ["5.0", "kB", "1", "3", "deleted", "/cache/x", "(a.tar)"]);
}

/// An image with two rows, here for two rules files, shares nothing with itself.
#[test]
fn an_image_with_two_rows_counts_once() {
    let user = User::new().writes("rules", "rules: {}\n").writes("list", "a.tar\trules\n");
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    std::fs::copy(user.file("a.tar"), user.file("copy.tar")).unwrap();
    let ran = user.runs(&["a.tar", "copy.tar", "--from", "list"]).ends_with(0);
    let figures: Vec<_> = rows(&ran.stdout).iter().map(|row| row[3..9].join(" ")).collect();
    assert_eq!(figures, ["2.1 kB 2.1 kB 0 B"; 3]);
    ran.prints(&["  each image alone: 2.1 kB unpacked", "  each layer once: 2.1 kB unpacked"]);
}

/// Two archives with equal compressed layers, with and without a cache folder: the second is not decompressed again, and both reports
/// stay as they are alone.
#[test]
fn shared_layers_change_no_report() {
    for variable in [None, Some("--no-cache")] {
        let user = User::new();
        saves(&user, "a.tar", &on_base("a", Packing::Gzip));
        saves(&user, "b.tar", &on_base("b", Packing::Gzip));
        let alone: String = ["a.tar", "b.tar"].map(|name| user.runs(&["--ci", name]).ends_with(0).stdout).concat();
        let user =
            user.sets("DIVE_LOG_ENABLED", "true").sets("DIVE_LOG_LEVEL", "debug").sets("DIVE_LOG_PATH", "dive.log");
        for _ in 0..2 {
            let _ = std::fs::remove_file(user.file("dive.log"));
            let arguments: Vec<_> = ["--ci", "a.tar", "b.tar"].into_iter().chain(variable).collect();
            let ran = user.runs(&arguments).ends_with(0);
            assert!(ran.stdout.starts_with(&alone), "{}", ran.stdout);
            let log = std::fs::read_to_string(user.file("dive.log")).unwrap();
            assert!(log.contains(": cached"), "{log}");
        }
    }
}

/// An archive states that its layer is that of another image. Only its bytes count.
#[test]
fn a_stated_digest_does_not_borrow_another_layer() {
    let user = User::new();
    let honest = on_base("a", Packing::Gzip);
    saves(&user, "honest.tar", &honest);
    let forged = image()
        .layer(|layer| layer.packed(Packing::Gzip).file("base/a", "a".repeat(1000)))
        .layer(|layer| layer.packed(Packing::Gzip).file("secret", "evil".repeat(250)))
        .layer(|layer| layer.packed(Packing::Gzip).file("a", "a".repeat(100)));
    // The configuration of the honest image, with the layers of the other.
    let archive = forged.archive_described_by(&honest, Format::DockerArchive);
    std::fs::write(user.file("forged.tar"), archive).unwrap();
    for order in [["honest.tar", "forged.tar"], ["forged.tar", "honest.tar"]] {
        user.runs(&["--json", "all.jsonl", order[0], order[1]]).ends_with(0);
        let documents = documents(&user.file("all.jsonl"));
        for (document, name) in documents.iter().zip(order) {
            let listed = document["layer"][1]["fileList"].to_string();
            assert_eq!(listed.contains("secret"), name == "forged.tar", "{order:?} {name}: {listed}");
        }
    }
}

#[test]
fn documents_are_one_line_an_image() {
    let user = User::new();
    saves(&user, "a.tar", &on_base("a", Packing::Plain));
    saves(&user, "b.tar", &on_base("b", Packing::Plain));
    user.runs(&["--json", "all.jsonl", "--summary", "sums.jsonl", "a.tar", "b.tar"]).ends_with(0);
    for (file, args) in [("all.jsonl", "--json"), ("sums.jsonl", "--summary")] {
        let all = documents(&user.file(file));
        let alone = ["a.tar", "b.tar"].map(|name| {
            serde_json::from_str::<serde_json::Value>(&user.runs(&[args, "-", name]).ends_with(0).stdout).unwrap()
        });
        assert_eq!(all, alone, "{file}");
    }
    let ran = user.runs(&["--summary", "-", "a.tar", "b.tar"]).ends_with(0).says(&["Images:"]);
    assert_eq!(ran.stdout.lines().count(), 2);
}
