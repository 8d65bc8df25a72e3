//! Rules about paths: the list of the rule `paths`.
//!
//! ```yaml
//! paths:
//!   - { path: .git, forbid: true, anywhere: true }
//!   - { path: "!/srv/docs/.git" }
//!   - { path: /app/LICENSE, require: true }
//!   - { path: /usr/share/doc, highestBytes: 1MB }
//! ```

use std::fmt;

use super::item_list::{ItemList, PatternItem};
use super::origin::{Fault, Origin, ValuePlace};
use super::path_glob::{GlobSense, PathGlob};
use super::spelling::{bare, is_free};
use super::value::{Value, keys_once, quoted, scalar, shortened};
use super::yaml::Yaml;
use dive_model::units::Bytes;

/// Limit of the rules. Each file of the image may be compared with all of them.
const MAX_PATH_RULES: usize = 500;

/// A rule about paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// The paths.
    pub glob: PathGlob,
    /// What it demands.
    pub demand: PathDemand,
    /// Where it looks.
    pub reach: PathReach,
    /// Where it is written.
    pub origin: Origin,
}

/// What a rule demands of its paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathDemand {
    /// No such path.
    Forbid,
    /// At least one.
    Require,
    /// Fewer bytes than these in all files.
    HighestBytes(Bytes),
    /// Nothing: it excepts paths from the rules before it.
    Except,
}

/// Where a rule looks for paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathReach {
    /// The finished file system.
    Final,
    /// All layers, deleted files included.
    AllLayers,
}

impl PathDemand {
    /// The key in files.
    const fn key(self) -> &'static str {
        match self {
            Self::Forbid => "forbid",
            Self::Require => "require",
            Self::HighestBytes(_) => "highestBytes",
            Self::Except => "!",
        }
    }
}

impl PathRule {
    /// True if the rules are the same, wherever they are written.
    fn equals(&self, other: &Self) -> bool {
        (&self.glob, self.demand, self.reach) == (&other.glob, other.demand, other.reach)
    }
}

impl PatternItem for PathRule {
    fn glob(&self) -> Option<&PathGlob> {
        Some(&self.glob)
    }
}

/// True if `rules` demand what `others` do, and maybe more: an exception at the end would take something back.
pub(super) fn are_as_strict_as(rules: &[PathRule], others: &[PathRule]) -> bool {
    let (Some(first), Some(more)) = (rules.get(..others.len()), rules.get(others.len()..)) else { return false };
    first.iter().zip(others).all(|(rule, other)| rule.equals(other))
        && more.iter().all(|rule| rule.demand != PathDemand::Except)
}

/// The syntax of files, without the braces.
impl fmt::Display for PathRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "path: {}", quoted(&self.glob.to_string()))?;
        match self.demand {
            PathDemand::Forbid => f.write_str(", forbid: true")?,
            PathDemand::Require => f.write_str(", require: true")?,
            PathDemand::HighestBytes(bytes) => write!(f, ", highestBytes: {}", bytes.yaml())?,
            PathDemand::Except => {}
        }
        match self.reach {
            PathReach::Final => Ok(()),
            PathReach::AllLayers => f.write_str(", anywhere: true"),
        }
    }
}

/// A rule for messages.
const EXAMPLE: &str = "`- { path: .git, forbid: true }`";

const LIST: ItemList =
    ItemList { name: "rules about paths", expected: "a list of paths", most: MAX_PATH_RULES, example: EXAMPLE };

/// Reads the list at `at`. `None` if there is none, or a part of it is wrong.
pub(super) fn read(node: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<Vec<PathRule>> {
    LIST.read(node, at, place, faults, |item, at, faults| read_rule(item, at, place, faults))
}

fn read_rule(item: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<PathRule> {
    let Yaml::Map(entries) = item else {
        faults.push(place.fault(at, format!("expected a rule about a path, found {}; write {EXAMPLE}", item.shown())));
        return None;
    };
    let (found_before, mut glob, mut demands, mut reach) = (faults.len(), None, Vec::new(), PathReach::Final);
    keys_once(entries, at, place, faults);
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
        let mut reasons = Vec::new();
        let (name, at) = (bare(key), [at, &[key.as_str()]].concat());
        match name.as_str() {
            "path" => glob = scalar(node, &mut reasons, PathGlob::parse),
            "forbid" => demands.extend(demanded(node, &mut reasons).then_some(PathDemand::Forbid)),
            "require" => demands.extend(demanded(node, &mut reasons).then_some(PathDemand::Require)),
            "level" | "reason" | "for" => {
                let reason = format!(
                    "`{name}` is for the whole list; put `{name}` beside `value:`, and this list below `value:`"
                );
                faults.push(place.fault(&at, reason));
            }
            "highestbytes" => demands.extend(Bytes::read(node, &mut reasons).map(PathDemand::HighestBytes)),
            "anywhere" if demanded(node, &mut reasons) => reach = PathReach::AllLayers,
            "anywhere" => {}
            _ => {
                let reason = format!(
                    "unknown key `{}`; write path, one of forbid, require and highestBytes, and anywhere",
                    shortened(key)
                );
                faults.push(place.fault(&at, reason));
            }
        }
        faults.extend(reasons.into_iter().map(|reason| place.fault(&at, format!("{key}: {reason}"))));
    }
    if faults.len() > found_before {
        return None;
    }
    let Some(glob) = glob else {
        faults.push(place.fault(at, format!("a rule without a path; write {EXAMPLE}")));
        return None;
    };
    let demand = match (glob.sense, &demands[..]) {
        (GlobSense::Excepts, []) => PathDemand::Except,
        (GlobSense::Excepts, _) => {
            let reason = format!(
                "`{glob}` is an exception and takes no `forbid`, `require` or `highestBytes`; remove them, or remove the `!`"
            );
            faults.push(place.fault(at, reason));
            return None;
        }
        (GlobSense::Includes, [demand]) => *demand,
        (GlobSense::Includes, []) => {
            let reason = format!("`{glob}`: add `forbid: true`, `require: true` or `highestBytes: 1MB`");
            faults.push(place.fault(at, reason));
            return None;
        }
        (GlobSense::Includes, several) => {
            let names: Vec<String> = several.iter().map(|demand| format!("`{}`", demand.key())).collect();
            let reason = format!("`{glob}` has {}; write one rule for each", names.join(" and "));
            faults.push(place.fault(at, reason));
            return None;
        }
    };
    Some(PathRule { glob, demand, reach, origin: place.of(at) })
}

/// Reads a boolean. An invalid one is no demand.
fn demanded(node: &Yaml, reasons: &mut Vec<String>) -> bool {
    bool::read(node, reasons).unwrap_or(false)
}
