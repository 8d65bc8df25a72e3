//! The configuration, `.dive.yaml`: every key with its type and default, in one table. From that table come the spelling
//! in the file, the name of the variable and the lines of `dive config`.

use std::path::{Path, PathBuf};

use super::action;
use super::discovery::{self, Found};
use super::document::Document;
use super::keybinding::Keybinding;
use super::layering::{self, Key, key};
use super::origin::{Origin, Setting};
use super::problem::{ConfigError, Warning};
use super::rules_file::RuleLimits;
use super::surroundings::Surroundings;
use super::value::{DiffType, LogLevel, ThemeName};
use crate::source::ContainerEngine;
use crate::units::Ratio;

/// What holds: defaults, then the file, then the variables, each over the one before. Flags go over all of them, in
/// `run`, which knows them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where an image without a scheme is looked for.
    pub container_engine: Setting<ContainerEngine>,
    /// Whether to show what can be shown of a damaged image.
    pub ignore_errors: Setting<bool>,
    /// The colours of the screen.
    pub theme: Setting<ThemeName>,
    /// The log.
    pub log: Log,
    /// The keys of the screen.
    pub keybinding: Keybinding,
    /// What of a layer's changes is shown.
    pub diff: Diff,
    /// The file tree.
    pub filetree: FileTree,
    /// The list of layers.
    pub layer: Layer,
    /// What the rules of CI mode are held to, as far as flags and `.dive-ci` do not say.
    pub rules: RuleLimits,
    /// The file that was read, or where one was looked for.
    pub found: Found,
    /// What in the file and the variables has no effect.
    pub warnings: Vec<Warning>,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    /// Whether one is written. Who sets one of the others wants one, unless this is set, too.
    pub enabled: Setting<bool>,
    /// Where, from the working directory.
    pub path: Setting<PathBuf>,
    /// How much it says.
    pub level: Setting<LogLevel>,
}

/// What of a layer's changes is shown.
#[derive(Debug, Clone)]
pub struct Diff {
    /// The files that are hidden at the start.
    pub hide: Setting<Vec<DiffType>>,
}

/// The file tree.
#[derive(Debug, Clone)]
pub struct FileTree {
    /// Whether directories are collapsed at the start.
    pub collapse_dir: Setting<bool>,
    /// Its share of the screen's width.
    pub pane_width: Setting<Ratio>,
    /// Whether permissions, owners and sizes are shown at the start.
    pub show_attributes: Setting<bool>,
}

/// The list of layers.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Whether all changes since the base layer are shown at the start, and not the selected layer's.
    pub show_aggregated_changes: Setting<bool>,
}

impl Log {
    /// A path or a level says that there is to be a log, if nobody says otherwise.
    fn settle(&mut self) {
        let wanted = [&self.path.origin, &self.level.origin].into_iter().find(|origin| **origin != Origin::Default);
        if let (Origin::Default, Some(origin)) = (&self.enabled.origin, wanted) {
            self.enabled = Setting { value: true, origin: origin.clone() };
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            container_engine: Setting::by_default(ContainerEngine::Docker),
            ignore_errors: Setting::by_default(false),
            theme: Setting::by_default(ThemeName::Auto),
            log: Log {
                enabled: Setting::by_default(false),
                path: Setting::by_default(PathBuf::from("./dive.log")),
                level: Setting::by_default(LogLevel::Info),
            },
            keybinding: Keybinding::default(),
            diff: Diff { hide: Setting::by_default(Vec::new()) },
            filetree: FileTree {
                collapse_dir: Setting::by_default(false),
                pane_width: Setting::by_default(Ratio::percent(50)),
                show_attributes: Setting::by_default(true),
            },
            layer: Layer { show_aggregated_changes: Setting::by_default(false) },
            rules: RuleLimits::default(),
            found: Found::default(),
            warnings: Vec::new(),
        }
    }
}

/// The table of keys, less the actions that can be bound, which are a table of their own.
const SETTINGS: &[Key<Config>] = &[
    key!("container-engine", container_engine),
    key!("ignore-errors", ignore_errors),
    key!("theme", theme),
    key!("log.enabled", log.enabled),
    key!("log.path", log.path),
    key!("log.level", log.level),
    key!("diff.hide", diff.hide),
    key!("filetree.collapse-dir", filetree.collapse_dir),
    key!("filetree.pane-width", filetree.pane_width),
    key!("filetree.show-attributes", filetree.show_attributes),
    key!("layer.show-aggregated-changes", layer.show_aggregated_changes),
    key!("rules.lowest-efficiency", rules.lowest_efficiency),
    key!("rules.highest-wasted-bytes", rules.highest_wasted_bytes),
    key!("rules.highest-user-wasted-percent", rules.highest_user_wasted_percent),
];

/// All keys.
pub(super) const TABLES: [&[Key<Config>]; 2] = [SETTINGS, action::KEYS];

impl Config {
    /// Reads the file that `--config` names, else the first that is found, and lays the variables over it.
    ///
    /// # Errors
    ///
    /// When the named file does not exist, or the file or a variable cannot be read or sets what it cannot set.
    pub fn load(around: &Surroundings, named: Option<&Path>) -> Result<Self, ConfigError> {
        let found = match named {
            Some(path) => Found { file: Some(path.to_owned()), searched: Vec::new() },
            None => discovery::find(around)?,
        };
        let document = found.file.as_deref().map(|shown| {
            let path = around.working_dir.join(shown);
            match path.try_exists() {
                Ok(true) => Document::read(&path, shown),
                Ok(false) => Err(ConfigError::Missing { path: shown.to_owned(), flag: "--config" }),
                Err(cause) => Err(ConfigError::Unreadable { path: shown.to_owned(), cause }),
            }
        });
        Self::layered(document.transpose()?.as_ref(), around, found)
    }

    fn layered(document: Option<&Document>, around: &Surroundings, found: Found) -> Result<Self, ConfigError> {
        let mut config = Self { found, ..Self::default() };
        let keys = TABLES.concat();
        let mut warnings = match document {
            Some(document) => layering::lay_document(&mut config, &keys, document)?,
            None => Vec::new(),
        };
        warnings.extend(layering::lay_variables(&mut config, &keys, around)?);
        warnings.extend(config.keybinding.settle()?);
        config.log.settle();
        config.warnings = warnings;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Limit, render};
    use crate::units::Bytes;

    fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let around = Surroundings::new("/work".into(), None, variables);
        let document = Document::parse("d.yaml".into(), text.to_owned()).map_err(|error| error.to_string())?;
        let found = Found { file: Some("d.yaml".into()), searched: Vec::new() };
        Config::layered(Some(&document), &around, found).map_err(|error| error.to_string())
    }

    fn warnings(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        load(text, variables).unwrap().warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_key_of_dives_documentation_is_read() {
        let config = load(
            "container-engine: podman\nignore-errors: true\nlog:\n  enabled: false\n  path: /tmp/d.log\n  level: debug\n\
             keybinding:\n  quit: ctrl+q\n  page-up: pgup\ndiff:\n  hide: [added, unmodified]\nfiletree:\n  \
             collapse-dir: true\n  pane-width: 0.7\n  show-attributes: false\nlayer:\n  show-aggregated-changes: true\n\
             rules:\n  lowest-efficiency: 0.95\n  highest-wasted-bytes: 20MB\n  highest-user-wasted-percent: off\n",
            &[],
        )
        .unwrap();
        assert_eq!(config.warnings, []);
        assert_eq!(config.container_engine.value, ContainerEngine::Podman);
        assert!(config.ignore_errors.value && !config.log.enabled.value);
        assert_eq!(config.log.path.value, PathBuf::from("/tmp/d.log"));
        assert_eq!(config.log.level.value, LogLevel::Debug);
        assert_eq!(config.keybinding.quit.value.to_string(), "ctrl+q");
        assert_eq!(config.keybinding.page_up.origin.to_string(), "d.yaml:9");
        assert_eq!(config.keybinding.page_down, Setting::by_default("pgdn,d".parse().unwrap()));
        assert_eq!(config.diff.hide.value, [DiffType::Added, DiffType::Unmodified]);
        assert!(config.filetree.collapse_dir.value && !config.filetree.show_attributes.value);
        assert_eq!(config.filetree.pane_width.value, Ratio::percent(70));
        assert!(config.layer.show_aggregated_changes.value);
        assert_eq!(config.rules.lowest_efficiency.value, Limit::At(Ratio::percent(95)));
        assert_eq!(config.rules.highest_wasted_bytes.value, Limit::At(Bytes(20_000_000)));
        assert_eq!(config.rules.highest_user_wasted_percent.value, Limit::Off);
    }

    #[test]
    fn variables_go_over_the_file() {
        let variables = [
            ("DIVE_FILETREE_PANE_WIDTH", "0.3"),
            ("DIVE_RULES_LOWEST_EFFICIENCY", "off"),
            ("DIVE_CONTAINER_ENGINE", "Podman"),
            ("DIVE_LOG_ENABLED", "0"),
            ("DIVE_LOG_LEVEL", ""),
            ("DIVE_KEYBINDING_TOGGLE_COLLAPSE_ALL_DIR", "ctrl+x"),
            ("DIVE_DIFF_HIDE", "added,removed"),
        ];
        let config = load("filetree:\n  pane-width: 0.7\nlog:\n  level: debug\n", &variables).unwrap();
        assert_eq!(config.filetree.pane_width.value, Ratio::percent(30));
        assert_eq!(config.filetree.pane_width.origin, Origin::Variable("DIVE_FILETREE_PANE_WIDTH".to_owned()));
        assert_eq!(config.rules.lowest_efficiency.value, Limit::Off);
        assert_eq!(config.container_engine.value, ContainerEngine::Podman);
        assert!(!config.log.enabled.value);
        assert_eq!(config.log.level.value, LogLevel::Debug);
        assert_eq!(config.keybinding.toggle_collapse_all_dir.value.to_string(), "ctrl+x");
        assert_eq!(config.diff.hide.value, [DiffType::Added, DiffType::Removed]);
    }

    #[test]
    fn a_path_or_a_level_asks_for_a_log() {
        let log = |text, variables: &[(&str, &str)]| load(text, variables).unwrap().log.enabled;
        assert_eq!(log("log: {}\n", &[]), Setting::by_default(false));
        assert!(log("log:\n  enabled: yes\n", &[]).value);
        let by_path = log("log:\n  path: x.log\n", &[]);
        assert_eq!((by_path.value, by_path.origin.to_string().as_str()), (true, "d.yaml:2"));
        let by_level = log("", &[("DIVE_LOG_LEVEL", "warn")]);
        assert_eq!((by_level.value, by_level.origin.to_string().as_str()), (true, "DIVE_LOG_LEVEL"));
        assert!(!log("log:\n  path: x.log\n  enabled: false\n", &[]).value);
    }

    #[test]
    fn values_of_the_wrong_type_name_their_place_key_and_value() {
        for (text, message) in [
            ("log:\n  enabled: perhaps\n", "d.yaml:2: enabled: `perhaps` is neither true nor false"),
            ("container-engine: rkt\n", "d.yaml:1: container-engine: `rkt` is not known: write one of docker, podman"),
            ("filetree:\n\n  pane-width: 50\n", "d.yaml:3: pane-width: `50` is outside the range"),
            ("diff: { hide: [gone] }\n", "d.yaml:1: hide: `gone` is not known"),
            ("log: on\n", "d.yaml:1: log: `on` stands where keys belong: enabled, path, level"),
            ("log: {level: [info]}\n", "d.yaml:1: level: a list stands"),
            ("just text\n", "d.yaml:1: `just text` stands where keys belong: container-engine, "),
        ] {
            let refused = load(text, &[]).unwrap_err();
            assert!(refused.starts_with(message), "{refused}");
        }
        assert_eq!(
            load("", &[("DIVE_RULES_HIGHEST_WASTED_BYTES", "much")]).unwrap_err(),
            "DIVE_RULES_HIGHEST_WASTED_BYTES: rules.highest-wasted-bytes: `much` is not a size: write a number and a unit, \
             such as 20MB, 1.5 GB or 20MiB; or `disabled`"
        );
    }

    #[test]
    fn keys_and_variables_without_effect_are_pointed_out() {
        assert_eq!(
            warnings("log:\n  paht: x\nkeybindings: {}\nlog.level: info\n", &[]),
            [
                "d.yaml:2: unknown key `log.paht` has no effect; known here: enabled, path, level",
                "d.yaml:3: unknown key `keybindings` has no effect; known here: container-engine, ignore-errors, theme, log, diff, \
                 filetree, layer, rules, keybinding",
                "d.yaml:4: unknown key `log.level` has no effect; known here: container-engine, ignore-errors, theme, log, diff, \
                 filetree, layer, rules, keybinding",
            ]
        );
        assert!(warnings("keybinding:\n  fly: f\n", &[])[0].contains("`keybinding.fly`"));
    }

    #[test]
    fn a_key_that_leads_to_two_actions_names_the_one_that_was_set() {
        let error = |text, variables: &[(&str, &str)]| load(text, variables).unwrap_err();
        assert_eq!(
            error("keybinding:\n  up: j\n", &[]),
            "d.yaml:2: keybinding.up: `j` leads to keybinding.down as well: take another key for one of the two"
        );
        assert!(error("keybinding:\n  left: x\n  right: x\n", &[]).starts_with("d.yaml:3: keybinding.right: `x`"));
        assert!(error("", &[("DIVE_KEYBINDING_UP", "down")]).starts_with("DIVE_KEYBINDING_UP: keybinding.up: `down`"));
        assert!(error("keybinding:\n  quit: ctrl+foo\n", &[]).starts_with("d.yaml:2: quit: `ctrl+foo` is no"));
        assert_eq!(
            warnings("", &[("DIVE_LOG_PAHT", "x"), ("DIVE_VERSION", "0.13.1")]),
            ["DIVE_LOG_PAHT: no configuration key has this variable, it has no effect; known here: DIVE_LOG_ENABLED, \
              DIVE_LOG_PATH, DIVE_LOG_LEVEL"]
        );
    }

    #[test]
    fn spelling_does_not_matter_but_two_spellings_do() {
        assert!(load("Log:\n  Enabled: false\n", &[]).unwrap().warnings.is_empty());
        let twice = load("filetree:\n  pane-width: 0.5\n  paneWidth: 0.6\n", &[]).unwrap_err();
        assert_eq!(twice, "d.yaml:3: paneWidth: `pane-width` above sets the same: keep one of the two");
        assert!(load("log: {level: info}\nLOG: {level: warn}\n", &[]).unwrap_err().starts_with("d.yaml:2: LOG: "));
    }

    #[test]
    fn a_named_file_comes_before_all_and_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".dive.yaml"), "log: {level: warn}\n").unwrap();
        std::fs::write(folder.path().join("mine.yaml"), "log: {level: debug}\n").unwrap();
        let around = Surroundings { working_dir: folder.path().to_owned(), ..Surroundings::default() };
        let level =
            |named: Option<&str>| Config::load(&around, named.map(Path::new)).map(|config| config.log.level.value);
        assert_eq!(level(None).unwrap(), LogLevel::Warn);
        assert_eq!(level(Some("mine.yaml")).unwrap(), LogLevel::Debug);
        assert_eq!(
            level(Some("yours.yaml")).unwrap_err().to_string(),
            "yours.yaml: no such file, and --config names it: correct the path"
        );
        assert!(matches!(level(Some(".")), Err(ConfigError::Unreadable { .. })));
    }

    #[test]
    fn the_files_in_this_repository_are_read_without_a_word() {
        let root = Surroundings { working_dir: env!("CARGO_MANIFEST_DIR").into(), ..Surroundings::default() };
        let config = Config::load(&root, None).unwrap();
        assert_eq!(config.found.file, Some(root.working_dir.join(".dive.yaml")));
        assert_eq!(config.warnings, []);
        let rules = crate::config::RulesFile::load(&root, None).unwrap();
        assert_eq!(rules.warnings, []);
        assert_eq!(rules.limits.highest_user_wasted_percent.value, Limit::At(Ratio::percent(90)));
    }

    #[test]
    fn the_example_and_the_documentation_know_every_key() {
        let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        let (example, docs) = (read(".dive.yaml"), read("docs/configuration.md"));
        for key in TABLES.concat() {
            let name = key.path.rsplit('.').next().unwrap();
            let default = (key.field)(&Config::default()).yaml();
            let value = default.trim_matches('"');
            assert!(example.contains(&format!("{name}: ")), "{name} is not in .dive.yaml");
            let row = docs.lines().find(|line| line.starts_with(&format!("| `{}` |", key.path)));
            let row = row.unwrap_or_else(|| panic!("{} is not in docs/configuration.md", key.path));
            assert!(row.contains(&format!("`{value}`")), "docs/configuration.md: the default of {row} is `{value}`");
        }
    }

    #[test]
    fn the_printed_configuration_is_one() {
        let variables = [("DIVE_LOG_PATH", "a \"b\": #c")];
        let config = load("filetree:\n  pane-width: 0.7\nrules:\n  highest-wasted-bytes: 20MB\n", &variables).unwrap();
        let printed = render(&config);
        let again = load(&printed, &[]).unwrap();
        assert_eq!(again.warnings, []);
        for key in TABLES.concat() {
            assert_eq!((key.field)(&again).yaml(), (key.field)(&config).yaml(), "{}", key.path);
        }
    }
}
