//! Platforms by Go's names (`linux/arm64/v8`), as in indexes and configurations, and how to choose among them.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use crate::remark::Quoted;
use oci_spec::image::Arch;

/// An operating system and processor, by Go's names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `linux`, `windows`, ...
    pub os: String,
    /// `amd64`, `arm64`, ...
    pub architecture: String,
    /// `v7`, ..., if the architecture has variants.
    pub variant: Option<String>,
    /// Version of the operating system, which distinguishes Windows images: `10.0.20348.2340`.
    pub os_version: Option<String>,
    /// Required features of the operating system, such as `win32k`.
    pub os_features: Vec<String>,
}

impl Platform {
    /// A platform by any common name: `x86_64` is `amd64`; `aarch64` and `arm64/v8` are `arm64`.
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
        Self { os, architecture: architecture.to_owned(), variant, os_version: None, os_features: Vec::new() }
    }

    /// Sets the version and features of the operating system.
    #[must_use]
    pub fn with_os(mut self, version: Option<&str>, features: impl IntoIterator<Item = String>) -> Self {
        self.os_version = version.map(str::to_owned).filter(|version| !version.is_empty());
        self.os_features = features.into_iter().filter(|feature| !feature.is_empty()).collect();
        self.os_features.sort();
        self
    }

    /// `OS/ARCH[/VARIANT]`, the form that engines accept.
    #[must_use]
    pub fn for_engines(&self) -> String {
        let variant = self.variant.as_ref().map_or_else(String::new, |variant| format!("/{variant}"));
        format!("{}/{}{variant}", self.os, self.architecture)
    }

    /// True for a real platform. Builders write `unknown` for what does not run, or if they do not know.
    pub(super) fn is_known(&self) -> bool {
        self.os != "unknown" && self.architecture != "unknown"
    }

    /// Adds version and features of the operating system from an index.
    pub(super) fn completed(mut self, listed: Option<&Self>) -> Self {
        if let Some(listed) = listed {
            self.os_version = self.os_version.or_else(|| listed.os_version.clone());
            if self.os_features.is_empty() {
                self.os_features.clone_from(&listed.os_features);
            }
        }
        self
    }

    /// True if two platforms differ only in version and features of the operating system.
    pub(super) fn is_twin(&self, other: &Self) -> bool {
        self.for_engines() == other.for_engines()
    }

    /// True if operating system and architecture are equal.
    pub(super) fn same_os_and_architecture(&self, other: &Self) -> bool {
        self.os == other.os && self.architecture == other.architecture
    }

    /// The platform of an engine on this machine. It is always Linux: Docker Desktop and Podman machine run containers
    /// in a Linux VM.
    #[must_use]
    pub fn host() -> Self {
        Self::new("linux", &Arch::default().to_string(), None)
    }

    /// True if an image for `self` can be shown to a user who asks for `wanted`.
    #[must_use]
    pub fn suits(&self, wanted: &Self) -> bool {
        self.fit(wanted).is_some()
    }

    /// How well an image for `self` fits `wanted`; `None` if it does not.
    pub(super) fn fit(&self, wanted: &Self) -> Option<Fit> {
        if self.architecture != wanted.architecture || !self.has_os(wanted) {
            return None;
        }
        // Without a variant, the usual one is meant, however an index writes it.
        let is_usual = wanted.variant.is_none() && wanted.version().is_some();
        if self.variant == wanted.variant && !is_usual {
            return Some(Fit::Same);
        }
        let (found, required) = (self.version(), wanted.version());
        match (found, required) {
            (Some(found), Some(required)) if found == required => Some(Fit::Equal),
            (Some(found), Some(required)) if found.runs_on(required) => Some(Fit::Earlier(found)),
            (Some(found), Some(_)) if self.variant.is_none() || wanted.variant.is_none() => {
                Some(Fit::Later(Reverse(found)))
            }
            _ if self.variant.is_none() || wanted.variant.is_none() => Some(Fit::UnknownVariant),
            _ => None,
        }
    }

    /// How well an image for `self` fits a machine with platform `host`, which may also run programs for older
    /// processors.
    pub(super) fn fit_host(&self, host: &Self) -> Option<Fit> {
        let older = match (self.architecture.as_str(), host.architecture.as_str()) {
            ("386", "amd64") => Self { variant: self.variant.clone(), ..Self::new(&host.os, "386", None) },
            ("arm", "arm64") => Self::new(&host.os, "arm", Some("v8")),
            _ => return self.fit(host),
        };
        match self.fit(&older)? {
            Fit::Earlier(version) => Some(Fit::Older(Some(version))),
            _ => Some(Fit::Older(self.version())),
        }
    }

    /// True if an image of this fit is a substitute that needs a notice.
    pub(super) const fn is_substitute(&self, fit: Option<Fit>) -> bool {
        match fit {
            None | Some(Fit::Older(_) | Fit::Later(_)) => true,
            Some(Fit::Earlier(_)) => self.variant.is_some(),
            Some(Fit::UnknownVariant | Fit::Equal | Fit::Same) => false,
        }
    }

    /// True if operating system, version and features match `wanted`.
    fn has_os(&self, wanted: &Self) -> bool {
        // A prefix of the version suffices: the last part changes every month.
        let has_version = wanted
            .os_version
            .as_ref()
            .is_none_or(|wanted| self.os_version.as_ref().is_some_and(|found| found.starts_with(wanted.as_str())));
        self.os == wanted.os
            && has_version
            && wanted.os_features.iter().all(|feature| self.os_features.contains(feature))
    }

    /// The variant as a number, if the architecture has numbered variants. The default is v7 for `arm`, v8 for `arm64`
    /// and v1 for `amd64`.
    fn version(&self) -> Option<VariantNumber> {
        let (first, default) = match self.architecture.as_str() {
            "amd64" => (1, "v1"),
            "arm" => (5, "v7"),
            "arm64" => (8, "v8"),
            _ => return None,
        };
        let text = self.variant.as_deref().unwrap_or(default).strip_prefix('v')?;
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let version = VariantNumber { major: major.parse().ok()?, minor: minor.parse().ok()? };
        (version.major >= first).then_some(version)
    }
}

/// How well an image fits; greater is better. The order is that of containerd's package `platforms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// For an older processor whose programs also run here. Later variants are better.
    Older(Option<VariantNumber>),
    /// For a later variant, and one of the platforms has none. containerd rejects it; dive shows it with a notice.
    /// Earlier variants are better.
    Later(Reverse<VariantNumber>),
    /// One of the variants cannot be compared.
    UnknownVariant,
    /// For an earlier variant. Later ones are better.
    Earlier(VariantNumber),
    /// For the same variant, written differently.
    Equal,
    Same,
}

impl Fit {
    /// Whether such an image runs on `wanted`, as a clause after its own platform.
    pub(super) fn runs_on_clause(self, wanted: &Platform) -> String {
        match self {
            Self::Later(_) => format!(", which may not run on {wanted}"),
            Self::Older(_) | Self::UnknownVariant | Self::Earlier(_) | Self::Equal | Self::Same => {
                format!(", which also runs on {wanted}")
            }
        }
    }
}

/// Number of a variant: 8.2 for `v8.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VariantNumber {
    major: u32,
    minor: u32,
}

impl VariantNumber {
    /// True if a processor of version `host` runs it. Armv9.N includes Armv8.(N+5), and Armv8 ends with 8.9.
    fn runs_on(self, host: Self) -> bool {
        match (self.major, host.major) {
            (8, 9) => self.minor <= host.minor.saturating_add(5).min(9),
            _ => self <= host,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.for_engines())?;
        if self.os_version.is_some() || !self.os_features.is_empty() {
            write!(f, ":{}", self.os_version.as_deref().unwrap_or_default())?;
        }
        self.os_features.iter().try_for_each(|feature| write!(f, "+{feature}"))
    }
}

/// A text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} is not a platform; write OS/ARCH[/VARIANT][:OS-VERSION[+FEATURE]] or ARCH, such as linux/amd64, linux/arm/v7, \
     windows/amd64:10.0.20348 or arm64",
    Quoted(text)
)]
pub struct PlatformError {
    /// The text.
    pub text: String,
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (platform, version) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
        let mut version = version.split('+');
        let os_version = version.next();
        let parts: Vec<&str> = platform.split('/').collect();
        // The names that containerd accepts.
        let is_named = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
        };
        let is_hidden = |it: char| it.is_whitespace() || it.is_control();
        if !parts.iter().all(is_named) || text.trim().contains(is_hidden) {
            return Err(PlatformError { text: text.to_owned() });
        }
        let is_architecture = |part: &str| {
            let architecture = Self::new("linux", part, None).architecture;
            ARCHITECTURES.contains(&architecture.as_str())
        };
        let platform = match parts[..] {
            [architecture] if is_architecture(architecture) => Self::new("linux", architecture, None),
            [architecture, variant] if is_architecture(architecture) => Self::new("linux", architecture, Some(variant)),
            [os, architecture] => Self::new(os, architecture, None),
            [os, architecture, variant] => Self::new(os, architecture, Some(variant)),
            _ => return Err(PlatformError { text: text.to_owned() }),
        };
        Ok(platform.with_os(os_version, version.map(str::to_owned)))
    }
}

/// Go's names of processors with images. One alone means Linux.
const ARCHITECTURES: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
    "s390x", "wasm",
];

/// Position of the best-fitting image among `candidates`. A single one without a known platform may be for any.
/// Otherwise, if none fits, an error with their platforms.
pub(super) fn of_platform(
    candidates: &[usize],
    platform: impl Fn(usize) -> Option<Platform>,
    fit: &dyn Fn(&Platform) -> Option<Fit>,
) -> Result<usize, Vec<String>> {
    let platforms: Vec<(usize, Option<Platform>)> = candidates.iter().map(|at| (*at, platform(*at))).collect();
    if let [(only, None)] = platforms[..] {
        return Ok(only);
    }
    let fits = platforms.iter().filter_map(|(at, found)| Some((fit(found.as_ref()?)?, *at)));
    if let Some((_, at)) = fits.max_by_key(|(fit, at)| (*fit, usize::MAX - at)) {
        return Ok(at);
    }
    let mut found: Vec<String> = Vec::new();
    for platform in platforms.iter().filter_map(|(_, platform)| platform.as_ref()).map(ToString::to_string) {
        if !found.contains(&platform) {
            found.push(platform);
        }
    }
    Err(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Platform>().unwrap().to_string()
    }

    #[test]
    fn common_names_of_platforms_are_understood() {
        assert_eq!(parsed("linux/amd64"), "linux/amd64");
        assert_eq!(parsed("Linux/x86_64"), "linux/amd64");
        assert_eq!(parsed("linux/arm64/v8"), "linux/arm64");
        assert_eq!(parsed("linux/arm/v7"), "linux/arm/v7");
        assert_eq!(parsed("linux/arm/7"), "linux/arm/v7");
        assert_eq!(parsed("linux/ARM64"), "linux/arm64");
        assert_eq!(parsed("linux/amd64/v1"), "linux/amd64");
        assert_eq!(parsed("windows/amd64:10.0.20348.2340"), "windows/amd64:10.0.20348.2340");
        assert_eq!(parsed("windows/amd64:10.0.20348+win32k"), "windows/amd64:10.0.20348+win32k");
        assert_eq!(parsed("windows/amd64:"), "windows/amd64");
        for wrong in [
            "linux/arm64/v\u{b}8",
            "linux/a b",
            "li\nux/arm64",
            "windows/amd64:1\t0",
            "plan9",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/",
            "linux/arm/v7/x",
            "",
        ] {
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
    fn the_host_has_a_name_as_in_go() {
        let host = Platform::host();
        assert_eq!(host.os, "linux");
        assert!(!host.architecture.contains('_'), "{host}");
    }

    #[test]
    fn a_prefix_of_a_version_and_some_features_suffice() {
        let fit = |found: &str, wanted: &str| found.parse::<Platform>().unwrap().fit(&wanted.parse().unwrap());
        let found = "windows/amd64:10.0.20348.2340+win32k";
        for wanted in ["windows/amd64", "windows/amd64:10.0.20348", found, "windows/amd64:+win32k"] {
            assert!(fit(found, wanted).is_some(), "{wanted}");
        }
        for wanted in ["windows/amd64:10.0.17763", "windows/amd64:10.0.20348.2340.1", "windows/amd64:+other"] {
            assert_eq!(fit(found, wanted), None, "{wanted}");
        }
        assert_eq!(fit("windows/amd64", "windows/amd64:10.0"), None);
    }

    #[test]
    fn images_are_preferred_in_the_order_of_containerd() {
        // Fitting platforms, best first, and others.
        for (wanted, fitting, others) in [
            ("linux/arm", "arm/v7 arm/v6 arm/v5 arm/v8", "arm64 amd64"),
            ("linux/arm/v8", "arm/v8 arm/v7 arm/v6 arm/v5", "arm/v9 arm/v4"),
            ("linux/arm/v7", "arm/v7 arm arm/v6 arm/v5", "arm/v8 arm/v4"),
            ("linux/arm/v6", "arm/v6 arm/v5 arm", "arm/v7"),
            ("linux/arm/v4", "arm/v4 arm", "arm/v5"),
            ("linux/arm64", "arm64", "arm"),
            ("linux/arm64/v9", "arm64/v9 arm64/v9.0 arm64/v8.5 arm64/v8.1 arm64", "arm64/v8.6 arm64/v9.1"),
            ("linux/arm64/v9.5", "arm64/v9.5 arm64/v9.4 arm64/v8.9 arm64", "arm64/v8.10 arm64/v9.6"),
            ("linux/amd64/v3", "amd64/v3 amd64/v2 amd64", "amd64/v4 386"),
            ("linux/amd64", "amd64 amd64/v2 amd64/v3", "386"),
            ("linux/ppc64le/power9", "ppc64le/power9 ppc64le", "ppc64le/power8"),
        ] {
            let wanted: Platform = wanted.parse().unwrap();
            let fit = |found: &str| format!("linux/{found}").parse::<Platform>().unwrap().fit(&wanted);
            let fits: Vec<_> = fitting.split(' ').map(fit).collect();
            assert!(
                fits.iter().all(Option::is_some) && fits.is_sorted_by(|one, next| one > next),
                "{wanted}: {fits:?}"
            );
            assert!(others.split(' ').all(|found| fit(found).is_none()), "{wanted}: {others}");
        }
        let arm: Platform = "linux/arm".parse().unwrap();
        assert_eq!(arm.fit(&arm), "linux/arm/v7".parse::<Platform>().unwrap().fit(&arm), "the first of both is taken");
        let other_os: Platform = "windows/arm/v7".parse().unwrap();
        assert_eq!(other_os.fit(&"linux/arm/v7".parse().unwrap()), None);
    }

    #[test]
    fn a_substitute_needs_a_notice() {
        let platform = |text: &str| format!("linux/{text}").parse::<Platform>().unwrap();
        for (wanted, found, is_substitute) in [
            ("amd64", "amd64", false),
            ("amd64", "amd64/v1", false),
            ("amd64", "amd64/v3", true),
            ("amd64/v3", "amd64", true),
            ("arm", "arm/v7", false),
            ("arm", "arm/v6", false),
            ("arm", "arm/v8", true),
            ("arm/v6", "arm", true),
            ("arm64", "arm64/v9", true),
            ("arm64", "arm64/v8.0", false),
            ("arm64", "amd64", true),
            ("ppc64le", "ppc64le/power9", false),
        ] {
            let (wanted, found) = (platform(wanted), platform(found));
            assert_eq!(wanted.is_substitute(found.fit(&wanted)), is_substitute, "{wanted} {found}");
        }
    }

    #[test]
    fn a_host_runs_images_for_older_processors() {
        for (host, fitting, others) in [
            ("linux/amd64", "amd64 386", "arm"),
            ("linux/arm64", "arm64 arm/v8 arm/v7 arm/v6 arm/v5", "arm/v4 amd64 386"),
            ("linux/arm/v7", "arm/v7 arm/v6 arm/v5", "arm64"),
            ("linux/386", "386", "amd64"),
        ] {
            let host: Platform = host.parse().unwrap();
            let fit = |found: &str| format!("linux/{found}").parse::<Platform>().unwrap().fit_host(&host);
            let fits: Vec<_> = fitting.split(' ').map(fit).collect();
            assert!(fits.iter().all(Option::is_some) && fits.is_sorted_by(|one, next| one > next), "{host}: {fits:?}");
            assert!(others.split(' ').all(|found| fit(found).is_none()), "{host}: {others}");
        }
    }
}
