//! Parsers as in public wrappers of dive. Each must find the same in dive-rs's output as in dive's.

use regex::Regex;

use super::blocks::{RECORDED, printed};
use crate::place::Corpus;

/// Extracts a value from the output.
type Parser = fn(&str) -> String;

const PARSERS: [(&str, Parser); 13] = [
    ("first line with `efficiency:`", |text| {
        text.lines().find(|line| line.contains("efficiency:")).unwrap().to_owned()
    }),
    ("last line with `efficiency:`", |text| {
        text.lines().rfind(|line| line.contains("efficiency:")).unwrap().to_owned()
    }),
    ("lines between `Analyzing image` and `Inefficient Files:`", |text| {
        let after = text.lines().skip_while(|line| !line.contains("Analyzing image")).skip(1);
        let lines: Vec<_> = after.take_while(|line| !line.contains("Inefficient Files:")).collect();
        lines.join("\n")
    }),
    ("rows between `Inefficient Files:` and `Results:`", |text| {
        let after = text.lines().skip_while(|line| !line.starts_with("Inefficient Files:")).skip(1);
        let mut rows: Vec<_> = after.take_while(|line| !line.starts_with("Results:")).collect();
        // Go's sort decides the order of equal rows in a long list.
        rows.sort_unstable();
        rows.join("\n")
    }),
    ("^Image Source: (.+)$", |text| all(r"(?m)^Image Source: (.+)$", text)),
    ("(PASS|FAIL|SKIP): (\\w+)", |text| all(r"(PASS|FAIL|SKIP): (\w+)", text)),
    ("FAIL: (\\w+): .*\\(([^=]+)=([0-9.]+) [<>] threshold=", |text| {
        all(r"FAIL: (\w+): .*\(([^=]+)=([0-9.]+) [<>] threshold=", text)
    }),
    ("tail -n 2", |text| {
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len() - 2..].join("\n")
    }),
    ("Result:(PASS|FAIL) [Total:N] ...", |text| {
        all(
            r"Result:(PASS|FAIL) \[Total:(\d+)\] \[Passed:(\d+)\] \[Failed:(\d+)\] \[Warn:(\d+)\] \[Skipped:(\d+)\]",
            text,
        )
    }),
    ("wastedBytes: (\\d+)", |text| all(r"wastedBytes:\s*(\d+)", text)),
    ("userWastedPercent: ([0-9.]+)", |text| all(r"userWastedPercent:\s*([0-9.]+)", text)),
    // Like `grep -i`.
    ("words in any case, in order", |text| {
        all(r"(?i)(efficiency|wasted|inefficient|analyzing|result|pass|fail|skip)", text)
    }),
    ("awk '/efficiency/ { print $2 }'", |text| {
        let found = text.lines().filter(|line| line.contains("efficiency"));
        found.filter_map(|line| line.split_whitespace().nth(1)).collect::<Vec<_>>().join("\n")
    }),
];

/// All groups of all matches, one match per line.
fn all(pattern: &str, text: &str) -> String {
    let groups = |found: regex::Captures<'_>| {
        let groups: Vec<_> = found.iter().skip(1).flatten().map(|group| group.as_str().to_owned()).collect();
        groups.join(" ")
    };
    Regex::new(pattern).unwrap().captures_iter(text).map(groups).collect::<Vec<_>>().join("\n")
}

#[test]
fn wrapper_parsers_find_the_same_values() {
    let Some(corpus) = Corpus::here() else { return };
    for (image, recording) in RECORDED {
        let (theirs, ours) = (corpus.text(recording), printed(&corpus, image));
        for (shape, parse) in PARSERS {
            let value = parse(&ours);
            assert_eq!(value, parse(&theirs), "{image}: {shape}");
            // A parser that finds nothing tests nothing; only the FAIL pattern may be empty.
            assert!(!value.is_empty() || shape.starts_with("FAIL:"), "{image}: {shape}");
        }
    }
}
