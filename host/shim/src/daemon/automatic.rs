//! Registration without anyone typing: by a token in the environment or in a file.
//!
//! Each token is tried once by itself, whatever came of it: a refused one would be refused again,
//! and a device that an administrator deregistered must not come back. What was tried is remembered
//! as a digest.

use crate::config::Config;
use crate::disk::{Disk, DiskTrouble, Durability, read_at_most};
use crate::hex::to_hex;
use crate::settings::Secret;
use leasehold_core::agent::RegistrationState;
use leasehold_core::crypto::{Crypto, Digest, SoftwareCrypto};
use std::fs::File;
use std::path::PathBuf;

const TRIED_FILE: &str = "token.tried";
/// A file longer than this is no token.
const TOKEN_FILE_MAX: u64 = 4 << 10;

/// The token to register with, and whether it was tried.
pub(super) struct AutomaticRegistration {
    token: Option<Secret>,
    file: Option<PathBuf>,
    tried: Option<String>,
    file_trouble_told: bool,
}

impl AutomaticRegistration {
    pub(super) fn new(config: &Config, disk: &dyn Disk) -> Self {
        let tried = disk.read(TRIED_FILE).unwrap_or_else(|error| {
            let trouble = DiskTrouble::from(&error);
            tracing::warn!("{TRIED_FILE} cannot be read: {}. {}", trouble.cause, trouble.remedy);
            None
        });
        Self {
            token: config.token.clone(),
            file: config.token_file.clone(),
            tried: tried.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()),
            file_trouble_told: false,
        }
    }

    /// At the start: a token beside a registration or an attempt may be the one it was made with,
    /// where a crash came before that could be noted.
    pub(super) fn note_earlier(&mut self, registration: RegistrationState, disk: &dyn Disk) {
        if is_free(registration) {
            return;
        }
        if let Some(token) = self.token.clone().or_else(|| self.read_file())
            && self.tried.as_deref() != Some(digest(&token).as_str())
        {
            self.tried(&token, disk);
        }
    }

    /// The token to register with now: there is one that was not tried, nothing holds, and no
    /// attempt stands.
    pub(super) fn due(&mut self, registration: RegistrationState) -> Option<Secret> {
        if !is_free(registration) {
            return None;
        }
        let token = self.token.clone().or_else(|| self.read_file())?;
        (self.tried.as_deref() != Some(digest(&token).as_str())).then_some(token)
    }

    /// Notes that `token` was tried.
    pub(super) fn tried(&mut self, token: &Secret, disk: &dyn Disk) {
        let digest = digest(token);
        if let Err(error) = disk.replace(TRIED_FILE, digest.as_bytes(), Durability::Durable) {
            let trouble = DiskTrouble::from(&error);
            tracing::warn!("{TRIED_FILE} cannot be written: {}. {}", trouble.cause, trouble.remedy);
        }
        self.tried = Some(digest);
    }

    fn read_file(&mut self) -> Option<Secret> {
        let path = self.file.as_ref()?;
        let read = File::open(path).and_then(|file| read_at_most(file, TOKEN_FILE_MAX));
        match read {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).trim().to_owned();
                (!text.is_empty()).then(|| Secret::new(text))
            }
            // It may come later: whoever starts the appliance may put it there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                if !std::mem::replace(&mut self.file_trouble_told, true) {
                    tracing::error!(
                        "The token file {} cannot be read: {error}. Let this user read it.",
                        path.display()
                    );
                }
                None
            }
        }
    }
}

/// Whether nothing holds and no attempt stands.
const fn is_free(registration: RegistrationState) -> bool {
    matches!(registration, RegistrationState::Unregistered | RegistrationState::Expired)
}

fn digest(token: &Secret) -> String {
    let Digest(bytes) = SoftwareCrypto.digest(&[b"token tried", token.expose().as_bytes()]);
    to_hex(&bytes)
}
