//! Downloads a blob into a temporary file: hashes it as it arrives, resumes a lost connection with a range request, and verifies
//! its digest and size at the end. The file is unnamed, so it disappears with the process.

use std::cell::Cell;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use reqwest::header::CONTENT_RANGE;
use reqwest::{Method, Response, StatusCode};

use super::client::{self, Contact};
use super::deadlines::{Pace, Rate};
use super::error::{Actual, RegistryError};
use super::host::{Host, RegistryRequest};
use super::retry::{Failure, RetryPolicy};
use dive_model::blob::Blob;
use dive_model::digest::{Digest, Hasher};
use dive_model::unfinished::unnamed;
use dive_model::units::Bytes;

/// The digest and size of a blob in its manifest.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedBlob<'a> {
    pub(super) digest: &'a Digest,
    /// The size in the manifest.
    pub(super) size: Option<u64>,
}

/// Bytes on one connection that count as progress and reset the attempts.
const PROGRESS: u64 = 1 << 20;

/// Downloads a blob from `host`. `meter` receives the number of bytes added or discarded.
pub(super) async fn download(
    host: &Host,
    wanted: ExpectedBlob<'_>,
    mut retries: RetryPolicy,
    rate: Rate,
    meter: &dyn Fn(i64),
) -> Result<Blob, RegistryError> {
    let what = format!("the blob {}", wanted.digest);
    let arrived = Cell::new(0);
    let counted = |bytes: i64| {
        arrived.set(arrived.get() + u64::try_from(bytes).unwrap_or(0));
        meter(bytes);
    };
    let mut part = PartialBlob::new(&host.registry, &what, wanted, &counted)?;
    let mut pace = Pace::new(rate);
    loop {
        let from = part.len;
        let Ok(came) = pace.watch(|| arrived.get(), part.resume(host)).await else {
            meter(-i64::try_from(part.len).unwrap_or(i64::MAX));
            let why = format!(
                "less than {} arrived within {} s, after {} bytes in total",
                Bytes(rate.bytes),
                rate.window.as_secs(),
                part.len
            );
            return Err(RegistryError::Slow { host: host.registry.clone(), what, why });
        };
        let failure = match came {
            // Bytes with a wrong digest are not progress, however many arrive.
            Ok(()) => match part.check() {
                Ok(()) => return Ok(part.into_blob()),
                Err(failure) => failure,
            },
            Err(failure) => {
                if part.len >= from.saturating_add(PROGRESS) {
                    retries.renew();
                }
                failure
            }
        };
        if let Err(error) = retries.after(failure).await {
            meter(-i64::try_from(part.len).unwrap_or(i64::MAX));
            return Err(error);
        }
    }
}

/// The received bytes of a blob.
struct PartialBlob<'a> {
    host: &'a str,
    what: &'a str,
    wanted: ExpectedBlob<'a>,
    file: File,
    len: u64,
    hasher: Hasher,
    /// True if the file was received in more than one response.
    in_parts: bool,
    /// True if resumed parts had a wrong digest once: a second mismatch has another cause.
    mismatched: bool,
    meter: &'a dyn Fn(i64),
}

impl<'a> PartialBlob<'a> {
    fn new(
        host: &'a str,
        what: &'a str,
        wanted: ExpectedBlob<'a>,
        meter: &'a dyn Fn(i64),
    ) -> Result<Self, RegistryError> {
        let file = unnamed(&std::env::temp_dir()).map_err(|error| disk(what, 0, &error))?;
        Ok(Self {
            host,
            what,
            wanted,
            file,
            len: 0,
            hasher: wanted.digest.hasher(),
            in_parts: false,
            mismatched: false,
            meter,
        })
    }

    /// Requests the missing bytes and appends them.
    async fn resume(&mut self, host: &Host) -> Result<(), Failure> {
        if self.len > 0 && self.wanted.size == Some(self.len) {
            return Ok(());
        }
        let path = format!("blobs/{}", self.wanted.digest);
        let range = (self.len > 0).then(|| format!("bytes={}-", self.len));
        let request = RegistryRequest {
            path: &path,
            what: self.what,
            accept: None,
            range: range.as_deref(),
            method: &Method::GET,
            hint: "the manifest lists it, so the image is incomplete there: push it again",
        };
        let mut response = match host.request(&request).await {
            // The range starts at the end of the blob, so the blob is complete.
            Err(Failure { error: RegistryError::Status { answer, .. }, .. })
                if range.is_some() && answer.starts_with("416") =>
            {
                return match self.wanted.size {
                    Some(size) => Err(self.wrong_length(size, Actual::Bytes(self.len)).into()),
                    // Without a size, only the digest shows whether the blob is complete.
                    None => Ok(()),
                };
            }
            answer => answer?,
        };
        if self.len > 0 && starts_at(&response, self.len) {
            self.in_parts = true;
        } else {
            self.restart()?;
            if response.status() == StatusCode::PARTIAL_CONTENT && !starts_at(&response, 0) {
                return Err(self.lost_connection("it sent a different range than requested".to_owned()));
            }
        }
        if let (Some(size), Some(coming)) = (self.wanted.size, response.content_length())
            && self.len.saturating_add(coming) != size
        {
            return Err(self.wrong_length(size, Actual::Bytes(self.len.saturating_add(coming))).into());
        }
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => self.take(&chunk)?,
                Ok(None) => break,
                Err(error) => {
                    return Err(client::failure(self.host, self.what, Contact::Established, error).after(self.len));
                }
            }
        }
        match self.wanted.size {
            Some(size) if self.len < size => Err(self.lost_connection(format!("{size} bytes were expected"))),
            _ => Ok(()),
        }
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), RegistryError> {
        let len = self.len + chunk.len() as u64;
        if let Some(size) = self.wanted.size.filter(|size| len > *size) {
            return Err(self.wrong_length(size, Actual::More));
        }
        self.file.write_all(chunk).map_err(|error| disk(self.what, self.len, &error))?;
        self.hasher.update(chunk);
        self.len = len;
        (self.meter)(i64::try_from(chunk.len()).unwrap_or(i64::MAX));
        Ok(())
    }

    fn restart(&mut self) -> Result<(), RegistryError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|error| disk(self.what, 0, &error))?;
        (self.meter)(-i64::try_from(self.len).unwrap_or(i64::MAX));
        (self.len, self.hasher, self.in_parts) = (0, self.wanted.digest.hasher(), false);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Failure> {
        let actual = self.hasher.clone().finish();
        if actual == *self.wanted.digest {
            return Ok(());
        }
        let error = RegistryError::digest(self.host, self.what, self.wanted.digest, &actual);
        if self.in_parts && !self.mismatched {
            // The mismatch may come from joining the parts, so fetch the blob in one piece.
            self.restart()?;
            self.mismatched = true;
            return Err(Failure::soon(error));
        }
        Err(error.into())
    }

    fn lost_connection(&self, why: String) -> Failure {
        let (host, what) = (self.host.to_owned(), self.what.to_owned());
        Failure::soon(RegistryError::Broken { host, what, received: self.len, why, tries: 1 })
    }

    fn wrong_length(&self, expected: u64, actual: Actual) -> RegistryError {
        RegistryError::Length { host: self.host.to_owned(), what: self.what.to_owned(), expected, actual }
    }

    fn into_blob(self) -> Blob {
        Blob::new(Arc::new(self.file), 0, self.len, self.wanted.digest.member())
    }
}

/// True if the response continues at `place`. A server without range support sends the whole blob.
pub(super) fn starts_at(response: &Response, place: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let first = range.and_then(|text| text.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT && first == Some(place)
}

fn disk(what: &str, written: u64, error: &std::io::Error) -> RegistryError {
    RegistryError::Disk { what: what.to_owned(), folder: std::env::temp_dir(), written, cause: error.into() }
}
