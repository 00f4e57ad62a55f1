//! SPEC L11, over random histories: the totals are always those of the rows they stand for.

use crate::domain::compliance::Pool;
use crate::domain::user::Principal;
use crate::domain::{Authority, DomainError, Scene, housekeeping, instance, license, reservation};
use crate::store::{
    Filter, LineRow, ReservationId, ReservationRow, ReservationState, Transaction, VirtualAccountId,
};
use crate::testing::{ALL, Machine, PREMIUM, Reserver, SERVER, STANDARD, World};
use leasehold_core::time::{Duration, UnixTime};
use leasehold_core::wire::{AnswerBody, RequestBody};
use proptest::prelude::*;
use std::collections::BTreeMap;

const TAGS: [&str; 3] = [STANDARD, PREMIUM, SERVER];
/// Machines that there may be, clones included.
const MACHINES: usize = 6;
/// Devices: machines with an identity of their own.
const DEVICES: usize = 3;
/// Devices without a network; the first has the identity of one that may be registered too.
const RESERVERS: usize = 3;

#[derive(Clone, Debug)]
enum Deed {
    Register { machine: usize, branch: bool, force: bool, new_key: Option<u8> },
    Report { machine: usize, usage: Vec<(usize, u32)>, again: bool },
    Renumber { machine: usize },
    Clone { machine: usize },
    Deregister { machine: usize },
    Remove { machine: usize },
    Transfer { machine: usize, branch: bool },
    Buy { tag: usize, quantity: u32, days: Option<(u32, u32)> },
    End { line: usize },
    Reserve { device: usize, wanted: Vec<(usize, u32)> },
    Confirm { device: usize },
    Decline { device: usize },
    Free { device: usize },
    Pass { days: u32 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let machine = 0..MACHINES;
    let usage = prop::collection::vec((0..TAGS.len(), 0..20_u32), 0..4);
    let wanted = prop::collection::vec((0..TAGS.len(), 0..9_u32), 1..4);
    let term = prop::option::of((0..60_u32, 1..60_u32));
    let deed = prop_oneof![
        4 => (machine.clone(), any::<bool>(), any::<bool>(), prop::option::of(1..9_u8)).prop_map(
            |(machine, branch, force, new_key)| Deed::Register { machine, branch, force, new_key }
        ),
        8 => (machine.clone(), usage, any::<bool>())
            .prop_map(|(machine, usage, again)| Deed::Report { machine, usage, again }),
        1 => machine.clone().prop_map(|machine| Deed::Renumber { machine }),
        2 => machine.clone().prop_map(|machine| Deed::Clone { machine }),
        1 => machine.clone().prop_map(|machine| Deed::Deregister { machine }),
        1 => machine.clone().prop_map(|machine| Deed::Remove { machine }),
        1 => (machine, any::<bool>())
            .prop_map(|(machine, branch)| Deed::Transfer { machine, branch }),
        2 => (0..TAGS.len(), 1..30_u32, term)
            .prop_map(|(tag, quantity, days)| Deed::Buy { tag, quantity, days }),
        1 => (0..8_usize).prop_map(|line| Deed::End { line }),
        4 => (0..RESERVERS, wanted).prop_map(|(device, wanted)| Deed::Reserve { device, wanted }),
        1 => (0..RESERVERS).prop_map(|device| Deed::Confirm { device }),
        1 => (0..RESERVERS).prop_map(|device| Deed::Decline { device }),
        1 => (0..RESERVERS).prop_map(|device| Deed::Free { device }),
        2 => (1..100_u32).prop_map(|days| Deed::Pass { days }),
    ];
    prop::collection::vec(deed, 1..40)
}

type Taker = fn(
    &mut dyn Transaction,
    &Scene<'_>,
    &Authority,
    &Principal,
    Option<ReservationId>,
    &str,
) -> Result<ReservationRow, DomainError>;

/// Most of what comes at random is refused.
fn may_refuse(result: Result<ReservationRow, DomainError>) {
    match result {
        Ok(_) | Err(DomainError::Reservation(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// The number of the last update of a device's reservation, or the first where there is none.
fn last_update(world: &World, device: &Reserver) -> u8 {
    let (account, udi) = (world.account, device.udi());
    let open = world.view(|view| view.open_reservation(account, udi.product_id, udi.serial_number));
    open.unwrap().map_or(1, |row| row.last_generation.max(1))
}

struct History {
    world: World,
    places: [VirtualAccountId; 2],
    machines: Vec<Machine>,
    reservers: Vec<Reserver>,
    lines: Vec<LineRow>,
    /// The last epoch that a machine has begun: an even one, so that no renumbered machine (whose
    /// epoch is odd) was there before. Real ones are random.
    epoch: u32,
}

impl History {
    fn new(mut world: World) -> Self {
        let branch = world.add_place("Branch");
        let places = [world.place, branch];
        // A clone is made by copying one of the first over one of the others.
        let machines = (0..MACHINES).map(|n| Machine::new(&format!("SN{}", n % DEVICES))).collect();
        let reservers = ["SN0", "R1", "R2"].map(Reserver::new).to_vec();
        let (lines, epoch) = (Vec::new(), 1_000);
        let mut history = Self { world, places, machines, reservers, lines, epoch };
        // The first device is registered and cloned, and its machines take turns.
        let report =
            |machine, seats| Deed::Report { machine, usage: vec![(0, seats)], again: false };
        let register = Deed::Register { machine: 0, branch: false, force: false, new_key: None };
        let twins =
            [register, Deed::Clone { machine: 0 }, report(0, 7), report(DEVICES, 8), report(0, 9)];
        twins.iter().for_each(|deed| history.run(deed));
        assert_eq!(history.world.count_events("DuplicateInstance"), 1);
        history
    }

    fn run(&mut self, deed: &Deed) {
        let Self { world, places, machines, reservers, lines, epoch } = self;
        match deed.clone() {
            Deed::Register { machine, branch, force, new_key } => {
                let token = world.token_for(places[usize::from(branch)], None).1;
                let machine = &mut machines[machine];
                if let Some(seed) = new_key {
                    *machine = machine.with_new_key(seed);
                }
                machine.register(world, token, force);
            }
            Deed::Report { machine, usage, again } => {
                let usage: Vec<_> = usage.iter().map(|&(tag, peak)| (TAGS[tag], peak)).collect();
                let machine = &mut machines[machine];
                let (frame, digest) = machine.report_frame(&usage);
                let answer = world.send(&frame);
                if machine.believe(&answer, digest) == AnswerBody::Conflict {
                    *epoch += 2;
                    machine.begin_epoch(*epoch);
                    machine.report(world, &usage);
                }
                if again {
                    world.send(&frame);
                }
            }
            Deed::Renumber { machine } => machines[machine].number.epoch ^= 1,
            Deed::Clone { machine } => {
                machines[(machine + DEVICES) % MACHINES] = machines[machine].clone();
            }
            Deed::Deregister { machine } => {
                machines[machine].ask(world, RequestBody::Deregister);
            }
            Deed::Remove { machine } => {
                Self::of_known(world, &machines[machine], |tx, scene, id| {
                    instance::remove(tx, scene, id)
                });
            }
            Deed::Transfer { machine, branch } => {
                let to = places[usize::from(branch)];
                Self::of_known(world, &machines[machine], |tx, scene, id| {
                    instance::transfer(tx, scene, id, to)
                });
            }
            Deed::Buy { tag, quantity, days } => {
                let after = |days| world.now.saturating_add(Duration::from_days(days));
                let start = days.map(|(start, _)| after(start));
                let end = days.map(|(start, length)| after(start + length));
                lines.push(world.buy_term(TAGS[tag], quantity, start, end));
            }
            Deed::End { line } => {
                if let Some(line) = lines.get(line) {
                    match world.change(|tx, scene, _| license::end(tx, scene, line.id)) {
                        // Reservations need it.
                        Ok(_) | Err(DomainError::InUse(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Deed::Reserve { device, wanted } => {
                let (place, device) = (places[0], &reservers[device]);
                let choice = |&(tag, count): &(usize, u32)| {
                    let license = TAGS[tag].into();
                    reservation::Choice { license, count }
                };
                let choices: Vec<_> = wanted.iter().map(choice).collect();
                may_refuse(world.change(|tx, scene, authority| {
                    let text = device.request();
                    let row = reservation::redeem(tx, scene, authority, place, &text)?;
                    match row.state {
                        ReservationState::Requested => {
                            reservation::authorize(tx, scene, authority, row.id, &choices)
                        }
                        _ => reservation::update(tx, scene, authority, row.id, &choices),
                    }
                }));
            }
            Deed::Confirm { device } => {
                let device = &reservers[device];
                let last = last_update(world, device);
                Self::enter(world, reservation::confirm, &device.confirmation(last));
            }
            Deed::Decline { device } => {
                let device = &reservers[device];
                let last = last_update(world, device);
                Self::enter(world, reservation::give_back, &device.return_update(last));
            }
            Deed::Free { device } => {
                let device = &mut reservers[device];
                Self::enter(world, reservation::give_back, &device.return_everything());
                *device = device.again();
            }
            Deed::Pass { days } => {
                world.pass(Duration::from_days(days));
                world.change(|tx, scene, _| Ok(housekeeping::run(tx, scene)?)).unwrap();
            }
        }
    }

    /// SPEC T5: `register force` on one machine of each device leaves what that one reports.
    fn settle(&mut self) {
        let token = self.world.token_for(self.places[0], None).1;
        for (n, seats) in (0..DEVICES).zip(1..) {
            let mut machine = self.machines[n].with_new_key(100);
            self.epoch += 2;
            machine.begin_epoch(self.epoch);
            machine.register(&mut self.world, token, true);
            machine.report(&mut self.world, &[(STANDARD, seats)]);
            assert_eq!(self.world.row(&machine).duplicate_since, None);
            assert_eq!(self.world.peak(&machine, STANDARD), seats);
        }
        self.check();
    }

    fn enter(world: &mut World, take: Taker, code: &str) {
        let by = Principal::local("tester");
        may_refuse(
            world.change(|tx, scene, authority| take(tx, scene, authority, &by, None, code)),
        );
    }

    /// SPEC L11: at no moment from now on is more set aside than is owned.
    fn check_reservations(&self) {
        let world = &self.world;
        let filter = Filter { with_removed: true, ..Filter::default() };
        let rows = world.view(|view| view.reservations(&filter, ALL)).unwrap();
        let claims_of = |row: &ReservationRow| world.view(|view| view.claims_of(row.id)).unwrap();
        let claims: Vec<_> = rows.iter().map(claims_of).collect();
        let lines = world.view(|view| view.lines(&filter, ALL)).unwrap();
        let ends = claims.iter().flatten().filter_map(|claim| claim.until);
        let moments = lines.iter().filter_map(|line| line.end).chain(ends).chain([world.now]);
        let pool = world.view(|v| Pool::read(v, self.places[0], world.now)).unwrap();
        for at in moments.filter(|at| *at >= world.now) {
            let runs = |until: Option<UnixTime>| until.is_none_or(|until| until > at);
            for tag in TAGS {
                let counting = lines.iter().filter(|line| line.start <= at && runs(line.end));
                let owned = counting.filter(|line| line.tag == tag).map(|line| line.quantity);
                let owned: u64 = owned.map(u64::from).sum();
                let reserved: u64 = claims
                    .iter()
                    .map(|claims| {
                        let mut sums = BTreeMap::from([(0, 0)]);
                        for claim in claims.iter().filter(|claim| runs(claim.until)) {
                            let count = if *claim.tag == *tag { u64::from(claim.count) } else { 0 };
                            *sums.entry(claim.generation).or_default() += count;
                        }
                        sums.into_values().max().unwrap()
                    })
                    .sum();
                assert!(reserved <= owned, "{tag}: {reserved} of {owned} at {at:?}");
                if at == world.now {
                    assert_eq!(pool.reserved(tag), reserved, "{tag} reserved");
                }
            }
        }
        for (row, claims) in rows.iter().zip(&claims) {
            assert!(row.state.is_open() || claims.is_empty(), "{row:?} ended and has {claims:?}");
        }
    }

    fn of_known<R>(
        world: &mut World,
        machine: &Machine,
        change: impl FnOnce(
            &mut dyn Transaction,
            &Scene<'_>,
            crate::store::DeviceId,
        ) -> Result<R, DomainError>,
    ) {
        let row = world.view(|view| view.device_by_udi(&machine.udi())).unwrap();
        let Some(row) = row else { return };
        match world.change(|tx, scene, _| change(tx, scene, row.id)) {
            Ok(_) | Err(DomainError::NotFound(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Adds everything up from the rows, and compares.
    fn check(&self) {
        let world = &self.world;
        let mut used: BTreeMap<(i64, String), u64> = BTreeMap::new();
        for device in world.devices() {
            let live = device.state == crate::store::DeviceState::Registered;
            for row in world.view(|view| view.usage(device.id)).unwrap() {
                assert!(live || row.peak == 0, "{device:?} left and uses {row:?}");
                if device.duplicate_since.is_some() {
                    let machines = world.view(|view| view.machines(device.id)).unwrap();
                    let peaks = machines.iter().flat_map(|machine| &machine.peaks);
                    let of_tag = peaks.filter(|(tag, _)| *tag == row.tag);
                    let sum: u32 = of_tag.map(|(_, peak)| peak).sum();
                    assert_eq!(row.peak, sum, "{machines:?}");
                }
                *used.entry((device.virtual_account.0, row.tag.to_string())).or_default() +=
                    u64::from(row.peak);
            }
        }
        for place in self.places {
            let pool = world.view(|v| Pool::read(v, place, world.now)).unwrap();
            let filter = Filter { virtual_account: Some(place), ..Filter::default() };
            let lines = world.view(|view| view.lines(&filter, ALL)).unwrap();
            for tag in TAGS {
                let sum = used.get(&(place.0, tag.into())).copied().unwrap_or_default();
                assert_eq!(pool.at_or_above(tag), sum, "{tag} in use in {place:?}");
                let running = lines.iter().filter(|line| {
                    line.tag == tag
                        && line.start <= world.now
                        && line.end.is_none_or(|end| end > world.now)
                });
                let owned: u64 = running.map(|line| u64::from(line.quantity)).sum();
                assert_eq!(pool.owned(tag), owned, "{tag} owned in {place:?}");
            }
        }
        self.check_reservations();
        let chain = world.view(|view| {
            crate::domain::event::verify(view, &leasehold_core::crypto::SoftwareCrypto)
        });
        assert_eq!(chain.unwrap().entries, i64::try_from(world.events().len()).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn totals_are_those_of_their_rows_after_any_history(deeds in deeds()) {
        let mut history = History::new(World::in_memory());
        for deed in &deeds {
            history.run(deed);
            history.check();
        }
        history.settle();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn totals_are_those_of_their_rows_on_sqlite_too(deeds in deeds()) {
        let mut history = History::new(World::new());
        for deed in &deeds {
            history.run(deed);
        }
        history.check();
    }
}
