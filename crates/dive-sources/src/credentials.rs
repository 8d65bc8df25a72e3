//! Finds the user's credentials for a registry, in the files of docker and podman and through their credential helpers.
//!
//! The crate `docker_credential` decodes the entries. This module decides which file and which key in it applies.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::docker_hub::{DOCKER_HUB, DOCKER_HUB_KEY};
use super::environment::Environment;

/// The user's credentials for a registry.
pub(super) enum Credential {
    User {
        name: String,
        password: String,
    },
    /// An identity token, which the token server exchanges for an access token.
    Identity(String),
}

/// Prints the kind without the secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User { .. } => "User",
            Self::Identity(_) => "Identity",
        })
    }
}

/// The credentials for a repository, and where they were searched.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) found: Option<Credential>,
    /// The file or the credential helper that has them.
    place: String,
    /// Files without credentials for this registry.
    searched: Vec<String>,
    /// Files and helpers that failed.
    pub(super) problems: Vec<String>,
}

/// Limit of a credentials file, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// The keys of a file, without the secrets behind them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::zero_sized_map_values, reason = "a set is read from a list, and this is an object")]
struct Keys {
    auths: Option<BTreeMap<String, IgnoredAny>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

impl Credentials {
    /// Finds the credentials for `repository` in `registry`. Blocks while a credential helper runs.
    pub(super) fn look_up(environment: &Environment, registry: &str, repository: &str) -> Self {
        let mut credentials = Self::default();
        for file in files(environment) {
            credentials.search_file(&file, registry, repository);
            if credentials.found.is_some() {
                break;
            }
        }
        credentials
    }

    fn search_file(&mut self, file: &Path, registry: &str, repository: &str) {
        let place = file.display().to_string();
        let text = match read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.searched.push(place),
            Err(error) => return self.problems.push(format!("{place}: {error}")),
        };
        let Ok(keys) = serde_json::from_slice::<Keys>(&text) else {
            return self.problems.push(format!("{place} is not in the format of docker's config.json; correct it"));
        };
        let Some((key, helper)) = keys.key(registry, repository) else { return self.searched.push(place) };
        let place = helper.map_or(place.clone(), |helper| format!("docker-credential-{helper} (named in {place})"));
        match get_credential_from_reader(&text[..], &key) {
            Ok(DockerCredential::UsernamePassword(name, password)) if !(name.is_empty() && password.is_empty()) => {
                self.found = Some(Credential::User { name, password });
                self.place = place;
            }
            Ok(DockerCredential::IdentityToken(token)) if !token.is_empty() => {
                self.found = Some(Credential::Identity(token));
                self.place = place;
            }
            Ok(_) | Err(CredentialRetrievalError::NoCredentialConfigured) => self.searched.push(place),
            // The credential helper protocol fixes this text.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
                self.searched.push(place);
            }
            // The output of a helper may contain a secret, so it is not repeated.
            Err(CredentialRetrievalError::HelperFailure { .. }) => {
                self.problems.push(format!("{place} failed; run it by hand to see its error"));
            }
            Err(CredentialRetrievalError::HelperCommunicationError) => {
                self.problems.push(format!("{place} cannot be run; put it in PATH"));
            }
            Err(CredentialRetrievalError::MalformedHelperResponse) => {
                self.problems.push(format!("{place} printed unexpected output; update it"));
            }
            Err(_) => self.problems.push(format!("the entry for {key} in {place} cannot be read; log in again")),
        }
    }

    /// The advice for a user whose access `registry` denies.
    pub(super) fn advice(&self, registry: &str) -> String {
        let problems = self.problems.iter().fold(String::new(), |text, problem| text + "; " + problem);
        let login = if registry == DOCKER_HUB { String::new() } else { format!(" {registry}") };
        if self.found.is_some() {
            return format!(
                "the credentials in {} are wrong or lack permission; check the name, or run `docker login{login}`{problems}",
                self.place
            );
        }
        let looked = if self.searched.is_empty() { String::new() } else { format!(" in {}", self.searched.join(", ")) };
        format!(
            "no credentials for it{looked}; check the name, or run `docker login{login}` or `podman login {registry}`{problems}"
        )
    }
}

impl Keys {
    /// The key for a registry and its credential helper, most specific first.
    fn key(&self, registry: &str, repository: &str) -> Option<(String, Option<&str>)> {
        let helper =
            |key: &str| self.cred_helpers.as_ref()?.get(key).map(String::as_str).filter(|name| !name.is_empty());
        let store = self.creds_store.as_deref().filter(|name| !name.is_empty());
        for key in keys(registry, repository) {
            if let Some(name) = helper(&key) {
                return Some((key, Some(name)));
            }
            // docker writes an empty entry for a registry whose credentials a helper keeps.
            if self.auths.as_ref().is_some_and(|auths| auths.contains_key(&key)) {
                return Some((key, None));
            }
        }
        let key = if registry == DOCKER_HUB { DOCKER_HUB_KEY } else { registry };
        store.map(|store| (key.to_owned(), Some(store)))
    }
}

/// The keys for a registry, most specific first: podman keeps credentials for parts of a registry.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut part = Some(repository);
    while let Some(path) = part {
        keys.push(format!("{registry}/{path}"));
        part = path.rsplit_once('/').map(|(folder, _)| folder);
    }
    let hosts: &[&str] = if registry == DOCKER_HUB {
        keys.push(DOCKER_HUB_KEY.to_owned());
        &[DOCKER_HUB, "index.docker.io", "registry-1.docker.io"]
    } else {
        &[registry]
    };
    for host in hosts {
        keys.extend(["", "https://", "http://"].iter().flat_map(|scheme| {
            ["", "/", "/v1", "/v1/", "/v2", "/v2/"].iter().map(move |path| format!("{scheme}{host}{path}"))
        }));
    }
    keys
}

/// Credentials files in search order: `REGISTRY_AUTH_FILE` precedes the default files.
pub(super) fn files(environment: &Environment) -> Vec<PathBuf> {
    let files = [
        environment.path("REGISTRY_AUTH_FILE"),
        environment.docker_folder().map(|folder| folder.join("config.json")),
        environment.path("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")).or_else(runtime_file),
        environment.config_folder().map(|folder| folder.join("containers/auth.json")),
    ];
    files.into_iter().flatten().collect()
}

/// Where podman keeps logins without `XDG_RUNTIME_DIR`.
fn runtime_file() -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    {
        let user = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?);
        Some(format!("/run/containers/{user}/auth.json").into())
    }
    #[cfg(not(target_os = "linux"))]
    None
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file)?.take(FILE_LIMIT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", FILE_LIMIT >> 20)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ann:secret`, `bob:secret` and `hub:secret` in base64.
    const DOCKER: &str = r#"{"auths": {
        "https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldA=="},
        "https://quay.io/v1/": {"auth": "YW5uOnNlY3JldA=="},
        "token.example": {"auth": "dXNlcjo=", "identitytoken": "an-identity"},
        "empty.example": {}}}"#;
    const PODMAN: &str = r#"{"auths": {
        "other.example/team": {"auth": "Ym9iOnNlY3JldA=="},
        "other.example": {"auth": "YW5uOnNlY3JldA=="}}}"#;

    fn user(environment: &Environment, registry: &str, repository: &str) -> String {
        let credentials = Credentials::look_up(environment, registry, repository);
        match &credentials.found {
            Some(Credential::User { name, .. }) => name.clone(),
            Some(Credential::Identity(_)) => "identity".to_owned(),
            None => credentials.advice(registry),
        }
    }

    #[test]
    fn the_logins_of_docker_and_podman_are_found() {
        let home = tempfile::tempdir().unwrap();
        for (file, text) in [(".docker/config.json", DOCKER), (".config/containers/auth.json", PODMAN)] {
            let path = home.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let environment: Environment = [("HOME", home.path())].into_iter().collect();
        assert_eq!(user(&environment, "docker.io", "library/alpine"), "hub");
        assert_eq!(user(&environment, "quay.io", "team/app"), "ann");
        assert_eq!(user(&environment, "token.example", "app"), "identity");
        assert_eq!(user(&environment, "other.example", "team/app"), "bob");
        assert_eq!(user(&environment, "other.example", "teams/app"), "ann");
        let none = user(&environment, "empty.example", "app");
        assert!(none.contains("config.json") && none.contains("`docker login empty.example`"), "{none}");
        let file = home.path().join(".config/containers/auth.json");
        let named: Environment = [("HOME", home.path()), ("REGISTRY_AUTH_FILE", file.as_path())].into_iter().collect();
        assert_eq!(user(&named, "other.example", "team/app"), "bob");
    }

    /// Without the reason, a missing helper looks like a wrong password.
    #[test]
    fn a_failed_helper_is_reported_without_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            r#"{"credHelpers": {"quay.io": "no-such-helper-anywhere"}, "auths": {"bad.example": {"auth": "!"}}}"#;
        std::fs::write(folder.path().join("config.json"), text).unwrap();
        let environment: Environment = [("DOCKER_CONFIG", folder.path())].into_iter().collect();
        let message = user(&environment, "quay.io", "app");
        assert!(message.contains("docker-credential-no-such-helper-anywhere") && message.contains("PATH"), "{message}");
        assert!(user(&environment, "bad.example", "app").contains("cannot be read"));
        std::fs::write(folder.path().join("config.json"), "{").unwrap();
        assert!(user(&environment, "quay.io", "app").contains("not in the format of docker's config.json"));
        std::fs::write(folder.path().join("config.json"), vec![b' '; (4 << 20) + 1]).unwrap();
        assert!(user(&environment, "quay.io", "app").contains("larger than 4 MiB"));
    }

    #[test]
    fn debug_output_shows_no_password() {
        let credential = Credential::User { name: "ann".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{credential:?} {:?}", Credential::Identity("secret".to_owned())), "User Identity");
    }
}
