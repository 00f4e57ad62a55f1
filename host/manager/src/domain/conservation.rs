//! SPEC L11, over random histories: the totals are always those of the rows they stand for.

use crate::domain::{DomainError, housekeeping, instance, license};
use crate::store::{Filter, LineRow, VirtualAccountId};
use crate::testing::{ALL, Machine, PREMIUM, SERVER, STANDARD, World};
use leasehold_core::time::Duration;
use leasehold_core::wire::RequestBody;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TAGS: [&str; 3] = [STANDARD, PREMIUM, SERVER];
const MACHINES: usize = 4;

#[derive(Clone, Debug)]
enum Deed {
    Register { machine: usize, branch: bool, force: bool, new_key: Option<u8> },
    Report { machine: usize, usage: Vec<(usize, u32)>, again: bool },
    Renumber { machine: usize },
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
}

impl History {
    fn new() -> Self {
        let mut world = World::new();
        let branch = world.add_place("Branch");
        let places = [world.place, branch];
        let machines = (0..MACHINES).map(|n| Machine::new(&format!("SN{n}"))).collect();
        Self { world, places, machines, lines: Vec::new() }
    }

    fn run(&mut self, deed: &Deed) {
        let Self { world, places, machines, lines } = self;
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
                let (frame, digest) = machines[machine].report_frame(&usage);
                let answer = world.send(&frame);
                machines[machine].believe(&answer, digest);
                if again {
                    world.send(&frame);
                }
            }
            Deed::Renumber { machine } => machines[machine].number.epoch ^= 1,
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
                *used.entry((device.virtual_account.0, row.tag)).or_default() +=
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
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn totals_are_those_of_their_rows_after_any_history(deeds in deeds()) {
        let mut history = History::new();
        for deed in &deeds {
            history.run(deed);
        }
        history.check();
    }
}
