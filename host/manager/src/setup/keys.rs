//! The vendor's root key, the manager's signing key and the root's statement about it, and the key that
//! products pin for their reservations.

use super::{SetupError, files};
use crate::domain::{Entropy, Signer, SystemEntropy};
use crate::hex;
use leasehold_core::crypto::{
    Algorithm, Crypto, KeyHandle, KeyUnusable, PublicKey, SoftwareCrypto,
};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::SigningCertificate;
use std::path::Path;
use std::sync::Arc;

pub(super) const ROOT_KEY: &str = "root.key";
pub(super) const ROOT_PUBLIC: &str = "root.pub";
pub(super) const SIGNING_KEY: &str = "signing.key";
pub(super) const SIGNING_CERTIFICATE: &str = "signing.crt";
pub(super) const RESERVATION_KEY: &str = "reservation.key";
pub(super) const RESERVATION_PUBLIC: &str = "reservation.pub";

/// How long a signing certificate lasts. It is renewed once half of that is over, so the root key
/// is needed on the manager's machine every five years at the most.
const VALIDITY: Duration = Duration::from_days(3_650);
/// A device's clock may be behind the manager's by this much without refusing a new certificate.
const BACKDATE: Duration = Duration::from_hours(24);

/// What a manager signs with, and who vouches for it.
#[derive(Clone)]
pub struct Identity {
    /// The public half of the vendor's root key: what products pin.
    pub root: PublicKey,
    /// The signing key and its certificate.
    pub signer: Signer,
}

/// Makes the keys that are not there yet; gives the names of the files made.
pub(super) fn complete(dir: &Path, now: UnixTime) -> Result<Vec<&'static str>, SetupError> {
    let mut made = Vec::new();
    let has_database = dir.join(super::DATABASE).exists();
    let mut root = read_key(dir, ROOT_KEY)?;
    if files::read(&dir.join(ROOT_PUBLIC))?.is_none() {
        // SPEC L1: devices out there pin the old root; a new one would cut them all off.
        if root.is_none() && has_database {
            return Err(SetupError::Missing { path: shown(dir, ROOT_PUBLIC) });
        }
        let key = match root {
            Some(key) => key,
            None => write_new_key(dir, ROOT_KEY, &mut made)?,
        };
        write_public(dir, ROOT_PUBLIC, &public(dir, ROOT_KEY, &key)?)?;
        made.push(ROOT_PUBLIC);
        root = Some(key);
    }
    let signing = match read_key(dir, SIGNING_KEY)? {
        Some(key) => key,
        // The certificate is written after the key: one that is there is for a key that was lost.
        None if dir.join(SIGNING_CERTIFICATE).exists() => {
            return Err(SetupError::Missing { path: shown(dir, SIGNING_KEY) });
        }
        None => write_new_key(dir, SIGNING_KEY, &mut made)?,
    };
    if files::read(&dir.join(SIGNING_CERTIFICATE))?.is_none() {
        let root = root.ok_or_else(|| SetupError::RootAway { path: shown(dir, ROOT_KEY) })?;
        issue(dir, &root, &signing, 1, now)?;
        made.push(SIGNING_CERTIFICATE);
    }
    complete_reservation_key(dir, &mut made)?;
    Ok(made)
}

fn complete_reservation_key(dir: &Path, made: &mut Vec<&'static str>) -> Result<(), SetupError> {
    let public_there = files::read(&dir.join(RESERVATION_PUBLIC))?.is_some();
    let key = match read_key(dir, RESERVATION_KEY)? {
        Some(_) if public_there => return Ok(()),
        Some(key) => key,
        // The public half is written last: products may pin the one that is there.
        None if public_there => {
            return Err(SetupError::Missing { path: shown(dir, RESERVATION_KEY) });
        }
        None => write_new_key(dir, RESERVATION_KEY, made)?,
    };
    write_public(dir, RESERVATION_PUBLIC, &public(dir, RESERVATION_KEY, &key)?)?;
    made.push(RESERVATION_PUBLIC);
    Ok(())
}

/// Reads the keys, and renews the certificate where it is half over and the root key is here.
///
/// # Errors
/// [`SetupError`] when a file is missing, damaged, or does not belong to the others.
pub fn load(dir: &Path, now: UnixTime) -> Result<Identity, SetupError> {
    let root = public_root(dir)?;
    let missing = |name| SetupError::Missing { path: shown(dir, name) };
    let key = read_key(dir, SIGNING_KEY)?.ok_or_else(|| missing(SIGNING_KEY))?;
    let bytes =
        files::read(&dir.join(SIGNING_CERTIFICATE))?.ok_or_else(|| missing(SIGNING_CERTIFICATE))?;
    let damaged = || SetupError::Damaged {
        path: shown(dir, SIGNING_CERTIFICATE),
        expected: "the root's certificate for signing.key",
    };
    let mut certificate: SigningCertificate = match postcard::take_from_bytes(&bytes) {
        Ok((certificate, [])) => certificate,
        _ => return Err(damaged()),
    };
    let same_key = certificate.public_key == public(dir, SIGNING_KEY, &key)?;
    if !same_key || !certificate.is_signed_by(&SoftwareCrypto, &root) {
        return Err(damaged());
    }
    let half_over =
        certificate.valid_from.saturating_add(Duration::from_secs(VALIDITY.as_secs() / 2));
    if now >= half_over {
        certificate = match read_key(dir, ROOT_KEY)? {
            Some(root) => issue(dir, &root, &key, certificate.serial.saturating_add(1), now)?,
            None if now >= certificate.valid_until => {
                return Err(SetupError::CertificateEnded { path: shown(dir, ROOT_KEY) });
            }
            None => certificate,
        };
    }
    let reservation_key = reservation_key(dir)?;
    let crypto = Arc::new(SoftwareCrypto);
    Ok(Identity { root, signer: Signer { crypto, key, certificate, reservation_key } })
}

/// The public half of the root key.
pub(super) fn public_root(dir: &Path) -> Result<PublicKey, SetupError> {
    read_public(dir, ROOT_PUBLIC)?
        .ok_or_else(|| SetupError::Missing { path: shown(dir, ROOT_PUBLIC) })
}

/// The reservation key. A directory of a manager that had none works without: its codes carry the
/// signing certificate instead.
fn reservation_key(dir: &Path) -> Result<Option<KeyHandle>, SetupError> {
    let (path, pinned) = (shown(dir, RESERVATION_KEY), read_public(dir, RESERVATION_PUBLIC)?);
    match (read_key(dir, RESERVATION_KEY)?, pinned) {
        (None, Some(_)) => Err(SetupError::Missing { path }),
        (Some(key), Some(pinned)) if public(dir, RESERVATION_KEY, &key)? != pinned => {
            let expected = "the private half of reservation.pub";
            Err(SetupError::Damaged { path, expected })
        }
        (key, _) => Ok(key),
    }
}

const KEY_TEXT: &str = "64 hexadecimal digits";

fn issue(
    dir: &Path,
    root: &KeyHandle,
    signing: &KeyHandle,
    serial: u32,
    now: UnixTime,
) -> Result<SigningCertificate, SetupError> {
    let unusable =
        |_: KeyUnusable| SetupError::Damaged { path: shown(dir, ROOT_KEY), expected: KEY_TEXT };
    // Signing with any other key would make a certificate that no device believes.
    if public(dir, ROOT_KEY, root)? != public_root(dir)? {
        return Err(SetupError::Damaged {
            path: shown(dir, ROOT_KEY),
            expected: "the private half of root.pub",
        });
    }
    let certificate = SigningCertificate::issue(
        &SoftwareCrypto,
        root,
        public(dir, SIGNING_KEY, signing)?,
        serial,
        now.saturating_sub(BACKDATE),
        now.saturating_add(VALIDITY),
    )
    .map_err(unusable)?;
    let mut buffer = [0; 256];
    let bytes = postcard::to_slice(&certificate, &mut buffer).map_err(|_| unusable(KeyUnusable))?;
    files::write(&dir.join(SIGNING_CERTIFICATE), bytes, files::PUBLIC)?;
    Ok(certificate)
}

fn write_new_key(
    dir: &Path,
    name: &'static str,
    made: &mut Vec<&'static str>,
) -> Result<KeyHandle, SetupError> {
    let mut seed = [0; 32];
    SystemEntropy.fill(&mut seed)?;
    let text = format!("{}\n", hex::encode(&seed));
    files::write(&dir.join(name), text.as_bytes(), files::PRIVATE)?;
    made.push(name);
    Ok(KeyHandle(seed))
}

fn read_key(dir: &Path, name: &str) -> Result<Option<KeyHandle>, SetupError> {
    let Some(bytes) = files::read(&dir.join(name))? else { return Ok(None) };
    let damaged = || SetupError::Damaged { path: shown(dir, name), expected: KEY_TEXT };
    parse(&bytes).map(KeyHandle).map(Some).ok_or_else(damaged)
}

fn write_public(dir: &Path, name: &str, key: &PublicKey) -> Result<(), SetupError> {
    let text = format!("{}\n", hex::encode(&key.bytes));
    files::write(&dir.join(name), text.as_bytes(), files::PUBLIC)
}

fn read_public(dir: &Path, name: &str) -> Result<Option<PublicKey>, SetupError> {
    let Some(bytes) = files::read(&dir.join(name))? else { return Ok(None) };
    let damaged = || SetupError::Damaged { path: shown(dir, name), expected: KEY_TEXT };
    let bytes = parse(&bytes).ok_or_else(damaged)?;
    Ok(Some(PublicKey { algorithm: Algorithm::Ed25519, bytes }))
}

fn parse(bytes: &[u8]) -> Option<[u8; 32]> {
    hex::decode(std::str::from_utf8(bytes).ok()?.trim())
}

fn public(dir: &Path, name: &str, key: &KeyHandle) -> Result<PublicKey, SetupError> {
    SoftwareCrypto
        .public_key(key)
        .map_err(|_| SetupError::Damaged { path: shown(dir, name), expected: KEY_TEXT })
}

fn shown(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    const START: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn directory() -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        complete(dir.path(), START).unwrap();
        dir
    }

    fn after(days: u32) -> UnixTime {
        START.saturating_add(Duration::from_days(days))
    }

    fn serial(dir: &TempDir, now: UnixTime) -> u32 {
        load(dir.path(), now).unwrap().signer.certificate.serial
    }

    #[test]
    fn a_certificate_that_is_half_over_is_renewed_where_the_root_key_is() {
        let dir = directory();
        assert_eq!(serial(&dir, after(1_823)), 1);
        let key = load(dir.path(), START).unwrap().signer.key;
        assert_eq!(serial(&dir, after(1_826)), 2);
        let renewed = load(dir.path(), after(1_827)).unwrap();
        assert_eq!((renewed.signer.certificate.serial, renewed.signer.key), (2, key));
        assert_eq!(renewed.signer.certificate.valid_until, after(1_826 + 3_650));
    }

    #[test]
    fn without_the_root_key_a_certificate_lasts_until_its_end_and_no_longer() {
        let dir = directory();
        let root = dir.path().join(ROOT_KEY);
        let kept = fs::read(&root).unwrap();
        fs::remove_file(&root).unwrap();
        assert_eq!(serial(&dir, after(3_649)), 1);
        let ended = load(dir.path(), after(3_650)).err().unwrap();
        assert!(matches!(ended, SetupError::CertificateEnded { .. }), "{ended}");
        // Brought back for one start.
        fs::write(&root, kept).unwrap();
        assert_eq!(serial(&dir, after(3_650)), 2);
    }

    #[test]
    fn another_root_key_signs_nothing_here() {
        let (dir, other) = (directory(), directory());
        fs::copy(other.path().join(ROOT_KEY), dir.path().join(ROOT_KEY)).unwrap();
        let before = fs::read(dir.path().join(SIGNING_CERTIFICATE)).unwrap();
        let refused = load(dir.path(), after(2_000)).err().unwrap().to_string();
        assert!(
            refused.contains("root.key does not hold the private half of root.pub"),
            "{refused}"
        );
        assert_eq!(fs::read(dir.path().join(SIGNING_CERTIFICATE)).unwrap(), before);
    }

    #[test]
    fn the_reservation_key_is_made_beside_the_others_and_stays() {
        let dir = directory();
        let key = load(dir.path(), START).unwrap().signer.reservation_key.unwrap();
        let pinned = read_public(dir.path(), RESERVATION_PUBLIC).unwrap();
        assert_eq!(pinned, SoftwareCrypto.public_key(&key).ok());
        assert_eq!(complete(dir.path(), START).unwrap(), [""; 0]);
        assert_eq!(load(dir.path(), START).unwrap().signer.reservation_key, Some(key));
        // A public half that was not written yet follows.
        fs::remove_file(dir.path().join(RESERVATION_PUBLIC)).unwrap();
        assert_eq!(complete(dir.path(), START).unwrap(), [RESERVATION_PUBLIC]);
        assert_eq!(read_public(dir.path(), RESERVATION_PUBLIC).unwrap(), pinned);
    }

    #[test]
    fn a_reservation_key_that_products_pin_is_not_replaced() {
        let (dir, other) = (directory(), directory());
        let path = dir.path().join(RESERVATION_KEY);
        fs::copy(other.path().join(RESERVATION_KEY), &path).unwrap();
        let refused = load(dir.path(), START).err().unwrap().to_string();
        assert!(refused.contains("the private half of reservation.pub"), "{refused}");
        fs::remove_file(&path).unwrap();
        for refused in [load(dir.path(), START).err(), complete(dir.path(), START).err()] {
            assert!(
                matches!(refused, Some(SetupError::Missing { path: named }) if path == Path::new(&named))
            );
        }
        // A directory from before there were any has neither.
        fs::remove_file(dir.path().join(RESERVATION_PUBLIC)).unwrap();
        assert_eq!(load(dir.path(), START).unwrap().signer.reservation_key, None);
    }
}
