//! The six scenarios that the README explains. Each instant is derived from the rules alone.

use super::course::{Course, DAY, HOUR, MINUTE, enforced, out_of_compliance, overage, shipped};

const NONE: &str = "None";

fn course(name: &str) -> Course {
    Course::read(&shipped(name))
}

/// A2: 90 d of use while unregistered; in use from second 0, so it ends at 90 d. A3: warnings at
/// 60, 30, 21, 14, 7 d left, then daily, hourly in the last day; a reminder each hour after it.
/// E2, X11: enforced at once, since the expiry. E4: it ends with the registration at 91 d; the answer
/// to the report comes in the same second (A4).
#[test]
fn unregistered_for_90_days() {
    let course = course("unregistered-90-days");
    assert_eq!(course.states(0), ["Unregistered", "Evaluation", NONE]);
    let mut left: Vec<u64> = [60, 30, 21, 14, 7, 6, 5, 4, 3, 2, 1].map(|days| days * DAY).to_vec();
    left.extend((1..24).rev().map(|hours| hours * HOUR));
    let warned: Vec<u64> = left.iter().map(|left| 90 * DAY - left).collect();
    assert_eq!(course.times("EvaluationWarning"), warned);
    let told: Vec<u64> = course
        .events("EvaluationWarning")
        .map(|line| line["event"]["left"].as_u64().unwrap())
        .collect();
    assert_eq!(told, left);

    let expired = 90 * DAY;
    let reminders: Vec<u64> = (0..24).map(|hours| expired + hours * HOUR).collect();
    assert_eq!(course.times("EvaluationExpired")[..24], reminders);
    assert_eq!(course.only("EnforcementStarted"), expired);
    let [registration, authorization, enforcement] = course.states(expired);
    assert_eq!([registration, authorization], ["Unregistered", "EvaluationExpired"]);
    assert_eq!(enforcement, enforced("EvaluationExpired", expired));

    assert_eq!(course.only("RegistrationSucceeded"), 91 * DAY);
    assert_eq!(course.only("EnforcementEnded"), 91 * DAY);
    assert_eq!(course.states(91 * DAY), ["Registered", "Authorized", NONE]);
}

/// Reports every 8 h from second 0 (A4), so the last one before 241 h is answered at 240 h. The
/// authorization lasts from there 90 d less 5 min (X2). The next report, at 248 h, is the first to
/// fail, and the outage is told once (A5). L4: the manager has heard nothing for 30 d, and for 90 d,
/// after 240 h. E2: overage for 90 d from the end of the authorization. A5, X5: tries are at most
/// 8 h apart, so that one gets through within 8 h of the link's return; A7, E4: that ends all of it.
#[test]
fn the_link_is_down_for_four_months() {
    let course = course("link-down-four-months");
    let (last_answer, link_up) = (240 * HOUR, 3_121 * HOUR);
    let deadline = last_answer + 90 * DAY - 5 * MINUTE;
    assert_eq!(course.states(deadline - 1), ["Registered", "Authorized", NONE]);
    assert_eq!(course.only("CommunicationFailed"), 248 * HOUR);
    assert_eq!(course.event("CommunicationFailed")["reason"], "Unreachable");
    assert_eq!(course.only("DeviceSilent"), last_answer + 30 * DAY);
    assert_eq!(course.event("DeviceSilent")["days"], 30);
    assert_eq!(course.only("UsageReleased"), last_answer + 90 * DAY);
    assert_eq!(course.only("AuthorizationExpired"), deadline);
    let [registration, authorization, enforcement] = course.states(link_up);
    assert_eq!([registration, authorization], ["Registered", "AuthorizationExpired"]);
    assert_eq!(enforcement, overage("AuthorizationExpired", deadline + 90 * DAY));

    let restored = course.only("AuthorizationRestored");
    assert!((link_up..=link_up + 8 * HOUR).contains(&restored), "{restored}");
    assert_eq!(course.only("CommunicationRestored"), restored);
    assert_eq!(course.only("EnforcementEnded"), restored);
    assert_eq!(course.states(restored), ["Registered", "Authorized", NONE]);
}

/// 55 standard seats are more than 40 and 10 together (C2). Taking more sends no report (X4), so the
/// one at 32 h says it first (A4: every 8 h from second 0). A6: a stronger alert 30 min later, the
/// breach after 45 min, and the 90 d of overage start there; while pending, reports come every
/// 15 min, the one due at the breach goes first (X6), and from that one they are 8 h apart (X6: the
/// report interval, at most 12 h). 80 d are 236 intervals of 8 h after 32 h 45 min, less 45 min: that
/// report finds the 5 seats bought, and clears all (A6, E4).
#[test]
fn over_use_is_bought_on_day_80() {
    let course = course("overuse-bought-on-day-80");
    let since = 32 * HOUR;
    let breached = since + 45 * MINUTE;
    assert_eq!(course.states(since - 1), ["Registered", "Authorized", NONE]);
    assert_eq!(course.only("OutOfCompliancePending"), since);
    assert_eq!(course.states(since)[1], out_of_compliance(since, true));
    assert_eq!(course.states(since)[2], NONE);
    assert_eq!(course.only("OutOfComplianceShortly"), since + 30 * MINUTE);
    assert_eq!(course.only("OutOfComplianceBreached"), breached);
    assert_eq!(course.only("OverageStarted"), breached);
    let [registration, authorization, enforcement] = course.states(breached);
    assert_eq!(registration, "Registered");
    assert_eq!(authorization, out_of_compliance(since, false));
    assert_eq!(enforcement, overage("OutOfCompliance", breached + 90 * DAY));

    let covered = 80 * DAY + 45 * MINUTE;
    assert_eq!((covered - breached) % (8 * HOUR), 0);
    assert_eq!(course.only("BackInCompliance"), covered);
    assert_eq!(course.only("EnforcementEnded"), covered);
    assert_eq!(course.states(covered), ["Registered", "Authorized", NONE]);
}

/// Registered after 30 d of evaluation, which leaves 60 d (A2). The last report before the link goes
/// at 100 d 1 h is that of 100 d; the authorization ends 90 d less 5 min later (X2), 90 d of overage
/// follow, then enforcement (E2). R2: the certificate ends 365 d less 5 min after the registration;
/// R4, X11: the device is then unregistered, whatever was enforced, and has its 60 d of evaluation.
/// After them it is enforced again, at once (E2).
#[test]
fn the_certificate_expires() {
    let course = course("certificate-expiry");
    let registered = 30 * DAY;
    assert_eq!(course.only("RegistrationSucceeded"), registered);
    let deadline = 190 * DAY - 5 * MINUTE;
    assert_eq!(course.only("AuthorizationExpired"), deadline);
    let enforced_at = deadline + 90 * DAY;
    assert_eq!(course.states(enforced_at)[2], enforced("AuthorizationExpired", enforced_at));

    let ends = registered + 365 * DAY - 5 * MINUTE;
    assert_eq!(course.states(ends - 1)[0], "Registered");
    assert_eq!(course.only("RegistrationExpired"), ends);
    assert_eq!(course.states(ends), ["Expired", "Evaluation", NONE]);
    assert_eq!(course.only("EnforcementEnded"), ends);

    let used_up = ends + 60 * DAY;
    assert_eq!(course.states(used_up - 1), ["Expired", "Evaluation", NONE]);
    assert_eq!(course.times("EvaluationExpired")[0], used_up);
    let [registration, authorization, enforcement] = course.states(used_up);
    assert_eq!([registration, authorization], ["Expired", "EvaluationExpired"]);
    assert_eq!(enforcement, enforced("EvaluationExpired", used_up));
}

/// Out of compliance from the first report, at second 0; breached after 45 min, enforced 90 d after
/// that (A6, E2). A clock set back is told and gains nothing (T1, E5): neither while the device runs,
/// where periods follow the monotonic clock alone, nor over 2 h without power, which the clock cannot
/// measure and the manager's next signed time puts right (X15).
#[test]
fn a_clock_rolled_back_gains_nothing() {
    let course = course("clock-rolled-back");
    let ends = 45 * MINUTE + 90 * DAY;
    assert_eq!(course.only("OverageStarted"), 45 * MINUTE);
    let set = &course.events("ClockChanged").next().unwrap();
    assert_eq!(set["t"], 10 * DAY);
    assert_eq!((&set["event"]["back"], &set["event"]["by"]), (&true.into(), &(400 * DAY).into()));
    for t in [10 * DAY - 1, 10 * DAY, 30 * DAY - 1, 30 * DAY + 2 * HOUR, ends - 1] {
        assert_eq!(course.states(t)[1], out_of_compliance(0, false), "at {t}");
        assert_eq!(course.states(t)[2], overage("OutOfCompliance", ends), "at {t}");
    }
    assert_eq!(course.only("EnforcementStarted"), ends);
    assert_eq!(course.states(ends)[2], enforced("OutOfCompliance", ends));
    assert_eq!(course.states(ends)[0], "Registered");
}

/// 30 of 40 seats are in use when the machine is cloned at 241 h. The clone boots with nothing in
/// use, takes its 30 again and reports at once (X9, X3), under the next number. The device's next
/// report, at 248 h, is behind that number: a conflict, and it goes on at once in a new epoch (T5).
/// The clone's, 8 h after its first, goes on in the old epoch: that proves two live machines. From
/// there both are counted, and 60 are more than 40: pending, and breached 45 min later (A6). The
/// device is told at its next report, at 256 h; the manager says since when (X6), so that it is
/// breached at once. `register force` at 481 h settles it: the device is the only one again, and
/// covered. The clone learns at its next report that it is not the instance any more (X14): its
/// reports are 8 h apart from the breach on, and the 29th of them is the first after 481 h.
#[test]
fn a_machine_is_cloned() {
    let course = course("cloned-machine");
    let clone = course.clone_only();
    let cloned = 241 * HOUR;
    assert_eq!(clone.states(cloned), ["Registered", "Authorized", NONE]);
    assert_eq!(course.only("NumberConflict"), 248 * HOUR);
    clone.never("NumberConflict");
    assert_eq!(course.states(255 * HOUR), ["Registered", "Authorized", NONE]);

    let proved = cloned + 8 * HOUR;
    let breached = proved + 45 * MINUTE;
    assert_eq!(clone.only("DuplicateInstance"), proved);
    assert_eq!(clone.states(proved)[1], out_of_compliance(proved, true));
    assert_eq!(clone.states(breached)[2], overage("OutOfCompliance", breached + 90 * DAY));
    assert_eq!(course.only("DuplicateInstance"), 256 * HOUR);
    assert_eq!(course.states(256 * HOUR)[1], out_of_compliance(proved, false));
    assert_eq!(course.states(256 * HOUR)[2], overage("OutOfCompliance", breached + 90 * DAY));

    let settled = 481 * HOUR;
    assert_eq!(course.only("DuplicateSettled"), settled);
    assert_eq!(course.states(settled), ["Registered", "Authorized", NONE]);
    assert_eq!(clone.states(settled)[0], "Registered");
    let removed = breached + 29 * 8 * HOUR;
    assert!(removed > settled && removed - 8 * HOUR < settled);
    assert_eq!(clone.only("InstanceRemoved"), removed);
    assert_eq!(clone.states(removed), ["Unregistered", "Evaluation", NONE]);
}
