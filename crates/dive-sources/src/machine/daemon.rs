//! Docker's `daemon.json`: `insecure-registries` and `registry-mirrors`, which apply to Docker Hub.

use serde::Deserialize;

use super::{InsecureHosts, MAX_REGISTRIES, MachineSettings, Noted, SettingsProblem};
use crate::access::MirrorHost;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DaemonFile {
    insecure_registries: Option<Vec<String>>,
    registry_mirrors: Option<Vec<String>>,
}

/// Adds the settings in `text`.
pub(super) fn parse(text: &str, settings: &mut MachineSettings) -> Result<Noted, SettingsProblem> {
    let file: DaemonFile = serde_json::from_str(text).map_err(|error| {
        let (message, place) = (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        let text = message.strip_suffix(&place).unwrap_or(&message).to_owned();
        SettingsProblem { line: Some(error.line()).filter(|line| *line > 0), text }
    })?;
    let mut noted = Noted::default();
    for host in noted.first("insecure-registries", file.insecure_registries.unwrap_or_default(), MAX_REGISTRIES) {
        match InsecureHosts::parse(&host) {
            Some(hosts) => {
                settings.insecure.push(hosts);
                noted.settings.push(format!("{host} is insecure"));
            }
            // The text may contain a password.
            None => noted.problem("insecure-registries: an item is neither HOST[:PORT] nor a network"),
        }
    }
    for url in noted.first("registry-mirrors", file.registry_mirrors.unwrap_or_default(), MAX_REGISTRIES) {
        let (scheme, place) = url.split_once("://").unwrap_or(("", &url));
        let mirror = place.strip_suffix('/').unwrap_or(place).parse::<MirrorHost>();
        match (scheme, mirror) {
            ("https" | "http", Ok(mirror)) => {
                noted.settings.push(format!("docker.io from {mirror}"));
                if scheme == "http" {
                    settings.insecure.push(InsecureHosts::Host(mirror.host.clone()));
                }
                settings.hub_mirrors.push(mirror);
            }
            _ => noted.problem("registry-mirrors: an item is not http[s]://HOST[:PORT][/PATH]"),
        }
    }
    Ok(noted)
}
