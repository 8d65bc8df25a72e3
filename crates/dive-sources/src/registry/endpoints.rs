//! The places of an image: mirrors in the order in which they are tried, then the registry itself. The user's options come before
//! the machine's settings.

use super::error::RegistryError;
use super::name::{Name, Version, canonical};
use crate::access::{MirrorHost, RegistryOptions};
use crate::certificates::CertificateCheck;
use crate::docker_hub::DOCKER_HUB;
use crate::machine::{MachineSettings, MirrorPulls, RegistryRule};
use dive_model::remark::Remark;

/// A place of an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImagePlace {
    /// The canonical `HOST[:PORT]`.
    pub(super) registry: String,
    /// The repository on it.
    pub(super) repository: String,
    pub(super) check: CertificateCheck,
    pub(super) token: TokenUse,
}

/// Whether a host gets the token in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenUse {
    /// The user has named the host.
    Sent,
    /// It is a mirror, which could keep the token.
    Withheld,
}

/// The places of `name`.
///
/// # Errors
/// If the machine's settings block the image.
pub(super) fn of(
    name: &Name,
    options: &RegistryOptions,
    machine: &MachineSettings,
) -> Result<Vec<ImagePlace>, RegistryError> {
    let Name { registry, repository, version } = name;
    let image = format!("{registry}/{repository}");
    if let Some(file) = machine.lost_blocks() {
        return Err(RegistryError::TooManyBlocked { image, file: file.to_owned() });
    }
    let rule = machine.rule(&image);
    if let Some((RegistryRule { is_blocked: true, file, .. }, _)) = rule {
        return Err(RegistryError::Blocked { image, file: file.clone() });
    }
    let mut endpoints = ImagePlaces { options, machine, found: Vec::new() };
    for mirror in options.mirrors.iter().filter(|mirror| is_same(&mirror.of, registry)) {
        endpoints.add(&mirror.place.host, mirror.place.repository(repository), CertificateCheck::Required);
    }
    if let Some((rule, length)) = rule {
        for mirror in rule.mirrors.iter().filter(|mirror| mirror.pulls.include(version)) {
            if let Some(MirrorHost { host, path }) = place(&mirror.place.to_string(), &image[length..]) {
                endpoints.add(&host, path, mirror.check);
            }
        }
    }
    if registry == DOCKER_HUB {
        for mirror in machine.hub_mirrors() {
            endpoints.add(&mirror.host, mirror.repository(repository), CertificateCheck::Required);
        }
    }
    let own = rule.map_or(CertificateCheck::Required, |(rule, _)| rule.check);
    let moved = rule.and_then(|(rule, length)| place(rule.location.as_ref()?, &image[length..]));
    match moved {
        Some(MirrorHost { host, path }) => endpoints.add(&host, path, own),
        None => endpoints.add(registry, repository.clone(), own),
    }
    for endpoint in endpoints.found.iter_mut().filter(|endpoint| endpoint.registry == *registry) {
        endpoint.token = TokenUse::Sent;
    }
    Ok(endpoints.found)
}

/// The problems of the machine's settings.
pub(super) fn remarks(machine: &MachineSettings) -> Vec<Remark> {
    let problems = machine.sources().iter().flat_map(|file| file.problems.iter().map(move |problem| (file, problem)));
    problems.map(|(file, problem)| Remark::new(file.location(problem), problem.text.clone())).collect()
}

struct ImagePlaces<'a> {
    options: &'a RegistryOptions,
    machine: &'a MachineSettings,
    found: Vec<ImagePlace>,
}

impl ImagePlaces<'_> {
    fn add(&mut self, host: &str, repository: String, check: CertificateCheck) {
        let registry = canonical(host);
        let waived = self.options.insecure.iter().any(|host| is_same(host, &registry))
            || self.machine.is_insecure(&registry)
            || self
                .machine
                .rule(&format!("{registry}/{repository}"))
                .is_some_and(|(rule, _)| rule.check == CertificateCheck::Disabled);
        let check = if waived { CertificateCheck::Disabled } else { check };
        let is_known = |other: &ImagePlace| (&other.registry, &other.repository) == (&registry, &repository);
        if !self.found.iter().any(is_known) {
            self.found.push(ImagePlace { registry, repository, check, token: TokenUse::Withheld });
        }
    }
}

/// The host and the repository where `location` replaces a prefix of the image's name before `rest`.
fn place(location: &str, rest: &str) -> Option<MirrorHost> {
    format!("{location}{rest}").parse().ok().filter(|place: &MirrorHost| !place.path.is_empty())
}

impl MirrorPulls {
    const fn include(self, version: &Version) -> bool {
        match self {
            Self::All => true,
            Self::ByDigest => matches!(version, Version::Digest(_)),
            Self::ByTag => matches!(version, Version::Tag(_)),
        }
    }
}

/// True if `host` is the canonical `registry`. Host names have no case.
fn is_same(host: &str, registry: &str) -> bool {
    canonical(host).eq_ignore_ascii_case(registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The places of `image` with these files of the machine, as `HOST/REPOSITORY`, `!` for a waived check.
    fn places(image: &str, options: &RegistryOptions, files: &[(&str, &str)]) -> Result<Vec<String>, RegistryError> {
        let machine = MachineSettings::of_texts(files);
        let endpoints = of(&Name::parse(image).unwrap(), options, &machine)?;
        let shown = |endpoint: &ImagePlace| {
            let mark = if endpoint.check == CertificateCheck::Disabled { "!" } else { "" };
            format!("{mark}{}/{}", endpoint.registry, endpoint.repository)
        };
        Ok(endpoints.iter().map(shown).collect())
    }

    #[test]
    fn the_users_mirrors_precede_the_machines() {
        let options = RegistryOptions {
            mirrors: vec!["docker.io=own.example:5000/hub".parse().unwrap()],
            insecure: vec!["own.example:5000".to_owned()],
            ..RegistryOptions::default()
        };
        let conf = "[[registry]]\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"podman.example/hub\"\n";
        let files = [
            ("registries.conf", conf),
            ("daemon.json", r#"{"registry-mirrors": ["https://docker.example", "https://podman.example/hub"]}"#),
        ];
        let expected = [
            "!own.example:5000/hub/library/alpine",
            "podman.example/hub/library/alpine",
            "docker.example/library/alpine",
            "docker.io/library/alpine",
        ];
        assert_eq!(places("alpine", &options, &files).unwrap(), expected);
        assert_eq!(places("quay.io/a/b", &options, &files).unwrap(), ["quay.io/a/b"]);
    }

    #[test]
    fn a_location_replaces_the_prefix() {
        let conf = "[[registry]]\nprefix = \"reg.example/team\"\nlocation = \"inside.example:5000/copies\"\ninsecure = true\n\
                    [[registry.mirror]]\nlocation = \"m.example\"\npull-from-mirror = \"digest-only\"\n\
                    [[registry]]\nlocation = \"127.0.0.1\"\ninsecure = true\n";
        let of = |image: &str| places(image, &RegistryOptions::default(), &[("registries.conf", conf)]).unwrap();
        assert_eq!(of("reg.example/team/app:1"), ["!inside.example:5000/copies/app"]);
        let by_digest = of(&format!("reg.example/team/app@{DIGEST}"));
        assert_eq!(by_digest, ["m.example/app", "!inside.example:5000/copies/app"]);
        assert_eq!(of("reg.example/other/app"), ["reg.example/other/app"]);
        assert_eq!(of("127.0.0.1:5000/app"), ["!127.0.0.1:5000/app"]);
    }

    #[test]
    fn a_blocked_registry_names_the_file() {
        let conf = "[[registry]]\nlocation = \"bad.example\"\nblocked = true\n";
        let error = places("bad.example/app", &RegistryOptions::default(), &[("registries.conf", conf)]).unwrap_err();
        assert!(error.to_string().contains("bad.example/app is blocked by registries.conf"), "{error}");
    }

    /// What is beyond the limit may block the image.
    #[test]
    fn an_image_does_not_open_if_some_blocks_are_not_kept() {
        let tables = (0..60_000).map(|at| format!("[[registry]]\nlocation='{at}.x'\nblocked=true\n"));
        let machine = MachineSettings::of_texts(&[("registries.conf", &tables.collect::<Vec<_>>().concat())]);
        let error = of(&Name::parse("quay.io/app").unwrap(), &RegistryOptions::default(), &machine).unwrap_err();
        assert!(matches!(error, RegistryError::TooManyBlocked { .. }), "{error}");
    }

    /// A mirror could keep the token and use it elsewhere.
    #[test]
    fn only_the_named_host_gets_the_token() {
        let options =
            RegistryOptions { mirrors: vec!["quay.io=m.example".parse().unwrap()], ..RegistryOptions::default() };
        let endpoints = of(&Name::parse("quay.io/a/b").unwrap(), &options, &MachineSettings::default()).unwrap();
        let tokens: Vec<_> = endpoints.iter().map(|endpoint| endpoint.token).collect();
        assert_eq!(tokens, [TokenUse::Withheld, TokenUse::Sent]);
    }
}
