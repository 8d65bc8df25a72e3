//! Platforms by Go's names (`linux/arm64/v8`), because indexes and configurations use those, and which of an index's
//! platforms is the one that is wanted.

use std::fmt;
use std::str::FromStr;

use oci_spec::image::Arch;

/// An operating system and a processor, by Go's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`, ...
    pub os: String,
    /// `amd64`, `arm64`, ...
    pub architecture: String,
    /// `v7`, ... where the architecture has variants.
    pub variant: Option<String>,
}

impl Platform {
    /// A platform by any of the names in use: `x86_64` is `amd64`, `aarch64` and `arm64/v8` are `arm64`.
    #[must_use]
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let architecture = architecture.to_ascii_lowercase();
        let variant = variant.map(str::to_ascii_lowercase).filter(|variant| !variant.is_empty());
        let (architecture, variant) = match (architecture.as_str(), variant.as_deref()) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", _) => ("amd64", variant),
            ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", None),
            ("aarch64", _) => ("arm64", variant),
            ("armhf", _) => ("arm", Some("v7".to_owned())),
            ("armel", _) => ("arm", Some("v6".to_owned())),
            ("arm", Some(number @ ("5" | "6" | "7" | "8"))) => ("arm", Some(format!("v{number}"))),
            ("i386" | "i686" | "x86", _) => ("386", variant),
            (other, _) => (other, variant),
        };
        let os = os.to_ascii_lowercase();
        let os = if os == "macos" { "darwin".to_owned() } else { os };
        Self { os, architecture: architecture.to_owned(), variant }
    }

    /// What an engine on this machine runs. Containers are Linux also where the desktop is not: Docker Desktop and
    /// Podman machine keep a Linux for them.
    #[must_use]
    pub fn host() -> Self {
        Self::new("linux", &Arch::default().to_string(), None)
    }

    /// How well `self`, found in an index, fits what is `wanted`; none if it does not. More is better.
    pub(super) fn fit(&self, wanted: &Self) -> Option<u8> {
        if self.os != wanted.os || self.architecture != wanted.architecture {
            return None;
        }
        match (&self.variant, &wanted.variant) {
            (Some(found), Some(wanted)) if found == wanted => Some(2),
            (Some(_), Some(_)) => None,
            (None, None) => Some(2),
            (None, Some(_)) | (Some(_), None) => Some(1),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// Text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a platform; write OS/ARCH[/VARIANT] or ARCH, such as linux/amd64, linux/arm/v7 or arm64")]
pub struct PlatformError {
    /// What was given.
    pub text: String,
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.trim().split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(PlatformError { text: text.to_owned() });
        }
        let is_architecture = |part: &str| {
            let architecture = Self::new("linux", part, None).architecture;
            ARCHITECTURES.contains(&architecture.as_str())
        };
        match parts[..] {
            [architecture] if is_architecture(architecture) => Ok(Self::new("linux", architecture, None)),
            [architecture, variant] if is_architecture(architecture) => {
                Ok(Self::new("linux", architecture, Some(variant)))
            }
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(PlatformError { text: text.to_owned() }),
        }
    }
}

/// Go's names of processors for which there are images. One of them alone means Linux.
const ARCHITECTURES: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
    "s390x", "wasm",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Platform>().unwrap().to_string()
    }

    #[test]
    fn the_names_in_use_come_to_gos() {
        assert_eq!(parsed("linux/amd64"), "linux/amd64");
        assert_eq!(parsed("Linux/x86_64"), "linux/amd64");
        assert_eq!(parsed("linux/arm64/v8"), "linux/arm64");
        assert_eq!(parsed("linux/arm/v7"), "linux/arm/v7");
        assert_eq!(parsed("linux/arm/7"), "linux/arm/v7");
        assert_eq!(parsed("linux/ARM64"), "linux/arm64");
        assert_eq!(parsed("linux/amd64/v1"), "linux/amd64");
        for wrong in ["plan9", "linux", "linux/", "/amd64", "linux/arm/", "linux/arm/v7/x", ""] {
            assert!(wrong.parse::<Platform>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_processor_alone_means_linux() {
        for (text, platform) in [
            ("arm64", "linux/arm64"),
            ("aarch64", "linux/arm64"),
            ("x86_64", "linux/amd64"),
            ("AMD64", "linux/amd64"),
            ("armhf", "linux/arm/v7"),
            ("arm/v6", "linux/arm/v6"),
            ("arm64/v8", "linux/arm64"),
        ] {
            assert_eq!(parsed(text), platform);
        }
    }

    #[test]
    fn the_host_has_a_name_of_gos() {
        let host = Platform::host();
        assert_eq!(host.os, "linux");
        assert!(!host.architecture.contains('_'), "{host}");
    }

    #[test]
    fn a_variant_counts_only_where_both_name_one() {
        let fit = |found: &str, wanted: &str| found.parse::<Platform>().unwrap().fit(&wanted.parse().unwrap());
        assert_eq!(fit("linux/arm/v7", "linux/arm/v7"), Some(2));
        assert_eq!(fit("linux/arm/v6", "linux/arm/v7"), None);
        assert_eq!(fit("linux/arm/v6", "linux/arm"), Some(1));
        assert_eq!(fit("linux/amd64", "windows/amd64"), None);
    }
}
