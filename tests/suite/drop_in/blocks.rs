//! dive's block, line for line, compared with recordings of dive 0.13.1, and with dive itself if `DIVE_UPSTREAM` names
//! its binary.

use std::process::Command;

use super::block_of;
use crate::place::Corpus;
use crate::skipped;
use crate::user::User;

/// The image of each recording `corpus/oracle/*.block.txt`. Recordings were made in the corpus folder.
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

/// The output of CI mode for an image of the corpus.
pub(super) fn printed(corpus: &Corpus, image: &str) -> String {
    let user = User::new();
    let link = user.file("corpus");
    std::os::unix::fs::symlink(corpus.path("."), link).unwrap();
    let script = r#"cd corpus && exec "$0" -q --ci "docker-archive://$1""#;
    user.runs_program("sh", &["-c", script, crate::user::DIVE, image]).stdout
}

/// dive's row order is stable up to 12 rows; in a longer list, Go's sort decides the order of equal rows.
const STABLE: usize = 12;

/// The lines of a block. Rows of equal size are sorted if the list is too long for a stable order.
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
fn block_matches_every_recording() {
    let Some(corpus) = Corpus::here() else { return };
    let recordings = corpus.names("oracle").into_iter().filter(|name| name.ends_with(".block.txt")).count();
    assert_eq!(recordings, RECORDED.len(), "a recording has no test");
    for (image, recording) in RECORDED {
        let (theirs, printed) = (corpus.text(recording), printed(&corpus, image));
        assert_eq!(comparable(block_of(&printed)), comparable(&theirs), "{image}");
        assert!(printed.ends_with("]\n\n"), "{image}: the output does not end with the verdict");
    }
}

/// Archives with another block in dive 0.13.1, each with the reason; see docs/moving-from-dive.md.
const DIFFERENT: [(&str, &str); 11] = [
    ("broken/diffids-more.tar", "a configuration with more layers than the manifest is an error here"),
    ("broken/gnu-longname-huge.tar", "a name of a million bytes is an error here"),
    ("broken/manifest-null-fields.tar", "an image that has lost its layers is an error here"),
    ("broken/opaque-on-file.tar", "no user bytes: +Inf in dive, 0 here"),
    ("reports/kaniko2308-v191.tar", "no user bytes: +Inf in dive, 0 here"),
    ("broken/opaque-through-symlink.tar", "dive stops counting a layer at a whiteout of nothing"),
    ("broken/whiteout-aufs-meta.tar", "dive stops counting a layer at a whiteout of nothing"),
    ("broken/whiteout-in-base-layer.tar", "dive stops counting a layer at a whiteout of nothing"),
    ("broken/whiteout-nonexistent.tar", "dive stops counting a layer at a whiteout of nothing"),
    ("broken/path-traversal.tar", "names that leave the root are held at the root here"),
    ("variants/dup-layers-docker20.tar", "dive takes a layer saved as a link for an empty one"),
];

/// Paths 5,000 and 100,000 levels deep take dive minutes.
const SLOW: [&str; 2] = ["broken/deep-5000-implicit.tar", "broken/deep-100000-implicit.tar"];

/// dive writes terminal codes even into a pipe.
fn without_codes(text: &str) -> String {
    regex::Regex::new("\x1b\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

#[test]
fn block_matches_upstream_for_the_corpus() {
    let Some(corpus) = Corpus::here() else { return };
    let Some(upstream) = std::env::var_os("DIVE_UPSTREAM").filter(|value| !value.is_empty()) else {
        skipped::note("dive 0.13.1", "DIVE_UPSTREAM does not name its binary");
        return;
    };
    let (mut equal, mut wrong) = (0, Vec::new());
    for image in archives(&corpus) {
        let theirs = Command::new(&upstream)
            .arg(format!("docker-archive://{image}"))
            .current_dir(corpus.path("."))
            .env("CI", "true")
            .output()
            .expect("dive runs");
        let theirs = without_codes(&String::from_utf8_lossy(&theirs.stdout));
        // dive divides by zero for an image without user bytes.
        let theirs = theirs.replace("userWastedPercent: NaN %", "userWastedPercent: 0.0000 %");
        if !theirs.contains("\nResult:") {
            continue;
        }
        let printed = printed(&corpus, &image);
        let same = printed.contains("  Using ") && comparable(block_of(&printed)) == comparable(block_of(&theirs));
        let is_known = DIFFERENT.iter().any(|(known, _)| *known == image);
        if same == is_known {
            wrong.push(format!("{image}: known to differ: {is_known}\n{printed}\ndive:\n{theirs}"));
        }
        equal += usize::from(same);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(equal > 60, "only {equal} archives have the same block");
}

/// Archives whose layer order dive reads from manifest.json. Without one, its order is random.
fn archives(corpus: &Corpus) -> Vec<String> {
    let folders = ["broken", "dive", "multi", "many-layers", "opaque", "provenance", "reports", "variants"];
    let names =
        folders.iter().flat_map(|folder| corpus.names(folder).into_iter().map(move |name| format!("{folder}/{name}")));
    names.filter(|name| !SLOW.contains(&name.as_str()) && has_manifest(&corpus.path(name))).collect()
}

fn has_manifest(path: &str) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut archive = tar::Archive::new(file);
    let Ok(entries) = archive.entries_with_seek() else { return false };
    entries.map_while(Result::ok).any(|entry| entry.path_bytes().as_ref() == b"manifest.json")
}
