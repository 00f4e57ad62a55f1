//! Which licences a reservation sets aside (SPEC S1, L6).

use super::{ReservationError, licensed, offer};
use crate::domain::catalogue::{Catalogue, LicenseType};
use crate::domain::supply::Supply;
use crate::domain::{Authority, DomainError};
use crate::store::{ClaimRow, ReservationRow, View};
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
    view: &dyn View,
    authority: &Authority,
    row: &ReservationRow,
    generation: u8,
    choices: &[Choice],
    now: UnixTime,
) -> Result<Vec<ClaimRow>, DomainError> {
    if row.universal {
        return Ok(vec![universal(view, authority, row, generation, choices, now)?]);
    }
    let catalogue = &authority.catalogue;
    let (_, license_type) = licensed(catalogue, &row.product_id, row.license_type)?;
    let counts = counts(catalogue, license_type, choices)?;
    let mut claims = Vec::new();
    for (index, wanted) in counts {
        let Some(tag) = license_type.tags.get(usize::from(index)) else { continue };
        let Some(known) = catalogue.tag(tag) else { continue };
        if known.reporting == Reporting::StoredOnly {
            return Err(ReservationError::NotReported(known.name.clone()).into());
        }
        let supply = Supply::read(view, row.virtual_account, tag, Some(row.id), now)?;
        let portions = supply.choose(wanted).ok_or_else(|| ReservationError::TooFew {
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

/// How many of each are wanted, by the index in the license type. Each is given once: of two numbers
/// nobody can say whether the sum is meant or the last.
fn counts(
    catalogue: &Catalogue,
    license_type: &LicenseType,
    choices: &[Choice],
) -> Result<BTreeMap<u8, u32>, ReservationError> {
    let mut counts = BTreeMap::new();
    for Choice { license, count } in choices {
        let index = license_type.called(license).ok_or_else(|| {
            let known = offer::features(catalogue, license_type).map(|(name, _)| name);
            ReservationError::LicenseUnknown {
                license_type: license_type.name.clone(),
                name: license.clone(),
                known: known.collect::<Vec<_>>().join(" "),
            }
        })?;
        if let Some(first) = counts.insert(index, *count) {
            let name = license.clone();
            return Err(ReservationError::GivenTwice { name, counts: [first, *count] });
        }
    }
    counts.retain(|_, count| *count > 0);
    if counts.is_empty() { Err(ReservationError::NothingChosen) } else { Ok(counts) }
}

/// One licence for everything. It is for ever: nothing in its authorization could say when it ends.
fn universal(
    view: &dyn View,
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
    let supply = Supply::read(view, row.virtual_account, tag, Some(row.id), now)?;
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
