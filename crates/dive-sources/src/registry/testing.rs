//! Parsers of registry responses and image names, without a connection, for fuzz targets.

use std::time::Duration;

use super::challenge::Challenge;
use super::endpoints;
use super::error::RegistryError;
use super::name::Name;
use super::response;
use super::retry;
use crate::access::RegistryOptions;
use crate::machine::MachineSettings;

/// The scheme and realm in `WWW-Authenticate` headers.
///
/// # Errors
/// The challenge, if none is supported.
pub fn choose_challenge<'a>(headers: impl Iterator<Item = &'a str>) -> Result<(&'static str, Option<String>), String> {
    Ok(match Challenge::choose(headers)? {
        Challenge::Basic => ("Basic", None),
        Challenge::Bearer { realm, .. } => ("Bearer", Some(realm)),
    })
}

/// The messages in the body of an error response, without control characters.
#[must_use]
pub fn error_details(body: &[u8]) -> String {
    response::details_in(body)
}

/// The delay in a `Retry-After` header. `now` is in seconds since 1970.
#[must_use]
pub fn retry_after(header: &str, now: u64) -> Option<Duration> {
    retry::retry_after(header, now)
}

/// The registry, the repository, and the tag or digest of an image name.
///
/// # Errors
/// If the name is invalid.
pub fn parse_name(text: &str) -> Result<[String; 3], RegistryError> {
    let name = Name::parse(text)?;
    Ok([name.registry.clone(), name.repository.clone(), name.version()])
}

/// The places of the image `name`, each as a host and a repository, with `text` as the settings of both Docker and Podman.
///
/// # Errors
/// If the name is not that of an image, or the settings block it.
pub fn places(text: &str, name: &str) -> Result<Vec<(String, String)>, RegistryError> {
    let machine = MachineSettings::of_texts(&[("daemon.json", text), ("registries.conf", text)]);
    let in_full = machine.in_full(name);
    let name = Name::parse(in_full.as_deref().unwrap_or(name))?;
    let places = endpoints::of(&name, &RegistryOptions::default(), &machine)?;
    Ok(places.into_iter().map(|place| (place.registry, place.repository)).collect())
}
