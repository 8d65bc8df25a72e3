//! The configuration `.dive.yaml`: every key with its type, default and trust, in one table.

use std::io;
use std::path::{Path, PathBuf};

use super::action;
use super::discovery::{self, Discovery};
use super::document::Document;
use super::environment::CiVariable;
use super::keybinding::Keybinding;
use super::layering;
use super::links::{self, Link};
use super::origin::{ConfigScope, Origin, Setting};
use super::problem::{ConfigError, Mistakes, Warning};
use super::rule::{self, RulesIn};
use super::rule_limits::RuleLimits;
use super::table::{Alias, BadValue, Inert, KeyRow, OtherFile, Table, Trust, gate, key};
use super::value::{DiffType, LogLevel, ThemeName};
use super::variables;
use dive_model::budget;
use dive_model::units::{Bytes, Ratio};
use dive_sources::{ContainerEngine, Environment, Mirror, PullPolicy};

/// The effective configuration: defaults, then files, then variables, each overriding the one before. `run` applies the flags,
/// which override all of them.
#[derive(Debug, Clone)]
pub struct Config {
    /// The engine for an image name without a scheme.
    pub container_engine: Setting<ContainerEngine>,
    /// When an engine pulls an image; `None` if not set.
    pub pull: Setting<Option<PullPolicy>>,
    /// Whether to show the readable part of a damaged image.
    pub ignore_errors: Setting<bool>,
    /// Whether to compare all layers and documents with their digests.
    pub verify: Setting<bool>,
    /// The memory limit for opening an image; `None` for the default.
    pub max_memory: Setting<Option<Bytes>>,
    /// The limit of the layers' unpacked size; `None` for the default.
    pub max_unpacked: Setting<Option<Bytes>>,
    /// How registries are reached.
    pub registries: Registries,
    /// CI mode. `$CI` overrides the files, and `DIVE_CI` overrides `$CI`.
    pub ci: Setting<bool>,
    /// The rules file; `None` for `.dive-ci`.
    pub ci_config: Setting<Option<PathBuf>>,
    /// The file for the JSON document; `None` to write none.
    pub json_path: Setting<Option<PathBuf>>,
    /// The colours of the screen.
    pub theme: Setting<ThemeName>,
    /// The log.
    pub log: Log,
    /// The keys of the screen.
    pub keybinding: Keybinding,
    /// Which changes are shown.
    pub diff: Diff,
    /// The file tree.
    pub filetree: FileTree,
    /// The list of layers.
    pub layer: Layer,
    /// The limits of CI mode that neither flags nor `.dive-ci` set.
    pub rules: RuleLimits,
    /// The files that were read, and the searched places.
    pub discovery: Discovery,
    /// Settings without effect.
    pub warnings: Vec<Warning>,
}

/// How registries are reached. The settings of the machine's engines count too.
#[derive(Debug, Clone)]
pub struct Registries {
    /// Hosts that may use plain HTTP or an unverified certificate.
    pub insecure: Setting<Vec<String>>,
    /// Mirrors, in the order in which they are tried.
    pub mirrors: Setting<Vec<Mirror>>,
    /// A PEM file of additional certificate authorities to trust.
    pub ca_file: Setting<Option<PathBuf>>,
}

/// Settings of the log.
#[derive(Debug, Clone)]
pub struct Log {
    /// Whether to write a log. A path or a level enables it too, unless this is set.
    pub enabled: Setting<bool>,
    /// Whether to suppress notices and warnings, as `--quiet` does.
    pub quiet: Setting<bool>,
    /// The file, relative to the working directory.
    pub path: Setting<PathBuf>,
    /// The lowest level to log.
    pub level: Setting<LogLevel>,
}

/// Which changes are shown.
#[derive(Debug, Clone)]
pub struct Diff {
    /// The types of files hidden at the start.
    pub hide: Setting<Vec<DiffType>>,
}

/// Settings of the file tree.
#[derive(Debug, Clone)]
pub struct FileTree {
    /// Whether directories are collapsed at the start.
    pub collapse_dir: Setting<bool>,
    /// Whether directories in which nothing changed are collapsed.
    pub fold_unchanged: Setting<bool>,
    /// The tree's share of the screen's width.
    pub pane_width: Setting<Ratio>,
    /// Whether permissions, owners and sizes are shown at the start.
    pub show_attributes: Setting<bool>,
}

/// Settings of the layer list.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Whether to start with all changes since the base layer instead of those of the selected layer.
    pub show_aggregated_changes: Setting<bool>,
}

impl Log {
    /// A path or a level enables the log, unless `log.enabled` is set.
    fn enable_if_implied(&mut self) {
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
            pull: Setting::by_default(None),
            ignore_errors: Setting::by_default(false),
            verify: Setting::by_default(false),
            max_memory: Setting::by_default(None),
            max_unpacked: Setting::by_default(None),
            registries: Registries {
                insecure: Setting::by_default(Vec::new()),
                mirrors: Setting::by_default(Vec::new()),
                ca_file: Setting::by_default(None),
            },
            ci: Setting::by_default(false),
            ci_config: Setting::by_default(None),
            json_path: Setting::by_default(None),
            theme: Setting::by_default(ThemeName::Auto),
            log: Log {
                enabled: Setting::by_default(false),
                quiet: Setting::by_default(false),
                path: Setting::by_default(PathBuf::from("./dive.log")),
                level: Setting::by_default(LogLevel::Info),
            },
            keybinding: Keybinding::default(),
            diff: Diff { hide: Setting::by_default(Vec::new()) },
            filetree: FileTree {
                collapse_dir: Setting::by_default(false),
                fold_unchanged: Setting::by_default(true),
                pane_width: Setting::by_default(Ratio::percent(50)),
                show_attributes: Setting::by_default(true),
            },
            layer: Layer { show_aggregated_changes: Setting::by_default(false) },
            rules: RuleLimits::default(),
            discovery: Discovery::default(),
            warnings: Vec::new(),
        }
    }
}

impl AsRef<RuleLimits> for Config {
    fn as_ref(&self) -> &RuleLimits {
        &self.rules
    }
}

impl AsMut<RuleLimits> for Config {
    fn as_mut(&mut self) -> &mut RuleLimits {
        &mut self.rules
    }
}

/// The keys, except for rules and actions, which have their own tables.
const SETTINGS: &[KeyRow<Config>] = &[
    // Chooses between two engines of the user, without an address.
    key!("container-engine", Trust::Anyone, container_engine),
    key!("pull", Trust::Tightens(|_, after| after.pull.value == Some(PullPolicy::Never)), pull),
    // With errors ignored, the verdict only covers the readable part of a damaged image.
    key!("ignore-errors", Trust::Tightens(|_, after| !after.ignore_errors.value), ignore_errors),
    gate!("verify", Trust::Tightens(|_, after| after.verify.value), verify),
    // The limits protect from the image, which may come with the file.
    key!(
        "max-memory",
        Trust::Tightens(|before, after| lowers(
            before.max_memory.value,
            after.max_memory.value,
            budget::MEMORY_OF_SMALL
        )),
        max_memory
    ),
    key!(
        "max-unpacked",
        Trust::Tightens(|before, after| lowers(before.max_unpacked.value, after.max_unpacked.value, budget::UNPACKED)),
        max_unpacked
    ),
    // A stranger's file could send the image's requests to another host.
    key!("registries.insecure", Trust::User, registries.insecure),
    key!("registries.mirrors", Trust::User, registries.mirrors),
    key!("registries.ca-file", Trust::User, registries.ca_file),
    gate!("ci", Trust::Tightens(|_, after| after.ci.value), ci),
    // The working directory has its own `.dive-ci`; this key could name any file.
    key!("ci-config", Trust::User, ci_config),
    key!("json-path", Trust::NewFile(".json"), json_path),
    key!("theme", Trust::Anyone, theme),
    key!("log.enabled", Trust::Anyone, log.enabled),
    key!("log.path", Trust::NewFile(".log"), log.path, Alias::Also("log.file")),
    key!("log.level", Trust::Anyone, log.level),
    // A file must not suppress the warnings about itself.
    key!("log.quiet", Trust::User, log.quiet),
    key!("diff.hide", Trust::Anyone, diff.hide),
    key!("filetree.collapse-dir", Trust::Anyone, filetree.collapse_dir),
    key!("filetree.fold-unchanged", Trust::Anyone, filetree.fold_unchanged),
    key!("filetree.pane-width", Trust::Anyone, filetree.pane_width),
    key!("filetree.show-attributes", Trust::Anyone, filetree.show_attributes),
    key!("layer.show-aggregated-changes", Trust::Anyone, layer.show_aggregated_changes),
];

/// True if `after` is at most `before`, or at most the lowest default if `before` is unset.
fn lowers(before: Option<Bytes>, after: Option<Bytes>, default: u64) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => after <= before,
        (None, Some(after)) => after <= Bytes(default),
        (before, None) => before.is_none(),
    }
}

/// Keys of dive without effect here.
const INERT: &[Inert] = &[Inert { path: "dev.profile", why: "this program has no profiler" }];

/// All keys.
pub(super) fn table() -> Table<Config> {
    let rules = rule::keys(RulesIn::Configuration);
    let other = OtherFile { name: ".dive-ci", keys: layering::OF_RULES_FILE.map(str::to_owned).into() };
    Table { keys: [SETTINGS, &rules, action::KEYS].concat(), inert: INERT, stray_rules: BadValue::Warns, other }
}

/// The variable that names a configuration file, like `--config`.
const CONFIG_VARIABLE: &str = "DIVE_CONFIG";

impl Config {
    /// Reads the file that `--config` or `DIVE_CONFIG` names; otherwise the first of the user's own files, and then the partly
    /// trusted `.dive.yaml` of the working directory over it. Variables override all files.
    ///
    /// # Errors
    ///
    /// If the named file does not exist, a file is not valid YAML, or a limit or `ci` is invalid.
    pub fn load(environment: &Environment, named: Option<&Path>) -> Result<Self, ConfigError> {
        let by_variable = environment.get(CONFIG_VARIABLE);
        let named = match (named, by_variable) {
            (Some(path), _) => Some((path, Origin::Flag("--config"))),
            (None, Some(path)) => Some((Path::new(path), Origin::Variable(CONFIG_VARIABLE.to_owned()))),
            (None, None) => None,
        };
        let (discovery, documents) = match named {
            Some((shown, named_by)) => {
                let path = environment.working_dir.join(shown);
                let link = links::link_of(shown, &environment.working_dir);
                let document = match path.try_exists() {
                    Ok(true) if link.leads_out() => {
                        let why = "it is a link that leads out of the working directory; name its target";
                        Err(ConfigError::unusable(shown, io::ErrorKind::InvalidInput, why))
                    }
                    Ok(true) => read_linked(link, &path, shown, ConfigScope::User),
                    Ok(false) => Err(ConfigError::Missing { path: shown.to_owned(), named_by }),
                    Err(cause) => Err(ConfigError::Unreadable { path: shown.to_owned(), cause }),
                };
                (Discovery::named(shown.to_owned()), vec![(document?, ConfigScope::User)])
            }
            None => discovery::read(environment, read_linked)?,
        };
        Self::layered(&documents, environment, discovery)
    }

    /// Drops the warnings about keys that have an effect because `rules_file` is also the file that they are in.
    pub fn accept_rules_of(&mut self, rules_file: &Path, working_dir: &Path) {
        self.warnings.retain(|warning| {
            let origin = match warning {
                Warning::OfOtherFile { origin, .. } => origin,
                Warning::NotTrusted { origin, key, .. } if key.starts_with("rules.") => origin,
                _ => return true,
            };
            !matches!(origin, Origin::File { path, .. } if discovery::is_same_file(path, rules_file, working_dir))
        });
    }

    pub(super) fn layered(
        documents: &[(Document, ConfigScope)],
        environment: &Environment,
        discovery: Discovery,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut warnings = discovery.warnings();
        warnings.extend(discovery::misnamed_file_warning(environment));
        let table = table();
        let mut mistakes = Mistakes::default();
        let mut add = |laid: Result<Vec<Warning>, ConfigError>| {
            match laid {
                Ok(found) => warnings.extend(found),
                Err(ConfigError::Mistakes(found)) => mistakes.append(found),
                Err(error) => return Err(error),
            }
            Ok(())
        };
        for (document, scope) in documents {
            add(layering::lay_document(&mut config, &table, document, *scope))?;
        }
        let ci = match CiVariable::of(environment) {
            CiVariable::On => Some(true),
            CiVariable::Off => Some(false),
            CiVariable::Unset | CiVariable::Other(_) => None,
        };
        if let Some(value) = ci {
            config.ci = Setting { value, origin: Origin::Variable("CI".to_owned()) };
        }
        add(variables::lay(&mut config, &table, environment))?;
        mistakes.ci = config.ci.value;
        mistakes.or(())?;
        let files: Vec<_> = documents.iter().map(|(document, _)| document.path()).collect();
        warnings.extend(config.keybinding.resolve_conflicts(&files));
        config.log.enable_if_implied();
        Ok(Self { discovery, warnings, ..config })
    }
}

/// Reads a configuration. The errors of a link in the working directory do not quote its target, which may be a secret beside the files of a
/// repository (`.env`).
fn read_linked(link: Link, path: &Path, shown: &Path, scope: ConfigScope) -> Result<Document, ConfigError> {
    let document = Document::read(path, shown);
    if !link.is_in_working_dir() {
        return document;
    }
    let checked = document.and_then(|document| {
        let warnings = layering::lay_document(&mut Config::default(), &table(), &document, scope)?;
        Ok((document, warnings.is_empty()))
    });
    let why = "it is a symbolic link, and the file has errors; run `dive --config` with its target to see them";
    ConfigError::unquoted(checked, |(_, is_faultless)| *is_faultless, shown, why).map(|(document, _)| document)
}

#[cfg(test)]
mod tests;
