//! What the user typed where an image is expected, as a value: `docker-archive://x.tar`, `alpine`, `./x.tar`, `-`.
//! Parsing asks the file system one thing only, whether a bare argument exists, because that is what dive's users
//! rely on.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::engine::ContainerEngine;

/// Where an image is to be taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file that holds a saved image, or a directory that holds a layout.
    Path(PathReference),
    /// Standard input.
    Stdin,
    /// An image in an engine.
    Engine {
        /// Which one.
        engine: ContainerEngine,
        /// The image's name, as the engine understands it.
        name: String,
    },
    /// An image in a registry.
    Registry {
        /// `HOST/REPOSITORY:TAG`, `...@DIGEST`, or a name as Docker Hub has it.
        name: String,
    },
    /// An image in containerd.
    Containerd {
        /// The image's name, as containerd has it.
        name: String,
    },
}

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathReference {
    /// Where it is.
    pub path: PathBuf,
    /// The format that the user named; the content decides how it is read.
    pub format: Option<PathFormat>,
}

/// A bare path.
impl From<PathBuf> for Reference {
    fn from(path: PathBuf) -> Self {
        Self::Path(PathReference { path, format: None })
    }
}

/// The format of an image on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFormat {
    /// What `docker save` writes.
    DockerArchive,
    /// A layout directory in a tar.
    OciArchive,
    /// A layout directory.
    Oci,
}

/// Where an image came from, as `SCHEME://NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageOrigin {
    /// The canonical name of the source: `docker`, `registry`, `docker-archive`, `stdin`.
    pub scheme: &'static str,
    /// The name or path as the user gave it, without a scheme; `-` for standard input.
    pub name: String,
}

impl fmt::Display for ImageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.name)
    }
}

/// The `--source` flag, and the scheme before `://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// An image in an engine: `docker`, `podman`.
    Engine(ContainerEngine),
    /// An image in a registry: `registry`.
    Registry,
    /// An image in containerd: `containerd`.
    Containerd,
    /// A file or directory: `docker-archive`, `docker-tar`, `oci-archive`, `oci-dir`, `oci`. The content decides how it
    /// is read.
    Path(PathFormat),
}

impl SourceKind {
    /// The canonical name: one for all aliases.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine(engine) => engine.command(),
            Self::Registry => "registry",
            Self::Containerd => "containerd",
            Self::Path(PathFormat::DockerArchive) => "docker-archive",
            Self::Path(PathFormat::OciArchive) => "oci-archive",
            Self::Path(PathFormat::Oci) => "oci",
        }
    }
}

const KINDS: &str = "docker, podman, registry, containerd, docker-archive, docker-tar, oci-archive, oci-dir, oci";

impl FromStr for SourceKind {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "docker" => Ok(Self::Engine(ContainerEngine::Docker)),
            "podman" => Ok(Self::Engine(ContainerEngine::Podman)),
            "registry" => Ok(Self::Registry),
            "containerd" => Ok(Self::Containerd),
            "docker-archive" | "docker-tar" => Ok(Self::Path(PathFormat::DockerArchive)),
            "oci-archive" => Ok(Self::Path(PathFormat::OciArchive)),
            "oci-dir" | "oci" => Ok(Self::Path(PathFormat::Oci)),
            _ => Err(ReferenceError::UnknownKind { kind: text.to_owned() }),
        }
    }
}

/// An argument that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No such source.
    #[error("unknown image source {kind:?}; there are {KINDS}")]
    UnknownKind {
        /// What was given.
        kind: String,
    },
    /// Nothing, or nothing behind the scheme.
    #[error("{argument:?} names no image; give an image name, the path of a saved image, or - for standard input")]
    Empty {
        /// What was given.
        argument: String,
    },
    /// It can only be a path, and nothing is there.
    #[error(
        "{path}: no such file or directory; give the path of a saved image (`docker save NAME -o FILE`) or of a layout \
         directory"
    )]
    NoSuchFile {
        /// The path as given.
        path: String,
    },
    /// Engines' names are text.
    #[error("{argument:?} is not UTF-8 and no file has that name")]
    NotText {
        /// What was given, lossily.
        argument: String,
    },
}

impl Reference {
    /// Reads an IMAGE argument. A scheme in it beats `kind` (the `--source` flag); without either, what exists as a
    /// file or directory is one, and anything else is a name in `engine`.
    ///
    /// # Errors
    /// When the argument is empty, has an unknown scheme, or looks like a path and does not exist.
    pub fn parse(argument: &OsStr, kind: Option<SourceKind>, engine: ContainerEngine) -> Result<Self, ReferenceError> {
        let text = argument.to_str();
        if let Some((scheme, rest)) = text.and_then(|text| text.split_once("://")) {
            return Self::of_kind(scheme.parse()?, rest, OsStr::new(rest), argument);
        }
        if argument.is_empty() {
            return Err(ReferenceError::Empty { argument: String::new() });
        }
        let not_text = || ReferenceError::NotText { argument: argument.to_string_lossy().into_owned() };
        match (kind, text) {
            (Some(SourceKind::Engine(_) | SourceKind::Registry | SourceKind::Containerd), None) => Err(not_text()),
            (Some(kind), text) => Self::of_kind(kind, text.unwrap_or_default(), argument, argument),
            (None, Some("-")) => Ok(Self::Stdin),
            (None, _) if Path::new(argument).exists() => Ok(PathBuf::from(argument).into()),
            (None, Some(name)) if looks_like_a_path(name) => Err(ReferenceError::NoSuchFile { path: name.to_owned() }),
            (None, Some(name)) => Ok(Self::Engine { engine, name: name.to_owned() }),
            (None, None) => Err(not_text()),
        }
    }

    fn of_kind(kind: SourceKind, name: &str, path: &OsStr, argument: &OsStr) -> Result<Self, ReferenceError> {
        if path.is_empty() {
            return Err(ReferenceError::Empty { argument: argument.to_string_lossy().into_owned() });
        }
        Ok(match kind {
            SourceKind::Engine(engine) => Self::Engine { engine, name: name.to_owned() },
            SourceKind::Registry => Self::Registry { name: name.to_owned() },
            SourceKind::Containerd => Self::Containerd { name: name.to_owned() },
            SourceKind::Path(_) if path == "-" => Self::Stdin,
            SourceKind::Path(format) => Self::Path(PathReference { path: path.into(), format: Some(format) }),
        })
    }
}

/// Whether a name can only have been meant as a path. Image names hold `/` too, so it is the ends that tell.
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

    #[test]
    fn what_users_type_is_understood() {
        let path = |path: &str| Reference::from(PathBuf::from(path));
        let named = |format, path: &str| Reference::Path(PathReference { path: path.into(), format: Some(format) });
        let engine = |engine, name: &str| Reference::Engine { engine, name: name.to_owned() };
        is("docker-archive://x.tar", None, &named(PathFormat::DockerArchive, "x.tar"));
        is("docker-tar:///tmp/x.tar", None, &named(PathFormat::DockerArchive, "/tmp/x.tar"));
        is("oci-dir://layout", None, &named(PathFormat::Oci, "layout"));
        is("x.tar", Some("docker-archive"), &named(PathFormat::DockerArchive, "x.tar"));
        is("docker://x.tar", Some("docker-archive"), &engine(ContainerEngine::Docker, "x.tar"));
        is("podman://alpine", None, &engine(ContainerEngine::Podman, "alpine"));
        is("quay.io/team/app:1.2", None, &engine(ContainerEngine::Docker, "quay.io/team/app:1.2"));
        is("Cargo.toml", Some("podman"), &engine(ContainerEngine::Podman, "Cargo.toml"));
        is("Cargo.toml", None, &path("Cargo.toml"));
        is("src", None, &path("src"));
        is("-", None, &Reference::Stdin);
        is("-", Some("oci-archive"), &Reference::Stdin);
        is("docker-archive://-", None, &Reference::Stdin);
    }

    #[test]
    fn a_mistyped_path_is_not_asked_of_an_engine() {
        for argument in ["./nowhere", "/nowhere/at-all", "~/x", "nowhere.tar", "nowhere.TAR.GZ", "team/nowhere.tgz"] {
            assert!(parse(argument, None).unwrap_err().contains("no such file"), "{argument}");
        }
        assert!(parse("", None).unwrap_err().contains("names no image"));
        assert!(parse("docker://", None).unwrap_err().contains("names no image"));
        assert!(parse("ftp://x", None).unwrap_err().contains("docker-archive"));
    }
}
