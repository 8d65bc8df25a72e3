//! Parsers of what registries send and users name, without a connection, for fuzz targets.

use std::time::Duration;

use super::challenge::Challenge;
use super::error::RegistryError;
use super::name::Name;
use super::response;
use super::retry;

/// The scheme and realm that `WWW-Authenticate` headers ask for.
///
/// # Errors
/// What they ask for instead, if dive supports none of it.
pub fn choose_challenge<'a>(headers: impl Iterator<Item = &'a str>) -> Result<(&'static str, Option<String>), String> {
    Ok(match Challenge::choose(headers)? {
        Challenge::Basic => ("Basic", None),
        Challenge::Bearer { realm, .. } => ("Bearer", Some(realm)),
    })
}

/// What the body of an error response says, fit to be shown.
#[must_use]
pub fn error_details(body: &[u8]) -> String {
    response::details_in(body)
}

/// The wait that a `Retry-After` header asks for, `now` seconds after 1970.
#[must_use]
pub fn retry_after(header: &str, now: u64) -> Option<Duration> {
    retry::retry_after(header, now)
}

/// The registry, repository and tag or digest that an image's name stands for.
///
/// # Errors
/// If it is not the name of an image.
pub fn parse_name(text: &str) -> Result<[String; 3], RegistryError> {
    let name = Name::parse(text)?;
    Ok([name.registry.clone(), name.repository.clone(), name.version()])
}
