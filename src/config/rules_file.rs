//! The limits that CI rules are held to, and the file that sets them: `.dive-ci`, with its keys below `rules:`. The
//! limits are here and not in `ci` because `.dive.yaml` sets the same ones.

use std::io;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::layering::{self, Key, key};
use super::limit::Limit;
use super::origin::{Origin, Setting};
use super::problem::{ConfigError, Warning};
use super::surroundings::Surroundings;
use crate::units::{Bytes, Ratio};

/// A limit for each rule. Those nobody set are the defaults, and say so.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleLimits {
    /// The least efficiency that passes.
    pub lowest_efficiency: Setting<Limit<Ratio>>,
    /// The wasted bytes that fail, and any number above.
    pub highest_wasted_bytes: Setting<Limit<Bytes>>,
    /// The share of wasted bytes in the bytes of all layers but the first that fails, and any above.
    pub highest_user_wasted_percent: Setting<Limit<Ratio>>,
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self {
            lowest_efficiency: Setting::by_default(Limit::At(Ratio::percent(90))),
            highest_wasted_bytes: Setting::by_default(Limit::Off),
            highest_user_wasted_percent: Setting::by_default(Limit::At(Ratio::percent(10))),
        }
    }
}

impl RuleLimits {
    /// What the flags of the command line set; those left out stay the defaults.
    #[must_use]
    pub fn from_flags(
        lowest_efficiency: Option<Limit<Ratio>>,
        highest_wasted_bytes: Option<Limit<Bytes>>,
        highest_user_wasted_percent: Option<Limit<Ratio>>,
    ) -> Self {
        fn given<T>(limit: Option<T>, name: &'static str, otherwise: Setting<T>) -> Setting<T> {
            limit.map_or(otherwise, |value| Setting::by_flag(value, name))
        }
        let default = Self::default();
        Self {
            lowest_efficiency: given(lowest_efficiency, "--lowestEfficiency", default.lowest_efficiency),
            highest_wasted_bytes: given(highest_wasted_bytes, "--highestWastedBytes", default.highest_wasted_bytes),
            highest_user_wasted_percent: given(
                highest_user_wasted_percent,
                "--highestUserWastedPercent",
                default.highest_user_wasted_percent,
            ),
        }
    }

    /// These limits where somebody set them, else those of `below`.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        fn upper<T>(upper: Setting<T>, below: Setting<T>) -> Setting<T> {
            if upper.origin == Origin::Default { below } else { upper }
        }
        Self {
            lowest_efficiency: upper(self.lowest_efficiency, below.lowest_efficiency),
            highest_wasted_bytes: upper(self.highest_wasted_bytes, below.highest_wasted_bytes),
            highest_user_wasted_percent: upper(self.highest_user_wasted_percent, below.highest_user_wasted_percent),
        }
    }
}

/// A rules file that was read, or the fact that there is none.
#[derive(Debug, Clone, Default)]
pub struct RulesFile {
    /// The file, unless there is none.
    pub path: Option<PathBuf>,
    /// The limits it sets.
    pub limits: RuleLimits,
    /// What in it has no effect.
    pub warnings: Vec<Warning>,
}

/// The keys of a rules file. Layering takes the kebab-case spelling for the same.
const KEYS: [Key<RuleLimits>; 3] = [
    key!("rules.lowestEfficiency", lowest_efficiency),
    key!("rules.highestWastedBytes", highest_wasted_bytes),
    key!("rules.highestUserWastedPercent", highest_user_wasted_percent),
];

impl RulesFile {
    /// Reads the file that `--ci-config` names, else `.dive-ci` in the working directory where there is one.
    ///
    /// # Errors
    ///
    /// When the named file does not exist, or the file cannot be read or sets what it cannot set.
    pub fn load(around: &Surroundings, named: Option<&Path>) -> Result<Self, ConfigError> {
        let shown = named.unwrap_or(Path::new(".dive-ci"));
        let path = around.working_dir.join(shown);
        match path.try_exists() {
            // One that is named may be a pipe (`<(...)`); one that only lies there would keep the program waiting.
            Ok(true) if named.is_none() && !path.is_file() => Err(ConfigError::Unreadable {
                path: shown.to_owned(),
                cause: io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"),
            }),
            Ok(true) => Self::from_document(&Document::read(&path, shown)?),
            Ok(false) if named.is_none() => Ok(Self::default()),
            Ok(false) => Err(ConfigError::Missing { path: shown.to_owned(), flag: "--ci-config" }),
            Err(cause) => Err(ConfigError::Unreadable { path: shown.to_owned(), cause }),
        }
    }

    fn from_document(document: &Document) -> Result<Self, ConfigError> {
        let mut limits = RuleLimits::default();
        let mut warnings = layering::lay_document(&mut limits, &KEYS, document)?;
        if document.is_without("rules") {
            warnings.push(Warning::NoRules { path: document.path().to_owned() });
        }
        Ok(Self { path: Some(document.path().to_owned()), limits, warnings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RulesFile, String> {
        let document = Document::parse(".dive-ci".into(), text.to_owned()).map_err(|error| error.to_string())?;
        RulesFile::from_document(&document).map_err(|error| error.to_string())
    }

    fn warnings(text: &str) -> Vec<String> {
        parse(text).unwrap().warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rules_are_read_in_both_spellings_and_as_numbers_or_texts() {
        let camel = "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.2\n";
        let kebab = "rules:\n  lowest-efficiency: \"0.95\"\n  highest-wasted-bytes: \"20 Mb\"\n  \
                     highest-user-wasted-percent: '0.20'\n";
        for text in [camel, kebab, &camel.replace("20MB", "20000000")] {
            let file = parse(text).unwrap();
            assert_eq!(file.limits.lowest_efficiency.value, Limit::At(Ratio::percent(95)));
            assert_eq!(file.limits.highest_wasted_bytes.value, Limit::At(Bytes(20_000_000)));
            assert_eq!(file.limits.highest_user_wasted_percent.value, Limit::At(Ratio::percent(20)));
            assert_eq!(file.limits.highest_wasted_bytes.origin.to_string(), ".dive-ci:3");
            assert_eq!(file.warnings, []);
        }
    }

    #[test]
    fn a_rule_is_turned_off_by_every_word_for_it() {
        for word in ["disabled", "\"disabled\"", "off", "false", "", "~", "null", "\"\""] {
            let file = parse(&format!("rules:\n  lowestEfficiency: {word}\n")).unwrap();
            assert_eq!(file.limits.lowest_efficiency.value, Limit::Off, "{word}");
            assert_eq!(file.limits.lowest_efficiency.origin.to_string(), ".dive-ci:2");
        }
    }

    #[test]
    fn a_bad_value_is_refused_with_file_line_key_and_value() {
        for (line, message) in [
            (
                "lowestEfficiency: 1.5",
                ".dive-ci:3: lowestEfficiency: `1.5` is outside the range of a ratio: write a number from 0 to 1, such as \
                 0.9; or `disabled`",
            ),
            (
                "lowest-efficiency: abc",
                ".dive-ci:3: lowest-efficiency: `abc` is not a ratio: write a number from 0 to 1, such as 0.9; or `disabled`",
            ),
            (
                "highestWastedBytes: -1",
                ".dive-ci:3: highestWastedBytes: `-1` is not a size: write a number and a unit, such as 20MB, 1.5 GB or \
                 20MiB; or `disabled`",
            ),
            ("highestWastedBytes: [20MB]", ".dive-ci:3: highestWastedBytes: a list stands where one value belongs"),
        ] {
            assert_eq!(parse(&format!("rules:\n\n  {line}\n")).unwrap_err(), message);
        }
    }

    #[test]
    fn one_rule_in_two_spellings_is_refused() {
        assert_eq!(
            parse("rules:\n  lowestEfficiency: 0.9\n  lowest-efficiency: 0.8\n").unwrap_err(),
            ".dive-ci:3: lowest-efficiency: `lowestEfficiency` above sets the same: keep one of the two"
        );
        assert!(
            parse("rules:\n  lowestEfficiency: 0.9\n  lowestEfficiency: 0.9\n").unwrap_err().starts_with(".dive-ci:3:")
        );
    }

    #[test]
    fn unknown_rules_are_pointed_out_with_the_known_ones() {
        assert_eq!(
            warnings("rules:\n  lowestEfficiency: 0.9\n  lowestEficiency: 0.9\n"),
            [".dive-ci:3: unknown key `rules.lowestEficiency` has no effect; known here: lowestEfficiency, \
              highestWastedBytes, highestUserWastedPercent"]
        );
    }

    #[test]
    fn a_file_without_rules_is_fine_but_said_if_it_says_anything() {
        for text in ["", "# nothing yet\n", "rules:\n", "rules: {}\n"] {
            assert_eq!(warnings(text), Vec::<String>::new(), "{text}");
            assert_eq!(parse(text).unwrap().limits, RuleLimits::default());
        }
        let said = warnings("lowestEfficiency: 0.9\n");
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[1], ".dive-ci: has no `rules:`, so it sets no rule");
        assert!(parse("rules: 0.9\n").unwrap_err().starts_with(".dive-ci:1: rules: `0.9` stands where keys belong"));
        assert!(parse("- rules\n").unwrap_err().starts_with(".dive-ci:1: a list stands where keys belong: rules"));
    }

    #[test]
    fn only_a_file_that_is_named_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let around = Surroundings { working_dir: folder.path().to_owned(), ..Surroundings::default() };
        assert_eq!(RulesFile::load(&around, None).unwrap().path, None);
        assert_eq!(
            RulesFile::load(&around, Some(Path::new("rules.yaml"))).unwrap_err().to_string(),
            "rules.yaml: no such file, and --ci-config names it: correct the path"
        );
        std::fs::write(folder.path().join(".dive-ci"), "rules: { highestWastedBytes: 1MiB }").unwrap();
        let file = RulesFile::load(&around, None).unwrap();
        assert_eq!(file.path, Some(".dive-ci".into()));
        assert_eq!(file.limits.highest_wasted_bytes.value, Limit::At(Bytes(1 << 20)));
    }

    #[test]
    fn flags_go_over_a_file_and_defaults_under_both() {
        let flags = RuleLimits::from_flags(Some(Limit::Off), None, None);
        let file = parse("rules:\n  lowestEfficiency: 0.5\n  highestWastedBytes: 1MB\n").unwrap().limits;
        let merged = flags.over(file);
        assert_eq!(merged.lowest_efficiency, Setting::by_flag(Limit::Off, "--lowestEfficiency"));
        assert_eq!(merged.highest_wasted_bytes.origin.to_string(), ".dive-ci:3");
        assert_eq!(merged.highest_user_wasted_percent, RuleLimits::default().highest_user_wasted_percent);
    }
}
