//! Reads docker's contexts: named engines in the configuration folder of docker's client, with an address and optional
//! certificates. The layout is that of `docker context`: one folder per context, named by the SHA-256 of the context's name.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::address::{Candidate, parse};
use super::tls::{Authorities, PeerVerification, Tls};
use crate::environment::Environment;
use dive_model::digest::hex;

/// Limit of a configuration file, in bytes.
const DOCUMENT_LIMIT: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
struct DockerCliConfig {
    #[serde(rename = "currentContext", default)]
    current_context: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    #[serde(rename = "Endpoints", default)]
    endpoints: Endpoints,
}

#[derive(Debug, Default, Deserialize)]
struct Endpoints {
    docker: Option<Endpoint>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// The engine of the current context; `None` for the default context. The error is an unreadable configuration, which
/// docker's client skips with a warning.
pub(super) fn chosen(environment: &Environment, folder: Option<&Path>) -> Result<Option<Candidate>, Candidate> {
    let named = environment.text("DOCKER_CONTEXT").map(str::to_owned);
    let Some(folder) = folder else { return Ok(None) };
    let name = match named {
        Some(name) => Some(name),
        None => current(folder)?,
    };
    let Some(name) = name.filter(|name| !name.is_empty() && name != "default") else { return Ok(None) };
    Ok(Some(Candidate::new(format!("docker context {name:?}"), address(folder, &name))))
}

fn current(folder: &Path) -> Result<Option<String>, Candidate> {
    let path = folder.join("config.json");
    match read::<DockerCliConfig>(&path) {
        Ok(config) => Ok(config.current_context),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Candidate::new(path.display().to_string(), Err(format!("cannot be read: {error}")))),
    }
}

fn address(folder: &Path, name: &str) -> Result<super::address::Address, String> {
    let id = id(name);
    let contexts = folder.join("contexts");
    let meta = contexts.join("meta").join(&id).join("meta.json");
    let document: Meta = read(&meta).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "no such context; `docker context ls` lists them".to_owned(),
        _ => format!("{} cannot be read: {error}", meta.display()),
    })?;
    let endpoint = document.endpoints.docker.filter(|endpoint| !endpoint.host.is_empty());
    let endpoint = endpoint.ok_or("the context names no Docker host; choose another with `docker context use`")?;
    let folder = contexts.join("tls").join(&id).join("docker");
    let has_files = ["ca.pem", "cert.pem", "key.pem"].iter().any(|file| folder.join(file).exists());
    let tls = (has_files || endpoint.skip_tls_verify).then(|| Tls {
        authorities: if folder.join("ca.pem").exists() { Authorities::File } else { Authorities::System },
        folder,
        verification: if endpoint.skip_tls_verify { PeerVerification::Skip } else { PeerVerification::Full },
    });
    parse(&endpoint.host, tls)
}

/// The folder name of a context.
fn id(name: &str) -> String {
    hex(&Sha256::digest(name))
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let mut text = Vec::new();
    File::open(path)?.take(DOCUMENT_LIMIT).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::super::address::{Address, candidates};
    use super::*;
    use crate::ContainerEngine;

    fn folder(meta: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("contexts/meta").join(id("far"));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("meta.json"), meta).unwrap();
        std::fs::write(folder.path().join("config.json"), r#"{"auths": {}, "currentContext": "far"}"#).unwrap();
        folder
    }

    fn first(folder: &tempfile::TempDir, context: &str) -> (String, Result<Address, String>) {
        let config = folder.path().to_str().unwrap();
        let environment = [("DOCKER_CONFIG", config), ("DOCKER_CONTEXT", context)].into_iter().collect();
        let candidate = candidates(ContainerEngine::Docker, &environment).remove(0);
        (candidate.reason, candidate.address)
    }

    #[test]
    fn the_current_context_gives_the_address() {
        let folder =
            folder(r#"{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:9", "SkipTLSVerify": false}}}"#);
        let (reason, address) = first(&folder, "");
        assert_eq!((reason.as_str(), address.unwrap().to_string().as_str()), ("docker context \"far\"", "tcp://far:9"));
        let (reason, address) = first(&folder, "near");
        assert!(reason.contains("near") && address.unwrap_err().contains("docker context ls"));
        assert!(!first(&folder, "default").0.contains("context"));
    }

    #[test]
    fn the_certificates_of_a_context_are_used() {
        let folder = folder(r#"{"Endpoints": {"docker": {"Host": "tcp://far", "SkipTLSVerify": true}}}"#);
        let tls = folder.path().join("contexts/tls").join(id("far")).join("docker");
        std::fs::create_dir_all(&tls).unwrap();
        std::fs::write(tls.join("ca.pem"), "").unwrap();
        let Ok(Address::Tcp(tcp)) = first(&folder, "").1 else { panic!() };
        assert_eq!(tcp.port, 2376);
        assert_eq!(
            tcp.tls,
            Some(Tls { folder: tls, authorities: Authorities::File, verification: PeerVerification::Skip })
        );
    }

    /// `printf far | sha256sum`
    #[test]
    fn a_context_is_found_where_docker_puts_it() {
        assert_eq!(id("far"), "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868");
    }

    #[test]
    fn a_damaged_configuration_is_reported_and_skipped() {
        let folder = folder("");
        std::fs::write(folder.path().join("config.json"), "{").unwrap();
        let (reason, address) = first(&folder, "");
        assert!(reason.ends_with("config.json") && address.is_err());
    }
}
