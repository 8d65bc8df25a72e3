//! Compares an image with the others of the engine, by their diff ids. Nothing is pulled or exported.

use std::time::Duration;

use super::address::{Address, candidates};
use super::api::{ApiError, ImageInspect, ListedImage};
use super::backend::Backend;
use super::error::{EngineError, tried};
use super::failure;
use super::lookup::{ImageLookup, connect, wait};
use crate::ContainerEngine;
use crate::access::Access;
use crate::engine_name::EngineImageName;
use crate::error::SourceError;
use crate::runtime::timeout;
use crate::search_limit::SearchLimit;
use dive_model::image::{NamedImage, PrefixSearch};

/// True if no address of the engine is behind ssh or TCP.
pub(crate) fn is_on_this_machine(engine: ContainerEngine, access: &Access) -> bool {
    let candidates = candidates(engine, &access.environment);
    let mut addresses = candidates.iter().filter_map(|candidate| candidate.address.as_ref().ok());
    addresses.all(|address| matches!(address, Address::Unix(_) | Address::Pipe(_)))
}

/// Diff ids of the image with this digest, else of the one with this name; `None` if the engine has neither.
pub(crate) fn diff_ids(
    engine: ContainerEngine,
    image: &NamedImage,
    access: &Access,
) -> Result<Option<Vec<String>>, SourceError> {
    let NamedImage { name, digest } = image;
    let repository = EngineImageName::new(name).map(|name| name.repository_and_version().0);
    // The tag may have moved since.
    let exact = digest.iter().zip(repository).map(|(digest, repository)| format!("{repository}@{digest}"));
    for name in exact.chain([name.clone()]) {
        let Ok(lookup) = ImageLookup::new(engine, &name, access) else { continue };
        match lookup.inspect_image(&lookup.connect()?) {
            Ok(image) => return Ok(layers(image)),
            Err(EngineError::NoSuchImage { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn layers(image: ImageInspect) -> Option<Vec<String>> {
    image.root_fs?.layers
}

/// Looks for the image whose diff ids are the longest proper prefix of `diff_ids`. Images of the repositories of `own` are
/// skipped.
pub(crate) fn longest_prefix(
    engine: ContainerEngine,
    diff_ids: &[&str],
    own: &[String],
    access: &Access,
) -> Result<PrefixSearch, SourceError> {
    let limit = SearchLimit::start();
    let unlisted = |answer: String| EngineError::List { engine, answer };
    let backend = connect(engine, access)?;
    let backend = backend.map_err(|attempts| unlisted(format!("it does not respond; tried: {}", tried(&attempts))))?;
    let images = list(engine, &backend, limit.time_left())?.map_err(unlisted)?;
    let named = images.iter().filter_map(|image| Some((image.name()?, EngineImageName::new(&image.id)?)));
    let of_image =
        |id: &EngineImageName<'_>, limit: &SearchLimit| layers(inspect(engine, &backend, *id, limit.time_left())?);
    Ok(limit.search(named, diff_ids, own, of_image))
}

/// All images; the inner error is the engine's message.
fn list(
    engine: ContainerEngine,
    backend: &Backend,
    limit: Duration,
) -> Result<Result<Vec<ListedImage>, String>, EngineError> {
    Ok(match backend {
        Backend::Service(client) => {
            // `timeout` needs the runtime's clock, so it is created inside `async`.
            let answer = wait(engine, async { timeout(limit, client.document("/images/json")).await })?;
            let answer = answer.unwrap_or(Err(ApiError::Timeout(limit)));
            answer.map_err(|error| failure::answer(&error, client.address()))
        }
        Backend::Command { podman, .. } => podman.images(limit, &[]).map_err(|error| failure::of_program(&error)),
    })
}

fn inspect(
    engine: ContainerEngine,
    backend: &Backend,
    id: EngineImageName<'_>,
    limit: Duration,
) -> Option<ImageInspect> {
    match backend {
        Backend::Service(client) => {
            let path = format!("/images/{}/json", id.as_str());
            wait(engine, async { timeout(limit, client.document(&path)).await }).ok()?.ok()?.ok()
        }
        Backend::Command { podman, .. } => podman.inspect_id(limit, id).ok(),
    }
}
