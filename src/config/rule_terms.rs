//! The setting of a rule: its limit alone, or the long form with level, layers and a reason.
//!
//! ```yaml
//! highestImageBytes: 500MB
//! highestReclaimableBytes: { value: 1MB, level: warn, for: ours, reason: the base is not ours }
//! ```

use super::advice_limit::AdviceLimit;
use super::limit::{Fails, Limit};
use super::origin::{Fault, Origin, Setting, ValuePlace};
use super::path_rule;
use super::rule::Rule;
use super::spelling::{bare, is_free, variable};
use super::value::{Field, Value, keys_once, one_of, quoted, scalar, shortened};
use super::yaml::Yaml;
use dive_model::units::Ratio;

/// What a broken rule does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleLevel {
    /// The report says so.
    Warn,
    /// The image fails.
    Fail,
}

/// The layers that a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerChoice {
    /// The layers above the base image.
    Ours,
    /// All layers.
    All,
}

impl RuleLevel {
    /// The word in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl LayerChoice {
    /// The word in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::All => "all",
        }
    }
}

/// The setting of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleTerms {
    /// The rule.
    pub rule: Rule,
    /// The limit.
    pub limit: Limit,
    /// What a broken limit does.
    pub level: RuleLevel,
    /// The layers that count.
    pub layers: LayerChoice,
    /// Why the limit is as it is, for people.
    pub reason: Option<String>,
}

const LEVELS: [(&str, RuleLevel); 2] =
    [(RuleLevel::Fail.name(), RuleLevel::Fail), (RuleLevel::Warn.name(), RuleLevel::Warn)];
const CHOICES: [(&str, LayerChoice); 2] =
    [(LayerChoice::All.name(), LayerChoice::All), (LayerChoice::Ours.name(), LayerChoice::Ours)];

/// The keys of the long form.
const KEYS: [&str; 4] = ["value", "level", "for", "reason"];

impl Rule {
    /// Parses a limit of this rule.
    ///
    /// # Errors
    /// The reason, which quotes `text` and says what to write instead.
    pub fn parse_limit(self, text: &str) -> Result<Limit, String> {
        match self {
            // An image may grow by more than its size.
            Self::HighestGrowthPercent if !Limit::is_word_for_off(text) => {
                Ratio::parse_share(text).map(|share| Limit::Ratio(Some(share))).map_err(|error| error.to_string())
            }
            _ => self.row().default.parse(text),
        }
    }

    /// The variable that sets the limit.
    #[must_use]
    pub fn variable(self) -> String {
        variable(&format!("rules.{}", self.row().kebab_name))
    }
}

impl RuleTerms {
    /// A limit for all layers that the image must keep.
    #[must_use]
    pub const fn of(rule: Rule, limit: Limit) -> Self {
        Self { rule, limit, level: RuleLevel::Fail, layers: LayerChoice::All, reason: None }
    }

    /// The default of a rule.
    #[must_use]
    pub fn by_default(rule: Rule) -> Self {
        Self::of(rule, rule.row().default.clone())
    }

    /// True if every image that fails at `other` fails here too, and every image that it warns about gets a warning or fails.
    pub(super) fn is_as_strict_as(&self, other: &Self) -> bool {
        other.limit.is_off()
            || (self.limit.is_as_strict_as(&other.limit, self.rule.row().fails)
                && self.level >= other.level
                && self.layers >= other.layers)
    }

    /// Reads the limit or the long form. `None` leaves the setting as it is.
    fn read(&self, node: &Yaml, place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        match node {
            Yaml::Map(entries) if !self.has_limits_of_kinds(entries) => self.read_long_form(entries, place, faults),
            node => self.read_limit(node, &[], place, faults).map(|limit| Self::of(self.rule, limit)),
        }
    }

    /// True for a mapping of kinds of advice to limits, which has no key of the long form.
    fn has_limits_of_kinds(&self, entries: &[(String, Yaml)]) -> bool {
        let mut keys = entries.iter().map(|(key, _)| key).filter(|key| !is_free(key)).peekable();
        matches!(self.limit, Limit::Advice(_))
            && keys.peek().is_some()
            && keys.all(|key| !KEYS.contains(&bare(key).as_str()))
    }

    fn read_limit(&self, node: &Yaml, at: &[&str], place: &ValuePlace<'_>, faults: &mut Vec<Fault>) -> Option<Limit> {
        if matches!(self.limit, Limit::Paths(_)) && !matches!(node, Yaml::Scalar(_)) {
            return path_rule::read(node, at, place, faults).map(Limit::Paths);
        }
        if let (Limit::Advice(_), Yaml::Map(entries)) = (&self.limit, node) {
            return AdviceLimit::read_kinds(entries, at, place, faults).map(|limit| Limit::Advice(Some(limit)));
        }
        let mut reasons = Vec::new();
        let parse = |text: &str| self.rule.parse_limit(text).map_err(|reason| format!("{reason}, or `disabled`"));
        let limit = scalar(node, &mut reasons, parse);
        faults.extend(reasons.into_iter().map(|reason| place.fault(at, reason)));
        limit
    }

    fn read_long_form(
        &self,
        entries: &[(String, Yaml)],
        place: &ValuePlace<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let mut terms = Self { level: RuleLevel::Fail, layers: LayerChoice::All, reason: None, ..self.clone() };
        let (found_before, mut has_value) = (faults.len(), false);
        keys_once(entries, &[], place, faults);
        for (key, node) in entries.iter().filter(|(key, _)| !is_free(key)) {
            let at = [key.as_str()];
            let name = bare(key);
            let mut reasons = Vec::new();
            match name.as_str() {
                "value" => {
                    // Rules about paths name their own keys.
                    has_value = *node != Yaml::Empty;
                    let limit = self.read_limit(node, &at, place, faults);
                    terms.limit = limit.unwrap_or(terms.limit);
                }
                "level" => {
                    let level = scalar(node, &mut reasons, |text| one_of(text, &LEVELS));
                    terms.level = level.unwrap_or(terms.level);
                }
                "for" => {
                    let layers = scalar(node, &mut reasons, |text| one_of(text, &CHOICES));
                    terms.layers = layers.unwrap_or(terms.layers);
                    if let (LayerChoice::Ours, Some(why)) = (terms.layers, self.rule.row().only_all_layers) {
                        reasons.push(format!("`ours` does not apply here: {why}"));
                    }
                }
                "reason" => terms.reason = scalar(node, &mut reasons, |text| Ok(text.trim().to_owned())),
                _ => {
                    let reason = format!("unknown key `{}`; write {}", shortened(key), KEYS.join(", "));
                    faults.push(place.fault(&at, reason));
                }
            }
            faults.extend(reasons.into_iter().map(|reason| place.fault(&at, format!("{name}: {reason}"))));
        }
        if !has_value && faults.len() == found_before {
            faults.push(place.fault(&[], format!("no limit; add `value:`, such as `{{ value: {} }}`", self.example())));
        }
        (faults.len() == found_before).then_some(terms)
    }

    /// A limit for messages.
    const fn example(&self) -> &'static str {
        match self.limit {
            Limit::Ratio(_) if matches!(self.rule.row().fails, Fails::Below) => "0.9",
            Limit::Ratio(_) => "0.1",
            Limit::Bytes(_) | Limit::Advice(_) => "20MB",
            Limit::Count(_) => "20",
            Limit::Ban(_) => "true",
            Limit::Paths(_) => "[{ path: .git, forbid: true }]",
        }
    }

    /// The limit as YAML. Sizes that print rounded are printed in bytes: a rounded limit would be another one.
    fn limit_yaml(&self) -> String {
        let printed = self.limit.to_string();
        match &self.limit {
            Limit::Bytes(Some(bytes)) | Limit::Advice(Some(AdviceLimit::All(bytes)))
                if self.limit.parse(&printed).as_ref() != Ok(&self.limit) =>
            {
                bytes.yaml()
            }
            _ => printed,
        }
    }
}

impl Field for Setting<RuleTerms> {
    fn set(&mut self, node: &Yaml, place: &ValuePlace<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(value) = self.value.read(node, place, &mut faults) {
            *self = Self { value, origin: place.origin.clone() };
        }
        faults
    }

    fn yaml(&self) -> String {
        let RuleTerms { level, layers, reason, .. } = &self.value;
        let limit = self.value.limit_yaml();
        let level = (*level != RuleLevel::Fail).then(|| format!("level: {}", level.name()));
        let layers = (*layers != LayerChoice::All).then(|| format!("for: {}", layers.name()));
        let reason = reason.as_ref().map(|reason| format!("reason: {}", quoted(reason)));
        let others: Vec<String> = [level, layers, reason].into_iter().flatten().collect();
        if others.is_empty() { limit } else { format!("{{ value: {limit}, {} }}", others.join(", ")) }
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::units::Bytes;

    fn read(node: &Yaml) -> Result<Setting<RuleTerms>, Vec<String>> {
        let mut setting = Setting::by_default(RuleTerms::by_default(Rule::HighestReclaimableBytes));
        let faults = setting.set(node, &ValuePlace::whole(Origin::Variable("x".to_owned())));
        if faults.is_empty() { Ok(setting) } else { Err(faults.into_iter().map(|fault| fault.reason).collect()) }
    }

    fn long(entries: &[(&str, &str)]) -> Yaml {
        Yaml::Map(entries.iter().map(|(key, text)| ((*key).to_owned(), Yaml::Scalar((*text).to_owned()))).collect())
    }

    #[test]
    fn the_long_form_is_read_and_printed() {
        let node = long(&[("value", "20MB"), ("Level", "WARN"), ("for", "ours"), ("reason", " a: b ")]);
        let setting = read(&node).unwrap();
        let RuleTerms { limit, level, layers, reason, .. } = &setting.value;
        assert_eq!(*limit, Limit::Bytes(Some(Bytes(20_000_000))));
        assert_eq!((*level, *layers, reason.as_deref()), (RuleLevel::Warn, LayerChoice::Ours, Some("a: b")));
        assert_eq!(setting.yaml(), "{ value: 20 MB, level: warn, for: ours, reason: \"a: b\" }");
        assert_eq!(read(&long(&[("value", "82622")])).unwrap().yaml(), "82622B");
        assert_eq!(read(&Yaml::Scalar("1MiB".to_owned())).unwrap().yaml(), "1048576B");
    }

    #[test]
    fn a_long_form_with_mistakes_says_what_to_write() {
        for (entries, reasons) in [
            (&[("level", "warn")][..], &["no limit; add `value:`, such as `{ value: 20MB }`"][..]),
            (&[], &["no limit; add `value:`, such as `{ value: 20MB }`"]),
            (
                &[("value", "1MB"), ("level", "error"), ("for", "base"), ("why", "x")],
                &[
                    "level: `error` is not a valid value; write one of fail, warn",
                    "for: `base` is not a valid value; write one of all, ours",
                    "unknown key `why`; write value, level, for, reason",
                ],
            ),
            (&[("value", "1MB"), ("VALUE", "2MB")], &["`VALUE` is set twice; keep one of the two"]),
        ] {
            assert_eq!(read(&long(entries)).unwrap_err(), reasons, "{entries:?}");
        }
    }

    /// A repository's `.dive.yaml` must not turn the user's failure into a warning.
    #[test]
    fn terms_are_stricter_only_in_all_parts() {
        let terms = |bytes, level, layers| RuleTerms {
            level,
            layers,
            ..RuleTerms::of(Rule::HighestReclaimableBytes, Limit::Bytes(Some(Bytes(bytes))))
        };
        let held = terms(5, RuleLevel::Fail, LayerChoice::All);
        assert!(terms(4, RuleLevel::Fail, LayerChoice::All).is_as_strict_as(&held));
        assert!(!terms(4, RuleLevel::Warn, LayerChoice::All).is_as_strict_as(&held));
        assert!(!terms(4, RuleLevel::Fail, LayerChoice::Ours).is_as_strict_as(&held));
        assert!(terms(9, RuleLevel::Warn, LayerChoice::Ours).is_as_strict_as(&RuleTerms::by_default(held.rule)));
    }
}
