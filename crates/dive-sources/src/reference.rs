//! Parses the IMAGE argument into a [`Reference`]: `docker-archive://x.tar`, `oci:layout:1.0`, `alpine`, `./x.tar`, `-`.
//!
//! Parsing looks at the file system, because dive's users rely on it: a bare argument may be a file, and a colon may be
//! part of a file name or precede a tag.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::container_engine::ContainerEngine;
use super::login::login;
use super::scheme::{PathFormat, SCHEMES, Scheme, SchemeName, SourceKind};
use super::web;
use dive_model::image::ImageSelector;
use dive_model::shell::{shell_path, shell_word};
use dive_model::store::oci_layout;

/// Where to read an image from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// An archive or a layout directory.
    Path(PathReference),
    /// Standard input.
    Stdin,
    /// An image in an engine.
    Engine {
        /// Docker or Podman.
        engine: ContainerEngine,
        /// The image's name, as the engine understands it.
        name: String,
        /// Another possible meaning of the argument, for the error message.
        other: Option<OtherReading>,
    },
    /// A container, and the image that it runs.
    Container {
        /// Docker or Podman.
        engine: ContainerEngine,
        /// The container's name or id.
        name: String,
    },
    /// An image in a registry.
    Registry {
        /// `HOST/REPOSITORY:TAG`, `...@DIGEST`, or a Docker Hub name.
        name: String,
    },
    /// An image in containerd.
    Containerd {
        /// The image's name in containerd.
        name: String,
    },
}

/// A file or a directory, and the image in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathReference {
    /// The path, without the tag.
    pub path: PathBuf,
    /// The format that the user named. The content still decides how the file is read.
    pub format: Option<PathFormat>,
    /// The tag, or the index as `@0`, that follows the path and a colon.
    pub tag: Option<String>,
}

impl PathReference {
    /// The image that the tag or the index selects.
    #[must_use]
    pub fn image(&self) -> Option<ImageSelector> {
        let tag = self.tag.as_ref()?;
        // `@0` is the first image, as in skopeo; a bare number may be a tag.
        let index = tag.strip_prefix('@').and_then(|index| index.parse().ok()).map(ImageSelector::Index);
        Some(index.unwrap_or_else(|| ImageSelector::Reference(tag.clone())))
    }
}

/// A path without a format or a tag.
impl From<PathBuf> for Reference {
    fn from(path: PathBuf) -> Self {
        Self::Path(PathReference { path, format: None, tag: None })
    }
}

/// Formats as `PATH` or `PATH:TAG`.
impl fmt::Display for PathReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))
    }
}

/// Where an image came from, as `SCHEME://NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageOrigin {
    /// The canonical name of the source: `docker`, `registry`, `docker-archive`, `stdin`.
    pub scheme: &'static str,
    /// The name or path that the user typed, without a scheme; `-` for standard input.
    pub name: String,
}

impl fmt::Display for ImageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.name)
    }
}

/// Another meaning of an argument that was read as an engine's image. Its text completes the engine's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherReading {
    /// A directory without an image.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why the directory cannot be read; `None` if it can.
        failure: Option<String>,
    },
    /// The argument starts with the name of a source: `docker:nginx`.
    Scheme {
        /// The canonical name of the source.
        scheme: &'static str,
        /// The text after the colon.
        name: String,
    },
    /// The argument starts with `file:`.
    File {
        /// The text after the colon.
        path: PathBuf,
    },
    /// The argument starts with the path of an archive or a layout: `x.tar:1.0`.
    Tagged(PathReference),
}

impl OtherReading {
    /// True if only this meaning has this spelling, so the user probably meant it.
    #[must_use]
    pub const fn is_likely(&self) -> bool {
        match self {
            Self::Scheme { .. } | Self::File { .. } | Self::Tagged(_) => true,
            Self::Directory { .. } => false,
        }
    }
}

impl fmt::Display for OtherReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { path, failure: None } => {
                let markers = oci_layout::MARKERS.join(", ");
                write!(f, "the directory ./{} contains no image: it has none of {markers}", path.display())
            }
            Self::Directory { path, failure: Some(failure) } => {
                write!(f, "the directory ./{} cannot be read: {failure}", path.display())
            }
            Self::Scheme { scheme, name } => write!(f, "to open {name} as {}, write {scheme}://{name}", what(scheme)),
            Self::File { path } => write!(f, "to open a file, write its path alone: {}", path.display()),
            Self::Tagged(PathReference { path, tag, .. }) => {
                let tag = tag.as_deref().unwrap_or_default();
                let (file, tag) = (shell_path(path), shell_word(tag.as_bytes()));
                write!(f, "to choose an image in {}, write `dive {file} --image {tag}`", path.display())
            }
        }
    }
}

fn what(scheme: &str) -> &'static str {
    Scheme::find(scheme).map_or("an image", |(scheme, _)| scheme.what)
}

/// An argument that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The source does not exist.
    #[error("unknown image source {kind:?}; use one of {}", canonical_names())]
    UnknownKind {
        /// The source as typed.
        kind: String,
    },
    /// The argument has a password, which is not repeated.
    #[error("an image name has no user name and password; run `docker login {host}`, and write {rest}")]
    Login {
        /// The registry.
        host: String,
        /// The argument without user name and password.
        rest: String,
    },
    /// The argument is a web address.
    #[error("{argument}: a web address is not an image source; {instead}")]
    WebAddress {
        /// The argument as typed.
        argument: String,
        /// The spelling to use instead.
        instead: String,
    },
    /// The argument is a `file:` URL.
    #[error("{argument}: file: is not an image source; write the path alone: {}", path.display())]
    FileAddress {
        /// The argument as typed.
        argument: String,
        /// The path in the URL.
        path: PathBuf,
    },
    /// The argument is empty, or nothing follows its scheme.
    #[error("{argument:?} names no image; give an image name, the path of a saved image, or - for standard input")]
    Empty {
        /// The argument as typed.
        argument: String,
    },
    /// The argument is a path that does not exist.
    #[error(
        "{path}: no such file or directory; give the path of a saved image (`docker save NAME -o FILE`) or of a layout \
         directory{}",
        tagged.as_ref().map(|tagged| format!("; {tagged}")).unwrap_or_default()
    )]
    NoSuchFile {
        /// The path as typed.
        path: String,
        /// The existing file or layout if the end of the argument is a tag.
        tagged: Option<OtherReading>,
    },
    /// The argument is not UTF-8, as engine and registry names must be.
    #[error("{argument:?} is not UTF-8, and no file has that name; check the path")]
    NotText {
        /// The argument, converted lossily.
        argument: String,
    },
}

/// The error for an argument with a password that is not the name of a file.
fn login_in(argument: &str) -> Option<ReferenceError> {
    let login = login(argument).filter(|_| !may_exist(Path::new(argument)))?;
    let rest = argument[..login.start].to_owned() + &argument[login.end..];
    let address = rest.split_once("://").map_or(&*rest, |(_, rest)| rest);
    let host = address.split('/').next().unwrap_or_default().to_owned();
    Some(ReferenceError::Login { host, rest })
}

fn canonical_names() -> String {
    SCHEMES.map(|scheme| scheme.name.as_str()).join(", ")
}

impl Reference {
    /// Parses an IMAGE argument. A scheme in it overrides `kind` (the `--source` flag). Without either, an existing file or a
    /// directory with an image is opened, and anything else is a name in `engine`.
    ///
    /// # Errors
    /// If the argument is empty, has an unknown scheme, or looks like a path and does not exist.
    pub fn parse(argument: &OsStr, kind: Option<SourceKind>, engine: ContainerEngine) -> Result<Self, ReferenceError> {
        let text = argument.to_str();
        if let Some(error) = text.and_then(login_in) {
            return Err(error);
        }
        if let Some((scheme, rest)) = text.and_then(|text| text.split_once("://")) {
            if let Some(instead) = web::suggestion(scheme, rest) {
                return Err(ReferenceError::WebAddress { argument: format!("{scheme}://{rest}"), instead });
            }
            if scheme.eq_ignore_ascii_case("file") && !rest.is_empty() {
                return Err(ReferenceError::FileAddress { argument: format!("{scheme}://{rest}"), path: rest.into() });
            }
            // `--source podman container://web` names the engine of the container.
            let engine = match kind {
                Some(SourceKind::Engine(engine)) => engine,
                _ => engine,
            };
            return Self::of_kind(scheme.parse()?, engine, rest, OsStr::new(rest), argument);
        }
        if argument.is_empty() {
            return Err(ReferenceError::Empty { argument: String::new() });
        }
        let not_text = || ReferenceError::NotText { argument: argument.to_string_lossy().into_owned() };
        match (kind, text) {
            (
                Some(SourceKind::Engine(_) | SourceKind::Container | SourceKind::Registry | SourceKind::Containerd),
                None,
            ) => Err(not_text()),
            (Some(kind), text) => Self::of_kind(kind, engine, text.unwrap_or_default(), argument, argument),
            (None, Some("-")) => Ok(Self::Stdin),
            (None, Some(text)) => Self::of_text(text, engine),
            (None, None) if may_exist(Path::new(argument)) => Ok(PathBuf::from(argument).into()),
            (None, None) => Err(not_text()),
        }
    }

    fn of_kind(
        kind: SourceKind,
        engine: ContainerEngine,
        name: &str,
        path: &OsStr,
        argument: &OsStr,
    ) -> Result<Self, ReferenceError> {
        if path.is_empty() {
            return Err(ReferenceError::Empty { argument: argument.to_string_lossy().into_owned() });
        }
        Ok(match kind {
            SourceKind::Engine(engine) => Self::Engine { engine, name: name.to_owned(), other: None },
            SourceKind::Container => Self::Container { engine, name: name.to_owned() },
            SourceKind::Registry => Self::Registry { name: name.to_owned() },
            SourceKind::Containerd => Self::Containerd { name: name.to_owned() },
            SourceKind::Path(_) if path == "-" => Self::Stdin,
            SourceKind::Path(format) => {
                let whole = || PathReference { path: path.into(), format: None, tag: None };
                let found = path.to_str().and_then(tagged).unwrap_or_else(whole);
                Self::Path(PathReference { format: Some(format), ..found })
            }
        })
    }

    /// Parses a bare argument: not empty, not `-`, no `://`.
    fn of_text(text: &str, engine: ContainerEngine) -> Result<Self, ReferenceError> {
        let path = Path::new(text);
        let is_directory = path.is_dir();
        // A file may be named `oci:layout.tar`, so existing files take precedence over schemes.
        let is_file = path.exists() && !is_directory;
        if is_file || (looks_like_a_path(text) && may_exist(path)) {
            return Ok(path.to_owned().into());
        }
        let mut other = None;
        if is_directory {
            match oci_layout::holds_image(path) {
                Ok(true) => return Ok(path.to_owned().into()),
                Ok(false) => other = Some(OtherReading::Directory { path: path.into(), failure: None }),
                Err(error) => {
                    other = Some(OtherReading::Directory { path: path.into(), failure: Some(error.to_string()) });
                }
            }
        }
        if let Some((word, rest)) = text.split_once(':')
            && let Some((scheme, name)) = Scheme::find(word)
        {
            let is_an_image = matches!(name, SchemeName::AlsoAnImage(_)) && is_image_name(text);
            // `oci:layout` is an image with that tag, unless the layout exists.
            let is_found = || matches!(scheme.kind, SourceKind::Path(_)) && is_image_on_disk(rest);
            if !is_an_image || is_found() {
                return Self::of_kind(scheme.kind, engine, rest, OsStr::new(rest), OsStr::new(text));
            }
            other = Some(OtherReading::Scheme { scheme: name.as_str(), name: rest.to_owned() });
        }
        if let Some((word, path)) = text.split_once(':')
            && word.eq_ignore_ascii_case("file")
            && !path.is_empty()
        {
            // `file:latest` may be an image, unless the file exists.
            if may_exist(Path::new(path)) || looks_like_a_path(path) || !is_image_name(text) {
                return Err(ReferenceError::FileAddress { argument: text.to_owned(), path: path.into() });
            }
            other = Some(OtherReading::File { path: path.into() });
        }
        let with_tag = || tagged(text).filter(|found| found.tag.is_some()).map(OtherReading::Tagged);
        if looks_like_a_path(text) {
            return Err(ReferenceError::NoSuchFile { path: text.to_owned(), tagged: with_tag() });
        }
        Ok(Self::Engine { engine, name: text.to_owned(), other: other.or_else(with_tag) })
    }
}

/// Splits `PATH:TAG` at the longest existing path, because a file name may contain a colon.
fn tagged(text: &str) -> Option<PathReference> {
    let reference = |path: &str, tag: Option<&str>| PathReference {
        path: path.into(),
        format: None,
        tag: tag.map(ToOwned::to_owned),
    };
    if Path::new(text).exists() {
        return Some(reference(text, None));
    }
    let ends = text.rmatch_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
    let mut ends = ends.filter(|(path, tag)| !path.is_empty() && !tag.is_empty());
    ends.find(|(path, _)| Path::new(path).exists()).map(|(path, tag)| reference(path, Some(tag)))
}

/// True if the path exists, or permissions hide whether it does: opening it then fails with that reason.
fn may_exist(path: &Path) -> bool {
    match path.metadata() {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// True if `PATH` or `PATH:TAG` is a file, or a directory with an image.
fn is_image_on_disk(text: &str) -> bool {
    tagged(text).is_some_and(|found| !found.path.is_dir() || oci_layout::holds_image(&found.path).unwrap_or(true))
}

/// True if `WORD:REST` is an image name by the reference grammar: `registry:2`, `registry:5000/app`, `docker:dind@sha256:...`.
fn is_image_name(text: &str) -> bool {
    let (text, digest) = text.split_once('@').map_or((text, None), |(text, digest)| (text, Some(digest)));
    let Some((word, rest)) = text.split_once(':') else { return false };
    let is_repository = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_digest = digest.is_none_or(|digest| digest.contains(':'));
    let is_tag_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_tag = !rest.is_empty() && !rest.starts_with(['.', '-']) && rest.bytes().all(is_tag_byte);
    // A host name on a container network: `registry:5000/team/app`.
    let is_port = rest.split_once('/').is_some_and(|(port, path)| port.parse::<u16>().is_ok() && !path.is_empty());
    is_repository && is_digest && (is_tag || is_port)
}

/// True if the name can only be a path. Image names contain `/` too, so only the ends decide.
fn looks_like_a_path(name: &str) -> bool {
    const ENDINGS: [&str; 10] =
        [".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.zstd", ".tar.bz2", ".tar.xz", ".txz", ".tzst", "/"];
    let lower = name.to_ascii_lowercase();
    name.starts_with(['.', '/', '~']) || name.contains('\\') || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(argument: &str, kind: Option<&str>) -> Result<String, String> {
        let kind = kind.map(|kind| kind.parse().unwrap());
        Reference::parse(OsStr::new(argument), kind, ContainerEngine::Docker)
            .map(|reference| format!("{reference:?}"))
            .map_err(|error| error.to_string())
    }

    fn is(argument: &str, kind: Option<&str>, expected: &Reference) {
        assert_eq!(parse(argument, kind), Ok(format!("{expected:?}")), "{argument} {kind:?}");
    }

    fn path(path: &str) -> Reference {
        PathBuf::from(path).into()
    }

    fn of_format(format: PathFormat, path: &str) -> Reference {
        Reference::Path(PathReference { path: path.into(), format: Some(format), tag: None })
    }

    fn in_engine(engine: ContainerEngine, name: &str) -> Reference {
        Reference::Engine { engine, name: name.to_owned(), other: None }
    }

    #[test]
    fn arguments_have_dives_meaning() {
        use PathFormat::{DockerArchive, Oci};
        is("docker-archive://x.tar", None, &of_format(DockerArchive, "x.tar"));
        is("docker-tar:///tmp/x.tar", None, &of_format(DockerArchive, "/tmp/x.tar"));
        is("Docker-Archive:x.tar", None, &of_format(DockerArchive, "x.tar"));
        is("oci-dir://layout", None, &of_format(Oci, "layout"));
        is("oci:./layout", None, &of_format(Oci, "./layout"));
        is("OCI:layout", None, &of_format(Oci, "layout"));
        is("dir:/tmp/layout", None, &of_format(Oci, "/tmp/layout"));
        is("x.tar", Some("docker-archive"), &of_format(DockerArchive, "x.tar"));
        is("docker://x.tar", Some("docker-archive"), &in_engine(ContainerEngine::Docker, "x.tar"));
        is("podman://alpine", None, &in_engine(ContainerEngine::Podman, "alpine"));
        is("containers-storage:alpine", None, &in_engine(ContainerEngine::Podman, "alpine"));
        is("docker-daemon:alpine:3", None, &in_engine(ContainerEngine::Docker, "alpine:3"));
        is("podman:alpine:3", None, &in_engine(ContainerEngine::Podman, "alpine:3"));
        is("podman:quay.io/team/app", None, &in_engine(ContainerEngine::Podman, "quay.io/team/app"));
        is("registry:ghcr.io/team/app:1", None, &Reference::Registry { name: "ghcr.io/team/app:1".to_owned() });
        is("registry:localhost:5000/app", None, &Reference::Registry { name: "localhost:5000/app".to_owned() });
        is("quay.io/team/app:1.2", None, &in_engine(ContainerEngine::Docker, "quay.io/team/app:1.2"));
        is("Cargo.toml", Some("podman"), &in_engine(ContainerEngine::Podman, "Cargo.toml"));
        is("Cargo.toml", None, &path("Cargo.toml"));
        is("./src", None, &path("./src"));
        is("src/", None, &path("src/"));
        is("-", None, &Reference::Stdin);
        is("-", Some("oci-archive"), &Reference::Stdin);
        is("docker-archive://-", None, &Reference::Stdin);
        is("docker-archive:-", None, &Reference::Stdin);
    }

    /// Some real images are named like sources.
    #[test]
    fn an_image_named_like_a_source_still_opens() {
        let digest = format!("docker:dind@sha256:{}", "0".repeat(64));
        let images = [
            "docker",
            "docker:dind",
            "docker:24-dind",
            "registry:2",
            "registry:2.8.3",
            "registry:5000/team/app:1",
            "podman:latest",
            "podman:v5.0.0",
            "containerd:1.7",
            "oci:1",
            "dir:x",
            &digest,
        ];
        for image in images {
            let parsed = Reference::parse(OsStr::new(image), None, ContainerEngine::Docker).unwrap();
            let Reference::Engine { engine: ContainerEngine::Docker, name, .. } = parsed else { panic!("{parsed:?}") };
            assert_eq!(name, image);
        }
    }

    #[test]
    fn a_mistyped_path_is_reported_without_asking_an_engine() {
        for argument in ["./nowhere", "/nowhere/at-all", "~/x", "nowhere.tar", "nowhere.TAR.GZ", "team/nowhere.tgz"] {
            assert!(parse(argument, None).unwrap_err().contains("no such file"), "{argument}");
        }
        for empty in ["", "docker://", "oci-archive:", "registry:"] {
            assert!(parse(empty, None).unwrap_err().contains("names no image"), "{empty}");
        }
        assert!(parse("ftp://x", None).unwrap_err().contains("docker-archive"));
    }
}
