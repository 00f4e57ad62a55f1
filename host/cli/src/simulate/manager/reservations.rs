//! What an administrator does at the manager with the codes of a device.

use super::Manager;
use crate::simulate::scenario::Amount;
use leasehold_manager::domain::reservation::{self, Choice};
use leasehold_manager::domain::user::Principal;
use leasehold_manager::store::ReservationState;
use leasehold_shim::problem::Problem;

/// Who enters codes.
const ADMINISTRATOR: &str = "simulation";

impl Manager {
    /// Redeems a request code, if that was not done before, and sets licences aside: anew, or in
    /// place of what is set aside for it. Gives the authorization code.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(in crate::simulate) fn reserve(
        &mut self,
        request: &str,
        amounts: &[Amount],
        t: u32,
    ) -> anyhow::Result<Result<String, Problem>> {
        let place = self.place;
        let choice = |amount: &Amount| Choice { license: amount.feature.into(), count: amount.n };
        let choices: Vec<Choice> = amounts.iter().map(choice).collect();
        self.change(t, |tx, scene, authority| {
            let row = reservation::redeem(tx, scene, authority, place, request)?;
            let row = match row.state {
                ReservationState::Requested => {
                    reservation::authorize(tx, scene, authority, row.id, &choices)?
                }
                _ => reservation::update(tx, scene, authority, row.id, &choices)?,
            };
            Ok(row.update_code.or(row.authorization_code).unwrap_or_default())
        })
    }

    /// Enters the confirmation code of an update.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(in crate::simulate) fn confirm(
        &mut self,
        code: &str,
        t: u32,
    ) -> anyhow::Result<Result<(), Problem>> {
        let by = Principal::local(ADMINISTRATOR);
        self.change(t, |tx, scene, authority| {
            reservation::confirm(tx, scene, authority, &by, None, code).map(|_| ())
        })
    }

    /// Enters a return code.
    ///
    /// # Errors
    /// As [`Manager::revoke_token`].
    pub(in crate::simulate) fn take_back(
        &mut self,
        code: &str,
        t: u32,
    ) -> anyhow::Result<Result<(), Problem>> {
        let by = Principal::local(ADMINISTRATOR);
        self.change(t, |tx, scene, authority| {
            reservation::give_back(tx, scene, authority, &by, None, code).map(|_| ())
        })
    }
}
