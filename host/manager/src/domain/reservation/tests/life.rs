//! SPEC L11 for reservations: whatever happens in whatever order, what is set aside is what a ledger
//! says that knows nothing of how the manager keeps it.

mod deeds;
mod ledger;

use super::*;
use crate::domain::{housekeeping, license};
use crate::store::{AccountId, LineRow};
use crate::testing::{SERVER, authority};
use deeds::{Deed, deeds};
use leasehold_core::code::Returned;
use ledger::{Entry, Lines, Name, count, running};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

const TAGS: [&str; 3] = [STANDARD, PREMIUM, SERVER];
const DEVICES: usize = 20;

#[derive(Clone, Debug)]
struct Code {
    name: Name,
    text: String,
    says: Says,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Installed(u8),
    Gives(Returned),
}

/// A device, and what it has made of what it was given.
#[derive(Clone)]
struct Device {
    codes: Reserver,
    /// The highest generation that it has installed or declined.
    settled: u8,
    gone: bool,
}

struct Life {
    world: World,
    other: AccountId,
    devices: Vec<Device>,
    lines: Vec<LineRow>,
    ledger: BTreeMap<Name, Entry>,
    shown: Vec<Code>,
    entered: HashSet<String>,
    rehosts: Vec<UnixTime>,
}

impl Life {
    fn new(mut world: World) -> Self {
        let (other, _) = world.add_account("Other");
        let device = |n| {
            let codes = Reserver::new(&format!("SN{n}"));
            Device { codes, settled: 0, gone: false }
        };
        Self {
            world,
            other,
            devices: (0..DEVICES).map(device).collect(),
            lines: Vec::new(),
            ledger: BTreeMap::new(),
            shown: Vec::new(),
            entered: HashSet::new(),
            rehosts: Vec::new(),
        }
    }

    fn name(&self, device: usize) -> Name {
        let codes = &self.devices[device].codes;
        (codes.serial_number.clone(), codes.number)
    }

    fn entry(&self, device: usize) -> Option<&Entry> {
        self.ledger.get(&self.name(device))
    }

    /// The open entry of a device, whichever request it was.
    fn open(&self, device: usize) -> Option<(&Name, &Entry)> {
        let serial = &self.devices[device].codes.serial_number;
        self.ledger.iter().find(|(name, entry)| name.0 == *serial && !entry.ended)
    }

    fn owned(&self, tag: &str, at: UnixTime) -> u64 {
        let lines = self.lines.iter().filter(|line| line.tag == tag);
        let counting = lines.filter(|line| line.start <= at && running(line.end, at));
        counting.map(|line| u64::from(line.quantity)).sum()
    }

    fn reserved(&self, tag: &str, at: UnixTime) -> u64 {
        self.ledger.values().map(|entry| entry.holds(tag, at)).sum()
    }

    /// Now, and every later moment at which anything changes.
    fn moments(&self) -> Vec<UnixTime> {
        let now = self.world.now;
        let lines = self.lines.iter().flat_map(|line| [Some(line.start), line.end]);
        let held = self.ledger.values().flat_map(|entry| {
            let pending = entry.pending.iter().flat_map(|(_, lines)| lines);
            entry.current.iter().flatten().chain(pending).map(|(_, _, until)| *until)
        });
        let later = lines.chain(held).flatten().filter(|at| *at > now);
        std::iter::once(now).chain(later).collect()
    }

    fn overdrawn(&self) -> bool {
        let over = |at: &UnixTime| TAGS.iter().any(|t| self.reserved(t, *at) > self.owned(t, *at));
        self.moments().iter().any(over)
    }

    fn run(&mut self, deed: &Deed) {
        match deed.clone() {
            Deed::Buy { tag, quantity, days } => {
                let after = |days| self.world.now.saturating_add(Duration::from_days(days));
                let start = days.map(|(start, _)| after(start));
                let end = days.map(|(start, length)| after(start + length));
                self.lines.push(self.world.buy_term(TAGS[tag], quantity, start, end));
            }
            Deed::EndLine { line } => self.end_line(line),
            Deed::Request { device } => {
                if self.open(device).is_none() {
                    let codes = self.devices[device].codes.again();
                    self.devices[device] = Device { codes, settled: 0, gone: false };
                }
            }
            Deed::Redeem { device } => self.redeem(device),
            Deed::Cancel { device } => self.cancel(device),
            Deed::Choose { device, wanted } => self.choose(device, &wanted),
            Deed::Install { device } => self.show(device, Says::Installed),
            Deed::Decline { device } => self.show(device, |g| Says::Gives(Returned::Update(g))),
            Deed::Return { device } => self.show_return(device),
            Deed::Enter { code, named, elsewhere } => self.enter(code, named, elsewhere),
            Deed::Rehost { from, to } => self.rehost(from, to),
            Deed::Pass { days } => {
                self.world.pass(Duration::from_days(days));
                self.world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
            }
        }
    }

    fn end_line(&mut self, line: usize) {
        let Some(mut row) = self.lines.get(line).cloned() else { return };
        if !running(row.end, self.world.now) {
            return;
        }
        let before = row.clone();
        row.end = Some(self.world.now);
        self.lines[line] = row;
        let ended = self.world.change(|tx, scene, _| license::end(tx, scene, before.id));
        if self.overdrawn() {
            assert!(matches!(ended, Err(DomainError::InUse(_))), "{ended:?}");
            self.lines[line] = before;
        } else {
            ended.unwrap();
        }
    }

    fn redeem(&mut self, device: usize) {
        let name = self.name(device);
        let known = self.ledger.get(&name).cloned();
        let blocked = self.open(device).is_some_and(|(open, _)| *open != name);
        let codes = self.devices[device].codes.clone();
        let redeemed = redeem_code(&mut self.world, &codes);
        match known {
            Some(entry) if entry.ended => assert!(redeemed.is_err(), "a spent number"),
            Some(entry) => assert_eq!(redeemed.unwrap().id.0, entry.id),
            None if blocked => assert!(redeemed.is_err(), "another is open"),
            None => {
                let id = redeemed.unwrap().id.0;
                self.ledger.insert(name, Entry { id, ..Entry::default() });
            }
        }
    }

    fn cancel(&mut self, device: usize) {
        let Some(entry) = self.entry(device).cloned() else { return };
        let id = ReservationId(entry.id);
        let cancelled = self.world.change(|tx, scene, _| cancel(tx, scene, id));
        assert_eq!(cancelled.is_ok(), !entry.ended && entry.current.is_none());
        if cancelled.is_ok() {
            self.ledger.get_mut(&self.name(device)).unwrap().ended = true;
        }
    }

    /// Authorizes or updates, whichever is next.
    fn choose(&mut self, device: usize, wanted: &[(usize, u32)]) {
        let Some(entry) = self.entry(device).cloned() else { return };
        let (id, now) = (ReservationId(entry.id), self.world.now);
        let given: Vec<_> = wanted.iter().map(|&(tag, count)| (TAGS[tag], count)).collect();
        let (next, result) = match entry.current {
            None => (0, choose(&mut self.world, id, &given)),
            Some(_) => (entry.last + 1, change(&mut self.world, id, &given)),
        };
        let sum = |tag: &str| -> u64 {
            given.iter().filter(|(of, _)| *of == tag).map(|(_, count)| u64::from(*count)).sum()
        };
        let of_others = |tag: &str| self.reserved(tag, now) - entry.holds(tag, now);
        let enough =
            TAGS.iter().all(|t| sum(t) == 0 || sum(t) + of_others(t) <= self.owned(t, now));
        let chosen = TAGS.iter().any(|tag| sum(tag) > 0);
        let free = !entry.ended && entry.pending.is_none();
        let twice = (1..wanted.len()).any(|n| wanted[..n].iter().any(|one| one.0 == wanted[n].0));
        match &result {
            Err(DomainError::Reservation(ReservationError::TooManyTerms { .. })) => return,
            Err(DomainError::Reservation(ReservationError::UpdateChangesNothing(_))) => {
                let current = entry.current.unwrap_or_default();
                assert!(TAGS.iter().all(|tag| count(&current, tag, now) == sum(tag)));
                return;
            }
            _ => {}
        }
        assert_eq!(result.is_ok(), free && chosen && enough && !twice, "{result:?}");
        if result.is_err() {
            return;
        }
        let claims = self.world.view(|view| view.claims_of(id)).unwrap().into_iter();
        let claims = claims.filter(|claim| claim.generation == next);
        let lines: Lines =
            claims.map(|claim| (claim.tag.to_string(), claim.count, claim.until)).collect();
        for tag in TAGS {
            assert_eq!(count(&lines, tag, now), sum(tag), "as many as were chosen");
        }
        let entry = self.ledger.get_mut(&(self.name(device))).unwrap();
        entry.last = next;
        match entry.current {
            None => entry.current = Some(lines),
            Some(_) => entry.pending = Some((next, lines)),
        }
    }

    /// A device settles the update that was issued last, and shows the code that proves it.
    fn show(&mut self, device: usize, says: impl Fn(u8) -> Says) {
        let Some(entry) = self.entry(device) else { return };
        let (last, name) = (entry.last, self.name(device));
        let device = &mut self.devices[device];
        if last > device.settled && !device.gone {
            device.settled = last;
            let says = says(last);
            let text = match says {
                Says::Installed(generation) => device.codes.confirmation(generation),
                Says::Gives(returned) => device.codes.return_code(returned),
            };
            self.shown.push(Code { name, text, says });
        }
    }

    fn show_return(&mut self, device: usize) {
        let name = self.name(device);
        let device = &mut self.devices[device];
        if !device.gone {
            device.gone = true;
            let text = device.codes.return_code(Returned::Everything);
            self.shown.push(Code { name, text, says: Says::Gives(Returned::Everything) });
        }
    }

    fn enter(&mut self, code: usize, named: Option<usize>, elsewhere: bool) {
        let Some(code) = self.shown.get(code % self.shown.len().max(1)).cloned() else { return };
        let named = match named.map(|device| self.entry(device).map(|entry| entry.id)) {
            Some(None) => return,
            Some(Some(id)) => Some(ReservationId(id)),
            None => None,
        };
        // What was unknown is no matter here.
        self.world.authority = authority(Default::default());
        let by = administrator(if elsewhere { self.other } else { self.world.account });
        let result = enter_as(&mut self.world, &by, named, &code.text);
        let entry = self.ledger.get(&code.name).cloned().unwrap_or_default();
        let pending = entry.pending.as_ref().map(|(generation, _)| *generation);
        let does = match code.says {
            Says::Installed(generation) => pending == Some(generation),
            Says::Gives(Returned::Update(generation)) => pending == Some(generation),
            Says::Gives(Returned::Everything) => true,
        };
        let of_named = named.is_none_or(|id| id.0 == entry.id);
        let good = !elsewhere && entry.id != 0 && of_named && !entry.ended && does;
        assert_eq!(result.is_ok(), good, "{code:?} {result:?}");
        if !good {
            return;
        }
        assert!(self.entered.insert(code.text), "a code works once");
        let entry = self.ledger.get_mut(&code.name).unwrap();
        match code.says {
            Says::Installed(_) => entry.current = entry.pending.take().map(|(_, lines)| lines),
            Says::Gives(Returned::Update(_)) => entry.pending = None,
            Says::Gives(Returned::Everything) => {
                *entry = Entry { id: entry.id, last: entry.last, ended: true, ..Entry::default() };
            }
        }
    }

    fn rehost(&mut self, from: usize, to: usize) {
        let Some(entry) = self.entry(from).cloned() else { return };
        let now = self.world.now;
        let request = self.devices[to].codes.request();
        let id = ReservationId(entry.id);
        let moved =
            self.world.change(|tx, scene, authority| rehost(tx, scene, authority, id, &request));
        let lines = entry.pending.map(|(_, lines)| lines).or(entry.current).unwrap_or_default();
        let lines: Lines = lines.into_iter().filter(|(_, _, until)| running(*until, now)).collect();
        let year = Duration::from_days(365);
        let recent = self.rehosts.iter().filter(|at| at.saturating_add(year) > now).count();
        let target = self.open(to).map(|(name, _)| name.clone());
        // A request that was redeemed and has no licences yet is used as it is.
        let waits = |entry: &Entry| !entry.ended && entry.current.is_none();
        let usable = self.entry(to).is_none_or(waits);
        let free = |name| name == self.name(from) || name == self.name(to);
        let fresh = usable && target.is_none_or(free);
        let good = !entry.ended && !lines.is_empty() && recent < REHOSTS_PER_YEAR && fresh;
        assert_eq!(moved.is_ok(), good, "{moved:?}");
        let Ok(new) = moved else { return };
        let last = entry.last;
        let ended = Entry { id: entry.id, last, ended: true, ..Entry::default() };
        self.ledger.insert(self.name(from), ended);
        let entry = Entry { id: new.id.0, current: Some(lines), ..Entry::default() };
        self.ledger.insert(self.name(to), entry);
        self.rehosts.push(now);
    }

    fn check(&self) {
        let now = self.world.now;
        assert!(!self.overdrawn(), "reserved never exceeds owned, now and later");
        let pool = pool(&self.world);
        for tag in TAGS {
            assert_eq!(pool.reserved(tag), self.reserved(tag, now), "{tag} reserved");
            assert_eq!(pool.owned(tag), self.owned(tag, now), "{tag} owned");
        }
        for (name, entry) in &self.ledger {
            let row = self.world.view(|view| one(view, ReservationId(entry.id))).unwrap();
            assert_eq!((&*row.serial_number, row.number), (&*name.0, name.1));
            let expected = match entry {
                Entry { ended: true, .. } => None,
                Entry { current: None, .. } => Some(ReservationState::Requested),
                Entry { pending: None, .. } => Some(ReservationState::Authorized),
                Entry { .. } => Some(ReservationState::UpdatePending),
            };
            assert_eq!(Some(row.state).filter(|state| state.is_open()), expected, "{name:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_set_aside_is_what_the_ledger_says(deeds in deeds(160)) {
        let mut life = Life::new(World::in_memory());
        for deed in &deeds {
            life.run(deed);
            life.check();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn what_is_set_aside_is_what_the_ledger_says_on_sqlite_too(deeds in deeds(80)) {
        let mut life = Life::new(World::new());
        for deed in &deeds {
            life.run(deed);
        }
        life.check();
        life.world.reopen();
        life.check();
    }
}

/// A hundred reservations on twenty devices, each through its whole life.
#[test]
fn a_hundred_reservations_leave_nothing_behind() {
    let mut life = Life::new(World::in_memory());
    for tag in 0..TAGS.len() {
        life.run(&Deed::Buy { tag, quantity: 60, days: None });
    }
    for round in 0..5_u32 {
        for device in 0..DEVICES {
            let size = 1 + (u32::try_from(device).unwrap() + round) % 3;
            life.run(&Deed::Request { device });
            life.run(&Deed::Redeem { device });
            life.run(&Deed::Choose { device, wanted: vec![(0, size), (1, 1)] });
            life.run(&Deed::Choose { device, wanted: vec![(0, 4 - size), (2, 1)] });
            let newest = |life: &Life| Deed::Enter {
                code: life.shown.len() - 1,
                named: None,
                elsewhere: false,
            };
            match device % 2 {
                0 => life.run(&Deed::Install { device }),
                _ => life.run(&Deed::Decline { device }),
            }
            life.run(&newest(&life));
            life.check();
        }
        assert!(life.reserved(STANDARD, life.world.now) > 20);
        for device in 0..DEVICES {
            life.run(&Deed::Return { device });
        }
        for code in 0..life.shown.len() {
            life.run(&Deed::Enter { code, named: None, elsewhere: false });
        }
        life.check();
        assert_eq!(life.reserved(STANDARD, life.world.now), 0);
    }
    assert_eq!(life.ledger.values().filter(|entry| entry.ended).count(), 100);
}
