//! A blob on its way into a temporary file: hashed as it arrives, taken up again where a connection broke off, compared
//! with its digest and its length at the end. The file has no name: it is gone when the program ends, however it ends.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use reqwest::header::CONTENT_RANGE;
use reqwest::{Method, Response, StatusCode};

use super::client::{self, Known};
use super::digest::{Digest, Hasher};
use super::error::{Actual, RegistryError};
use super::host::{Host, Question};
use super::patience::{Failure, Patience};
use crate::source::blob::Blob;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) digest: &'a Digest,
    /// As the manifest gives it.
    pub(super) size: Option<u64>,
}

/// So much on one connection is progress: what failed before it does not count any more.
const PROGRESS: u64 = 1 << 20;

/// Gets a blob from `host`. `meter` hears how many bytes came, or were lost.
pub(super) async fn download(
    host: &Host,
    wanted: Wanted<'_>,
    mut patience: Patience,
    meter: &dyn Fn(i64),
) -> Result<Blob, RegistryError> {
    let what = format!("the blob {}", wanted.digest);
    let mut part = Part::new(&host.registry, &what, wanted, meter)?;
    loop {
        let from = part.len;
        let result = part.go_on(host).await;
        if part.len >= from.saturating_add(PROGRESS) {
            patience.renew();
        }
        let failure = match result {
            Ok(()) => match part.check() {
                Ok(()) => return Ok(part.into_blob()),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        if let Err(error) = patience.after(failure).await {
            meter(-i64::try_from(part.len).unwrap_or(i64::MAX));
            return Err(error);
        }
    }
}

/// What is there of a blob.
struct Part<'a> {
    host: &'a str,
    what: &'a str,
    wanted: Wanted<'a>,
    file: File,
    len: u64,
    hasher: Hasher,
    /// Whether it is of more than one piece.
    pieced: bool,
    meter: &'a dyn Fn(i64),
}

impl<'a> Part<'a> {
    fn new(host: &'a str, what: &'a str, wanted: Wanted<'a>, meter: &'a dyn Fn(i64)) -> Result<Self, RegistryError> {
        let file = tempfile::tempfile().map_err(|error| disk(what, 0, &error))?;
        Ok(Self { host, what, wanted, file, len: 0, hasher: wanted.digest.hasher(), pieced: false, meter })
    }

    /// Asks for what is not there yet and takes what comes.
    async fn go_on(&mut self, host: &Host) -> Result<(), Failure> {
        if self.len > 0 && self.wanted.size == Some(self.len) {
            return Ok(());
        }
        let path = format!("blobs/{}", self.wanted.digest);
        let range = (self.len > 0).then(|| format!("bytes={}-", self.len));
        let question = Question {
            path: &path,
            what: self.what,
            accept: None,
            range: range.as_deref(),
            method: &Method::GET,
            hint: "the manifest names it, so the image is incomplete there: push it again",
        };
        let mut response = match host.ask(&question).await {
            // There is nothing after what came: that was all of it.
            Err(Failure { error: RegistryError::Status { answer, .. }, .. })
                if range.is_some()
                    && answer.starts_with("416")
                    && self.wanted.size.is_none_or(|size| size > self.len) =>
            {
                return Err(self.wrong_length(Actual::Bytes(self.len)).into());
            }
            answer => answer?,
        };
        if self.len > 0 {
            if begins_at(&response, self.len) {
                self.pieced = true;
            } else {
                self.start_anew()?;
            }
        }
        if let (Some(size), Some(coming)) = (self.wanted.size, response.content_length())
            && self.len.saturating_add(coming) != size
        {
            return Err(self.wrong_length(Actual::Bytes(self.len.saturating_add(coming))).into());
        }
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => self.take(&chunk)?,
                Ok(None) => break,
                Err(error) => return Err(self.broken(client::failure(self.host, self.what, Known::Yes, error))),
            }
        }
        match self.wanted.size {
            Some(size) if self.len < size => Err(Failure::soon(RegistryError::Broken {
                host: self.host.to_owned(),
                what: self.what.to_owned(),
                received: self.len,
                why: format!("{size} bytes were to come"),
                tries: 1,
            })),
            _ => Ok(()),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), RegistryError> {
        let len = self.len + chunk.len() as u64;
        if self.wanted.size.is_some_and(|size| len > size) {
            return Err(self.wrong_length(Actual::More));
        }
        self.file.write_all(chunk).map_err(|error| disk(self.what, self.len, &error))?;
        self.hasher.update(chunk);
        self.len = len;
        (self.meter)(i64::try_from(chunk.len()).unwrap_or(i64::MAX));
        Ok(())
    }

    fn start_anew(&mut self) -> Result<(), RegistryError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|error| disk(self.what, 0, &error))?;
        (self.meter)(-i64::try_from(self.len).unwrap_or(i64::MAX));
        (self.len, self.hasher, self.pieced) = (0, self.wanted.digest.hasher(), false);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Failure> {
        let actual = self.hasher.clone().finish();
        if actual == *self.wanted.digest {
            return Ok(());
        }
        let error = RegistryError::digest(self.host, self.what, self.wanted.digest, &actual);
        if self.pieced {
            // It may be the piecing that was wrong.
            self.start_anew()?;
            return Err(Failure::soon(error));
        }
        Err(error.into())
    }

    /// A connection that broke off, with how far it came.
    fn broken(&self, mut failure: Failure) -> Failure {
        if let RegistryError::Broken { received, .. } = &mut failure.error {
            *received = self.len;
        }
        failure
    }

    fn wrong_length(&self, actual: Actual) -> RegistryError {
        RegistryError::Length {
            host: self.host.to_owned(),
            what: self.what.to_owned(),
            expected: self.wanted.size.unwrap_or_default(),
            actual,
        }
    }

    fn into_blob(self) -> Blob {
        Blob::new(Arc::new(self.file), 0, self.len, self.wanted.digest.member())
    }
}

/// Whether the answer goes on where the file ends: a server that knows no ranges sends all of it.
pub(super) fn begins_at(response: &Response, place: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let first = range.and_then(|text| text.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT && first == Some(place)
}

fn disk(what: &str, written: u64, error: &std::io::Error) -> RegistryError {
    RegistryError::Disk { what: what.to_owned(), folder: std::env::temp_dir(), written, cause: error.into() }
}
