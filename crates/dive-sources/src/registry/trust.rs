//! TLS trust: the system's certificate authorities, the `certs.d/HOST:PORT/` folders of docker and podman, and `--ca-file`; also the client
//! certificates in those folders.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, InconsistentKeys, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::client::is_self_signed;
use super::error::RegistryError;
use crate::certificates::{AcceptAnyVerifier, CertificateCheck, certificates};
use crate::environment::Environment;

/// The locations of certificate authorities and client certificates.
#[derive(Debug, Clone, Default)]
pub(super) struct TrustFiles {
    /// Folders with one subfolder per host.
    pub(super) folders: Vec<PathBuf>,
    /// A file of authorities for all hosts.
    pub(super) ca_file: Option<PathBuf>,
}

/// The certificates for one host.
#[derive(Debug, Default)]
struct HostFiles {
    authorities: Vec<CertificateDer<'static>>,
    client: Option<ClientCertificate>,
}

/// The client certificate for a host that requires one.
#[derive(Debug)]
struct ClientCertificate {
    file: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    fn into_resolver(self, provider: &CryptoProvider) -> Result<Arc<SingleCertAndKey>, RegistryError> {
        let unusable = |error: rustls::Error| RegistryError::Certificate {
            path: self.file.clone(),
            why: format!("cannot be used as a client certificate: {error}"),
        };
        let key = provider.key_provider.load_private_key(self.key).map_err(unusable)?;
        let certified = CertifiedKey::new(self.chain, key);
        match certified.keys_match() {
            Err(error @ rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(unusable(error)),
            // A certificate that cannot be compared, such as X.509 version 1, is left to the host.
            Ok(()) | Err(_) => Ok(Arc::new(SingleCertAndKey::from(certified))),
        }
    }
}

impl TrustFiles {
    /// The folders of Docker and Podman: the user's, then the system's.
    pub(super) fn of(environment: &Environment, ca_file: Option<PathBuf>) -> Self {
        Self { folders: folders(environment), ca_file }
    }

    /// The TLS configuration for a host. `names` are its aliases.
    pub(super) fn config(
        &self,
        names: &[&str],
        certificate_check: CertificateCheck,
    ) -> Result<ClientConfig, RegistryError> {
        let mut held = HostFiles::default();
        if let Some(file) = &self.ca_file {
            held.authorities.extend(read(file)?);
        }
        for folder in self.folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))) {
            held.read_folder(&folder)?;
        }
        let provider = Arc::new(ring::default_provider());
        let unusable = |error: rustls::Error| RegistryError::Untrusted {
            host: names.first().copied().unwrap_or_default().to_owned(),
            why: match error {
                rustls::Error::General(_) => {
                    "this system has no certificate authorities; install them (`ca-certificates`), \
                    or give a file with --ca-file"
                        .to_owned()
                }
                error => error.to_string(),
            },
        };
        let verifier: Arc<dyn ServerCertVerifier> = match certificate_check {
            CertificateCheck::Required => {
                let system = Verifier::new_with_extra_roots(held.authorities.clone(), Arc::clone(&provider));
                Arc::new(SelfSignedVerifier { system: system.map_err(unusable)?, own: held.authorities })
            }
            CertificateCheck::Disabled => Arc::new(AcceptAnyVerifier(Arc::clone(&provider))),
        };
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(unusable)?.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match held.client {
            Some(client) => builder.with_client_cert_resolver(client.into_resolver(&ring::default_provider())?),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// The folders with certificates by host: the user's, then the system's.
pub(in super::super) fn folders(environment: &Environment) -> Vec<PathBuf> {
    let engines = ["containers", "docker"];
    let own = environment.config_folder().into_iter().flat_map(|config| engines.map(|engine| config.join(engine)));
    let system = engines.map(|engine| Path::new("/etc").join(engine));
    own.chain(system).map(|folder| folder.join("certs.d")).collect()
}

impl HostFiles {
    /// Reads `*.crt` as authorities, and `X.cert` with `X.key` as a client certificate.
    fn read_folder(&mut self, folder: &Path) -> Result<(), RegistryError> {
        let Ok(entries) = folder.read_dir() else { return Ok(()) };
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        let ends_in = |file: &Path, extension: &str| file.extension().is_some_and(|found| found == extension);
        for file in &files {
            let unpaired = |why: &str| RegistryError::Certificate { path: file.clone(), why: why.to_owned() };
            if ends_in(file, "crt") {
                self.authorities.extend(read(file)?);
            } else if ends_in(file, "cert") {
                let key = file.with_extension("key");
                if !files.contains(&key) {
                    return Err(unpaired(
                        "the client certificate NAME.cert has no NAME.key beside it; add the key, or rename an authority \
                         to NAME.crt",
                    ));
                }
                let secret = PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&key, &error))?;
                let chain = read(file)?;
                self.client.get_or_insert(ClientCertificate { file: file.clone(), chain, key: secret });
            } else if ends_in(file, "key") && !files.contains(&file.with_extension("cert")) {
                return Err(unpaired("the key NAME.key has no NAME.cert beside it; add the client certificate"));
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> RegistryError {
    RegistryError::Certificate { path: path.to_owned(), why: format!("cannot be read as PEM: {error}") }
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, RegistryError> {
    certificates(file).map_err(|why| unreadable(file, &why))
}

/// Verifies as the system does, and accepts a self-signed server certificate that is also configured as an authority. Many
/// registries use one; Docker accepts it, while the system's verifier rejects an authority as a server.
#[derive(Debug)]
struct SelfSignedVerifier {
    system: Verifier,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for SelfSignedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // This error follows the check of the validity dates and precedes that of the name.
            Err(rustls::Error::InvalidCertificate(error))
                if self.own.contains(end_entity) && is_self_signed(&error) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path().join("localhost:5443");
        std::fs::create_dir(&host).unwrap();
        for (file, text) in files {
            std::fs::write(host.join(file), text).unwrap();
        }
        let trust = TrustFiles { folders: vec![folder.path().to_owned()], ca_file: None };
        trust.config(&["localhost:5443"], CertificateCheck::Disabled).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn certificates_of_a_user_without_home_variable_are_found() {
        let environment: Environment = [("USERPROFILE", "/users/ann")].into_iter().collect();
        let own = ["containers", "docker"].map(|engine| Path::new("/users/ann/.config").join(engine).join("certs.d"));
        assert!(folders(&environment).starts_with(&own));
    }

    #[test]
    fn a_client_certificate_without_its_key_is_an_error() {
        assert!(
            error_of(&[("client.cert", "")]).contains("client.cert: the client certificate NAME.cert has no NAME.key")
        );
        assert!(error_of(&[("client.key", "")]).contains("client.key: the key NAME.key has no NAME.cert"));
    }

    #[test]
    fn a_file_without_a_certificate_is_an_error() {
        assert!(error_of(&[("ca.crt", "no PEM")]).contains("ca.crt: cannot be read as PEM"));
    }

    #[test]
    fn a_host_without_a_folder_uses_the_system_authorities() {
        let trust = TrustFiles { folders: vec!["/nowhere".into()], ca_file: None };
        assert!(trust.config(&["quay.io"], CertificateCheck::Disabled).is_ok());
    }
}
