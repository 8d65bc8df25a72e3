//! `registries.conf`, as containers-registries.conf(5) describes it, in both versions.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::{MAX_ALIASES, MAX_BLOCKED, MAX_REGISTRIES, MachineSettings, Noted, SettingsProblem};
use crate::access::MirrorHost;
use crate::certificates::CertificateCheck;
use dive_model::units::{count_of, counted};

/// Settings for the images whose name begins with a prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RegistryRule {
    /// What replaces the prefix, if the image is elsewhere.
    pub(crate) location: Option<String>,
    pub(crate) check: CertificateCheck,
    pub(crate) is_blocked: bool,
    /// In the order in which they are tried.
    pub(crate) mirrors: Vec<RuleMirror>,
    /// The file that sets it.
    pub(crate) file: PathBuf,
}

/// A mirror of a [`RegistryRule`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleMirror {
    pub(crate) place: MirrorHost,
    pub(crate) check: CertificateCheck,
    pub(crate) pulls: MirrorPulls,
}

/// The images that a mirror is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MirrorPulls {
    All,
    ByDigest,
    ByTag,
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

/// Adds the settings in `text`, which is that of the file `path`. A mistake in a table costs that table only, and not its
/// `blocked`: otherwise dive would open images from a registry that the user has blocked.
pub(super) fn parse(text: &str, path: &Path, settings: &mut MachineSettings) -> Result<Noted, SettingsProblem> {
    let mut file: Table = toml::from_str(text).map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        SettingsProblem { line, text: error.message().to_owned() }
    })?;
    let mut noted = Noted::default();
    let problems = &mut noted.problems;
    let mut tables: Vec<RegistryTable> = match file.remove("registry") {
        None => Vec::new(),
        Some(Value::Array(tables)) => tables.into_iter().filter_map(|table| registry(table, problems)).collect(),
        Some(_) => {
            problems.push("registry is not a list of tables".to_owned().into());
            Vec::new()
        }
    };
    // Version 1.
    let mut first = table("registries", file.remove("registries"), problems);
    for kind in ["insecure", "block"] {
        let mut listed = table(&format!("registries.{kind}"), first.remove(kind), problems);
        let hosts = match listed.remove("registries") {
            None => Vec::new(),
            Some(Value::Array(hosts)) => hosts,
            Some(other) => vec![other],
        };
        for host in hosts {
            let Some(location) = string(&format!("registries.{kind}.registries"), host, problems) else { continue };
            let (insecure, blocked) = (kind == "insecure", kind == "block");
            tables.push(RegistryTable { location, insecure, blocked, ..RegistryTable::default() });
        }
    }
    let mut unused_registries = 0_u64;
    for table in tables {
        let prefix = if table.prefix.is_empty() { table.location.clone() } else { table.prefix.clone() };
        // An image of a blocked registry must not open because the file is long.
        let most = if table.blocked { MAX_REGISTRIES + MAX_BLOCKED } else { MAX_REGISTRIES };
        if settings.rules.len() >= most && !settings.rules.contains_key(&prefix) {
            if table.blocked {
                settings.lost_blocks.get_or_insert_with(|| path.to_owned());
            }
            unused_registries += 1;
            continue;
        }
        match rule(&prefix, table, path, &mut noted) {
            Some(rule) => {
                noted.settings.extend(described(&prefix, &rule));
                settings.rules.insert(prefix, rule);
            }
            None => noted.problem("a registry has neither a valid prefix nor a valid location"),
        }
    }
    if unused_registries > 0 {
        let registries = counted(unused_registries, "registry", "registries");
        noted.problem(format!("dive does not use {registries}: there are more than {MAX_REGISTRIES}"));
    }
    let (mut used, mut unused) = (0_u64, 0_u64);
    let aliases = table("aliases", file.remove("aliases"), &mut noted.problems);
    for (short, full) in aliases {
        let Some(full) = string(&format!("aliases.{short}"), full, &mut noted.problems) else { continue };
        if full.is_empty() {
            settings.aliases.remove(&short);
        } else if settings.aliases.len() < MAX_ALIASES || settings.aliases.contains_key(&short) {
            settings.aliases.insert(short, full);
        } else {
            unused += 1;
            continue;
        }
        used += 1;
    }
    if used > 0 {
        noted.settings.push(count_of(used, "short name"));
    }
    if unused > 0 {
        let names = count_of(unused, "short name");
        noted.problem(format!("dive does not use {names}: there are more than {MAX_ALIASES}"));
    }
    Ok(noted)
}

/// The table at `key`; empty if it is missing.
fn table(key: &str, value: Option<Value>, problems: &mut Vec<SettingsProblem>) -> Table {
    match value {
        None => Table::new(),
        Some(Value::Table(table)) => table,
        Some(_) => {
            problems.push(format!("{key} is not a table").into());
            Table::new()
        }
    }
}

/// The text at `key`.
fn string(key: &str, value: Value, problems: &mut Vec<SettingsProblem>) -> Option<String> {
    if let Value::String(text) = value {
        return Some(text);
    }
    problems.push(format!("{key}: a value is not a string").into());
    None
}

/// A table of `[[registry]]`. If another key of it is wrong, only its `blocked` counts.
fn registry(value: Value, problems: &mut Vec<SettingsProblem>) -> Option<RegistryTable> {
    let text = |key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (prefix, location) = (text("prefix"), text("location"));
    let blocked = value.get("blocked").is_some_and(|blocked| blocked.as_bool() != Some(false));
    match value.try_into() {
        Ok(table) => Some(table),
        Err(error) => {
            let name = [prefix.as_str(), location.as_str(), "a registry"].into_iter().find(|name| !name.is_empty());
            problems.push(format!("{}: {}", name.unwrap_or_default(), error.message()).into());
            blocked.then(|| RegistryTable { prefix, location, blocked, ..RegistryTable::default() })
        }
    }
}

/// The rule in a table. `None` if it names no registry.
fn rule(prefix: &str, table: RegistryTable, path: &Path, noted: &mut Noted) -> Option<RegistryRule> {
    let place = prefix.strip_prefix("*.").unwrap_or(prefix);
    place.parse::<MirrorHost>().ok()?;
    let location = match table.location.as_str() {
        "" => None,
        location => match location.parse::<MirrorHost>() {
            Ok(location) => Some(location.to_string()),
            Err(_) if table.blocked => {
                noted.problem(format!("{prefix}: its location is not HOST[:PORT][/PATH]"));
                None
            }
            Err(_) => return None,
        },
    };
    let mut mirrors = Vec::new();
    for mirror in noted.first(&format!("{prefix}: mirror"), table.mirror, MAX_REGISTRIES) {
        let Ok(place) = mirror.location.parse() else {
            noted.problem(format!("{prefix}: a mirror is not HOST[:PORT][/PATH]"));
            continue;
        };
        let pulls = match mirror.pull_from_mirror.as_str() {
            "digest-only" => MirrorPulls::ByDigest,
            "tag-only" => MirrorPulls::ByTag,
            _ if table.mirror_by_digest_only => MirrorPulls::ByDigest,
            _ => MirrorPulls::All,
        };
        mirrors.push(RuleMirror { place, check: check(mirror.insecure), pulls });
    }
    let (check, is_blocked) = (check(table.insecure), table.blocked);
    Some(RegistryRule { location, check, is_blocked, mirrors, file: path.to_owned() })
}

const fn check(is_insecure: bool) -> CertificateCheck {
    if is_insecure { CertificateCheck::Disabled } else { CertificateCheck::Required }
}

/// What a rule does, for `dive config`.
fn described(prefix: &str, rule: &RegistryRule) -> Vec<String> {
    let mut descriptions = Vec::new();
    if rule.is_blocked {
        descriptions.push(format!("{prefix} is blocked"));
    }
    if rule.check == CertificateCheck::Disabled {
        descriptions.push(format!("{prefix} is insecure"));
    }
    descriptions.extend(rule.mirrors.iter().map(|mirror| format!("{prefix} from {}", mirror.place)));
    descriptions
        .extend(rule.location.iter().filter(|location| *location != prefix).map(|it| format!("{prefix} is at {it}")));
    descriptions
}
