//! A repository and all its hosts: the mirrors first, then the registry. A response by digest is accepted from any host,
//! because it is verified. Each blob is fetched once; concurrent callers wait for that fetch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::client::Clients;
use super::deadlines::{Deadlines, within};
use super::download::{self, ExpectedBlob};
use super::endpoints;
use super::error::RegistryError;
use super::host::{Host, RegistryRequest};
use super::manifest::ACCEPTED;
use super::name::{Name, Version};
use super::response::ShortBody;
use super::retry::{FIRST_DELAY, Failure, RetryPolicy, TRIES};
use super::signed;
use super::trust::TrustFiles;
use crate::access::{Access, MachineFiles};
use crate::busy_hosts::BusyHosts;
use crate::machine::MachineSettings;
use crate::runtime::timeout;
use dive_model::blob::Blob;
use dive_model::digest::Digest;

/// Limit of a document, in bytes: the most that `image` reads.
pub(super) const DOCUMENT_LIMIT: u64 = 8 << 20;

/// Limit of the documents of an image below the requested manifest, and of requests for sizes of layers. An index of twenty platforms
/// with attestations names forty, of which dive asks for the chosen manifest, its configuration and its attestation; an image of schema 1
/// has up to 127 layers without a size.
pub(super) const DOCUMENT_COUNT: usize = 200;

/// Attempts per mirror: there is another host to try.
const MIRROR_TRIES: u32 = 2;
const MIRROR_FIRST_DELAY: Duration = Duration::from_secs(1);

/// How long the error of a lost blob is repeated without a new request: a layer is read several times.
const FAILURE_LIFETIME: Duration = Duration::from_secs(30);

/// Settings that tests change.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) trust: TrustFiles,
    pub(super) machine: MachineSettings,
    /// The delay before the second attempt.
    pub(super) pause: Duration,
    pub(super) deadlines: Deadlines,
}

impl Settings {
    pub(super) fn of(access: &Access) -> Self {
        let trust = TrustFiles::of(&access.environment, access.registries.ca_file.clone());
        let machine = match access.registries.machine {
            MachineFiles::Read => MachineSettings::read(&access.environment),
            MachineFiles::Ignored => MachineSettings::default(),
        };
        Self { trust, machine, pause: FIRST_DELAY, deadlines: Deadlines::default() }
    }
}

/// A repository and its fetched blobs.
#[derive(Debug)]
pub(super) struct Repository {
    name: Name,
    hosts: Vec<Host>,
    pause: Duration,
    deadlines: Deadlines,
    busy_hosts: BusyHosts,
    blobs: Mutex<HashMap<Digest, Arc<Slot>>>,
}

/// A blob, locked during its fetch.
type Slot = tokio::sync::Mutex<BlobState>;

#[derive(Debug, Default)]
enum BlobState {
    #[default]
    OtherHost,
    Here(Blob),
    Lost(RegistryError, Instant),
}

/// A document with its media type and digest in the registry's response.
#[derive(Debug)]
pub(super) struct FetchedDocument {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) media_type: Option<String>,
    /// The host that sent it.
    pub(super) host: String,
}

impl Repository {
    /// Fails if the machine's settings block the image.
    pub(super) fn new(name: Name, access: &Access, settings: Settings) -> Result<Self, RegistryError> {
        let clients = Arc::new(Clients::new(settings.trust, settings.deadlines.connect));
        let endpoints = endpoints::of(&name, &access.registries, &settings.machine)?;
        let host = |endpoint| Host::new(endpoint, &access.environment, &clients, settings.deadlines.token);
        let hosts = endpoints.into_iter().map(host).collect();
        let Settings { pause, deadlines, .. } = settings;
        Ok(Self { name, hosts, pause, deadlines, busy_hosts: access.busy_hosts.clone(), blobs: Mutex::default() })
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    /// Fails if an image has had this number of documents, which took this time.
    pub(super) fn check_documents(&self, requested: usize, waited: Duration) -> Result<(), RegistryError> {
        let host = || self.name.registry.clone();
        if requested >= DOCUMENT_COUNT {
            return Err(RegistryError::TooManyDocuments { host: host(), limit: DOCUMENT_COUNT });
        }
        let limit = self.deadlines.documents;
        if waited > limit {
            let why = format!("its {requested} documents did not arrive within {} s", limit.as_secs());
            return Err(RegistryError::Slow { host: host(), what: "the image".to_owned(), why });
        }
        Ok(())
    }

    /// Awaits the tables of contents of all layers, within the time for documents: an image may have thousands, and each request may take
    /// a minute.
    pub(super) async fn tables<T>(
        &self,
        tables: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let limit = self.deadlines.documents;
        let late = || RegistryError::Toc { why: format!("the tables did not arrive within {} s", limit.as_secs()) };
        timeout(limit, tables).await.unwrap_or_else(|_| Err(late()))
    }

    /// Fetches the manifest or index with the image's tag or digest.
    pub(super) async fn requested_manifest(&self) -> Result<FetchedDocument, RegistryError> {
        let expected = match &self.name.version {
            Version::Tag(_) => None,
            Version::Digest(digest) => Some(digest),
        };
        let separator = if expected.is_some() { '@' } else { ':' };
        let what = format!("the manifest of {}{separator}{}", self.name.repository, self.name.version());
        let hint = "check the name and the tag or digest";
        self.document(&format!("manifests/{}", self.name.version()), &what, expected, hint).await
    }

    /// Fetches a manifest that an index names.
    pub(super) async fn manifest(&self, digest: &Digest) -> Result<FetchedDocument, RegistryError> {
        let hint = "the index lists it, so the image is incomplete there: push it again, or choose another platform";
        self.document(&format!("manifests/{digest}"), &format!("the manifest {digest}"), Some(digest), hint).await
    }

    /// Fetches a small blob, such as a configuration.
    pub(super) async fn short_blob(&self, digest: &Digest) -> Result<FetchedDocument, RegistryError> {
        let hint = "the manifest lists it, so the image is incomplete there: push it again";
        self.document(&format!("blobs/{digest}"), &format!("the blob {digest}"), Some(digest), hint).await
    }

    async fn document(
        &self,
        path: &str,
        what: &str,
        expected: Option<&Digest>,
        hint: &'static str,
    ) -> Result<FetchedDocument, RegistryError> {
        let accept = path.starts_with("manifests/").then_some(ACCEPTED);
        let request = RegistryRequest { path, what, accept, range: None, method: &Method::GET, hint };
        self.try_hosts_in_time(what, async |host, mut retries| {
            loop {
                match read(host, &request, expected).await {
                    Ok(document) => return Ok(document),
                    Err(failure) => retries.after(failure).await?,
                }
            }
        })
        .await
    }

    /// The size of a blob from a `HEAD` request; `None` if the registry does not report it.
    pub(super) async fn find(&self, digest: &Digest) -> Result<Option<u64>, RegistryError> {
        let (path, what) = (format!("blobs/{digest}"), format!("the blob {digest}"));
        let hint = "the manifest lists it, so the image is incomplete there: push it again";
        let request =
            RegistryRequest { path: &path, what: &what, accept: None, range: None, method: &Method::HEAD, hint };
        self.try_hosts_in_time(&what, async |host, mut retries| {
            loop {
                match host.request(&request).await {
                    Ok(response) => {
                        let length = response.headers().get("content-length").and_then(|value| value.to_str().ok());
                        return Ok(length.and_then(|text| text.parse().ok()));
                    }
                    Err(failure) => retries.after(failure).await?,
                }
            }
        })
        .await
    }

    /// Fetches `len` bytes of a blob from `at` on, unverified. `None` if no host supports ranges.
    pub(super) async fn part(&self, digest: &Digest, at: u64, len: u64) -> Result<Option<Vec<u8>>, RegistryError> {
        let Some(last) = len.checked_sub(1).and_then(|len| at.checked_add(len)) else { return Ok(None) };
        let (path, what) = (format!("blobs/{digest}"), format!("a part of the blob {digest}"));
        let range = format!("bytes={at}-{last}");
        let hint = "the manifest lists it, so the image is incomplete there: push it again";
        let request =
            RegistryRequest { path: &path, what: &what, accept: None, range: Some(&range), method: &Method::GET, hint };
        self.try_hosts_in_time(&what, async |host, mut retries| {
            loop {
                let part = async {
                    let response = host.request(&request).await?;
                    if !download::starts_at(&response, at) {
                        // The host ignores the range and sends the whole blob: do not wait for it.
                        return Ok(None);
                    }
                    ShortBody { host: &host.registry, what: &what, limit: len }.read(response).await.map(Some)
                };
                match part.await {
                    Ok(part) => return Ok(part.filter(|part| part.len() as u64 == len)),
                    Err(failure) => retries.after(failure).await?,
                }
            }
        })
        .await
    }

    /// Fetches a blob into a file, once. `meter` receives the number of bytes added or discarded.
    pub(super) async fn blob(
        &self,
        digest: &Digest,
        size: Option<u64>,
        meter: &dyn Fn(i64),
    ) -> Result<Blob, RegistryError> {
        let slot = self.slot(digest);
        let mut state = slot.lock().await;
        match &*state {
            BlobState::Here(blob) => return Ok(blob.clone()),
            BlobState::Lost(error, since) if !error.is_temporary() || since.elapsed() < FAILURE_LIFETIME => {
                return Err(error.clone());
            }
            BlobState::Lost(..) | BlobState::OtherHost => {}
        }
        let wanted = ExpectedBlob { digest, size };
        let fetched = self.try_hosts(async |host, retries| {
            download::download(host, wanted, retries, self.deadlines.rate, meter).await
        });
        let fetched = fetched.await;
        *state = match &fetched {
            Ok(blob) => BlobState::Here(blob.clone()),
            Err(error) => BlobState::Lost(error.clone(), Instant::now()),
        };
        fetched
    }

    /// True if a blob is fetched completely.
    pub(super) fn is_fetched(&self, digest: &Digest) -> bool {
        self.slot(digest).try_lock().is_ok_and(|state| matches!(*state, BlobState::Here(_)))
    }

    fn slot(&self, digest: &Digest) -> Arc<Slot> {
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(blobs.entry(digest.clone()).or_default())
    }

    /// Like [`Self::try_hosts`], with one deadline for all hosts and attempts. The run time of credential helpers, which may
    /// wait for the user, does not count.
    async fn try_hosts_in_time<T>(
        &self,
        what: &str,
        ask: impl AsyncFn(&Host, RetryPolicy) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let limit = self.deadlines.document;
        let with_helpers = || self.hosts.iter().map(Host::helper_time).sum();
        let response = self.try_hosts(async |host, retries| ask(host, retries.until(limit)).await);
        within(limit, with_helpers, response).await.unwrap_or_else(|| {
            let why = format!("it did not arrive within {} s, all attempts included", limit.as_secs());
            Err(RegistryError::Slow { host: self.name.registry.clone(), what: what.to_owned(), why })
        })
    }

    /// The first success of the hosts. The last host, the registry itself, gets more attempts.
    async fn try_hosts<T>(
        &self,
        ask: impl AsyncFn(&Host, RetryPolicy) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut errors = Vec::new();
        for (left, host) in (0..self.hosts.len()).rev().zip(&self.hosts) {
            if let Some(error) = host.given_up.get() {
                errors.push(error.clone());
                continue;
            }
            if let Some(wait) = self.busy_hosts.delay(&host.registry) {
                errors.push(RegistryError::Busy { host: host.registry.clone(), wait });
                continue;
            }
            let retries = match left {
                _ if self.busy_hosts.is_failing(&host.registry) => RetryPolicy::new(1, self.pause),
                0 => RetryPolicy::new(TRIES, self.pause),
                _ => RetryPolicy::new(MIRROR_TRIES, self.pause).within(MIRROR_FIRST_DELAY),
            };
            match ask(host, retries).await {
                Ok(answer) => {
                    self.busy_hosts.set_failing(&host.registry, false);
                    for error in errors {
                        tracing::info!("{error}; using {} instead", host.registry);
                    }
                    return Ok(answer);
                }
                Err(error @ (RegistryError::Disk { .. } | RegistryError::UnknownDigest { .. })) => return Err(error),
                Err(error) => {
                    self.busy_hosts.set_failing(&host.registry, error.is_failure_of_host());
                    if let Some(delay) = error.rate_limit() {
                        self.busy_hosts.add(&host.registry, delay);
                    }
                    if left > 0 && matches!(error, RegistryError::Unreachable { .. } | RegistryError::Untrusted { .. })
                    {
                        let _ = host.given_up.set(error.clone());
                    }
                    errors.push(error);
                }
            }
        }
        match (errors.len(), errors.pop()) {
            (1, Some(error)) => Err(error),
            (_, last) => {
                errors.extend(last);
                Err(RegistryError::NoHost { each: errors })
            }
        }
    }

    /// Problems of the search for credentials.
    pub(super) fn problems(&self) -> Vec<String> {
        self.hosts.iter().flat_map(Host::problems).collect()
    }
}

async fn read(
    host: &Host,
    request: &RegistryRequest<'_>,
    expected: Option<&Digest>,
) -> Result<FetchedDocument, Failure> {
    let response = host.request(request).await?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let media_type = header(CONTENT_TYPE.as_str());
    let header_digest = header("docker-content-digest").and_then(|text| text.parse().ok());
    let body = ShortBody { host: &host.registry, what: request.what, limit: DOCUMENT_LIMIT };
    let mut bytes = body.read(response).await?;
    let digest = if let Some(expected) = expected.cloned().or(header_digest) {
        if let Some(actual) = expected.mismatch(&bytes) {
            // The digest of a signed manifest is that of its payload. The rest is not used.
            let signed = signed::payload(&bytes).filter(|payload| expected.mismatch(payload).is_none());
            let wrong = || RegistryError::digest(&host.registry, request.what, &expected, &actual);
            bytes = signed.ok_or_else(wrong)?;
        }
        expected
    } else {
        bytes = signed::payload(&bytes).unwrap_or(bytes);
        Digest::sha256(&bytes)
    };
    Ok(FetchedDocument { bytes, digest, media_type, host: host.registry.clone() })
}
