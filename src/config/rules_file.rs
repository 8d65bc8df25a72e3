//! Reads the rules file `.dive-ci`, whose keys below `rules:` set the limits of the rules.

use std::io;
use std::path::{Path, PathBuf};

use super::discovery::Discovery;
use super::document::Document;
use super::file;
use super::ignore::{Ignore, IgnoreList};
use super::image_rules::{ImageRules, ImageRulesList};
use super::layering;
use super::links::{self, Link};
use super::origin::{ConfigScope, Origin, Setting};
use super::problem::{ConfigError, Warning};
use super::rule::{self, RulesIn};
use super::rule_limits::RuleLimits;
use super::table::{BadValue, KeyRow, OtherFile, Table, Trust, bare, gate};
use super::value::ImageArgument;
use dive_model::units::Bytes;
use dive_sources::Environment;

/// The content of a rules file; empty without one.
#[derive(Debug, Clone, Default)]
pub struct RulesFile {
    /// The file; `None` if there is none.
    pub path: Option<PathBuf>,
    /// The limits in it.
    pub limits: RuleLimits,
    /// The base image.
    pub base: Option<Setting<String>>,
    /// The summary of an earlier image.
    pub baseline: Option<Setting<PathBuf>>,
    /// Exceptions from this program's own rules.
    pub ignores: Vec<Ignore>,
    /// Groups of waste below this size do not count in this program's own rules.
    pub waste_floor: Option<Setting<Bytes>>,
    /// Rules for some images.
    pub images: Vec<ImageRules>,
    /// Warnings about keys without effect.
    pub warnings: Vec<Warning>,
}

/// The values of the keys of a rules file.
#[derive(Debug, Clone)]
struct RulesFileKeys {
    limits: RuleLimits,
    base: Setting<Option<ImageArgument>>,
    baseline: Setting<Option<PathBuf>>,
    ignore: Setting<IgnoreList>,
    waste_floor: Setting<Option<Bytes>>,
    images: Setting<ImageRulesList>,
}

impl AsRef<RuleLimits> for RulesFileKeys {
    fn as_ref(&self) -> &RuleLimits {
        &self.limits
    }
}

impl AsMut<RuleLimits> for RulesFileKeys {
    fn as_mut(&mut self) -> &mut RuleLimits {
        &mut self.limits
    }
}

/// The keys of a rules file.
fn table() -> Table<RulesFileKeys> {
    // The name is checked when the base image is opened.
    let base: KeyRow<RulesFileKeys> = gate!("base", Trust::Anyone, base);
    // The path is checked when the file is opened.
    let baseline: KeyRow<RulesFileKeys> = gate!("baseline", Trust::Anyone, baseline);
    let ignore: KeyRow<RulesFileKeys> = gate!("ignore", Trust::Anyone, ignore);
    let waste_floor: KeyRow<RulesFileKeys> = gate!("ignoreWasteBelow", Trust::Anyone, waste_floor);
    let images: KeyRow<RulesFileKeys> = gate!("images", Trust::Anyone, images);
    let keys = [&[base, baseline, ignore, waste_floor, images], &rule::keys(RulesIn::RulesFile)[..]].concat();
    Table {
        keys,
        inert: &[],
        stray_rules: BadValue::Refused,
        other: OtherFile { name: ".dive.yaml", keys: settings() },
    }
}

/// The outermost keys of a configuration that a rules file does not have.
fn settings() -> Vec<String> {
    let Table { keys, inert, .. } = file::table();
    let inert = inert.iter().map(|inert| inert.path);
    let paths = keys.iter().flat_map(KeyRow::paths).chain(inert);
    let mut outermost: Vec<String> = paths.filter_map(|path| path.split('.').next()).map(bare).collect();
    outermost.retain(|key| key != "rules");
    outermost.dedup();
    outermost
}

impl RulesFile {
    /// The default rules file, in the working directory.
    pub const NAME: &'static str = ".dive-ci";

    /// The keys of a rules file, without those below `rules`, for its manual page.
    pub fn keys_beside_rules() -> impl Iterator<Item = &'static str> {
        table().keys.into_iter().map(|key| key.path).filter(|path| !path.starts_with("rules."))
    }

    /// Reads the file that a flag, a variable or a configuration names, otherwise `.dive-ci` in the working directory if it
    /// exists. A file that is also one of the `configurations` may have their keys.
    ///
    /// # Errors
    /// [`ConfigError::Mistakes`] lists all mistakes. A file that a flag or a variable names must exist. A
    /// configuration applies to many folders, so its missing file is only a warning. An existing file must be readable: a
    /// gate must not vanish because of a permission.
    pub fn load(
        environment: &Environment,
        named: &Setting<Option<PathBuf>>,
        configurations: &Discovery,
    ) -> Result<Self, ConfigError> {
        let shown = named.value.as_deref().unwrap_or(Path::new(Self::NAME));
        let path = environment.working_dir.join(shown);
        let read = |path: &Path| {
            let file = Self::from_document(&Document::read(path, shown)?)?;
            let is_configuration = configurations.has_read(path, &environment.working_dir);
            Ok(if is_configuration { file.of_configuration() } else { file })
        };
        let link = links::link_of(shown, &environment.working_dir);
        match (path.try_exists(), &named.value) {
            // A file that the user names may be a pipe (`<(...)`); a pipe named `.dive-ci` could block for ever.
            (Ok(true), None) if path.is_dir() => Err(ConfigError::IsDirectory { path: shown.to_owned() }),
            (Ok(true), None) if !path.is_file() => Err(not_regular(shown)),
            (Ok(true), _) if link.is_in_working_dir() && path.is_file() => Self::unquoted(read(&path), shown, link),
            // The user's own file names it for every folder, also for those with a pipe of that name.
            (Ok(true), Some(_)) if matches!(named.origin, Origin::File { .. }) && !path.is_file() && !path.is_dir() => {
                Err(not_regular(shown))
            }
            // A list may be a stranger's, and name any file.
            (Ok(true), Some(_)) if named.origin == Origin::Flag("--from") => {
                match links::is_inside(&path, &environment.working_dir) {
                    _ if !path.is_file() => Err(not_regular(shown)),
                    true => read(&path),
                    false => Self::unquoted(read(&path), shown, link),
                }
            }
            (Ok(true), _) => read(&path),
            // A gate must not vanish because the file it leads to was moved.
            (Ok(false), None) if path.is_symlink() => Err(ConfigError::Unreadable {
                path: shown.to_owned(),
                cause: io::Error::new(io::ErrorKind::NotFound, "it is a symbolic link to a missing file"),
            }),
            (Ok(false), None) => Ok(Self::default()),
            (Ok(false), Some(_)) => match &named.origin {
                origin @ Origin::File { .. } => {
                    let warning = Warning::NoRulesFile { origin: origin.clone(), path: shown.to_owned() };
                    Ok(Self { warnings: vec![warning], ..Self::default() })
                }
                named_by => Err(ConfigError::Missing { path: shown.to_owned(), named_by: named_by.clone() }),
            },
            (Err(cause), _) => Err(ConfigError::Unreadable { path: shown.to_owned(), cause }),
        }
    }

    /// Reads the text of a rules file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::from_document(&Document::parse(Self::NAME.into(), text.to_owned())?)
    }

    /// The result for a rules file that is a link, or outside of the working directory: a file shared by several projects, or a
    /// secret that a pull request wants printed. Errors therefore do not quote it.
    fn unquoted(read: Result<Self, ConfigError>, shown: &Path, link: Link) -> Result<Self, ConfigError> {
        let why = match link {
            Link::Within => {
                "it is a symbolic link, and the file has errors; run `dive --ci-config` with its target to see them"
            }
            _ => {
                "it leads out of the working directory, and the file has errors; run `dive --ci-config` with that file to see them"
            }
        };
        ConfigError::unquoted(read, |file| file.warnings.is_empty(), shown, why)
    }

    /// Drops the warnings about keys beside the rules: those of a configuration have an effect, and reading the file as a
    /// configuration has reported the others.
    fn of_configuration(mut self) -> Self {
        self.warnings.retain(|warning| {
            !matches!(
                warning,
                Warning::OfOtherFile { .. }
                    | Warning::UnknownKey { .. }
                    | Warning::MoreUnknownKeys { .. }
                    | Warning::ForeignRule { .. }
            )
        });
        self
    }

    fn from_document(document: &Document) -> Result<Self, ConfigError> {
        let mut keys = RulesFileKeys {
            limits: RuleLimits::default(),
            base: Setting::by_default(None),
            baseline: Setting::by_default(None),
            ignore: Setting::by_default(IgnoreList::default()),
            waste_floor: Setting::by_default(None),
            images: Setting::by_default(ImageRulesList::default()),
        };
        let mut warnings = layering::lay_document(&mut keys, &table(), document, ConfigScope::User)?;
        if document.is_without("rules") && keys.ignore.value.0.is_empty() && keys.images.value.0.is_empty() {
            warnings.push(Warning::NoRules { path: document.path().to_owned() });
        }
        let RulesFileKeys { limits, base: Setting { value, origin }, baseline, ignore, waste_floor, images } = keys;
        let base = value.map(|ImageArgument(value)| Setting { value, origin });
        let baseline = baseline.value.map(|value| Setting { value, origin: baseline.origin });
        let (path, ignores) = (Some(document.path().to_owned()), ignore.value.0);
        let waste_floor = waste_floor.value.map(|value| Setting { value, origin: waste_floor.origin });
        let images = images.value.0;
        Ok(Self { path, limits, base, baseline, ignores, waste_floor, images, warnings })
    }
}

/// The error of a pipe or a device in place of a rules file.
fn not_regular(shown: &Path) -> ConfigError {
    ConfigError::unusable(shown, io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limit, Rule};
    use dive_model::units::{Bytes, Ratio};

    fn parse(text: &str) -> Result<RulesFile, String> {
        RulesFile::parse(text).map_err(|error| error.to_string())
    }

    fn warnings(text: &str) -> Vec<String> {
        parse(text).unwrap().warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn rules_are_read_in_both_spellings_as_numbers_or_text() {
        let camel = "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.2\n";
        let kebab = "rules:\n  lowest-efficiency: \"0.95\"\n  highest-wasted-bytes: \"20 Mb\"\n  \
                     highest-user-wasted-percent: '0.20'\n";
        for text in [camel, kebab, &camel.replace("20MB", "20000000")] {
            let file = parse(text).unwrap();
            assert_eq!(file.limits[Rule::LowestEfficiency].value.limit, Limit::Ratio(Some(Ratio::percent(95))));
            assert_eq!(file.limits[Rule::HighestWastedBytes].value.limit, Limit::Bytes(Some(Bytes(20_000_000))));
            assert_eq!(file.limits[Rule::HighestUserWastedPercent].value.limit, Limit::Ratio(Some(Ratio::percent(20))));
            assert_eq!(file.limits[Rule::HighestWastedBytes].origin.to_string(), ".dive-ci:3");
            assert_eq!(file.warnings, []);
        }
    }

    #[test]
    fn every_word_for_off_turns_a_rule_off() {
        for word in ["disabled", "\"disabled\"", "off", "false", "\"\""] {
            let file = parse(&format!("rules:\n  lowestEfficiency: {word}\n")).unwrap();
            assert_eq!(file.limits[Rule::LowestEfficiency].value.limit, Limit::Ratio(None), "{word}");
            assert_eq!(file.limits[Rule::LowestEfficiency].origin.to_string(), ".dive-ci:2");
        }
    }

    /// As in dive, a rule without a value is not off.
    #[test]
    fn a_rule_without_a_value_keeps_its_default() {
        for word in ["", "~", "null"] {
            let file = parse(&format!("rules:\n  lowestEfficiency: {word}\n")).unwrap();
            assert_eq!(file.limits, RuleLimits::default(), "{word}");
        }
    }

    #[test]
    fn an_invalid_limit_is_refused_with_its_file_line_and_key() {
        for (line, message) in [
            (
                "lowestEfficiency: 1.5",
                ".dive-ci:3: lowestEfficiency: `1.5` is outside the range of a ratio: write a number from 0 to 1, such as \
                 0.9, or `disabled`",
            ),
            (
                "lowest-efficiency: abc",
                ".dive-ci:3: lowest-efficiency: `abc` is not a ratio: write a number from 0 to 1, such as 0.9, or `disabled`",
            ),
            (
                "highestWastedBytes: -1",
                ".dive-ci:3: highestWastedBytes: `-1` is not a size: write a number and a unit, such as 20MB, 1.5 GB or \
                 20MiB, or `disabled`",
            ),
            (
                "highestWastedBytes: [20MB]",
                ".dive-ci:3: highestWastedBytes: expected one value, found a list; keep one of its items, without the dash or brackets",
            ),
        ] {
            assert_eq!(parse(&format!("rules:\n\n  {line}\n")).unwrap_err(), message);
        }
    }

    #[test]
    fn a_rule_in_two_spellings_is_refused() {
        assert_eq!(
            parse("rules:\n  lowestEfficiency: 0.9\n  lowest-efficiency: 0.8\n").unwrap_err(),
            ".dive-ci:3: lowest-efficiency: `lowestEfficiency` above sets the same key; keep one of the two"
        );
        assert!(
            parse("rules:\n  lowestEfficiency: 0.9\n  lowestEfficiency: 0.9\n").unwrap_err().starts_with(".dive-ci:3:")
        );
    }

    #[test]
    fn an_unknown_rule_is_a_warning_with_the_known_names() {
        assert_eq!(
            warnings("rules:\n  lowestEfficiency: 0.9\n  imageSizeLimit: 500MB\n"),
            [".dive-ci:3: unknown key `rules.imageSizeLimit` has no effect; highestImageBytes does this"]
        );
        let unknown = warnings("rules:\n  lowestEfficiency: 0.9\n  owner: team\n");
        let start = ".dive-ci:3: unknown key `rules.owner` has no effect; valid here: lowestEfficiency, highestWastedBytes, \
                     highestUserWastedPercent, highestImageBytes, ";
        assert!(unknown[0].starts_with(start), "{unknown:?}");
        assert_eq!(warnings("rules:\n  x-old: {lowestEfficiency: 0.9}\nX-base: &e 0.9\n"), [""; 0]);
    }

    #[test]
    fn a_key_of_the_configuration_names_its_place() {
        for (text, key) in [
            ("rules: {}\nlog:\n  enabled: true\n", "log"),
            ("rules: {}\nlog.path: x.log\n", "log.path"),
            ("rules: {}\ncontainerEngine: podman\n", "containerEngine"),
            ("rules: {}\nkeybinding: { quit: q }\n", "keybinding"),
        ] {
            let warning = format!(".dive-ci:2: unknown key `{key}` has no effect here; write it in .dive.yaml");
            assert_eq!(warnings(text), [warning]);
        }
    }

    #[test]
    fn a_directory_in_place_of_the_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".dive-ci")).unwrap();
        let environment = Environment::new(folder.path().to_owned(), None, []);
        for named in [Setting::by_default(None), Setting::by_flag(Some(".dive-ci".into()), "--ci-config")] {
            assert_eq!(
                RulesFile::load(&environment, &named, &Discovery::default()).unwrap_err().to_string(),
                ".dive-ci is a directory, not a file; correct the path, or write the file before a container mounts it"
            );
        }
    }

    /// Anchors and remarks of other programs are written under such keys.
    #[test]
    fn keys_that_begin_with_x_are_free_inside_items_too() {
        let text = "rules:\n  highestLayerCount: { value: 9, x-team: shop }\n  paths:\n    - { path: a, forbid: true, X-team: shop }\n\
                    ignore:\n  - { path: b, reason: c, x-ticket: 12 }\n";
        let file = parse(text).unwrap();
        assert_eq!(file.limits[Rule::HighestLayerCount].value.limit, Limit::Count(Some(9)));
        assert_eq!((file.ignores.len(), file.warnings), (1, Vec::new()));
    }

    #[test]
    fn a_misplaced_or_misspelt_key_beside_the_rules_says_where_it_belongs() {
        assert_eq!(
            warnings("rules:\n  Ignore: [{ path: a, reason: b }]\n"),
            [".dive-ci:2: rules.Ignore has no effect; `ignore` belongs beside `rules:`, not below it"]
        );
        for (key, nearest) in
            [("ignores", "ignore"), ("baselin", "baseline"), ("bases", "base"), ("ignoreWastBelow", "ignoreWasteBelow")]
        {
            assert_eq!(
                warnings(&format!("rules:\n  highestLayerCount: 9\n{key}: x\n")),
                [format!(".dive-ci:3: unknown key `{key}` has no effect; did you mean {nearest}?")]
            );
        }
    }

    /// dive 0.13.1 takes both: a budget must not vanish because it is written in another way.
    #[test]
    fn merged_rules_and_dotted_keys_are_rules() {
        for (text, lines) in [
            ("x: &d {lowestEfficiency: 0.5}\nrules:\n  <<: *d\n  highestWastedBytes: 1MB\n", (1, 4)),
            ("x-d: &d\n  lowestEfficiency: 0.5\nrules: {<<: [*d], highestWastedBytes: 1MB}\n", (2, 3)),
            ("x: &d {rules: {lowestEfficiency: 0.5}}\n<<: *d\nrules.highestWastedBytes: 1MB\n", (1, 3)),
            ("Rules.lowest-efficiency: 0.5\nrules: {highestWastedBytes: 1MB}\n", (1, 2)),
        ] {
            let file = parse(text).unwrap();
            let (lowest, most) = (&file.limits[Rule::LowestEfficiency], &file.limits[Rule::HighestWastedBytes]);
            assert_eq!(lowest.value.limit, Limit::Ratio(Some(Ratio::percent(50))), "{text}");
            assert_eq!(most.value.limit, Limit::Bytes(Some(Bytes(1_000_000))), "{text}");
            let origins = (lowest.origin.to_string(), most.origin.to_string());
            assert_eq!(origins, (format!(".dive-ci:{}", lines.0), format!(".dive-ci:{}", lines.1)), "{text}");
            assert_eq!(file.warnings, [], "{text}");
        }
        for (text, message) in [
            ("rules.lowestEficiency: 0.9\n", ".dive-ci:1: rules.lowestEficiency: no rule has this name"),
            (
                "rule.lowestEfficiency: 0.9\n",
                ".dive-ci:1: rule.lowestEfficiency: a rule has no effect outside `rules:`",
            ),
            ("rules.lowestEfficiency: 0.9\nrules: {lowestEfficiency: 0.8}\n", ".dive-ci:2: lowestEfficiency: "),
            ("x: &d {lowestEfficiency: 0.5}\nrules: {}\n", ".dive-ci:1: x.lowestEfficiency: a rule has no effect"),
            ("rules: {<<: 1}\n", ".dive-ci:1: `<<` merges mappings"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }

    /// A typo must not disable a gate.
    #[test]
    fn a_misspelt_or_misplaced_rule_is_refused() {
        assert_eq!(
            parse("rules:\n  lowestEfficiency: 0.9\n  lowestEficiency: 0.9\n").unwrap_err(),
            ".dive-ci:3: rules.lowestEficiency: no rule has this name; did you mean lowestEfficiency?"
        );
        assert_eq!(
            parse("rules:\n  forbid-secrets: true\n").unwrap_err(),
            ".dive-ci:2: rules.forbid-secrets: this version of dive has no rule `forbid-secrets`; remove it, or use a version \
             that has it"
        );
        let stray = |text| parse(text).unwrap_err();
        assert_eq!(
            stray("rules:\n  highestWastedBytes: 1B\nlowest-efficiency: 0.9\n"),
            ".dive-ci:3: lowest-efficiency: a rule has no effect outside `rules:`; write it as `rules:`, and \
             lowestEfficiency indented below"
        );
        assert!(stray("rule:\n  highestWastedBytes: 1B\n").starts_with(".dive-ci:2: rule.highestWastedBytes: "));
        assert!(stray("rules:\n  ci:\n    HIGHESTWASTEDBYTES: 1B\n").starts_with(".dive-ci:3: rules.ci.HIGHEST"));
    }

    #[test]
    fn all_invalid_limits_are_in_one_error() {
        let bad = |text: &str| match RulesFile::parse(text) {
            Err(ConfigError::Mistakes(mistakes)) => mistakes.limits().cloned().collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let limits =
            bad("rules:\n  lowestEfficiency: 95\n  highestWastedBytes: 20MB\n  highest-user-wasted-percent: 20%\n");
        let found: Vec<_> = limits.iter().map(|bad| (bad.rule, bad.key.as_str(), bad.value.as_str())).collect();
        assert_eq!(
            found,
            [
                (Rule::LowestEfficiency, "lowestEfficiency", "`95`"),
                (Rule::HighestUserWastedPercent, "highest-user-wasted-percent", "`20%`")
            ]
        );
        assert_eq!(limits[1].origin.to_string(), ".dive-ci:4");
        for text in ["rules: [a]\n", "rules: 0.9\n"] {
            let rules: Vec<_> = bad(text).iter().map(|bad| bad.rule).collect();
            assert_eq!(rules, Rule::DIVES);
        }
    }

    #[test]
    fn a_file_with_keys_but_no_rules_is_a_warning() {
        for text in ["", "# nothing yet\n", "rules:\n", "rules: {}\n"] {
            assert_eq!(warnings(text), Vec::<String>::new(), "{text}");
            assert_eq!(parse(text).unwrap().limits, RuleLimits::default());
        }
        let said = warnings("output: json\n");
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[1], ".dive-ci has no `rules:`, so it sets no rule");
        assert!(parse("rules: 0.9\n").unwrap_err().starts_with(".dive-ci:1: rules: expected a mapping, found `0.9`"));
        assert!(
            parse("- rules\n").unwrap_err().starts_with(".dive-ci:1: expected a mapping, found a list; its keys are ")
        );
    }

    #[test]
    fn only_a_named_file_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::new(folder.path().to_owned(), None, []);
        let (default, none) = (Setting::by_default(None), Discovery::default());
        assert_eq!(RulesFile::load(&environment, &default, &none).unwrap().path, None);
        let mut named = Setting::by_flag(Some("rules.yaml".into()), "--ci-config");
        assert_eq!(
            RulesFile::load(&environment, &named, &none).unwrap_err().to_string(),
            "rules.yaml: no such file; correct the path in --ci-config"
        );
        named.origin = Origin::File { path: "d.yaml".into(), line: Some(2) };
        let warnings = RulesFile::load(&environment, &named, &none).unwrap().warnings;
        assert_eq!(warnings[0].to_string(), "d.yaml:2: ci-config: rules.yaml does not exist, so it sets no rule");
        std::fs::write(folder.path().join(".dive-ci"), "rules: { highestWastedBytes: 1MiB }").unwrap();
        let file = RulesFile::load(&environment, &default, &none).unwrap();
        assert_eq!(file.path, Some(".dive-ci".into()));
        assert_eq!(file.limits[Rule::HighestWastedBytes].value.limit, Limit::Bytes(Some(Bytes(1 << 20))));
    }
}
