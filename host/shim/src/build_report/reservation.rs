//! What the report says of a reservation.

use super::Sources;
use crate::report;
use leasehold_core::agent::{ReservedLine, Status};
use leasehold_core::code::CodeKind;
use leasehold_core::crypto::Crypto;
use leasehold_core::time::UnixTime;

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
                returns: self.returned.codes().to_vec(),
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
            ends: line
                .ends
                .and_then(|ends| self.agent.unix(ends))
                .map(|ends| term_end(ends).as_secs()),
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

/// The moment at which a term ends, as everybody is told it.
///
/// Terms end by the device's own time (SPEC E5), and what the calendar says then is computed anew
/// each time, from clocks that are read in whole seconds: it comes out a second or two earlier or
/// later. Terms end at full minutes, so that the nearest one is meant where it is that near.
pub(crate) fn term_end(at: UnixTime) -> UnixTime {
    const MINUTE: u64 = 60;
    const NEAR: u64 = 2;
    let (seconds, past) = (at.as_secs(), at.as_secs() % MINUTE);
    UnixTime::from_secs(match MINUTE - past {
        before if before <= NEAR => seconds.saturating_add(before),
        _ if past <= NEAR => seconds - past,
        _ => seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_ends_at_the_full_minute_that_is_near() {
        for (computed, told) in [
            (1_801_353_598, 1_801_353_600),
            (1_801_353_599, 1_801_353_600),
            (1_801_353_600, 1_801_353_600),
            (1_801_353_602, 1_801_353_600),
            (1_801_353_603, 1_801_353_603),
            (1_801_353_597, 1_801_353_597),
            (0, 0),
        ] {
            assert_eq!(term_end(UnixTime::from_secs(computed)).as_secs(), told, "{computed}");
        }
    }
}
