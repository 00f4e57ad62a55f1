//! SPEC L11, over random histories: the totals are always those of the rows they stand for.

use crate::domain::{DomainError, housekeeping, instance, license};
use crate::store::{Filter, LineRow, VirtualAccountId};
use crate::testing::{ALL, Machine, PREMIUM, SERVER, STANDARD, World};
use leasehold_core::time::Duration;
use leasehold_core::wire::{AnswerBody, RequestBody};
use proptest::prelude::*;
use std::collections::BTreeMap;

const TAGS: [&str; 3] = [STANDARD, PREMIUM, SERVER];
/// Machines that there may be, clones included.
const MACHINES: usize = 6;
/// Devices: machines with an identity of their own.
const DEVICES: usize = 3;

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
    Pass { days: u32 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let machine = 0..MACHINES;
    let usage = prop::collection::vec((0..TAGS.len(), 0..20_u32), 0..4);
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
        2 => (1..100_u32).prop_map(|days| Deed::Pass { days }),
    ];
    prop::collection::vec(deed, 1..40)
}

struct History {
    world: World,
    places: [VirtualAccountId; 2],
    machines: Vec<Machine>,
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
        let mut history = Self { world, places, machines, lines: Vec::new(), epoch: 1_000 };
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
        let Self { world, places, machines, lines, epoch } = self;
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
                    world.change(|tx, scene, _| license::end(tx, scene, line.id)).unwrap();
                }
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

    fn of_known<R>(
        world: &mut World,
        machine: &Machine,
        change: impl FnOnce(
            &mut dyn crate::store::Transaction,
            &crate::domain::Scene<'_>,
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
            let pool =
                world.view(|v| crate::domain::compliance::Pool::read(v, place, world.now)).unwrap();
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
