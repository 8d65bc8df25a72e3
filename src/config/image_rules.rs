//! Rules for some images: `images:` in the rules file. The first entry that matches an image counts.
//!
//! ```yaml
//! images:
//!   - match: "*/db:*"
//!     rules: { highestImageBytes: 2GB }
//! ```

use globset::{Glob, GlobBuilder, GlobMatcher};

use super::item_list::{ItemList, PatternItem};
use super::origin::{Fault, Origin, Setting, ValuePlace};
use super::path_glob::PathGlob;
use super::rule::Rule;
use super::rule_limits::RuleLimits;
use super::spelling::{bare, is_free};
use super::value::{Field, keys_once, quoted, scalar, shortened};
use super::yaml::Yaml;

/// Limit of the entries.
const MOST_ENTRIES: usize = 200;

/// Limit of a pattern, in bytes. Names of images are not that long.
const LONGEST_PATTERN: usize = 300;

/// Rules for the images of a name.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRules {
    /// The names.
    glob: Glob,
    /// The limits. The others are those of the file.
    pub limits: RuleLimits,
    /// Where the entry is written.
    pub origin: Origin,
}

impl ImageRules {
    /// The pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        self.glob.glob()
    }

    /// The images that the entry is for.
    #[must_use]
    pub fn names(&self) -> ImageNames {
        ImageNames(self.glob.compile_matcher())
    }
}

/// The names of images that a pattern matches.
#[derive(Debug)]
pub struct ImageNames(GlobMatcher);

impl ImageNames {
    /// True if the pattern matches the image, named as by the user. A scheme (`docker://`) does not count.
    #[must_use]
    pub fn contain(&self, name: &str) -> bool {
        self.0.is_match(name.split_once("://").map_or(name, |(_, name)| name))
    }
}

impl PatternItem for ImageRules {
    fn glob(&self) -> Option<&PathGlob> {
        None
    }
}

/// The list of entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ImageRulesList(pub(super) Vec<ImageRules>);

impl Field for Setting<ImageRulesList> {
    fn set(&mut self, node: &Yaml, place: &ValuePlace<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let entries = LIST.read(node, &[], place, &mut faults, |item, at, faults| read(item, at, place, faults));
        if let Some(entries) = entries {
            *self = Self { value: ImageRulesList(entries), origin: place.origin.clone() };
        }
        faults
    }

    fn yaml(&self) -> String {
        let entry = |entry: &ImageRules| {
            let set = Rule::ALL.into_iter().filter(|rule| entry.limits[*rule].origin != Origin::Default);
            let rules: Vec<String> = set.map(|rule| format!("{rule}: {}", entry.limits[rule].yaml())).collect();
            format!("{{ match: {}, rules: {{ {} }} }}", quoted(entry.glob.glob()), rules.join(", "))
        };
        format!("[{}]", self.value.0.iter().map(entry).collect::<Vec<_>>().join(", "))
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// An entry for messages.
const EXAMPLE: &str = "`- { match: \"*/db:*\", rules: { highestImageBytes: 2GB } }`";

const LIST: ItemList = ItemList {
    name: "entries for images",
    expected: "a list of entries for images",
    most: MOST_ENTRIES,
    example: EXAMPLE,
};

/// Reads the entry at `at`.
fn read(item: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<ImageRules> {
    let Yaml::Map(entries) = item else {
        faults.push(place.fault(at, format!("expected an entry for images, found {}; write {EXAMPLE}", item.shown())));
        return None;
    };
    let (found_before, mut glob, mut limits) = (faults.len(), None, None);
    keys_once(entries, at, place, faults);
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
        let at = [at, &[key.as_str()]].concat();
        match bare(key).as_str() {
            "match" => {
                let mut reasons = Vec::new();
                glob = scalar(node, &mut reasons, pattern);
                faults.extend(reasons.into_iter().map(|reason| place.fault(&at, reason)));
            }
            "rules" => limits = Some(read_limits(node, &at, place, faults)),
            _ => faults.push(place.fault(&at, format!("unknown key `{}`; write match and rules", shortened(key)))),
        }
    }
    if faults.len() > found_before {
        return None;
    }
    let (Some(glob), Some(limits)) = (glob, limits) else {
        faults.push(place.fault(at, format!("an entry needs match and rules; write {EXAMPLE}")));
        return None;
    };
    Some(ImageRules { glob, limits, origin: place.of(at) })
}

/// Parses a pattern: `*` stands for any letters, also for slashes.
fn pattern(text: &str) -> Result<Glob, String> {
    if text.is_empty() || text.len() > LONGEST_PATTERN {
        return Err(format!("`{}` is not a pattern for names of images; write one, such as `*/db:*`", shortened(text)));
    }
    let glob = GlobBuilder::new(text).literal_separator(false).build();
    glob.map_err(|error| {
        format!("`{}` is not a pattern: {}; write one, such as `*/db:*`", shortened(text), error.kind())
    })
}

/// Reads the rules of an entry.
fn read_limits(node: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> RuleLimits {
    let mut limits = RuleLimits::default();
    let entries = match node {
        Yaml::Map(entries) => entries.as_slice(),
        Yaml::Empty => &[],
        Yaml::Scalar(_) | Yaml::List(_) => {
            faults.push(place.fault(at, format!("expected rules, found {}; write {EXAMPLE}", node.shown())));
            &[]
        }
    };
    keys_once(entries, at, place, faults);
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
        let at = [at, &[key.as_str()]].concat();
        let Some(rule) = Rule::named(key) else {
            let nearest = Rule::nearest(key).map_or_else(String::new, |rule| format!("; did you mean {rule}?"));
            faults.push(place.fault(&at, format!("no rule has the name `{}`{nearest}", shortened(key))));
            continue;
        };
        if rule.is_over_all() {
            faults.push(place.fault(&at, format!("{rule} is about all images; write it under `rules:` of the file")));
            continue;
        }
        let parts = |below: &[&str]| place.of(&[&at[..], below].concat());
        faults.extend(limits[rule].set(node, &ValuePlace::in_file(place.of(&at), &parts)));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(text: &str, name: &str) -> bool {
        let rules = ImageRules { glob: pattern(text).unwrap(), limits: RuleLimits::default(), origin: Origin::Default };
        rules.names().contain(name)
    }

    #[test]
    fn a_pattern_matches_the_whole_name() {
        for (text, name, matches) in [
            ("*/db:*", "registry.example/shop/db:3.1", true),
            ("*/db:*", "db:3.1", false),
            ("db*", "docker://db:3.1", true),
            ("web:1", "web:1.0", false),
            ("*", "./x.tar", true),
            ("{web,api}:*", "api:2", true),
        ] {
            assert_eq!(matching(text, name), matches, "{text} {name}");
        }
        assert!(pattern("[").is_err() && pattern("").is_err() && pattern(&"a".repeat(400)).is_err());
    }
}
