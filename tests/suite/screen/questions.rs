//! The questions in docs/explorer.md: the keys in its table answer them on a small terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use dive::config::KeyPress;

use super::{Screen, Size};
use crate::place::repository;

const SMALL: Size = (80, 24);

/// What a user does.
#[derive(Clone, Copy)]
enum Step {
    Keys(&'static str),
    Text(&'static str),
    /// Types the path of a directory.
    Folder,
}

use Step::{Folder, Keys, Text};

/// A question of the table, the steps to its answer on the sample, and parts of the screen that then shows it.
type Question = (&'static str, &'static [Step], &'static [&'static str]);

const QUESTIONS: [Question; 20] = [
    (
        "What did layer 3 change?",
        &[Keys("down down down o")],
        &["Layer 3 · +6 · 87 kB", "+    13 kB", "img/logo-draft.svg ─"],
    ),
    ("Which of its directories is the largest?", &[Keys("down down down tab U s")], &["hidden: unmodified · /var ━"]),
    (
        "Which files did layer 5 delete?",
        &[Keys("down down down down down tab A M U")],
        &[
            "- -rw-r--r--       0:0    20 kB",
            "a.o",
            "hidden: added, modified, unmodified · /srv/",
            "banner-draft.svg ━",
        ],
    ),
    ("What do all layers add to the base layer?", &[Keys("G a")], &["all changes", "All up to layer 6 · +17 -8"]),
    (
        "What is different between layers 2 and 6?",
        &[Keys("down down b G")],
        &["◆  2", "●  6", "Layer 2 to 6 · +5 ~5 -2"],
    ),
    ("Which layer runs `npm install`?", &[Keys(":"), Text("chmod 600"), Keys("enter")], &["●  4", "layer 4 of 0–6"]),
    ("Which steps of the build made no layer?", &[Keys("e")], &["all steps", "ENV SHOP_MODE"]),
    (
        "Where was a secret, and what was in it?",
        &[Keys("F"), Text("vendor"), Keys("enter v")],
        &["/tmp/vendor.txt · from layer 3, deleted by layer 4", "    1 download;00001;"],
    ),
    (
        "How do I get a deleted file back?",
        &[Keys("F"), Text("vendor"), Keys("enter x"), Folder, Keys("enter")],
        &["Extract /tmp/vendor.txt", "Done. Written in", "1 file, 14 kB"],
    ),
    (
        "Which instruction deleted a file?",
        &[Keys("F"), Text("vendor"), Keys("enter H down")],
        &["4      deleted", "Command of the selected layer:", "&& rm /tmp/vendor.txt"],
    ),
    (
        "What changed inside a file?",
        &[Keys("F"), Text("prices"), Keys("enter down D")],
        &["/srv/shop/data/prices.csv · from layer 2 to layer 4", "modified 2026-", "-prices;00001;"],
    ),
    (
        "Where in a file is a word?",
        &[Keys("G tab slash"), Text("stock"), Keys("enter v slash"), Text("00012"), Keys("enter n")],
        &["/srv/shop/data/stock.csv", "match 2 of "],
    ),
    (
        "What is in the file that a link leads to?",
        &[Keys("G tab slash"), Text("static/cat"), Keys("enter v")],
        &["A symbolic link to ../data/catalogue.csv, which resolves to /srv/shop/data"],
    ),
    ("Which files are larger than 10 MB?", &[Keys("slash"), Text(">1MB")], &["Filter: >1MB  1 of 1", "busybox"]),
    (
        "What is wasted, and what can be done about it?",
        &[Keys("w down")],
        &["/srv/shop/static/img ━", "Emptied by layer 5", "Remedy: "],
    ),
    (
        "What should the Dockerfile say instead?",
        &[Keys("w tab")],
        &["┏ Advice", "Remedy: layers 3, 4 and 5: merge into one RUN (ENV changes between them) and"],
    ),
    (
        "How much of it is the package manager's?",
        &[Keys("w slash"), Text("/var/(lib|cache)/")],
        &["Filter: /var/(lib|cache)/", "41 kB"],
    ),
    (
        "Which files does dive count as inefficient?",
        &[Keys("right right pgdn pgdn pgdn enter")],
        &["layer 4 of 0–6", "/srv/shop/data/sessions.db ━"],
    ),
    ("How do I paste the path of a file into a shell?", &[Keys("tab y")], &["Copied: /bin"]),
    ("What else is in this archive?", &[Keys("i")], &["Images and platforms", "1  dive-sample:1.0", "· linux/arm64"]),
];

#[test]
fn keys_answer_the_questions() {
    let mut wrong = String::new();
    for (question, steps, shown) in QUESTIONS {
        let folder = tempfile::tempdir().unwrap();
        let mut screen = Screen::of_several(SMALL);
        for step in steps {
            match step {
                Keys(keys) => {
                    for key in keys.split_whitespace() {
                        screen.presses(key).runs_jobs();
                    }
                }
                Text(text) => drop(screen.types(text)),
                Folder => drop(screen.types(folder.path().to_str().unwrap())),
            }
        }
        let drawn = screen.drawn();
        for part in shown.iter().filter(|part| !drawn.contains(**part)) {
            writeln!(wrong, "{question} {part:?} is not on the screen:\n{drawn}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The keys in a cell of the table.
fn keys(cell: &str) -> Vec<KeyPress> {
    cell.split('`').skip(1).step_by(2).filter_map(|code| code.parse().ok()).collect()
}

/// The document lists the questions in this order, with keys that the test above presses in this order.
#[test]
fn the_document_has_these_questions_and_keys() {
    let document = std::fs::read_to_string(repository("docs/explorer.md")).unwrap();
    let (_, section) = document.split_once("\n## Questions\n").expect("a section of questions");
    let rows =
        section.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches(['|', ' ']).split_once(" | ").expect("two columns"));
    let rows: Vec<(&str, &str)> = cells.collect();
    let listed: Vec<&str> = rows.iter().map(|(question, _)| *question).collect();
    assert_eq!(listed, QUESTIONS.map(|(question, ..)| question));
    let answers: BTreeMap<&str, &str> = rows.into_iter().collect();
    for (question, steps, _) in QUESTIONS {
        let mut pressed = steps.iter().flat_map(|step| match step {
            Keys(keys) => keys.split_whitespace().map(|key| key.parse::<KeyPress>().unwrap()).collect(),
            Text(_) | Folder => Vec::new(),
        });
        let written = keys(answers[question]);
        assert!(!written.is_empty(), "{question}");
        for key in written {
            assert!(pressed.any(|press| press == key), "{question} the test does not press {}", key.label());
        }
    }
}
