//! Configuration files from the corpus, in the forms that people write. Each is accepted, and each rule has the status
//! that dive 0.13.1 gives it, except for listed decisions.

use std::collections::BTreeMap;
use std::path::Path;

use dive::config::{ConfigError, Discovery, RulesFile, Setting};
use dive_sources::Environment;

use super::{assert_line, effective};
use crate::place::{Corpus, sample};
use crate::user::User;

/// Status of each of the three rules by name.
type Statuses = BTreeMap<String, String>;

/// dive's result for a file.
struct Row {
    file: String,
    exit: i32,
    /// `None` if the file is not YAML.
    statuses: Option<Statuses>,
}

fn statuses<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Statuses {
    pairs.into_iter().map(|(rule, status)| (rule.to_owned(), status.to_owned())).collect()
}

fn dives(corpus: &Corpus) -> Vec<Row> {
    let table = corpus.text("configs/dive.tsv");
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.starts_with("file\t"));
    let row = |line: &str| {
        let [file, exit, rules] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let pairs: Option<Vec<_>> = rules.split(' ').map(|pair| pair.split_once('=')).collect();
        Row { file: file.to_owned(), exit: exit.parse().unwrap(), statuses: pairs.map(statuses) }
    };
    rows.map(row).collect()
}

/// A deliberate difference from dive.
struct Decision {
    file: &'static str,
    exit: i32,
    /// The rules whose status differs.
    changed: &'static [(&'static str, &'static str)],
    why: &'static str,
}

const DECISIONS: [Decision; 6] = [
    Decision {
        file: "kebab-case-keys.dive-ci",
        exit: 1,
        changed: &[("highestUserWastedPercent", "PASS"), ("highestWastedBytes", "FAIL"), ("lowestEfficiency", "FAIL")],
        why: "kebab-case keys count; dive ignores them",
    },
    Decision {
        file: "exactly-equal.dive-ci",
        exit: 1,
        changed: &[("highestWastedBytes", "FAIL")],
        why: "a limit that is met fails, as dive's documentation says",
    },
    Decision {
        file: "misspelt-rule.dive-ci",
        exit: 2,
        changed: &[],
        why: "a typo must not be a gate that never closes; dive ignores the rule",
    },
    Decision {
        file: "rule-outside-rules.dive-ci",
        exit: 2,
        changed: &[],
        why: "the same; dive ignores the rules and uses its defaults",
    },
    Decision {
        file: "twice-the-same-key.dive-ci",
        exit: 2,
        changed: &[],
        why: "not YAML; 1 is the code of a failed rule",
    },
    Decision { file: "tabs.dive-ci", exit: 2, changed: &[], why: "not YAML; 1 is the code of a failed rule" },
];

/// The rules whose limits the library cannot parse.
fn misconfigured(file: &Path) -> Vec<&'static str> {
    let environment = Environment::new(file.parent().unwrap().to_owned(), None, []);
    let named = Setting::by_flag(Some(file.to_owned()), "--ci-config");
    match RulesFile::load(&environment, &named, &Discovery::default()) {
        Err(ConfigError::Mistakes(mistakes)) => mistakes.limits().map(|limit| limit.rule.name()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_rules_file_gives_dives_result() {
    let Some(corpus) = Corpus::here() else { return };
    let image = corpus.path("dive/test-docker-image.tar");
    let rows = dives(&corpus);
    assert_eq!(rows.len(), 37);
    for Row { file, exit, statuses: dives } in rows {
        let user = User::new();
        std::fs::copy(corpus.path(&format!("configs/{file}")), user.file(".dive-ci")).unwrap();
        let ran = user.runs(&["--ci", &image]);
        let output = format!("{file}:\n{}{}", ran.stdout, ran.stderr);
        let dives = dives.unwrap_or_default();
        let wrong: Vec<_> = dives.iter().filter(|(_, status)| *status == "MISCONFIGURED").collect();
        if !wrong.is_empty() {
            assert_eq!(ran.code, 2, "{output}");
            let mut ours = misconfigured(&user.file(".dive-ci"));
            ours.sort_unstable();
            assert!(ours.iter().copied().eq(wrong.iter().map(|(rule, _)| rule.as_str())), "{ours:?} {output}");
            continue;
        }
        let decision = DECISIONS.iter().find(|decision| decision.file == file);
        let (exit, changed) = decision.map_or((exit, &[][..]), |decision| (decision.exit, decision.changed));
        assert_eq!(ran.code, exit, "{} {output}", decision.map_or("as dive:", |decision| decision.why));
        if exit == 2 {
            assert!(ran.stderr.starts_with("dive: error: .dive-ci:"), "{output}");
            continue;
        }
        let mut expected = dives;
        expected.extend(statuses(changed.iter().copied()));
        let results = ran.stdout.split_once("Results:\n").expect(&output).1;
        let ours = results.lines().filter_map(|line| line.trim().split_once(": ")).filter_map(|(status, rest)| {
            // WARN passes: the image is within the limit by dive's number.
            let status = if status == "WARN" { "PASS" } else { status };
            Some((rest.split(':').next()?, status))
        });
        let ours: Statuses = statuses(ours).into_iter().filter(|(rule, _)| expected.contains_key(rule)).collect();
        assert_eq!(ours, expected, "{output}");
    }
}

/// Files that dive accepts, with the expected warnings (as parts of a line) and a line of `dive config`.
const CONFIGURATIONS: [(&str, &[&[&str]], &str); 12] = [
    (
        "added-on-enter",
        &[&[
            ":2: keybinding.toggle-added-files: `ctrl+m` was bound to keybinding.toggle-modified-files, which now keeps `M`",
        ]],
        "toggle-added-files: \"ctrl+m\" # FILE:2",
    ),
    ("all-hidden", &[], "hide: [added, removed, modified, unmodified] # FILE:2"),
    ("hide-at-top", &[&[":3: unknown key `hide` has no effect"]], "hide: [] # default"),
    (
        "long-key-names",
        &[
            &[":4: keybinding.quit: `esc` was bound to keybinding.close-filter-files, which now has no key"],
            &[":4: keybinding.quit: `esc` was the only key of keybinding.close-view; bind another key"],
        ],
        "page-down: \"pagedown\" # FILE:3",
    ),
    ("main-branch", &[&[":8: dev.profile has no effect"]], "json-path: \"./out.json\" # FILE:3"),
    (
        "old-key-name",
        &[&[
            ":2: keybinding.toggle-unchanged-files is the old name of keybinding.toggle-unmodified-files; dive accepts both",
        ]],
        "toggle-unmodified-files: \"ctrl+y\" # FILE:2",
    ),
    (
        "page-up-ctrl-b",
        &[
            &[
                ":2: keybinding.page-up: `ctrl+b` was bound to keybinding.toggle-filetree-attributes, which now keeps `b`",
            ],
            &[":3: keybinding.page-down: `space` was bound to keybinding.toggle-collapse-dir, which now has no key"],
        ],
        "page-up: \"ctrl+b\" # FILE:2",
    ),
    (
        "quit-esc",
        &[
            &[":2: keybinding.quit: `esc` was bound to keybinding.close-filter-files, which now has no key"],
            &[":2: keybinding.quit: `esc` was the only key of keybinding.close-view; bind another key"],
        ],
        "quit: \"esc,ctrl+c\" # FILE:2",
    ),
    (
        "toggle-view-two",
        &[&[
            ":2: keybinding.toggle-view: `ctrl+space` was bound to keybinding.toggle-collapse-all-dir, which now keeps `c`",
        ]],
        "toggle-view: \"tab, ctrl+space\" # FILE:2",
    ),
    (
        "unknown-section",
        &[
            &[":1: theme: `neon` is not a valid value", "; dive uses auto"],
            &[":4: unknown key `filetree.icons` has no effect"],
        ],
        "collapse-dir: true # FILE:3",
    ),
    (
        "unknown-value",
        &[
            &[":1: container-engine: `nerdctl` is not a valid value; write one of docker, podman; dive uses docker"],
            &[":3: show-aggregated-changes: `sometimes` is not a boolean", "; dive uses false"],
        ],
        "container-engine: docker # default",
    ),
    ("upper-case-keys", &[], "quit: \"ctrl+q\" # FILE:3"),
];

#[test]
fn every_configuration_of_dive_is_accepted() {
    let Some(corpus) = Corpus::here() else { return };
    let names: Vec<_> = corpus.names("configs").into_iter().filter(|name| name.ends_with(".dive.yaml")).collect();
    assert!(names.iter().map(|name| name.strip_suffix(".dive.yaml").unwrap()).eq(CONFIGURATIONS.map(|row| row.0)));
    for (name, expected, line) in CONFIGURATIONS {
        let named = corpus.path(&format!("configs/{name}.dive.yaml"));
        let user = User::new().keeps(".dive.yaml", &corpus.text(&format!("configs/{name}.dive.yaml")));
        let own = user.home(".dive.yaml").to_str().unwrap().to_owned();
        for (options, file) in [(&[][..], own), (&["-c", named.as_str()], named.clone())] {
            // One of the files sets `log.quiet`, which suppresses its warnings.
            let ran = user.runs(&[options, &["-v", &sample()]].concat()).ends_with(0);
            let warnings: Vec<_> = ran.stderr.lines().filter(|line| line.contains(&file)).collect();
            for parts in expected {
                let is_told = |warning: &&str| parts.iter().all(|part| warning.contains(part));
                assert!(warnings.iter().any(is_told), "{name}: no {parts:?} in {warnings:#?}");
            }
            let most = expected.len() + usize::from(name == "main-branch");
            assert!(warnings.len() <= most, "{name}: {warnings:#?}");
            let lines = effective(&user, options);
            assert_line(&lines, &format!("# read from {file}"));
            assert_line(&lines, &line.replace("FILE", &file));
        }
    }
}
