//! What holds of a reservation, what happens next, and what to do.

use super::Outlook;
use crate::report::{
    InstalledReservation, ReservationRequest, ReservedLine, ReturnedCode, UnixSeconds,
};
use crate::show::coverage::{Uncovered, uncovered};
use crate::show::text::{date, dated, plain, span};

pub(super) const REQUEST: &str = "Make a request code with `leasehold license smart reservation \
                                  request specific`. To register at a manager instead, give \
                                  `leasehold license smart reservation disable` first.";
const RESERVE_MORE: &str = "Reserve them for longer at the manager, with `leasehold manager \
                            reservation update`, and install the authorization.";
const ENTER_RETURN: &str = "If that was not done yet, enter the return code at the manager, with \
                            `leasehold manager reservation return`; `leasehold show license \
                            reservation return-code` shows it.";
const ENTER_CONFIRMATION: &str = "If that was not done yet, enter the confirmation code at the \
                                  manager, with `leasehold manager reservation confirm`; \
                                  `leasehold show license reservation confirmation-code` shows it.";
const EARLIER_RETURN: &str = "If it was not entered yet, enter the last return code at the manager \
                              too, with `leasehold manager reservation return`; `leasehold show \
                              license reservation return-code` shows it.";

/// What is left of a term when its end is a warning (SPEC S7).
const TERM_SOON: u64 = 90 * 86_400;

impl Outlook<'_> {
    /// An authorization is installed.
    pub(super) fn reserved(&mut self, installed: &InstalledReservation) {
        let reservation = &self.report.reservation;
        let universal = reservation.request.as_ref().is_some_and(|request| request.universal);
        let short: Vec<String> = uncovered(self.report).iter().map(Uncovered::words).collect();
        self.now.push(match (installed.short_since, universal) {
            (Some(since), _) => format!(
                "Reserved, but since {} more is in use than is reserved: {}.",
                date(since),
                short.join(", ")
            ),
            (None, true) => {
                "Everything that the product can use is reserved for this device.".into()
            }
            (None, false) => "Licences are reserved for this device and cover the use.".into(),
        });
        self.now.push("No manager is contacted.".into());
        self.codes_due(installed);
        if installed.short_since.is_some() {
            self.to_do.push(
                "Use fewer licences, or reserve more at the manager, with `leasehold manager \
                 reservation update`, and install the authorization."
                    .into(),
            );
        }
        if self.report.evaluation.expired.is_none() {
            let left = span(self.report.evaluation.left.into());
            self.now.push(format!("The evaluation stands still; {left} are left of it."));
        }
        for line in reservation.lines.iter().filter(|line| !line.perpetual) {
            self.term(line);
        }
        if reservation.lines.iter().all(|line| line.perpetual) {
            self.next.push("Nothing by itself: what is reserved never ends.".into());
        }
    }

    /// Which code the manager waits for, perhaps: it issues no other update before.
    fn codes_due(&mut self, installed: &InstalledReservation) {
        let reservation = &self.report.reservation;
        let number = reservation.request.as_ref().map(|request| request.number);
        let later = |code: &&ReturnedCode| {
            code.request == number
                && code.update.is_some_and(|update| update > installed.generation)
        };
        if let Some(declined) = reservation.codes.returns.iter().rfind(later) {
            let update = declined.update.unwrap_or_default();
            self.next.push(format!(
                "Until the return code of update {update} was entered at the manager, it sets the \
                 licences of that update aside."
            ));
            self.to_do.push(ENTER_RETURN.into());
        } else if installed.generation > 0 {
            self.next.push(
                "Until the confirmation code was entered at the manager, it sets old and new \
                 licences aside, and issues no other update."
                    .into(),
            );
            self.to_do.push(ENTER_CONFIRMATION.into());
        }
    }

    fn term(&mut self, line: &ReservedLine) {
        let what = format!("{} {}", line.count, plain(&line.name));
        if line.ended {
            let ended = dated("ended", line.ends);
            self.now.push(format!("The term of {what} {ended}: they count no more."));
            self.to_do.push(RESERVE_MORE.into());
            return;
        }
        let left = line.ends.zip(self.report.time).map(|(ends, now)| ends.saturating_sub(now));
        if let Some(left) = left.filter(|&left| left <= TERM_SOON) {
            self.now.push(format!("Warning: the term of {what} ends in {}.", span(left)));
            self.to_do.push(RESERVE_MORE.into());
        }
        let ends = self.when(line.ends);
        self.next.push(format!("The term of {what} ends {ends}; they count no more then."));
    }

    /// A request code was made, and its authorization is awaited.
    pub(super) fn requested(&mut self, request: &ReservationRequest) {
        let what = match request.universal {
            true => "Everything that the product can use was asked for",
            false => "Licences were asked for",
        };
        let number = request.number;
        self.now.push(format!("{what}: request {number} awaits its authorization."));
        self.next.push("Nothing by itself: the authorization code comes from the manager.".into());
        self.to_do.push(
            "Redeem the request code at the manager, with `leasehold manager reservation redeem`, \
             choose the licences there, and install the code that it gives with `leasehold license \
             smart reservation install`. `leasehold show license reservation` shows the request \
             code."
                .into(),
        );
        if !self.report.reservation.codes.returns.is_empty() {
            self.to_do.push(EARLIER_RETURN.into());
        }
        self.evaluation();
    }

    /// Why there is no reservation any more.
    pub(super) fn reservation_ended(&mut self, reason: &str, at: Option<UnixSeconds>) {
        match reason {
            "ReservationReturned" => {
                let ended = dated("was returned", at);
                self.now.push(format!("Not registered: everything reserved {ended}."));
                self.to_do.push(ENTER_RETURN.into());
            }
            "ReservationCancelled" => {
                let ended = dated("was dropped", at);
                self.now.push(format!("Not registered: the request for licences {ended}."));
                self.to_do.push(
                    "If licences were set aside for the request, enter the return code at the \
                     manager, with `leasehold manager reservation return`; if it was only redeemed, \
                     cancel it there."
                        .into(),
                );
            }
            _ => {
                let found = dated("was found", at);
                self.now.push(format!(
                    "Not registered: a backup {found} that holds a reservation which had ended or \
                     changed, and counts no more."
                ));
                self.to_do.push(ENTER_RETURN.into());
            }
        }
    }
}
