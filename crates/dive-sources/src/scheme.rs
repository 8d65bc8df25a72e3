//! The table of image sources: names, aliases, requirements and examples. Parsing, `--help`, shell completion and
//! docs/sources.md read it.

use std::str::FromStr;

use super::container_engine::ContainerEngine;
use super::reference::ReferenceError;

/// A source of images: a value of `--source`, or the scheme before `://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// A container engine.
    Engine(ContainerEngine),
    /// A container, in the engine that names without a scheme are looked up in.
    Container,
    /// A registry.
    Registry,
    /// containerd.
    Containerd,
    /// A file or a directory. The content decides how it is read.
    Path(PathFormat),
}

/// The format of an image on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFormat {
    /// The output of `docker save`.
    DockerArchive,
    /// A tar of an OCI layout.
    OciArchive,
    /// An OCI layout directory.
    Oci,
}

/// A name or alias of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeName {
    /// `WORD:NAME` always names the source.
    Distinct(&'static str),
    /// Images with this name exist, so `WORD:TAG` may be an image: `registry:2`, `docker:24-dind`.
    AlsoAnImage(&'static str),
}

impl SchemeName {
    /// The word itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Distinct(word) | Self::AlsoAnImage(word) => word,
        }
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Scheme {
    /// The source.
    pub kind: SourceKind,
    /// A short description for help texts.
    pub what: &'static str,
    /// The canonical name.
    pub name: SchemeName,
    /// The aliases.
    pub aliases: &'static [SchemeName],
    /// An example command.
    pub example: &'static str,
    /// Its requirements.
    pub needs: &'static str,
}

use SchemeName::{AlsoAnImage, Distinct};

/// The sources that have a name.
pub const SCHEMES: [Scheme; 8] = [
    Scheme {
        kind: SourceKind::Engine(ContainerEngine::Docker),
        what: "an image in Docker",
        name: AlsoAnImage("docker"),
        aliases: &[Distinct("docker-daemon")],
        example: "dive docker://my-app:1.0",
        needs: "a running Docker engine; no `docker` command. For `ssh://`: `ssh` here, `docker` on the other host",
    },
    Scheme {
        kind: SourceKind::Engine(ContainerEngine::Podman),
        what: "an image in Podman",
        name: AlsoAnImage("podman"),
        aliases: &[Distinct("containers-storage")],
        example: "dive podman://my-app:1.0",
        needs: "the command `podman`, or Podman's service",
    },
    Scheme {
        kind: SourceKind::Container,
        what: "a container: its image, and what it changed",
        name: AlsoAnImage("container"),
        aliases: &[],
        example: "dive container://web",
        needs: "as for an image in the engine that `container-engine` names",
    },
    Scheme {
        kind: SourceKind::Registry,
        what: "an image in a registry",
        name: AlsoAnImage("registry"),
        aliases: &[],
        example: "dive registry://ghcr.io/team/my-app:1.0",
        needs: "the network, and a login if the registry requires one; no engine",
    },
    Scheme {
        kind: SourceKind::Containerd,
        what: "an image in containerd",
        name: AlsoAnImage("containerd"),
        aliases: &[],
        example: "dive containerd://docker.io/library/alpine:3",
        needs: "the command `ctr` or `nerdctl`, and permission to use it",
    },
    Scheme {
        kind: SourceKind::Path(PathFormat::DockerArchive),
        what: "a tar written by docker save or podman save",
        name: Distinct("docker-archive"),
        aliases: &[Distinct("docker-tar")],
        example: "dive docker-archive://my-app.tar",
        needs: "the file, plain or compressed",
    },
    Scheme {
        kind: SourceKind::Path(PathFormat::OciArchive),
        what: "an OCI layout in a tar",
        name: Distinct("oci-archive"),
        aliases: &[],
        example: "dive oci-archive://my-app.tar:1.0",
        needs: "the file, plain or compressed",
    },
    Scheme {
        kind: SourceKind::Path(PathFormat::Oci),
        what: "an OCI layout directory",
        name: AlsoAnImage("oci"),
        aliases: &[Distinct("oci-dir"), AlsoAnImage("dir")],
        example: "dive oci://layout:1.0",
        needs: "the directory, also in the `dir:` format of skopeo",
    },
];

impl Scheme {
    /// The source with this name or alias, ignoring case.
    pub(super) fn find(word: &str) -> Option<(&'static Self, SchemeName)> {
        SCHEMES.iter().find_map(|scheme| {
            let name = scheme.names().find(|name| name.as_str().eq_ignore_ascii_case(word))?;
            Some((scheme, name))
        })
    }

    /// The name and the aliases.
    pub fn names(&self) -> impl Iterator<Item = SchemeName> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl SourceKind {
    /// The canonical name of the source.
    #[must_use]
    pub fn name(self) -> &'static str {
        SCHEMES.iter().find(|scheme| scheme.kind == self).map_or("", |scheme| scheme.name.as_str())
    }
}

impl FromStr for SourceKind {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Scheme::find(text).map(|(scheme, _)| scheme.kind);
        found.ok_or_else(|| ReferenceError::UnknownKind { kind: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_row_and_every_name_one_source() {
        let engines = ContainerEngine::ALL.map(SourceKind::Engine);
        let formats = [PathFormat::DockerArchive, PathFormat::OciArchive, PathFormat::Oci].map(SourceKind::Path);
        for kind in engines.into_iter().chain(formats).chain([
            SourceKind::Container,
            SourceKind::Registry,
            SourceKind::Containerd,
        ]) {
            assert_eq!(SCHEMES.iter().filter(|scheme| scheme.kind == kind).count(), 1, "{kind:?}");
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(kind.name().to_uppercase().parse(), Ok(kind));
        }
        let mut words: Vec<_> = SCHEMES.iter().flat_map(Scheme::names).map(SchemeName::as_str).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
