//! TLS with the files of docker's client: `ca.pem`, `cert.pem` and `key.pem` in one folder. Errors name the missing or unreadable
//! file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_rustls::TlsConnector;

use crate::certificates::{AcceptAnyVerifier, certificates};

/// The TLS settings of an engine's host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tls {
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`; empty for none.
    pub(super) folder: PathBuf,
    pub(super) authorities: Authorities,
    pub(super) verification: PeerVerification,
}

/// The certificate authorities to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Only those in `ca.pem`.
    File,
    /// Those of the operating system.
    System,
}

/// Whether the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerVerification {
    Full,
    /// Disabled by the user.
    Skip,
}

const AUTHORITY: &str = "ca.pem";
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

impl Tls {
    /// The connector for these settings.
    pub(super) fn connector(&self) -> Result<TlsConnector, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let unusable = |error: Error| format!("TLS cannot be set up: {error}");
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(unusable)?;
        let builder = match (self.verification, self.authorities) {
            (PeerVerification::Skip, _) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAnyVerifier(provider)))
            }
            (PeerVerification::Full, Authorities::File) => builder.with_root_certificates(self.authorities()?),
            (PeerVerification::Full, Authorities::System) => builder.with_platform_verifier().map_err(unusable)?,
        };
        let config = match self.certificate()? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                format!("{CERTIFICATE} and {KEY} in {} do not match: {error}", self.folder.display())
            })?,
            None => builder.with_no_client_auth(),
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }

    fn authorities(&self) -> Result<RootCertStore, String> {
        let path = self.folder.join(AUTHORITY);
        if !path.exists() {
            return Err(self.missing(AUTHORITY));
        }
        let mut store = RootCertStore::empty();
        for certificate in read(&path)? {
            store.add(certificate).map_err(|error| format!("{} is not a CA certificate: {error}", path.display()))?;
        }
        Ok(store)
    }

    /// The client certificate and its key; `None` without both files, because not every engine requires one.
    fn certificate(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, String> {
        let (chain, key) = (self.folder.join(CERTIFICATE), self.folder.join(KEY));
        match (chain.exists(), key.exists()) {
            _ if self.folder.as_os_str().is_empty() => Ok(None),
            (false, false) => Ok(None),
            (false, true) => Err(self.missing(CERTIFICATE)),
            (true, false) => Err(self.missing(KEY)),
            (true, true) => {
                let secret = PrivateKeyDer::from_pem_file(&key)
                    .map_err(|error| format!("{} cannot be read: {error}", key.display()))?;
                Ok(Some((read(&chain)?, secret)))
            }
        }
    }

    fn missing(&self, file: &str) -> String {
        format!("no {file} in {}; set DOCKER_CERT_PATH to the directory with the TLS files", self.folder.display())
    }

    /// The message for a TLS error.
    pub(super) fn explain(&self, error: &Error) -> String {
        let folder = self.folder.display();
        match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                match self.authorities {
                    Authorities::File => {
                        format!(
                            "TLS: its certificate is not signed by an authority in {folder}/{AUTHORITY}; add the authority that \
                             signed it"
                        )
                    }
                    Authorities::System => {
                        "TLS: its certificate is signed by an authority that this system does not trust; add it to the \
                         authorities of this system"
                            .into()
                    }
                }
            }
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => "TLS: its certificate is for another host name; use the name in the certificate".to_owned(),
            Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                "TLS: its certificate has expired, or this machine's clock is wrong; renew the certificate or set the clock"
                    .to_owned()
            }
            Error::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::HandshakeFailure,
            ) if self.authorities == Authorities::System => {
                "TLS: it asks for a client certificate; set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to its directory"
                    .into()
            }
            Error::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::HandshakeFailure,
            ) if !self.folder.join(CERTIFICATE).exists() => {
                format!(
                    "TLS: it asks for a client certificate, and {folder} has neither {CERTIFICATE} nor {KEY}; put both there"
                )
            }
            Error::AlertReceived(alert) => {
                format!(
                    "TLS: it refuses the client certificate {folder}/{CERTIFICATE} ({alert:?}); use one that its authority signed"
                )
            }
            Error::InvalidMessage(_) => {
                "TLS: it does not speak TLS; to connect without TLS, unset DOCKER_TLS_VERIFY".into()
            }
            other => format!("TLS: {other}"),
        }
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    certificates(path).map_err(|why| format!("{} cannot be read: {why}", path.display()))
}
