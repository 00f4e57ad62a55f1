//! The operator's secret: an API client with the vendor role, whose secret lies in the data
//! directory. Whoever may read that directory can speak to the manager with it.

use super::{SetupError, files};
use crate::domain::user::{self, NewClient, Principal};
use crate::domain::{Scene, SystemEntropy};
use crate::store::{ClientId, Page, Role, Store};
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::time::UnixTime;
use std::path::{Path, PathBuf};

pub(super) const FILE: &str = "operator.secret";
/// The name of the client.
const NAME: &str = "operator";
/// Clients read at a time.
const STEP: u32 = 1_000;

/// Where the secret lies.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// The secret in `dir`.
///
/// # Errors
/// [`SetupError`] when there is none or it cannot be read.
pub fn read(dir: &Path) -> Result<String, SetupError> {
    let bytes = files::read(&path(dir))?
        .ok_or_else(|| SetupError::NotInitialised(dir.display().to_string()))?;
    let expected = "the secret of an API client";
    String::from_utf8(bytes)
        .map(|text| text.trim().to_owned())
        .map_err(|_| SetupError::Damaged { path: path(dir).display().to_string(), expected })
}

/// Makes the client and its file where the file is not there.
///
/// The file is written last. Where that failed, a client is left whose secret nobody knows; it is
/// replaced.
pub(super) fn complete(
    dir: &Path,
    store: &dyn Store,
    now: UnixTime,
) -> Result<Option<&'static str>, SetupError> {
    if files::read(&path(dir))?.is_some() {
        return Ok(None);
    }
    let entropy = &mut SystemEntropy;
    let mut scene = Scene { now, actor: "setup", crypto: &SoftwareCrypto, entropy };
    let setup = Principal::local(scene.actor);
    let new = NewClient { name: NAME.into(), role: Role::Vendor, account: None };
    let mut tx = store.begin()?;
    for id in earlier(&*tx)? {
        user::remove_client(&mut *tx, &scene, &setup, id)?;
    }
    let (_, secret) = user::create_client(&mut *tx, &mut scene, &setup, &new)?;
    tx.commit()?;
    files::write(&path(dir), format!("{secret}\n").as_bytes(), files::PRIVATE)?;
    Ok(Some(FILE))
}

fn earlier(view: &dyn crate::store::View) -> Result<Vec<ClientId>, SetupError> {
    let mut found = Vec::new();
    let mut page = Page { after: 0, limit: STEP };
    loop {
        let clients = view.clients(page)?;
        let Some(last) = clients.last() else { return Ok(found) };
        page.after = last.id.0;
        found.extend(clients.iter().filter(|client| client.name == NAME).map(|c| c.id));
    }
}
