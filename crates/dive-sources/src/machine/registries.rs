//! `registries.conf`, as containers-registries.conf(5) describes it, in both versions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{ALIASES, MachineSettings, Noted, RULES};
use crate::access::MirrorHost;

/// Settings for the images whose name begins with a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct RegistryRule {
    /// What replaces the prefix, if the image is elsewhere.
    pub(in super::super) location: Option<String>,
    pub(in super::super) is_insecure: bool,
    pub(in super::super) is_blocked: bool,
    /// In the order in which they are tried.
    pub(in super::super) mirrors: Vec<RuleMirror>,
    /// The file that sets it.
    pub(in super::super) file: PathBuf,
}

/// A mirror of a [`RegistryRule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct RuleMirror {
    pub(in super::super) place: MirrorHost,
    pub(in super::super) is_insecure: bool,
    pub(in super::super) pulls: MirrorPulls,
}

/// The images that a mirror is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum MirrorPulls {
    All,
    ByDigest,
    ByTag,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RegistriesFile {
    registry: Vec<RegistryTable>,
    aliases: BTreeMap<String, String>,
    /// Version 1.
    registries: FirstVersion,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct RegistryTable {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror_by_digest_only: bool,
    mirror: Vec<MirrorTable>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct MirrorTable {
    location: String,
    insecure: bool,
    pull_from_mirror: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FirstVersion {
    insecure: HostTable,
    block: HostTable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostTable {
    registries: Vec<String>,
}

/// Adds the settings in `text`.
pub(super) fn parse(text: &str, settings: &mut MachineSettings) -> Result<Noted, String> {
    let file: RegistriesFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let mut noted = Noted::default();
    let FirstVersion { insecure, block } = file.registries;
    let insecure = insecure.registries.into_iter().map(|location| RegistryTable {
        location,
        insecure: true,
        ..RegistryTable::default()
    });
    let blocked = block.registries.into_iter().map(|location| RegistryTable {
        location,
        blocked: true,
        ..RegistryTable::default()
    });
    for table in file.registry.into_iter().chain(insecure).chain(blocked) {
        if settings.rules.len() >= RULES {
            noted.problems.push(format!("more than {RULES} registries"));
            break;
        }
        let prefix = if table.prefix.is_empty() { table.location.clone() } else { table.prefix.clone() };
        match rule(&prefix, table, &mut noted.problems) {
            Some(rule) => {
                noted.settings.extend(described(&prefix, &rule));
                settings.rules.insert(prefix, rule);
            }
            None => noted.problems.push("a registry has neither a valid prefix nor a valid location".to_owned()),
        }
    }
    let count = file.aliases.len();
    for (short, full) in file.aliases {
        if full.is_empty() {
            settings.aliases.remove(&short);
        } else if settings.aliases.len() < ALIASES {
            settings.aliases.insert(short, full);
        }
    }
    if count > 0 {
        noted.settings.push(format!("{count} short names"));
    }
    Ok(noted)
}

/// The rule in a table. `None` if it names no registry.
fn rule(prefix: &str, table: RegistryTable, problems: &mut Vec<String>) -> Option<RegistryRule> {
    let place = prefix.strip_prefix("*.").unwrap_or(prefix);
    place.parse::<MirrorHost>().ok()?;
    let location = match table.location.as_str() {
        "" => None,
        location => Some(location.parse::<MirrorHost>().ok()?.to_string()),
    };
    let mut mirrors = Vec::new();
    for mirror in table.mirror.into_iter().take(RULES) {
        let Ok(place) = mirror.location.parse() else {
            problems.push(format!("{prefix}: a mirror is not HOST[:PORT][/PATH]"));
            continue;
        };
        let pulls = match mirror.pull_from_mirror.as_str() {
            "digest-only" => MirrorPulls::ByDigest,
            "tag-only" => MirrorPulls::ByTag,
            _ if table.mirror_by_digest_only => MirrorPulls::ByDigest,
            _ => MirrorPulls::All,
        };
        mirrors.push(RuleMirror { place, is_insecure: mirror.insecure, pulls });
    }
    let (is_insecure, is_blocked) = (table.insecure, table.blocked);
    Some(RegistryRule { location, is_insecure, is_blocked, mirrors, file: PathBuf::new() })
}

/// What a rule does, for `dive config`.
fn described(prefix: &str, rule: &RegistryRule) -> Vec<String> {
    let mut told = Vec::new();
    if rule.is_blocked {
        told.push(format!("{prefix} is blocked"));
    }
    if rule.is_insecure {
        told.push(format!("{prefix} is insecure"));
    }
    told.extend(rule.mirrors.iter().map(|mirror| format!("{prefix} from {}", mirror.place)));
    told.extend(rule.location.iter().filter(|location| *location != prefix).map(|it| format!("{prefix} is at {it}")));
    told
}
