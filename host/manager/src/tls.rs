//! TLS: the self-signed certificate that set-up makes, and the files it is read from. Only TLS 1.2
//! and 1.3, with the `ring` provider, chosen here and never from a process default.

use crate::config::TlsFiles;
use crate::hex;
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    #[error("{path} cannot be used as {what}: {detail}. Give a readable PEM file.")]
    File {
        /// The file.
        path: String,
        /// `a TLS certificate` or `a TLS key`.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The two do not belong together, or are of a kind that is not supported.
    #[error(
        "{certificate} and {key} cannot be used together: {detail}. \
         Give the certificate chain, the server's own first, and the key it was made for."
    )]
    Pair {
        /// The certificate file.
        certificate: String,
        /// The key file.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A name that a certificate cannot be made for.
    #[error(
        "No certificate can be made for the names {names}: {detail}. \
         Give host names or IP addresses."
    )]
    Name {
        /// The names.
        names: String,
        /// What is wrong.
        detail: String,
    },
}

/// A certificate and its key, as PEM text.
pub struct SelfSigned {
    /// The certificate: whoever connects pins it.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// Makes a certificate for `names`, signed with its own key. It does not end: whoever pins it has
/// no other way to learn of a new one, and the license protocol is signed on its own.
///
/// # Errors
/// [`TlsError::Name`].
pub fn self_signed(names: &[String]) -> Result<SelfSigned, TlsError> {
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| TlsError::Name { names: names.join(", "), detail: error.to_string() })?;
    Ok(SelfSigned { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
}

/// The server's side of TLS, from files.
///
/// # Errors
/// [`TlsError`] names the file.
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| file_error(&files.key, "a TLS key", &error))?;
    let pair = |error: rustls::Error| TlsError::Pair {
        certificate: files.certificate.display().to_string(),
        key: files.key.display().to_string(),
        detail: error.to_string(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The SHA-256 of the server's own certificate, as clients pin it: 64 hexadecimal digits.
///
/// # Errors
/// [`TlsError::File`].
pub fn certificate_sha256(files: &TlsFiles) -> Result<String, TlsError> {
    let own = CertificateDer::from_pem_file(&files.certificate)
        .map_err(|error| file_error(&files.certificate, "a TLS certificate", &error))?;
    Ok(hex::encode(&Sha256::digest(&own)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error: pem::Error| file_error(path, "a TLS certificate", &error);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(failed)?.collect();
    match chain.map_err(failed)? {
        chain if chain.is_empty() => Err(failed(pem::Error::NoItemsFound)),
        chain => Ok(chain),
    }
}

fn file_error(path: &Path, what: &'static str, error: &pem::Error) -> TlsError {
    let detail = match error {
        pem::Error::NoItemsFound => "it holds none".into(),
        pem::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    TlsError::File { path: path.display().to_string(), what, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn files(dir: &Path, certificate: &str, key: &str) -> TlsFiles {
        let files = TlsFiles { certificate: dir.join("c.pem"), key: dir.join("k.pem") };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    #[test]
    fn what_is_wrong_with_the_files_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned()];
        let (one, other) = (self_signed(&names).unwrap(), self_signed(&names).unwrap());
        let fine = files(dir.path(), &one.certificate, &one.key);
        assert!(server_config(&fine).is_ok());
        let refusal = |certificate: &str, key: &str| {
            server_config(&files(dir.path(), certificate, key)).unwrap_err().to_string()
        };
        let mixed = refusal(&one.certificate, &other.key);
        assert!(mixed.contains("cannot be used together"), "{mixed}");
        let no_key = refusal(&one.certificate, "");
        assert!(no_key.contains("k.pem cannot be used as a TLS key: it holds none"), "{no_key}");
        let no_certificate = refusal("", &one.key);
        assert!(no_certificate.contains("c.pem cannot be used as a TLS cert"), "{no_certificate}");
        let gone = TlsFiles { key: dir.path().join("gone/k.pem"), ..fine };
        fs::write(&gone.certificate, &one.certificate).unwrap();
        let absent = server_config(&gone).unwrap_err().to_string();
        assert!(absent.contains("k.pem"), "{absent}");
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let refused = self_signed(&["no name\u{fffd}".to_owned()]);
        assert!(matches!(refused, Err(TlsError::Name { .. })));
    }
}
