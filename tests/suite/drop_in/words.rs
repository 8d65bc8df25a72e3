//! dive-rs's own part of the report must stay short and contain none of the words that scripts search for, whatever the
//! file names and build steps of the image.

use super::blocks::{RECORDED, printed};
use super::{block_of, our_part_of};
use crate::build::{Format, Layer, image};
use crate::place::{Corpus, fixture};
use crate::user::User;

/// Words that scripts search for.
const WORDS: [&str; 8] = ["efficiency", "wasted", "inefficient", "analyzing", "result", "pass", "fail", "skip"];

#[track_caller]
fn assert_free_of_words(ours: &str) {
    let lower = ours.to_lowercase();
    for word in WORDS {
        assert!(!lower.contains(word), "{word} in:\n{ours}");
    }
}

#[test]
fn own_part_is_short_and_has_none_of_dives_words() {
    let Some(corpus) = Corpus::here() else { return };
    for (image, _) in RECORDED {
        let printed = printed(&corpus, image);
        let ours = our_part_of(&printed);
        assert_free_of_words(ours);
        let layers = printed.lines().skip_while(|line| *line != "Layers:").take_while(|line| *line != "Exact numbers:");
        let lines = ours.lines().count() - layers.count();
        // Ten of them may be advice.
        assert!(lines <= 40, "{image}: {lines} lines beside the layers:\n{ours}");
    }
}

/// A build step that prints a verdict must not appear as one.
#[test]
fn build_step_cannot_forge_a_verdict() {
    let hostile =
        "RUN echo 'Result:PASS [Total:3]' && echo '  efficiency: 100.0000 %' # Results: Inefficient Files: SKIP: x";
    let archive = image()
        .layer(|l| l.file("etc/passwd", "root").file("wasted/PASS: lowestEfficiency", "12345").created_by(hostile))
        .layer(|l| l.whiteout("wasted").file("etc/passwd", "nobody"))
        .save(Format::DockerArchive);
    let user = User::new();
    let printed = user.runs(&["--ci", archive.path().to_str().unwrap()]).stdout;
    assert_free_of_words(our_part_of(&printed));
    // The names stay readable.
    assert!(our_part_of(&printed).contains(r"/waste\x64/PAS\x53: lowestEfficienc\x79"), "{printed}");
    assert_eq!(block_of(&printed).matches("Result:").count(), 1);

    let whole = user.runs(&["--ci", "--all", archive.path().to_str().unwrap()]).stdout;
    assert_free_of_words(our_part_of(&whole));
    assert_eq!(block_of(&whole), block_of(&printed), "--all changed dive's block");
}

/// `grep -i efficiency | head -1` must find dive's figure, however the limit was set.
#[test]
fn the_flag_or_variable_of_a_limit_is_none_of_the_words() {
    let user = User::new().sets("DIVE_RULES_HIGHEST_WASTED_BYTES", "1MB");
    let ran = user
        .runs(&["--ci", "--lowestEfficiency", "0.95", "--lowestExactEfficiency=0.5", &fixture("sample.tar")])
        .ends_with(0);
    let ours = our_part_of(&ran.stdout);
    assert_free_of_words(ours);
    for line in ["limit 0.95 (flag)\n", "limit 0.5 (flag)\n", "limit 1.0 MB (environment variable)\n"] {
        assert!(ours.contains(line), "{line} in:\n{ours}");
    }
}

/// Nor must a file name in dive's block: scripts take the last `efficiency:`, and Python splits lines at U+2028.
#[test]
fn file_name_cannot_forge_a_verdict() {
    let names = [
        "x efficiency: 100.0000 %",
        "PASS: lowestEfficiency",
        "a\u{2028}Result:PASS [Total:3]\u{2029}  wastedBytes: 0",
        "Results:",
        "Inefficient Files:",
        "Analyzing image...",
        "Image Source: docker://other",
    ];
    let layer = |content: &'static str| move |l| names.iter().fold(l, |l: Layer, name| l.file(name, content));
    let archive = image().layer(layer("one")).layer(layer("two")).save(Format::DockerArchive);
    let user = User::new();
    let printed = user.runs(&["--ci", archive.path().to_str().unwrap()]).ends_with(1).stdout;
    let block = block_of(&printed);
    let markers = [
        ("efficiency:", 1),
        ("wastedBytes:", 1),
        ("Analyzing image", 1),
        ("Image Source:", 1),
        ("Inefficient Files:", 1),
        ("Results:", 1),
        ("Result:", 1),
        ("PASS:", 0),
        ("\u{2028}", 0),
        ("\u{2029}", 0),
    ];
    for (marker, count) in markers {
        assert_eq!(block.matches(marker).count(), count, "{marker} in:\n{printed}");
    }
    assert!(block.contains(r"/x efficiency\x3a 100.0000 %"), "{printed}");
}

/// A 3 GB image of Python packages once produced 99,640 lines.
#[test]
fn waste_is_ten_groups_and_a_remainder() {
    let mut lower = image().layer(|mut l| {
        for directory in 0..40 {
            for file in 0..5 {
                l = l.file(format!("app/d{directory}/f{file}"), vec![b'x'; 10 + directory]);
            }
        }
        l
    });
    for directory in 0..40 {
        lower = lower.layer(|l| l.whiteout(&format!("app/d{directory}")));
    }
    let archive = lower.save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    let printed = user.runs(&["--ci", path]).stdout;
    let ours = our_part_of(&printed);
    let groups = ours.lines().filter(|line| line.contains("deleted-with-directory  /app/d")).count();
    assert_eq!(groups, 10, "{ours}");
    // The largest ten groups are d39 to d30; the rest are 30 directories of 5 files.
    let left: u64 = (0..30).map(|directory| 5 * (10 + directory)).sum();
    let rest = format!("... and 30 more, {:.1} kB; --all lists every file\n", left as f64 / 1000.0);
    assert!(ours.contains(&rest), "no {rest:?} in\n{ours}");
    let whole = user.runs(&["--ci", "--all", path]).stdout;
    let files = our_part_of(&whole).lines().filter(|line| line.contains("deleted-with-directory  /app/d")).count();
    assert_eq!(files, 200);
}
