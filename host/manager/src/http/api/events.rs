//! The event log, and the manager itself.

use super::{Session, Wanted, show};
use crate::domain::event::{self, Subject};
use crate::domain::recovery;
use crate::domain::user::Right;
use crate::hex;
use crate::http::extract::Parameters;
use crate::http::problem::Refusal;
use crate::http::types::{Event, List, Status, Tag, VerifiedLog};
use crate::store::{DeviceId, EventRow, Filter};
use axum::response::Json as Reply;
use serde::Deserialize;

/// Which events are wanted, the newest first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
    account: Option<i64>,
    virtual_account: Option<i64>,
    /// Only of this device.
    instance: Option<i64>,
}

pub(super) async fn list(
    session: Session,
    Parameters(wanted): Parameters<Events>,
) -> Result<Reply<List<Event>>, Refusal> {
    let Events { after, limit, account, virtual_account, instance } = wanted;
    let wanted = Wanted { after, limit, account, virtual_account };
    let part = wanted.part();
    let list = session.read(move |view, by, _, _| {
        let filter = Filter { device: instance.map(DeviceId), ..wanted.filter(view, by)? };
        let rows = view.events(&filter, part.page())?;
        let mut list = part.list(rows, |row| row.number, |row| row);
        // An instance may have been elsewhere before.
        list.items.retain(|row| by.check(Right::Look, place(row)).is_ok());
        Ok(List { items: list.items.into_iter().map(show::event).collect(), next: list.next })
    });
    Ok(Reply(list.await?))
}

const fn place(row: &EventRow) -> Subject {
    Subject { account: row.account, virtual_account: row.virtual_account, device: row.device }
}

pub(super) async fn verify(session: Session) -> Result<Reply<VerifiedLog>, Refusal> {
    let verified = session.read(|view, by, _, authority| {
        by.check(Right::Look, Subject::MANAGER)?;
        Ok(event::verify(view, &*authority.signer.crypto))
    });
    let verified = verified.await??;
    Ok(Reply(VerifiedLog { entries: verified.entries, hash: hex::encode(&verified.hash) }))
}

pub(super) async fn status(session: Session) -> Result<Reply<Status>, Refusal> {
    let root = session.app.root;
    let certificate_sha256 = session.app.certificate_sha256.clone();
    let status = session.read(move |view, by, now, authority| {
        let tags = authority.catalogue.tags().iter().map(|tag| Tag {
            tag: tag.tag.to_string(),
            name: tag.name.clone(),
            feature: tag.feature.clone(),
        });
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").into(),
            time: now.into(),
            root: hex::encode(&root.bytes),
            certificate_sha256,
            signing_certificate_ends: authority.signer.certificate.valid_until.into(),
            restored: recovery::restored(view)?.map(show::restored),
            frozen_reservations: view.frozen_reservations(by.account)?,
            signed_in_as: by.name.clone(),
            licenses: tags.collect(),
        })
    });
    Ok(Reply(status.await?))
}
