//! Applies a file to a configuration, by the table of keys.

use std::collections::BTreeMap;

use super::document::Document;
use super::origin::{ConfigScope, Fault, Origin, ValuePlace};
use super::output_path;
use super::problem::{BadLimit, ConfigError, Mistake, Mistakes, Warning};
use super::rule::Rule;
use super::spelling::is_free;
use super::table::{BadValue, KeyRow, Named, Table, Trust, bare};
use super::value::{Field, shortened};
use super::yaml::Yaml;

/// Limits of the unknown keys that are named and of repeated keys. Finding the line of a key parses the file again, so a
/// large file of unknown keys would be slow.
const KEYS_NAMED: usize = 20;

/// Keys of the rules file beside `rules:`, which some write in `.dive.yaml`.
pub(super) const OF_RULES_FILE: [&str; 5] = ["base", "baseline", "ignore", "ignorewastebelow", "images"];

/// Rules that this version does not have yet.
const LATER_RULES: [&str; 2] = ["forbidsecrets", "packages"];

/// Applies `document` to `target`, and returns the warnings.
///
/// # Errors
/// If the file is not a mapping, or keys that decide about a gate are wrong. One error lists them all.
pub(super) fn lay_document<T: Clone>(
    target: &mut T,
    table: &Table<T>,
    document: &Document,
    scope: ConfigScope,
) -> Result<Vec<Warning>, ConfigError> {
    let mut walk = Walk {
        target,
        table,
        document,
        scope,
        seen: BTreeMap::new(),
        repeated: 0,
        faults: Faults::default(),
        unnamed: 0,
    };
    walk.section(&mut Vec::new(), &document.root)?;
    if walk.unnamed > 0 {
        let more = Warning::MoreUnknownKeys { path: document.path().to_owned(), count: walk.unnamed };
        walk.faults.warnings.push(more);
    }
    walk.faults.finish()
}

/// Walks a document's sections.
struct Walk<'a, T: 'static> {
    target: &'a mut T,
    table: &'a Table<T>,
    document: &'a Document,
    scope: ConfigScope,
    /// The path of each key seen so far, with its spelling in the file.
    seen: BTreeMap<&'static str, String>,
    /// The number of repeated keys.
    repeated: usize,
    faults: Faults,
    /// The number of unknown keys that were not named.
    unnamed: usize,
}

impl<'a, T: Clone> Walk<'a, T> {
    /// Walks the section at `above`.
    fn section(&mut self, above: &mut Vec<&'a str>, node: &'a Yaml) -> Result<(), ConfigError> {
        let entries = match node {
            Yaml::Empty => return Ok(()),
            Yaml::Map(entries) => entries,
            Yaml::Scalar(_) | Yaml::List(_) => return self.no_section(above, node),
        };
        for (key, node) in entries {
            above.push(key);
            self.entry(above, node)?;
            above.pop();
        }
        Ok(())
    }

    /// Sets the value at `path`, or walks the section there.
    fn entry(&mut self, path: &mut Vec<&'a str>, node: &'a Yaml) -> Result<(), ConfigError> {
        let key = path.last().copied().unwrap_or_default();
        if levels(path).last().copied().is_some_and(is_free) {
            return Ok(());
        }
        let name = bare(&path.join("."));
        let found = self.table.keys.iter().find_map(|row| row.named(&name).map(|named| (row, named)));
        let Some((row, named)) = found else {
            let below = format!("{name}.");
            let mut paths = self.table.keys.iter().flat_map(KeyRow::paths);
            if paths.any(|each| bare(each).starts_with(&below)) {
                return self.section(path, node);
            }
            self.unknown(path, node);
            return Ok(());
        };
        let first = self.seen.insert(row.path, key.to_owned());
        self.repeated += usize::from(first.is_some());
        if self.repeated > KEYS_NAMED && self.faults.mistakes.are_full() {
            self.faults.mistakes.more += 1;
            return Ok(());
        }
        let origin = self.document.origin_of(path);
        if let Some(first) = first {
            // Two values of a limit are ambiguous: refuse instead of guessing.
            if row.bad_value == BadValue::Refused || self.repeated > KEYS_NAMED {
                self.faults.mistakes.add(Mistake::SetTwice { origin, key: key.to_owned(), first });
                return Ok(());
            }
            self.faults.warnings.push(Warning::SetTwice { origin: origin.clone(), key: key.to_owned(), first });
        }
        if named == Named::Formerly {
            self.faults.warnings.push(Warning::OldName { origin: origin.clone(), key: path.join("."), now: row.path });
        }
        self.set(row, path, node, origin);
        Ok(())
    }

    /// Sets a key if the file may set it.
    fn set(&mut self, row: &KeyRow<T>, path: &[&'a str], node: &Yaml, origin: Origin) {
        let (key, document) = (path.last().copied().unwrap_or_default(), self.document);
        let restricted = self.scope == ConfigScope::WorkingDirectory && !matches!(row.trust, Trust::Anyone);
        let before = restricted.then(|| self.target.clone());
        let parts = |below: &[&str]| document.origin_of(&[path, below].concat());
        let found = (row.field_mut)(self.target).set(node, &ValuePlace::in_file(origin.clone(), &parts));
        if let Some(before) = before {
            let refused = refusal(row, &before, self.target, node);
            let is_same = (row.field)(&before).yaml() == (row.field)(self.target).yaml();
            if is_same || refused.is_some() {
                *self.target = before;
            }
            if let (false, Some(reason)) = (is_same, refused) {
                self.faults.warnings.push(Warning::NotTrusted { origin, key: row.path, reason });
                return;
            }
        }
        let holds = (row.field)(self.target);
        self.faults.add((row, key), node, found, holds);
    }

    /// Handles a key without a row: a misspelt or misplaced rule, a key of dive without effect, or an unknown key.
    fn unknown(&mut self, path: &[&'a str], node: &'a Yaml) {
        if path.len() == 1 && self.document.is_alias_target(path) {
            return;
        }
        if let [section, key] = levels(path)[..]
            && bare(section) == "rules"
        {
            if let Some(nearest) = Rule::nearest(key) {
                return self.mistake(path, |origin| Mistake::MisspeltRule { origin, key: key.to_owned(), nearest });
            }
            if LATER_RULES.contains(&bare(key).as_str()) {
                return self.mistake(path, |origin| Mistake::LaterRule { origin, key: key.to_owned() });
            }
        }
        let mut inside = path.to_vec();
        if let Some(rule) = rule_inside(&mut inside, node) {
            let key = inside.join(".");
            if self.table.stray_rules == BadValue::Refused {
                return self.mistake(&inside, |origin| Mistake::StrayRule { origin, key, rule });
            }
            let origin = self.document.origin_of(&inside);
            self.faults.warnings.push(Warning::StrayRule { origin, key, rule });
            return;
        }
        let joined = path.join(".");
        if let Some(inert) = self.table.inert.iter().find(|inert| bare(inert.path) == bare(&joined)) {
            let origin = self.document.origin_of(path);
            self.faults.warnings.push(Warning::Inert { origin, key: inert.path, why: inert.why });
            return;
        }
        // A section of keys without effect.
        let below = format!("{}.", bare(&joined));
        if let Yaml::Map(entries) = node
            && self.table.inert.iter().any(|inert| bare(inert.path).starts_with(&below))
        {
            for (key, node) in entries {
                self.unknown(&[path, &[key.as_str()]].concat(), node);
            }
            return;
        }
        self.warn_of_unknown(path);
    }

    /// Adds a mistake at `path`. Only a mistake that is named needs its line.
    fn mistake(&mut self, path: &[&str], mistake: impl FnOnce(Origin) -> Mistake) {
        let is_named = !self.faults.mistakes.are_full();
        let origin = if is_named { self.document.origin_of(path) } else { Origin::Default };
        self.faults.mistakes.add(mistake(origin));
    }

    fn warn_of_unknown(&mut self, path: &[&str]) {
        if self.unnamed > 0 || self.faults.warnings.len() >= KEYS_NAMED {
            self.unnamed += 1;
            return;
        }
        let (origin, key) = (self.document.origin_of(path), path.join("."));
        let levels = levels(path);
        let other = &self.table.other;
        let is_of_other = levels.first().is_some_and(|outermost| other.keys.contains(&bare(outermost)));
        let foreign = levels.last().and_then(|key| Rule::elsewhere(key));
        self.faults.warnings.push(match (foreign, self.beside_rules(&levels)) {
            (Some(rule), _) => Warning::ForeignRule { origin, key, rule },
            (None, Some(right)) if levels.len() == 1 => Warning::MisspeltKey { origin, key, right },
            (None, Some(right)) => Warning::BesideRules { origin, key, right },
            (None, None) if is_of_other => Warning::OfOtherFile { origin, key, file: other.name },
            (None, None) => Warning::UnknownKey { origin, key, known: self.known_beside(&levels) },
        });
    }

    /// The key of the rules file that `path` misplaces below `rules:` or misspells.
    fn beside_rules(&self, path: &[&str]) -> Option<&'static str> {
        const TYPOS: usize = 2;
        const LONGEST: usize = 40;
        let mut beside =
            self.table.keys.iter().map(|row| row.path).filter(|row| OF_RULES_FILE.contains(&bare(row).as_str()));
        match path {
            [section, key] if bare(section) == "rules" => beside.find(|row| bare(row) == bare(key)),
            [key] if key.len() <= LONGEST => {
                let distance = |row: &&str| strsim::damerau_levenshtein(&bare(row), &bare(key));
                let nearest = beside.min_by_key(distance)?;
                // One edit in a short name.
                (distance(&nearest) <= TYPOS.min(nearest.len() / 4)).then_some(nearest)
            }
            _ => None,
        }
    }

    /// Handles text or a list in place of a section. dive starts anyway, unless it is the whole file.
    fn no_section(&mut self, path: &[&str], node: &Yaml) -> Result<(), ConfigError> {
        let mut known_at = path.to_vec();
        known_at.push("");
        let reason =
            format!("expected a mapping, found {}; its keys are {}", node.shown(), self.known_beside(&known_at));
        let origin = self.document.origin_of(path);
        let Some(key) = path.last() else { return Err(ConfigError::Syntax { origin, message: reason }) };
        if bare(key) == "rules" {
            for rule in Rule::DIVES {
                let (key, origin, reason) = ((*key).to_owned(), origin.clone(), reason.clone());
                self.faults.mistakes.add(BadLimit { rule, key, origin, value: node.shown(), reason }.into());
            }
        } else {
            self.faults.warnings.push(Warning::NoSection { origin, key: (*key).to_owned(), reason });
        }
        Ok(())
    }

    /// The valid keys beside the last of `path`, comma-separated.
    fn known_beside(&self, path: &[&str]) -> String {
        let depth = path.len().saturating_sub(1);
        let above = bare(&path[..depth].join("."));
        let mut names: Vec<&str> = Vec::new();
        for key in &self.table.keys {
            let mut levels = key.path.split('.');
            let section: Vec<&str> = levels.by_ref().take(depth).collect();
            if let Some(name) = levels.next()
                && bare(&section.join(".")) == above
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

/// The levels of `path`. A dot inside a key separates two, as in dive: `rules.lowestEfficiency: 0.9`.
fn levels<'a>(path: &[&'a str]) -> Vec<&'a str> {
    path.iter().flat_map(|key| key.split('.')).collect()
}

/// The rule named by `path` or by a key below it. `path` then ends at that key.
fn rule_inside<'a>(path: &mut Vec<&'a str>, node: &'a Yaml) -> Option<Rule> {
    // Other programs have sections with `paths`, too.
    let levels = levels(path);
    let is_meant = |rule: &Rule| *rule != Rule::Paths || levels.len() == 1;
    if let Some(rule) = levels.last().and_then(|key| Rule::named(key)).filter(is_meant) {
        return Some(rule);
    }
    let Yaml::Map(entries) = node else { return None };
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
        path.push(key);
        if let Some(rule) = rule_inside(path, node) {
            return Some(rule);
        }
        path.pop();
    }
    None
}

/// Why the file of the working directory may not change `before` to `after`; `None` if it may.
fn refusal<T>(row: &KeyRow<T>, before: &T, after: &T, node: &Yaml) -> Option<String> {
    match row.trust {
        Trust::Anyone => None,
        Trust::User => Some("a .dive.yaml in the working directory cannot set it".to_owned()),
        Trust::Tightens(is_as_strict) => (!is_as_strict(before, after)).then(|| {
            let held = (row.field)(before);
            let held = match (held.yaml().as_str(), held.origin()) {
                ("null", Origin::Default) => "the default".to_owned(),
                (value, origin) => format!("{value} ({origin})"),
            };
            let shown = match node {
                Yaml::Map(_) => format!("`{}`", (row.field)(after).yaml()),
                _ => node.shown(),
            };
            format!("{shown} is weaker than {held}; a .dive.yaml in the working directory may only be stricter")
        }),
        Trust::NewFile(ending) => match node {
            Yaml::Scalar(path) => output_path::check_below_folder(path, ending).err(),
            Yaml::Empty | Yaml::List(_) | Yaml::Map(_) => None,
        },
    }
}

/// Collects warnings and mistakes until the end of the file.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) warnings: Vec<Warning>,
    mistakes: Mistakes,
}

impl Faults {
    /// Adds the faults of a value of `row`, spelled `key` in the file. `holds` is the effective value.
    pub(super) fn add<T>(&mut self, (row, key): (&KeyRow<T>, &str), node: &Yaml, found: Vec<Fault>, holds: &dyn Field) {
        let rule = row.path.strip_prefix("rules.").and_then(Rule::named);
        for Fault { origin, reason } in found {
            let key = key.to_owned();
            match (rule, row.bad_value) {
                (Some(rule), _) => {
                    self.mistakes.add(BadLimit { rule, key, origin, value: node.shown(), reason }.into());
                }
                (None, BadValue::Refused) => self.mistakes.add(Mistake::BadValue { origin, key, reason }),
                (None, BadValue::Warns) => {
                    let holds = match holds.yaml() {
                        none if none == "null" => "its default".to_owned(),
                        value => value,
                    };
                    self.warnings.push(Warning::BadValue { origin, key, reason, holds });
                }
            }
        }
    }

    /// The warnings, or one error with all mistakes.
    pub(super) fn finish(self) -> Result<Vec<Warning>, ConfigError> {
        self.mistakes.or(self.warnings)
    }
}

impl Document {
    /// True if the file has keys, but none under `key`.
    pub(super) fn is_without(&self, key: &str) -> bool {
        match &self.root {
            Yaml::Map(entries) => {
                entries.iter().any(|(each, _)| !is_free(each))
                    && !entries.iter().any(|(each, _)| bare(each.split('.').next().unwrap_or_default()) == key)
            }
            _ => false,
        }
    }
}

impl Yaml {
    /// A description of the node for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Empty => "nothing".to_owned(),
            Self::Scalar(text) => format!("`{}`", shortened(text)),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a mapping".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::Setting;
    use crate::config::table::{Alias, Inert, OtherFile, key};
    use crate::config::value::{Value, quoted, scalar};

    /// A configuration of a few keys.
    #[derive(Debug, Clone)]
    struct Pane {
        wide: Setting<bool>,
        title: Setting<String>,
    }

    impl Value for String {
        fn read(node: &Yaml, faults: &mut Vec<String>) -> Option<Self> {
            scalar(node, faults, |text| Ok(text.to_owned()))
        }

        fn yaml(&self) -> String {
            quoted(self)
        }
    }

    const KEYS: [KeyRow<Pane>; 2] = [
        key!("pane.is-wide", Trust::Tightens(|_, after| after.wide.value), wide, Alias::Old("pane.broad")),
        key!("title", Trust::User, title, Alias::Also("pane.name")),
    ];

    fn table() -> Table<Pane> {
        let inert = &[Inert { path: "dev.profile", why: "there is none" }];
        Table { keys: KEYS.to_vec(), inert, stray_rules: BadValue::Warns, other: OtherFile::default() }
    }

    fn pane() -> Pane {
        Pane { wide: Setting::by_default(false), title: Setting::by_default("none".to_owned()) }
    }

    fn lay(text: &str) -> Result<(Pane, Vec<Warning>), ConfigError> {
        lay_from(text, ConfigScope::User)
    }

    fn lay_from(text: &str, scope: ConfigScope) -> Result<(Pane, Vec<Warning>), ConfigError> {
        let (mut pane, document) = (pane(), Document::parse("p.yaml".into(), text.to_owned())?);
        let warnings = lay_document(&mut pane, &table(), &document, scope)?;
        Ok((pane, warnings))
    }

    fn messages(warnings: &[Warning]) -> Vec<String> {
        warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_value_behind_an_alias_has_the_line_of_its_key() {
        let (pane, warnings) = lay("title: &answer yes\npane:\n  isWide: *answer\n").unwrap();
        assert_eq!((pane.title.value.as_str(), pane.wide.value), ("yes", true));
        assert_eq!(pane.wide.origin.to_string(), "p.yaml:3");
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_key_without_a_value_changes_nothing() {
        let (pane, warnings) = lay("title:\npane:\n").unwrap();
        assert_eq!(pane.title.origin, Origin::Default);
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_file_of_unknown_keys_does_not_take_quadratic_time() {
        let text = (0..5_000).map(|n| format!("key{n}: x\n")).collect::<Vec<_>>().concat();
        let (_, warnings) = lay(&text).unwrap();
        assert_eq!(warnings.len(), KEYS_NAMED + 1);
        assert_eq!(
            warnings[KEYS_NAMED].to_string(),
            "p.yaml: 4980 more unknown keys have no effect; check that this is the right file"
        );
    }

    #[test]
    fn aliases_set_a_key_and_old_names_warn() {
        let (pane, warnings) = lay("pane:\n  broad: yes\n  name: x\n").unwrap();
        assert_eq!((pane.wide.value, pane.title.value.as_str()), (true, "x"));
        assert_eq!(messages(&warnings), ["p.yaml:2: pane.broad is the old name of pane.is-wide; dive accepts both"]);
        let (pane, warnings) = lay("title: x\npane: {name: y}\n").unwrap();
        assert_eq!(pane.title.value, "y");
        assert_eq!(messages(&warnings), ["p.yaml:2: name: `title` above sets the same key; dive uses this line"]);
    }

    #[test]
    fn a_key_without_effect_does_not_disable_its_neighbours() {
        let (_, warnings) = lay("dev:\n  profile: cpu\n  speed: 9\n").unwrap();
        assert_eq!(messages(&warnings)[0], "p.yaml:2: dev.profile has no effect: there is none");
        assert!(messages(&warnings)[1].starts_with("p.yaml:3: unknown key `dev.speed`"), "{warnings:?}");
    }

    /// The line of each repetition takes another parse of the file.
    #[test]
    fn a_key_cannot_be_repeated_without_limit() {
        let lines: Vec<_> = (0..200).map(|dashes| format!("t{}itle: x\n", "-".repeat(dashes))).collect();
        let Err(ConfigError::Mistakes(mistakes)) = lay(&lines.concat()) else { panic!("no mistakes") };
        assert!(matches!(mistakes.named[..], [Mistake::SetTwice { .. }, ..]));
        assert_eq!(mistakes.named.len() + mistakes.more, 179);
    }

    #[test]
    fn the_working_directory_sets_only_permitted_keys() {
        let (pane, warnings) =
            lay_from("title: theirs\npane: {is-wide: true}\n", ConfigScope::WorkingDirectory).unwrap();
        assert_eq!((pane.title.value.as_str(), pane.wide.value), ("none", true));
        assert_eq!(
            messages(&warnings),
            [
                "p.yaml:1: title has no effect: a .dive.yaml in the working directory cannot set it; set it in ~/.dive.yaml, in a \
              file for --config, or in DIVE_TITLE"
            ]
        );
        // A value that changes nothing needs no warning.
        let (pane, warnings) =
            lay_from("title: none\npane: {is-wide: false}\n", ConfigScope::WorkingDirectory).unwrap();
        assert_eq!((messages(&warnings), pane.title.origin), (Vec::new(), Origin::Default));
    }
}
