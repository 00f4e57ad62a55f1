//! What can be set aside for a reservation: before anything is chosen, people see what there is.

use super::{ReservationError, licensed};
use crate::domain::catalogue::{Catalogue, LicenseType};
use crate::domain::compliance::{self, Pool, Summary};
use crate::domain::supply::{Portion, Supply};
use crate::domain::{Authority, DomainError};
use crate::store::{ReservationRow, View};
use leasehold_core::product::Reporting;
use leasehold_core::time::UnixTime;

/// A licence that a reservation can set aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    /// What it is called where licences are chosen, such as `premium-seat`.
    pub license: String,
    /// Whether the appliance may only use as many as are reserved; where not, owning one is enough.
    pub limits: bool,
    /// What the pool has of it.
    pub pool: Summary,
    /// How many can be chosen, those that the reservation has included.
    pub available: u64,
    /// The same by term, the longest first, as they would be chosen.
    pub terms: Vec<Portion>,
}

/// The features of a license type whose licences can be reserved, and the index of each.
pub(super) fn features<'a>(
    catalogue: &'a Catalogue,
    license_type: &'a LicenseType,
) -> impl Iterator<Item = (&'a str, u8)> {
    license_type.features().filter(|(_, index)| {
        let tag = license_type.tags.get(usize::from(*index));
        let known = tag.and_then(|tag| catalogue.tag(tag));
        known.is_some_and(|known| known.reporting != Reporting::StoredOnly)
    })
}

/// Everything that a reservation can set aside, in the order of the license type, whether the pool has
/// any or not: of a universal request the one licence that it needs.
///
/// # Errors
/// [`DomainError`] when the product or the license type is not known any more.
pub fn offers<V: View + ?Sized>(
    view: &V,
    authority: &Authority,
    row: &ReservationRow,
    now: UnixTime,
) -> Result<Vec<Offer>, DomainError> {
    let catalogue = &authority.catalogue;
    let (product, license_type) = licensed(catalogue, &row.product_id, row.license_type)?;
    let wanted: Vec<(&str, &str)> = if row.universal {
        let unknown = || ReservationError::UniversalUnknown(product.name.clone());
        let tag = product.universal.as_deref().ok_or_else(unknown)?;
        let name = catalogue.tag(tag).map_or(tag, |known| &known.feature);
        vec![(name, tag)]
    } else {
        let tag = |index: u8| license_type.tags.get(usize::from(index)).map(|tag| &**tag);
        let named = features(catalogue, license_type);
        named.filter_map(|(name, index)| Some((name, tag(index)?))).collect()
    };
    let pool = Pool::read(view, row.virtual_account, now)?;
    let summary = compliance::summary(catalogue, &pool);
    wanted
        .into_iter()
        .map(|(license, tag)| {
            let supply = Supply::read(view, row.virtual_account, tag, Some(row.id), now)?;
            let most = u32::try_from(supply.available()).unwrap_or(u32::MAX);
            let mut terms = supply.choose(most).unwrap_or_default();
            if row.universal {
                terms.retain(|term| term.until.is_none());
            }
            let known = catalogue.tag(tag);
            let owned = summary.iter().find(|line| line.tag == tag);
            Ok(Offer {
                license: license.into(),
                limits: known.is_none_or(|known| known.reporting == Reporting::Peak),
                pool: owned.cloned().unwrap_or_else(|| Summary {
                    tag: tag.into(),
                    name: known.map_or_else(|| tag.into(), |known| known.name.clone()),
                    purchased: 0,
                    in_use: 0,
                    reserved: 0,
                    substituted: 0,
                    balance: 0,
                    in_compliance: true,
                }),
                available: terms.iter().map(|term| u64::from(term.count)).sum(),
                terms,
            })
        })
        .collect()
}
