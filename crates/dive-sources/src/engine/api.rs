//! The part of the engines' HTTP API that dive uses: versions, documents and errors. Podman's service implements it too.
//!
//! The types are written by hand, because they are few and the client libraries describe the whole API.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use dive_model::image::Platform;

/// A version of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion {
    major: u32,
    minor: u32,
}

impl ApiVersion {
    /// The newest version that dive is tested with.
    pub(super) const NEWEST: Self = Self::new(1, 53);

    pub(super) const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Parses `MAJOR.MINOR`.
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self::new(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The response to `/version`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EngineVersion {
    #[serde(rename = "ApiVersion")]
    newest: Option<String>,
    /// The platform of the engine's machine.
    pub(super) os: Option<String>,
    pub(super) arch: Option<String>,
}

impl EngineVersion {
    /// The newest version that both the engine and dive know.
    pub(super) fn common(&self) -> Result<ApiVersion, ApiError> {
        let newest = self.newest.as_deref().and_then(ApiVersion::parse).ok_or(ApiError::Version)?;
        Ok(newest.min(ApiVersion::NEWEST))
    }
}

/// The response to `/images/NAME/json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in super::super) struct ImageInspect {
    pub(super) id: Option<String>,
    /// Present in Docker's containerd image store, from API version 1.48 on.
    pub(super) descriptor: Option<IgnoredAny>,
    pub(super) repo_tags: Option<Vec<String>>,
    pub(super) repo_digests: Option<Vec<String>>,
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
    pub(super) size: Option<i64>,
    #[serde(rename = "RootFS")]
    pub(super) root_fs: Option<RootFs>,
    /// The manifests of the image's index, in the response to `?manifests=true`.
    pub(super) manifests: Option<Vec<ListedManifest>>,
}

/// An image in the response to `/images/json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedImage {
    pub(super) id: String,
    pub(super) repo_tags: Option<Vec<String>>,
    pub(super) repo_digests: Option<Vec<String>>,
    /// The digest of the manifest, in Podman.
    pub(super) digest: Option<String>,
}

impl ListedImage {
    /// The first tag, or the first name with a digest. `None` for an unnamed image: a step or an old version of a build.
    pub(super) fn name(&self) -> Option<&str> {
        let names = self.repo_tags.iter().chain(&self.repo_digests).flatten();
        names.map(String::as_str).find(|name| !name.starts_with("<none>"))
    }
}

/// The `diff_ids` of an image.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RootFs {
    /// `layers` for every image, even one without layers.
    #[serde(rename = "Type")]
    pub(super) kind: Option<String>,
    pub(super) layers: Option<Vec<String>>,
}

/// A manifest of an index in Docker's containerd image store.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedManifest {
    /// True if the engine has its content.
    pub(super) available: Option<bool>,
    /// Present for images, not for attestations.
    pub(super) image_data: Option<ManifestImage>,
}

/// The image of a [`ListedManifest`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ManifestImage {
    pub(super) platform: Option<ListedPlatform>,
}

/// A platform in an index.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ListedPlatform {
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
}

impl ImageInspect {
    /// True if Docker keeps the image in containerd's store, where the id is the digest of the manifest or of an index for several
    /// platforms. In the classic store, it is the digest of the configuration.
    pub(super) fn is_in_containerd_store(&self) -> bool {
        let id = self.id.as_deref().filter(|id| !id.is_empty());
        let digests = self.repo_digests.iter().flatten().filter_map(|name| name.split_once('@'));
        self.descriptor.is_some() || id.is_some_and(|id| digests.map(|(_, digest)| digest).any(|digest| digest == id))
    }

    /// True if the engine holds no configuration of the image: it is an artifact, or its content was never pulled.
    pub(super) fn has_no_layers(&self) -> bool {
        self.root_fs.as_ref().is_some_and(|root_fs| {
            root_fs.kind.as_deref().is_none_or(str::is_empty) && root_fs.layers.as_ref().is_none_or(Vec::is_empty)
        })
    }
}

/// A manifest list of Podman.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ManifestList {
    manifests: Vec<ListEntry>,
}

#[derive(Debug, Deserialize)]
struct ListEntry {
    digest: String,
    platform: Option<ListedPlatform>,
}

impl ManifestList {
    /// The digests of its images, with their platforms.
    pub(super) fn images(self) -> Vec<(String, Platform)> {
        let image = |ListEntry { digest, platform }: ListEntry| {
            let ListedPlatform { os, architecture, variant } = platform?;
            Some((digest, Platform::new(&os?, &architecture?, variant.as_deref())))
        };
        self.manifests.into_iter().filter_map(image).collect()
    }
}

/// The part of `/containers/NAME/json` that names the container's image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    #[serde(default)]
    pub(super) id: String,
    /// The id of the image.
    #[serde(default)]
    pub(super) image: String,
    pub(super) config: ContainerConfig,
    /// In Docker's containerd image store: the manifest of the index that the container uses.
    #[serde(rename = "ImageManifestDescriptor")]
    pub(super) manifest: Option<ManifestDescriptor>,
}

/// A descriptor with a platform.
#[derive(Debug, Deserialize)]
pub(super) struct ManifestDescriptor {
    pub(super) platform: Option<ListedPlatform>,
}

/// A path of a container that differs from its image: an item of `/containers/NAME/changes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PathChange {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub(super) enum ChangeKind {
    Modified,
    Added,
    Removed,
}

impl TryFrom<u8> for ChangeKind {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Modified),
            1 => Ok(Self::Added),
            2 => Ok(Self::Removed),
            _ => Err("unknown kind of change"),
        }
    }
}

/// The configuration of a container.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerConfig {
    pub(super) image: String,
}

/// A step of a pull: one line of the response to `/images/create`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullStep {
    pub(super) id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) progress_detail: Option<ProgressDetail>,
    error_detail: Option<ErrorDetail>,
}

/// Bytes of a layer received so far, and in total.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ProgressDetail {
    pub(super) current: Option<i64>,
    pub(super) total: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct ErrorDetail {
    message: Option<String>,
}

impl PullStep {
    /// Parses one line. A line that reports an error is an error.
    pub(super) fn parse(line: &[u8]) -> Result<Self, ApiError> {
        let step: Self = serde_json::from_slice(line)?;
        match step.error_detail {
            Some(ErrorDetail { message: Some(message) }) => Err(ApiError::Pull(message)),
            _ => Ok(step),
        }
    }
}

/// A user's login, for the header `X-Registry-Auth`.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Login {
    /// A name and its password.
    Password { username: String, password: String, serveraddress: String },
    /// An identity token from the registry.
    Token { identitytoken: String, serveraddress: String },
}

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("HTTP {status}: {message}")]
    Status { status: u16, message: String },
    #[error("unexpected response: {0}")]
    Document(#[from] serde_json::Error),
    #[error("the response has no API version")]
    Version,
    /// The pull failed after the response had begun.
    #[error("{0}")]
    Pull(String),
    #[error("no response within {} seconds", .0.as_secs())]
    Timeout(Duration),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_engine_gets_requests_in_its_own_version() {
        let common = |document: &str| serde_json::from_str::<EngineVersion>(document).unwrap().common();
        assert_eq!(common(r#"{"ApiVersion": "1.41", "Version": "20.10.24"}"#).unwrap(), ApiVersion::new(1, 41));
        assert_eq!(common(r#"{"ApiVersion": "1.99"}"#).unwrap(), ApiVersion::NEWEST);
        for document in ["{}", r#"{"ApiVersion": "1"}"#, r#"{"ApiVersion": "1.x"}"#, r#"{"ApiVersion": "1.41.2"}"#] {
            assert!(matches!(common(document), Err(ApiError::Version)), "{document}");
        }
        assert!(ApiVersion::new(1, 9) < ApiVersion::new(1, 41), "by number, not by letter");
    }

    #[test]
    fn an_image_without_optional_fields_still_opens() {
        let document = r#"{"Id": "sha256:1d", "RepoTags": null, "Descriptor": {"digest": "sha256:2"}, "Size": 5,
                           "RootFS": {"Type": "layers", "Layers": ["sha256:3"]}, "Config": {"Labels": {"a": "b"}}}"#;
        let image: ImageInspect = serde_json::from_str(document).unwrap();
        assert_eq!((image.id.as_deref(), image.size), (Some("sha256:1d"), Some(5)));
        assert!(image.descriptor.is_some() && image.repo_tags.is_none() && image.variant.is_none());
        assert_eq!(image.root_fs.unwrap().layers.unwrap(), ["sha256:3"]);
        let empty: ImageInspect = serde_json::from_str(r#"{"Descriptor": null, "RootFS": {}}"#).unwrap();
        assert!(empty.descriptor.is_none() && empty.root_fs.as_ref().unwrap().layers.is_none());
        assert!(empty.has_no_layers());
    }

    /// Docker 25 to 27 give no descriptor.
    #[test]
    fn the_store_of_an_image_is_recognized_by_its_digests() {
        let is_in = |document: &str| serde_json::from_str::<ImageInspect>(document).unwrap().is_in_containerd_store();
        assert!(is_in(r#"{"Id": "sha256:a", "Descriptor": {"digest": "sha256:a"}}"#));
        assert!(is_in(r#"{"Id": "sha256:a", "RepoDigests": ["b@sha256:c", "b@sha256:a"]}"#));
        assert!(!is_in(r#"{"Id": "sha256:a", "RepoDigests": ["b@sha256:c"]}"#));
        assert!(!is_in(r#"{"Id": "", "RepoDigests": ["b@", "c"]}"#) && !is_in("{}"));
    }

    /// `FROM scratch` with labels alone is an image; a Helm chart that docker pulled is not.
    #[test]
    fn an_image_of_no_layers_is_not_an_artifact() {
        let read = |document: &str| serde_json::from_str::<ImageInspect>(document).unwrap();
        assert!(!read(r#"{"RootFS": {"Type": "layers"}}"#).has_no_layers());
        assert!(!read(r#"{"RootFS": {"Layers": ["sha256:3"]}}"#).has_no_layers());
        assert!(!read("{}").has_no_layers(), "nothing is known");
        assert!(read(r#"{"Os": "", "RootFS": {"Type": "", "Layers": []}}"#).has_no_layers());
    }

    #[test]
    fn a_failed_pull_step_is_an_error() {
        let line = br#"{"status":"Downloading","progressDetail":{"current":5,"total":7},"progress":"[=>]","id":"ab"}"#;
        let step = PullStep::parse(line).unwrap();
        let detail = step.progress_detail.unwrap();
        assert_eq!((step.id.as_deref(), detail.current, detail.total), (Some("ab"), Some(5), Some(7)));
        let failed = PullStep::parse(br#"{"errorDetail":{"code":1,"message":"denied"},"error":"denied"}"#);
        assert!(matches!(failed, Err(ApiError::Pull(message)) if message == "denied"));
        assert!(matches!(PullStep::parse(b"<html>"), Err(ApiError::Document(_))));
    }

    #[test]
    fn a_login_has_the_keys_that_engines_read() {
        let (username, password) = ("user".to_owned(), "secret".to_owned());
        let login = Login::Password { username, password, serveraddress: "h:1".to_owned() };
        let document = r#"{"username":"user","password":"secret","serveraddress":"h:1"}"#;
        assert_eq!(serde_json::to_string(&login).unwrap(), document);
        let login = Login::Token { identitytoken: "t".to_owned(), serveraddress: "h:1".to_owned() };
        assert_eq!(serde_json::to_string(&login).unwrap(), r#"{"identitytoken":"t","serveraddress":"h:1"}"#);
    }
}
