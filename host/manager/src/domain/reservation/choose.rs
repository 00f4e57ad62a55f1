//! Which licences a reservation sets aside (SPEC S1, L6).

use super::{ReservationError, licensed};
use crate::domain::supply::Supply;
use crate::domain::{Authority, DomainError};
use crate::store::{ClaimRow, ReservationRow, Transaction};
use leasehold_core::product::Reporting;
use leasehold_core::time::UnixTime;
use std::collections::BTreeMap;

/// Licences that an administrator wants to be set aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// Of what: a tag of the license type, or the feature that consumes it.
    pub license: String,
    /// How many; none is as if it were left out.
    pub count: u32,
}

/// The claims of a new generation of `row`: the longest terms first. What the reservation sets aside
/// now does not stand in their way, because of old and new only the larger counts (SPEC S2).
pub(super) fn claims(
    tx: &dyn Transaction,
    authority: &Authority,
    row: &ReservationRow,
    generation: u8,
    choices: &[Choice],
    now: UnixTime,
) -> Result<Vec<ClaimRow>, DomainError> {
    if row.universal {
        return Ok(vec![universal(tx, authority, row, generation, choices, now)?]);
    }
    let catalogue = &authority.catalogue;
    let (_, license_type) = licensed(catalogue, &row.product_id, row.license_type)?;
    let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
    for Choice { license, count } in choices.iter().filter(|choice| choice.count > 0) {
        let index = license_type.called(license).ok_or_else(|| {
            let known: Vec<&str> = license_type.features().map(|(name, _)| name).collect();
            ReservationError::LicenseUnknown {
                license_type: license_type.name.clone(),
                name: license.clone(),
                known: known.join(" "),
            }
        })?;
        let sum = counts.entry(index).or_default();
        *sum = sum.saturating_add((*count).into());
    }
    if counts.is_empty() {
        return Err(ReservationError::NothingChosen.into());
    }
    let mut claims = Vec::new();
    for (index, wanted) in counts {
        let Some(tag) = license_type.tags.get(usize::from(index)) else { continue };
        let Some(known) = catalogue.tag(tag) else { continue };
        if known.reporting == Reporting::StoredOnly {
            return Err(ReservationError::NotReported(known.name.clone()).into());
        }
        let supply = Supply::read(tx, row.virtual_account, tag, Some(row.id), now)?;
        let portions = u32::try_from(wanted).ok().and_then(|wanted| supply.choose(wanted));
        let portions = portions.ok_or_else(|| ReservationError::TooFew {
            name: known.name.clone(),
            wanted,
            available: supply.available(),
        })?;
        claims.extend(portions.into_iter().map(|portion| ClaimRow {
            reservation: row.id,
            generation,
            virtual_account: row.virtual_account,
            tag: tag.clone(),
            count: portion.count,
            until: portion.until,
        }));
    }
    // The device keeps a line for each, and has room for as many as it has entitlements.
    let (terms, most) = (claims.len(), license_type.tags.len());
    if terms > most {
        return Err(ReservationError::TooManyTerms { terms, most }.into());
    }
    Ok(claims)
}

/// One licence for everything. It is for ever: nothing in its authorization could say when it ends.
fn universal(
    tx: &dyn Transaction,
    authority: &Authority,
    row: &ReservationRow,
    generation: u8,
    choices: &[Choice],
    now: UnixTime,
) -> Result<ClaimRow, DomainError> {
    if !choices.is_empty() {
        return Err(ReservationError::UniversalHasNoChoice.into());
    }
    let (product, _) = licensed(&authority.catalogue, &row.product_id, row.license_type)?;
    let tag = product.universal.as_ref();
    let tag = tag.ok_or_else(|| ReservationError::UniversalUnknown(product.name.clone()))?;
    let supply = Supply::read(tx, row.virtual_account, tag, Some(row.id), now)?;
    let perpetual = supply.choose(1).is_some_and(|chosen| {
        let mut chosen = chosen.iter();
        chosen.all(|portion| portion.until.is_none())
    });
    if !perpetual {
        let known = authority.catalogue.tag(tag);
        let name = known.map_or_else(|| tag.to_string(), |known| known.name.clone());
        return Err(ReservationError::UniversalNotOwned(name).into());
    }
    Ok(ClaimRow {
        reservation: row.id,
        generation,
        virtual_account: row.virtual_account,
        tag: tag.clone(),
        count: 1,
        until: None,
    })
}
