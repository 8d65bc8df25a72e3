//! Text that users type: filters, sizes, ratios, image references, platforms, digests.

use std::ffi::OsStr;

use dive::tui::state::files::Filter;
use dive_model::digest::Digest;
use dive_model::image::{ImageSelector, Platform};
use dive_model::units::{Bytes, Ratio};
use dive_sources::testing::{parse_name, places};
use dive_sources::{ContainerEngine, Reference, SourceKind, host};

pub(crate) fn terms(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Filter::parse(text) {
        Ok(filter) => assert_eq!(filter.text(), text),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(ratio) = text.parse::<Ratio>() {
        assert!((0.0..=1.0).contains(&ratio.get()), "{ratio:?}");
    }
    if let Ok(bytes) = text.parse::<Bytes>() {
        assert!(!bytes.to_string().is_empty());
    }
}

pub(crate) fn references(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for kind in [None, Some(SourceKind::Registry), Some(SourceKind::Containerd)] {
        match Reference::parse(OsStr::new(text), kind, ContainerEngine::Docker) {
            Ok(reference) => assert!(!format!("{reference:?}").is_empty()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    if let Ok([registry, repository, version]) = parse_name(text) {
        let separator = if version.parse::<Digest>().is_ok() { '@' } else { ':' };
        let whole = format!("{registry}/{repository}{separator}{version}");
        assert_eq!(parse_name(&whole).ok(), Some([registry, repository, version]), "{whole}");
    }
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string().parse::<Digest>().ok(), Some(digest));
    }
    if let Ok(platform) = text.parse::<Platform>() {
        assert_eq!(platform.to_string().parse::<Platform>().ok(), Some(platform));
    }
    let _ = (text.parse::<ImageSelector>(), host(text).map_err(|error| error.to_string()));
}

pub(crate) fn settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for image in ["alpine", "docker.io/team/app:1", "reg.example:5000/team/app", "[::1]/app"] {
        // An error is a blocked registry, or a short name that is none.
        for (host_name, repository) in places(text, image).into_iter().flatten() {
            assert_eq!(host(&host_name).ok().as_ref(), Some(&host_name), "{image}");
            assert!(!repository.is_empty() && !repository.contains(|c: char| c.is_control() || "?#%".contains(c)));
            assert!(repository.split('/').all(|part| !matches!(part, "" | "." | "..")), "{repository}");
        }
    }
}
