//! Commands that change how the appliance is licensed: the license type, license control, and the
//! factory reset.

use super::commands::value;
use super::worker::Worker;
use super::{Reply, TRANSPORT_FILE};
use crate::disk::DiskTrouble;
use crate::explain::{self, Wanted};
use crate::problem::Problem;
use crate::protocol::{Control, ControlField, TypeChange};
use leasehold_core::agent::{Command, CommandError, Input};
use leasehold_core::product::LicenseType;

impl Worker<'_> {
    /// Counts by another license type. Whoever is signed in is signed in anew under it, by what
    /// they work on; where that is not possible for all, nothing is changed.
    pub(super) fn set_license_type(&mut self, name: &str) -> Reply {
        match self.select(name) {
            Ok(()) => {}
            Err(CommandError::LicensesInUse) => {
                if let Some(license_type) = self.product.license_type(name) {
                    self.move_use_to(license_type)?;
                }
            }
            Err(error) => return Err(self.refused(error, name)),
        }
        value(TypeChange {
            license_type: self.counters.license_type().name.into(),
            seats: self.usage.seats(),
            not_stored: self.used(),
        })
    }

    fn select(&mut self, name: &str) -> Result<(), CommandError> {
        self.input(Input::Command(Command::SelectLicenseType(name)))
    }

    /// The core changes the type only with nothing in use, and only while the device is not
    /// registered: what is given back for a moment can be taken again, because license control does
    /// not apply then (SPEC X8).
    fn move_use_to(&mut self, license_type: &LicenseType<'_>) -> Result<(), Problem> {
        let before = self.counters.license_type().name;
        let moved = self.usage.under(license_type)?;
        self.usage.give_back_all(self.counters)?;
        let taken = match self.select(license_type.name) {
            Ok(()) => moved.take_all(self.counters),
            Err(error) => Err(self.refused(error, license_type.name)),
        };
        if let Err(problem) = taken {
            // Back to what it was: both steps undo what was just done.
            let _ = self.select(before);
            self.usage.take_all(self.counters)?;
            return Err(problem);
        }
        self.usage = moved;
        Ok(())
    }

    pub(super) fn allow_overage(&mut self, allowed: bool) -> Reply {
        self.input(Input::Command(Command::AllowOverage(allowed)))
            .map_err(|error| self.refused(error, ""))?;
        value(self.control())
    }

    pub(super) fn limit(&mut self, feature: &str, limit: Option<u32>) -> Reply {
        self.input(Input::Command(Command::Limit { feature, limit }))
            .map_err(|error| self.refused(error, feature))?;
        value(self.control())
    }

    fn control(&self) -> Control {
        let report = self.sources().report();
        let controlled = report.entitlements.into_iter().filter(|one| one.controlled);
        let fields = controlled.map(|one| ControlField {
            feature: one.feature,
            configured_limit: one.configured_limit,
            limit: one.limit,
        });
        Control { control: report.license_control, fields: fields.collect() }
    }

    /// Why a command about a license type or a feature called `name` was refused.
    fn refused(&self, error: CommandError, name: &str) -> Problem {
        if error == CommandError::ReservationHeld {
            return explain::command_at(error, self.stage(), Wanted::Other);
        }
        explain::choice(error, name, self.product, self.counters.license_type())
    }

    /// After the agent has erased everything: the settings made by command go too, so that the way
    /// to the manager is that of the configuration again.
    pub(super) fn forget_settings(&mut self) {
        self.returned.erase(&*self.disk);
        if let Err(error) = self.disk.remove(TRANSPORT_FILE) {
            let DiskTrouble { cause, remedy } = DiskTrouble::from(&error);
            tracing::error!("{TRANSPORT_FILE} cannot be removed: {cause}. {remedy}");
        }
        match (self.connect)(&self.config.transport) {
            Ok(transport) => {
                self.transport = transport;
                self.settings = self.config.transport.clone();
            }
            Err(Problem { cause, remedy, .. }) => {
                tracing::error!("The configured transport cannot be used: {cause} {remedy}");
            }
        }
    }
}
