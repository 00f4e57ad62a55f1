//! Licence lines: what an account owns (SPEC L3).

use super::account::virtual_account;
use super::catalogue::Catalogue;
use super::event::{Subject, log};
use super::supply::Supply;
use super::{DomainError, Scene, compliance};
use crate::store::{LineId, LineRow, Transaction, VirtualAccountId};
use leasehold_core::time::UnixTime;
use serde_json::json;

/// The longest order id, in bytes.
const ORDER_MAX: usize = 80;

/// What is deposited.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// Into which pool.
    pub virtual_account: VirtualAccountId,
    /// Licences for what.
    pub tag: String,
    /// How many: at least 1.
    pub quantity: u32,
    /// From when; `None` for at once.
    pub start: Option<UnixTime>,
    /// Until when; `None` is perpetual.
    pub end: Option<UnixTime>,
    /// The order it came with.
    pub order: String,
}

/// Deposits licences. Only the vendor may: the caller has checked that (SPEC L1).
///
/// # Errors
/// [`DomainError`] when the virtual account or the tag do not exist, or a value is out of range.
pub fn deposit(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    catalogue: &Catalogue,
    new: &NewLine,
) -> Result<LineRow, DomainError> {
    let place = virtual_account(tx, new.virtual_account)?;
    let start = new.start.unwrap_or(scene.now);
    check(catalogue, new, start)?;
    let mut row = LineRow {
        id: LineId(0),
        account: place.account,
        virtual_account: place.id,
        tag: new.tag.clone(),
        quantity: new.quantity,
        start,
        end: new.end,
        order: new.order.clone(),
        created: scene.now,
        created_by: scene.actor.into(),
    };
    row.id = tx.add_line(&row)?;
    compliance::line_added(tx, &row, scene.now)?;
    let detail = json!({
        "line": row.id.0, "tag": row.tag, "quantity": row.quantity, "order": row.order,
        "start": row.start.as_secs(), "end": row.end.map(UnixTime::as_secs),
    });
    log(tx, scene, Subject::from(&place), "LicenseDeposited", &detail)?;
    Ok(row)
}

fn check(catalogue: &Catalogue, new: &NewLine, start: UnixTime) -> Result<(), DomainError> {
    if catalogue.tag(&new.tag).is_none() {
        let features = catalogue.tags().iter().map(|tag| &*tag.feature);
        let features: Vec<_> = features.filter(|feature| !feature.is_empty()).collect();
        return Err(DomainError::Invalid(format!(
            "There are no licences for {:?}. Give a feature ({}) or its tag.",
            new.tag,
            features.join(" ")
        )));
    }
    if new.quantity == 0 {
        return Err(DomainError::Invalid(
            "A line has at least one licence. Give a quantity from 1.".into(),
        ));
    }
    if new.order.len() > ORDER_MAX {
        return Err(DomainError::Invalid(format!(
            "An order id has at most {ORDER_MAX} bytes. Give a shorter one."
        )));
    }
    if new.end.is_some_and(|end| end <= start) {
        return Err(DomainError::Invalid(
            "The term ends before it begins. Give an end after the start.".into(),
        ));
    }
    Ok(())
}

/// Ends a line now. One that ended already stays as it is.
///
/// # Errors
/// [`DomainError`] when there is none, or reservations have set aside what it is needed for
/// (SPEC L11).
pub fn end(
    tx: &mut dyn Transaction,
    scene: &Scene<'_>,
    id: LineId,
) -> Result<LineRow, DomainError> {
    let row = tx.line(id)?.ok_or(DomainError::NotFound("licence line"))?;
    if row.end.is_some_and(|end| end <= scene.now) {
        return Ok(row);
    }
    tx.set_line_end(id, scene.now)?;
    let supply = Supply::read(tx, row.virtual_account, &row.tag, None, scene.now)?;
    if supply.overdrawn().is_some() {
        return Err(DomainError::InUse(
            "Reservations have set aside licences of this line. \
             Reduce or return the reservations first, or deposit other licences in its place."
                .into(),
        ));
    }
    compliance::supply_changed(tx, row.virtual_account, &row.tag, scene.now)?;
    let subject = Subject {
        account: Some(row.account),
        virtual_account: Some(row.virtual_account),
        device: None,
    };
    let detail = json!({ "line": id.0, "tag": row.tag, "quantity": row.quantity });
    log(tx, scene, subject, "LicenseEnded", &detail)?;
    Ok(LineRow { end: Some(scene.now), ..row })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{STANDARD, World};

    fn refusal(tag: &str, quantity: u32, order: &str) -> String {
        let mut world = World::new();
        let new = NewLine {
            virtual_account: world.place,
            tag: tag.into(),
            quantity,
            start: None,
            end: None,
            order: order.into(),
        };
        let refused =
            world.change(|tx, scene, authority| deposit(tx, scene, &authority.catalogue, &new));
        refused.unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_deposited_is_told_for_its_own_reason() {
        let unknown = refusal("standrd-seat", 40, "");
        let remedy = "\"standrd-seat\". Give a feature (standard-seat premium-seat server ";
        assert!(unknown.contains(remedy) && unknown.ends_with(" or its tag."), "{unknown}");
        let none = refusal(STANDARD, 0, "");
        assert!(none.contains("at least one licence") && !none.contains("order"), "{none}");
        let long = refusal(STANDARD, 1, &"x".repeat(81));
        assert!(long.contains("at most 80 bytes") && !long.contains("licence"), "{long}");
    }
}
