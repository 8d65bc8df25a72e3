//! dive's block, line for line: against recordings of dive 0.13.1, and against dive itself where `DIVE_UPSTREAM` names its
//! binary.

use std::process::Command;

use super::block_of;
use crate::place::Corpus;
use crate::user::User;

/// The image of each recording `corpus/oracle/*.block.txt`, as the recording was made: from the corpus folder.
pub(super) const RECORDED: [(&str, &str); 8] = [
    ("dive/test-docker-image.tar", "oracle/dive_test-docker-image.block.txt"),
    ("dive/test-kaniko-image.tar", "oracle/dive_test-kaniko-image.block.txt"),
    ("many-layers/docker26.tar", "oracle/many-layers_docker26.block.txt"),
    ("multi/docker20.tar", "oracle/multi_docker20.block.txt"),
    ("opaque/docker20.tar", "oracle/opaque_docker20.block.txt"),
    ("opaque/docker26.tar", "oracle/opaque_docker26.block.txt"),
    ("variants/opaque-classic-docker20.tar", "oracle/variants_opaque-classic-docker20.block.txt"),
    ("variants/opaque-classic-vfs-docker20.tar", "oracle/variants_opaque-classic-vfs-docker20.block.txt"),
];

/// What our CI mode prints of an image of the corpus, asked for as dive was.
pub(super) fn printed(corpus: &Corpus, image: &str) -> String {
    let user = User::new();
    let link = user.file("corpus");
    std::os::unix::fs::symlink(corpus.path("."), link).unwrap();
    let script = r#"cd corpus && exec "$0" -q --ci "docker-archive://$1""#;
    user.runs_program("sh", &["-c", script, crate::user::DIVE, image]).stdout
}

/// Up to a dozen rows, dive's order is the one we print; in a longer list, Go's sort decides the order of equal rows.
const STABLE: usize = 12;

/// A block whose rows of equal size are sorted if their order is Go's own.
fn comparable(block: &str) -> Vec<String> {
    let mut lines: Vec<String> = block.lines().map(str::to_owned).collect();
    let first = lines.iter().position(|line| line.starts_with("Count ")).map_or(0, |at| at + 1);
    let rows = lines[first..].iter().position(|line| line == "Results:").unwrap_or(0);
    if rows > STABLE {
        let size = |row: &String| row.get(5..19).unwrap_or_default().to_owned();
        for equal in lines[first..first + rows].chunk_by_mut(|left, right| size(left) == size(right)) {
            equal.sort();
        }
    }
    lines
}

#[test]
fn every_recorded_block_is_printed_line_for_line() {
    let Some(corpus) = Corpus::here() else { return };
    let recordings = corpus.names("oracle").into_iter().filter(|name| name.ends_with(".block.txt")).count();
    assert_eq!(recordings, RECORDED.len(), "a recording that no test compares");
    for (image, recording) in RECORDED {
        let (theirs, printed) = (corpus.text(recording), printed(&corpus, image));
        assert_eq!(comparable(block_of(&printed)), comparable(&theirs), "{image}");
        assert!(printed.ends_with("]\n\n"), "{image}: the verdict and an empty line are last");
    }
}

/// Images on which dive 0.13.1 is wrong, by the first words of their paths, with the reason: docs/ci.md, "Moving from dive".
const DIFFERENT: [(&str, &str); 0] = [];

/// dive's terminal codes, which it writes even into a pipe.
fn without_codes(text: &str) -> String {
    regex::Regex::new("\x1b\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

#[test]
fn upstream_prints_the_same_block_for_the_rest_of_the_corpus() {
    let Some(corpus) = Corpus::here() else { return };
    let Some(upstream) = std::env::var_os("DIVE_UPSTREAM").filter(|value| !value.is_empty()) else { return };
    let mut equal = 0;
    for image in images(&corpus) {
        let theirs = Command::new(&upstream)
            .arg(format!("docker-archive://{image}"))
            .current_dir(corpus.path("."))
            .env("CI", "true")
            .output()
            .expect("dive runs");
        let theirs = without_codes(&String::from_utf8_lossy(&theirs.stdout));
        if !theirs.contains("\nResult:") {
            continue;
        }
        let known = DIFFERENT.iter().find(|(start, _)| image.starts_with(start));
        let printed = printed(&corpus, &image);
        // An image without user bytes: dive divides by zero.
        let theirs = theirs.replace("userWastedPercent: NaN %", "userWastedPercent: 0.0000 %");
        let same = printed.contains("  Using ") && comparable(block_of(&printed)) == comparable(block_of(&theirs));
        assert_eq!(same, known.is_none(), "{image} ({known:?}):\n{printed}\ndive:\n{theirs}");
        equal += usize::from(same);
    }
    assert!(equal > 60, "{equal} images with the same block");
}

/// The archives of the corpus, but for many-files, on which dive takes minutes.
fn images(corpus: &Corpus) -> Vec<String> {
    let folders = ["broken", "dive", "multi", "many-layers", "opaque", "provenance", "reports", "variants"];
    let archives = folders.iter().flat_map(|folder| {
        let names = corpus.names(folder).into_iter().filter(|name| is_archive(name));
        names.map(move |name| format!("{folder}/{name}"))
    });
    archives.collect()
}

fn is_archive(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "tar")
}
