//! Parsers of registry responses and image names, without a connection, for fuzz targets.

use std::time::Duration;

use super::challenge::Challenge;
use super::error::RegistryError;
use super::name::Name;
use super::response;
use super::retry;

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
