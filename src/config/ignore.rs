//! Exceptions from this program's own rules: `ignore:` in the rules file.
//!
//! ```yaml
//! ignore:
//!   - { class: package-databases, reason: two installs need two layers }
//!   - { path: /var/cache/fonts, reason: "font #12", until: 2026-12-31 }
//!   - { advice: python-cache, path: /opt/build, reason: the tests read it }
//! ```

use super::advice_limit::advice_kind;
use super::date::Date;
use super::item_list::{ItemList, PatternItem};
use super::origin::{Fault, Origin, Setting, ValuePlace};
use super::path_glob::{GlobSense, PathGlob};
use super::spelling::{bare, is_free};
use super::value::{Field, keys_once, one_of, quoted, scalar, shortened};
use super::yaml::Yaml;
use dive_model::advice::{AdviceKind, PACKAGE_DATABASES};

/// Limit of the exceptions. Finding the line of each parses the file again.
const MAX_EXCEPTIONS: usize = 200;

/// An exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// What is left out.
    pub what: Ignored,
    /// Why.
    pub reason: String,
    /// The last day on which it counts; `None` if it does not end.
    pub until: Option<Date>,
    /// Where it is written.
    pub origin: Origin,
}

impl Ignore {
    /// True until the end of its last day.
    #[must_use]
    pub fn counts_on(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

impl PatternItem for Ignore {
    fn glob(&self) -> Option<&PathGlob> {
        match &self.what {
            Ignored::Path(glob) | Ignored::Advice { path: Some(glob), .. } => Some(glob),
            Ignored::Class(_) | Ignored::Advice { path: None, .. } => None,
        }
    }
}

/// What an exception leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// Paths.
    Path(PathGlob),
    /// A class of waste.
    Class(WasteClass),
    /// Advice of a kind.
    Advice {
        /// The kind.
        kind: AdviceKind,
        /// The files that it is not about; `None` for all.
        path: Option<PathGlob>,
    },
}

/// Waste that a build cannot avoid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WasteClass {
    /// Files that every installation of packages rewrites: two installations in two layers store them twice.
    PackageDatabases,
}

impl WasteClass {
    /// All classes.
    pub const ALL: [Self; 1] = [Self::PackageDatabases];

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PackageDatabases => "package-databases",
        }
    }

    /// What it contains, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PackageDatabases => "the databases of dpkg, apt, rpm, dnf and apk, debconf, ld.so.cache",
        }
    }

    /// Patterns of its paths.
    #[must_use]
    pub const fn patterns(self) -> &'static [&'static str] {
        match self {
            Self::PackageDatabases => PACKAGE_DATABASES,
        }
    }

    /// The patterns of [`Self::patterns`], parsed.
    #[must_use]
    pub fn globs(self) -> Vec<PathGlob> {
        // A test checks that they are valid.
        self.patterns().iter().filter_map(|text| PathGlob::parse(text).ok()).collect()
    }
}

/// The words for messages: `class package-databases`, `path /srv`, `advice logs in /srv`.
impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(pattern) => write!(f, "path {pattern}"),
            Self::Class(class) => write!(f, "class {}", class.name()),
            Self::Advice { kind, path: None } => write!(f, "advice {kind}"),
            Self::Advice { kind, path: Some(pattern) } => write!(f, "advice {kind} in {pattern}"),
        }
    }
}

/// The list of exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct IgnoreList(pub(super) Vec<Ignore>);

impl Field for Setting<IgnoreList> {
    fn set(&mut self, node: &Yaml, place: &ValuePlace<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let ignores = LIST.read(node, &[], place, &mut faults, |item, at, faults| read(item, at, place, faults));
        if let Some(ignores) = ignores {
            *self = Self { value: IgnoreList(ignores), origin: place.origin.clone() };
        }
        faults
    }

    fn yaml(&self) -> String {
        let item = |ignore: &Ignore| {
            let what = match &ignore.what {
                Ignored::Path(pattern) => format!("path: {}", quoted(&pattern.to_string())),
                Ignored::Class(class) => format!("class: {}", class.name()),
                Ignored::Advice { kind, path: None } => format!("advice: {kind}"),
                Ignored::Advice { kind, path: Some(pattern) } => {
                    format!("advice: {kind}, path: {}", quoted(&pattern.to_string()))
                }
            };
            let until = ignore.until.map_or_else(String::new, |until| format!(", until: {until}"));
            format!("{{ {what}, reason: {}{until} }}", quoted(&ignore.reason))
        };
        format!("[{}]", self.value.0.iter().map(item).collect::<Vec<_>>().join(", "))
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// An exception for messages.
const EXAMPLE: &str = "`- { path: /var/cache/fonts, reason: TEXT, until: 2026-12-31 }`";

const LIST: ItemList =
    ItemList { name: "exceptions", expected: "a list of exceptions", most: MAX_EXCEPTIONS, example: EXAMPLE };

/// Reads the exception at `at`.
fn read(item: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<Ignore> {
    let Yaml::Map(entries) = item else {
        faults.push(place.fault(at, format!("expected an exception, found {}; write {EXAMPLE}", item.shown())));
        return None;
    };
    let (found_before, mut reason, mut until) = (faults.len(), None, None);
    let (mut glob, mut class, mut kind) = (None, None, None);
    keys_once(entries, at, place, faults);
    for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
        let (mut reasons, name) = (Vec::new(), bare(key));
        match name.as_str() {
            "path" => glob = scalar(node, &mut reasons, path),
            "class" => {
                let classes = WasteClass::ALL.map(|class| (class.name(), class));
                class = scalar(node, &mut reasons, |text| {
                    let unknown = || format!("unknown class `{}`; write {}", shortened(text), class_names());
                    one_of(text, &classes).map_err(|_| unknown())
                });
            }
            "advice" => kind = scalar(node, &mut reasons, advice_kind),
            "reason" => {
                reason = scalar(node, &mut reasons, |text| Ok(text.trim().to_owned())).filter(|text| !text.is_empty());
            }
            "until" => until = scalar(node, &mut reasons, str::parse::<Date>),
            _ => {
                let reason = format!("unknown key `{}`; write path, class or advice, reason, until", shortened(key));
                faults.push(place.fault(&[at, &[key.as_str()]].concat(), reason));
            }
        }
        let at = [at, &[key.as_str()]].concat();
        faults.extend(reasons.into_iter().map(|reason| place.fault(&at, format!("{name}: {reason}"))));
    }
    if faults.len() > found_before {
        return None;
    }
    let what = match (glob, class, kind) {
        (path, None, Some(kind)) => Ignored::Advice { kind, path },
        (Some(glob), None, None) => Ignored::Path(glob),
        (None, Some(class), None) => Ignored::Class(class),
        (None, None, None) => {
            faults.push(
                place.fault(at, "no path, class or advice; say what to leave out, such as `path: /var/cache/fonts`"),
            );
            return None;
        }
        (_, Some(class), _) => {
            let name = class.name();
            faults.push(place.fault(
                at,
                format!("the class {name} takes no path or advice beside it; write another exception for that"),
            ));
            return None;
        }
    };
    let Some(reason) = reason else {
        faults.push(place.fault(at, format!("the exception for {what} has no reason; add `reason: TEXT`")));
        return None;
    };
    Some(Ignore { what, reason, until, origin: place.of(at) })
}

/// The names of all classes, for messages.
fn class_names() -> String {
    WasteClass::ALL.map(WasteClass::name).join(", ")
}

fn path(text: &str) -> Result<PathGlob, String> {
    let pattern = PathGlob::parse(text)?;
    match pattern.sense {
        GlobSense::Includes => Ok(pattern),
        GlobSense::Excepts => {
            Err(format!("`{}` begins with `!`; an exception has no exceptions of its own", shortened(text)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_counts_on_its_last_day() {
        let until: Date = "2026-12-31".parse().unwrap();
        let ignore = |until| Ignore {
            what: Ignored::Class(WasteClass::PackageDatabases),
            reason: "x".to_owned(),
            until,
            origin: Origin::Default,
        };
        assert!(ignore(Some(until)).counts_on(until));
        assert!(!ignore(Some(until)).counts_on("2027-01-01".parse().unwrap()));
        assert!(ignore(None).counts_on(until));
    }

    #[test]
    fn every_pattern_of_a_class_is_valid() {
        for class in WasteClass::ALL {
            for pattern in class.patterns() {
                PathGlob::parse(pattern).unwrap();
            }
            assert_eq!(class.globs().len(), class.patterns().len());
        }
    }
}
