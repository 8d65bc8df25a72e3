//! Exports an image from an engine into a temporary file. The export has no time limit while bytes arrive.

use std::io::{self, Read};
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use serde::Deserialize;

use super::api::{ApiError, ImageInspect};
use super::backend::Backend;
use super::client::{Client, percent_encoded};
use super::error::EngineError;
use super::failure;
use super::known::ExportLater;
use super::lookup::ImageLookup;
use super::platforms::{self, LISTS_PLATFORMS};
use crate::ContainerEngine;
use crate::error::SourceError;
use crate::meter::Meter;
use crate::program::{ExportError, ProgramError};
use crate::quote::one_line;
use crate::runtime::{block_on, timeout, until_cancelled};
use dive_model::blob::TransferStep;
use dive_model::blob::Watch;
use dive_model::budget::Limits;
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::spool;
use dive_model::store::{Archive, StoreError};

/// Bytes kept from the end of an archive, where Docker writes errors that occur during the export.
const TAIL: usize = 4096;

/// The export of an image, run now or later.
#[derive(Debug, Clone)]
pub(super) struct Export {
    backend: Backend,
    engine: ContainerEngine,
    /// The name that the user typed, for messages.
    name: String,
    /// The image's id, which no tag can redirect.
    id: String,
    platform: Option<String>,
    limits: Limits,
    /// The approximate archive size in bytes, if the engine reports it.
    size: Option<u64>,
}

impl Export {
    /// Fails if `id` is not a valid image id.
    pub(super) fn new(
        lookup: &ImageLookup<'_>,
        backend: Backend,
        id: &str,
        inspected: &ImageInspect,
    ) -> Result<Self, EngineError> {
        let (engine, name) = (lookup.engine, lookup.display_name());
        // The id becomes part of a URL path.
        if id.is_empty() || !id.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b':') {
            return Err(EngineError::Refused { engine, name, answer: "its response has no valid image id".to_owned() });
        }
        let platform = platforms::to_export(&backend, inspected, lookup.access);
        let size = approximate_size(inspected);
        Ok(Self { backend, engine, name, id: id.to_owned(), platform, limits: lookup.access.limits, size })
    }

    fn by_service(
        &self,
        client: &Client,
        on_damage: OnDamage,
        progress: Watch<'_>,
    ) -> Result<(Archive, Vec<Remark>), SourceError> {
        let mut path = format!("/images/{}/get", self.id);
        if let Some(platform) = self.platform.as_deref().filter(|_| client.version() >= LISTS_PLATFORMS) {
            path.push_str("?platform=");
            path.push_str(&percent_encoded(&platforms::as_json(platform)));
        }
        let request = ExportRequest { engine: self.engine, name: &self.name, path: &path, size: self.size };
        let mut reader = ExportStream::begin(client, &request, progress)?;
        // The reader reports progress itself, also while no bytes arrive.
        let spooled =
            spool(self.limits, &mut reader, TransferStep::Export, self.size, &self.name, on_damage, &mut |_| ());
        let lost_connection = |cause: String| EngineError::Export {
            engine: self.engine,
            name: self.name.clone(),
            received: reader.meter.received(),
            cause,
        };
        let spooled = match (spooled, &reader.failure) {
            (Err(StoreError::Unreadable { .. }), Some(cause)) => return Err(lost_connection(cause.clone()).into()),
            (Err(StoreError::NotAnArchive { .. }), _) if reader.engine_error().is_some() => {
                return Err(lost_connection(reader.engine_error().unwrap_or_default()).into());
            }
            (spooled, _) => spooled?,
        };
        let archive = Archive::index(&self.name, Arc::new(spooled.file), spooled.len, on_damage);
        match (archive, reader.engine_error()) {
            (
                Err(StoreError::Damaged { .. } | StoreError::NotAnArchive { .. } | StoreError::Empty { .. }),
                Some(error),
            ) => Err(lost_connection(error).into()),
            (archive, _) => Ok((archive?, spooled.remarks)),
        }
    }
}

impl ExportLater for Export {
    fn run(&self, on_damage: OnDamage, progress: Watch<'_>) -> Result<(Archive, Vec<Remark>), SourceError> {
        match &self.backend {
            Backend::Service(client) => self.by_service(client, on_damage, progress),
            Backend::Command { podman, .. } => {
                let saved = podman.save(self.limits, &self.id, &self.name, self.size, on_damage, progress);
                let spooled = saved.map_err(|error| failed(error, self.engine, &self.name))?;
                let archive = Archive::index(&self.name, Arc::new(spooled.file), spooled.len, on_damage)?;
                Ok((archive, spooled.remarks))
            }
        }
    }
}

/// The error of a program that exports an image or a container.
pub(super) fn failed(error: ExportError, engine: ContainerEngine, name: &str) -> SourceError {
    let name = name.to_owned();
    match error {
        ExportError::Archive(error) => error.into(),
        ExportError::Program(ProgramError::Exited { received: received @ 1.., message, .. }) => {
            EngineError::Export { engine, name, received, cause: message }.into()
        }
        ExportError::Program(failure) => {
            EngineError::Refused { engine, name, answer: failure::of_program(&failure) }.into()
        }
    }
}

/// The approximate size of the export in bytes. `None` with the containerd image store, which reports another size.
fn approximate_size(inspected: &ImageInspect) -> Option<u64> {
    let size = inspected.size.filter(|size| *size > 0 && !inspected.is_in_containerd_store())?;
    u64::try_from(size).ok()
}

/// The error of a cancelled export, which is not shown to the user.
const CANCELLED: &str = "it was cancelled";

/// A request for an export.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExportRequest<'a> {
    pub(super) engine: ContainerEngine,
    /// The image or container in messages.
    pub(super) name: &'a str,
    /// The path of the request.
    pub(super) path: &'a str,
    /// The approximate length in bytes, if known.
    pub(super) size: Option<u64>,
}

/// Reads the body of an export and keeps its end.
pub(super) struct ExportStream<'a> {
    body: Incoming,
    chunk: Bytes,
    tail: Vec<u8>,
    failure: Option<String>,
    meter: Meter<'a>,
    client: Client,
}

impl<'a> ExportStream<'a> {
    /// Requests the export, and waits for the start of the response.
    pub(super) fn begin(
        client: &Client,
        request: &ExportRequest<'_>,
        progress: Watch<'a>,
    ) -> Result<Self, EngineError> {
        let ExportRequest { engine, name, path, size } = *request;
        let mut meter = Meter::new(progress, size);
        let refused = |answer: String| EngineError::Refused { engine, name: name.to_owned(), answer };
        let cancelled = || refused(CANCELLED.to_owned());
        if meter.report().is_break() {
            return Err(cancelled());
        }
        let limit = meter.limit();
        let request = async {
            let response = timeout(limit, client.get(path));
            until_cancelled(response, &mut || meter.report()).await
        };
        let answer = block_on(request).map_err(|cause| EngineError::Threads { engine, cause })?;
        let response = answer
            .ok_or_else(cancelled)?
            .unwrap_or(Err(ApiError::Timeout(limit)))
            .map_err(|error| refused(failure::answer(&error, client.address())))?;
        Ok(Self {
            body: response.into_body(),
            chunk: Bytes::new(),
            tail: Vec::new(),
            failure: None,
            meter,
            client: client.clone(),
        })
    }

    /// The next bytes; `None` at the end.
    fn next(&mut self) -> Result<Option<Bytes>, String> {
        let (body, meter) = (&mut self.body, &mut self.meter);
        let limit = meter.limit();
        let frame = block_on(async {
            let frame = timeout(limit, body.frame());
            until_cancelled(frame, &mut || meter.report()).await
        });
        match frame.map_err(|error| error.to_string())?.ok_or(CANCELLED)? {
            Ok(None) => Ok(None),
            Ok(Some(Ok(frame))) => Ok(Some(frame.into_data().unwrap_or_default())),
            Ok(Some(Err(error))) => Err(failure::answer(&error.into(), self.client.address())),
            Err(_) => Err(format!("no data for {} minutes", limit.as_secs() / 60)),
        }
    }

    /// The error message that the engine wrote at the end of the archive.
    fn engine_error(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct ErrorLine {
            #[serde(rename = "errorDetail")]
            detail: Detail,
        }
        #[derive(Deserialize)]
        struct Detail {
            message: String,
        }
        const START: &[u8] = br#"{"errorDetail""#;
        let at = self.tail.windows(START.len()).rposition(|window| window == START)?;
        let mut documents = serde_json::Deserializer::from_slice(&self.tail[at..]).into_iter::<ErrorLine>();
        let line = documents.next()?.ok()?;
        Some(one_line(&line.detail.message))
    }
}

impl Read for ExportStream<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.next() {
                Ok(None) => return Ok(0),
                Ok(Some(chunk)) => {
                    self.tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
                    self.tail.drain(..self.tail.len().saturating_sub(TAIL));
                    if self.meter.add(chunk.len()).is_break() {
                        return Err(io::Error::other(CANCELLED));
                    }
                    self.chunk = chunk;
                }
                Err(failure) => {
                    let text = format!("the engine stopped after {} bytes: {failure}", self.meter.received());
                    self.failure = Some(failure);
                    return Err(io::Error::other(text));
                }
            }
        }
        let count = buf.len().min(self.chunk.len());
        buf[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}
