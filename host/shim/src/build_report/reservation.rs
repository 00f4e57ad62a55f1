//! What the report says of a reservation.

use super::Sources;
use crate::report;
use leasehold_core::agent::{ReservedLine, Status};
use leasehold_core::code::CodeKind;
use leasehold_core::crypto::Crypto;

impl<C: Crypto, const N: usize> Sources<'_, '_, C, N> {
    pub(super) fn reservation(&self, status: &Status<'_>) -> report::Reservation {
        let standing = self.agent.reservation();
        let installed = standing.and_then(|standing| standing.installed);
        let lines = self.agent.reserved_lines().iter();
        report::Reservation {
            enabled: status.reservation_enabled,
            request: standing.map(|standing| report::ReservationRequest {
                number: standing.number,
                universal: standing.universal,
            }),
            installed: installed.map(|installed| report::InstalledReservation {
                generation: installed.generation,
                at: self.unix(installed.at),
                short_since: installed.short_since.and_then(|since| self.unix(since)),
            }),
            lines: lines.filter_map(|line| self.reserved_line(line, status)).collect(),
            codes: report::ReservationCodes {
                request: self.code(CodeKind::Request),
                confirmation: self.code(CodeKind::Confirmation),
                returned: self.code(CodeKind::Return),
            },
            rollback_protection: status.rollback_protection,
        }
    }

    fn reserved_line(
        &self,
        line: &ReservedLine,
        status: &Status<'_>,
    ) -> Option<report::ReservedLine> {
        let index = usize::from(line.entitlement);
        let entitlement = self.license_type.entitlement(index)?;
        Some(report::ReservedLine {
            tag: entitlement.tag.into(),
            name: entitlement.name.into(),
            feature: self.feature_of(index).into(),
            count: line.count,
            perpetual: line.ends.is_none(),
            ends: line.ends.and_then(|ends| self.unix(ends)),
            ended: !line.counts_at(status.now),
            in_use: self.agent.entitlement(index)?.in_use,
        })
    }

    /// The last code of a kind that the appliance made, while it holds.
    pub(crate) fn code(&self, kind: CodeKind) -> Option<String> {
        Some(match kind {
            CodeKind::Request => self.agent.request_code()?.to_text().as_str().into(),
            CodeKind::Confirmation => self.agent.confirmation_code()?.to_text().as_str().into(),
            CodeKind::Return => self.agent.return_code()?.to_text().as_str().into(),
            // The manager's to make.
            CodeKind::Authorization => return None,
        })
    }
}
