//! An honest administrator of three appliances, with a manager that is lost and restored at random: once
//! everything is reconciled, at least what an appliance holds is set aside for it, no more than is
//! owned, and nothing is freed twice.

use super::*;
use proptest::prelude::*;

const DEVICES: usize = 3;

/// An appliance that does with codes what a real one does.
struct Device {
    codes: Reserver,
    settled: Option<u8>,
    /// What it has installed.
    seats: u32,
    /// The last confirmation or return code of this request.
    last_code: Option<String>,
    /// The return code of the request before, by which its reservation ends.
    returned: Vec<(u32, String)>,
}

impl Device {
    fn new(serial_number: &str) -> Self {
        Self {
            codes: Reserver::new(serial_number),
            settled: None,
            seats: 0,
            last_code: None,
            returned: Vec::new(),
        }
    }

    fn install(&mut self, code: &str) {
        let grant = self.codes.accept(code, self.settled).unwrap();
        self.settled = Some(grant.generation);
        self.seats = grant.lines.iter().map(|line| line.count).sum();
        if grant.generation > 0 {
            self.last_code = Some(self.codes.confirmation(grant.generation));
        }
    }

    fn decline(&mut self, generation: u8) {
        self.settled = Some(generation);
        self.last_code = Some(self.codes.return_update(generation));
    }

    fn give_back(&mut self) -> String {
        let code = self.codes.return_everything();
        self.returned.push((self.codes.number, code.clone()));
        self.codes = self.codes.again();
        (self.settled, self.seats, self.last_code) = (None, 0, None);
        code
    }
}

#[derive(Clone, Debug)]
enum Deed {
    /// Asks and is given seats, or an update of what it has.
    Give { device: usize, seats: u32 },
    /// Installs what was authorized, and enters the code.
    Install { device: usize, enter: bool },
    /// Gives the update back, and enters the code.
    Decline { device: usize },
    /// Gives everything back, and enters the code.
    Return { device: usize },
    /// The database as it is now is kept.
    BackUp,
    /// The database is lost, and everything is reconciled.
    Restore,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        5 => (0..DEVICES, 1..5_u32).prop_map(|(device, seats)| Deed::Give { device, seats }),
        5 => (0..DEVICES, any::<bool>())
            .prop_map(|(device, enter)| Deed::Install { device, enter }),
        2 => (0..DEVICES).prop_map(|device| Deed::Decline { device }),
        2 => (0..DEVICES).prop_map(|device| Deed::Return { device }),
        2 => Just(Deed::BackUp),
        3 => Just(Deed::Restore),
    ];
    prop::collection::vec(deed, 1..30)
}

struct Site {
    world: World,
    devices: Vec<Device>,
    backup: Backup,
}

impl Site {
    fn new() -> Self {
        let mut world = World::new();
        world.buy(STANDARD, 30);
        let backup = world.back_up();
        let devices = ["SN1", "SN2", "SN3"].map(Device::new).into();
        Self { world, devices, backup }
    }

    /// The reservation of the request that a device has.
    fn reservation(&self, device: usize) -> Option<ReservationRow> {
        let codes = &self.devices[device].codes;
        let (world, udi) = (&self.world, codes.udi());
        let open = world
            .view(|view| view.open_reservation(world.account, udi.product_id, udi.serial_number));
        open.unwrap().filter(|row| row.number == codes.number)
    }

    fn run(&mut self, deed: &Deed) {
        match *deed {
            Deed::Give { device, seats } => {
                let row = redeem_code(&mut self.world, &self.devices[device].codes).unwrap();
                let wanted = [(STANDARD, seats)];
                match row.state {
                    ReservationState::Requested => {
                        choose(&mut self.world, row.id, &wanted).unwrap();
                    }
                    ReservationState::Authorized if self.devices[device].settled.is_some() => {
                        // Numbers run out at some time.
                        let _ = change(&mut self.world, row.id, &wanted);
                    }
                    _ => {}
                }
            }
            Deed::Install { device, enter: entered } => {
                let Some(row) = self.reservation(device) else { return };
                let (settled, code) = (self.devices[device].settled, row.authorization_code);
                if let (None, Some(code)) = (settled, code) {
                    self.devices[device].install(&code);
                }
                let Some(code) = row.update_code else { return };
                if self.devices[device].settled < Some(row.last_generation) {
                    self.devices[device].install(&code);
                }
                if entered {
                    self.enter_last(device);
                }
            }
            Deed::Decline { device } => {
                let Some(row) = self.reservation(device) else { return };
                let pending = row.state == ReservationState::UpdatePending;
                if pending && self.devices[device].settled < Some(row.last_generation) {
                    self.devices[device].decline(row.last_generation);
                    self.enter_last(device);
                }
            }
            Deed::Return { device } => {
                if self.reservation(device).is_some() {
                    let code = self.devices[device].give_back();
                    enter(&mut self.world, &code).unwrap();
                }
            }
            Deed::BackUp => self.backup = self.world.back_up(),
            Deed::Restore => {
                later(&mut self.world);
                self.world.restore(&self.backup).unwrap();
                self.reconcile();
            }
        }
    }

    fn enter_last(&mut self, device: usize) {
        let code = self.devices[device].last_code.clone().unwrap();
        enter(&mut self.world, &code).unwrap();
    }

    fn reconcile(&mut self) {
        for device in 0..DEVICES {
            self.end_returned(device);
            match self.reservation(device) {
                Some(row) => self.settle(device, &row),
                None => self.tell_again(device),
            }
        }
        assert_eq!(frozen(&self.world, self.world.account), 0);
    }

    /// What a device gave back in the lost time is given back once more.
    fn end_returned(&mut self, device: usize) {
        let (world, codes) = (&mut self.world, &self.devices[device].codes);
        let udi = codes.udi();
        let open = world
            .view(|view| view.open_reservation(world.account, udi.product_id, udi.serial_number));
        let Some(open) = open.unwrap().filter(|row| row.number != codes.number) else { return };
        let returned = &self.devices[device].returned;
        let (_, code) = returned.iter().find(|(number, _)| *number == open.number).unwrap();
        reconciled(world, open.id, code).unwrap();
    }

    /// A reservation that is frozen, of the request that the device has.
    fn settle(&mut self, device: usize, row: &ReservationRow) {
        let world = &mut self.world;
        if let Some(code) = self.devices[device].last_code.clone() {
            match reconciled(world, row.id, &code) {
                Ok(row) if row.frozen.is_none() => return,
                Ok(row) => return self.replace(device, row.id),
                Err(DomainError::Reservation(
                    ReservationError::NoEvidence | ReservationError::AuthorizedAfterBackup,
                )) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let device = &mut self.devices[device];
        let known = match &row.authorization_code {
            Some(code) => {
                let grant = device.codes.accept(code, None).unwrap();
                grant.lines.iter().map(|line| line.count).sum()
            }
            None => 0,
        };
        if device.seats == known || device.settled.is_none() && row.authorization_code.is_some() {
            unchanged(world, row.id).unwrap();
        } else {
            let code = device.give_back();
            reconciled(world, row.id, &code).unwrap();
        }
    }

    /// It holds what is not known: another update makes it known.
    fn replace(&mut self, device: usize, id: ReservationId) {
        let seats = self.devices[device].seats;
        match change(&mut self.world, id, &[(STANDARD, seats)]) {
            Ok(row) => {
                let device = &mut self.devices[device];
                device.install(&row.update_code.unwrap());
                reconciled(&mut self.world, id, &device.last_code.clone().unwrap()).unwrap();
            }
            Err(DomainError::Reservation(ReservationError::UpdatesUsedUp)) => {
                let code = self.devices[device].give_back();
                reconciled(&mut self.world, id, &code).unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A request that was redeemed in the lost time is redeemed again.
    fn tell_again(&mut self, device: usize) {
        let (world, device) = (&mut self.world, &mut self.devices[device]);
        if device.settled.is_some() {
            let seats = device.seats;
            reserve(world, &device.codes, &[(STANDARD, seats)]);
        }
    }

    fn check(&self) {
        let mut set_aside = 0;
        for (index, device) in self.devices.iter().enumerate() {
            let held: u32 = match self.reservation(index) {
                Some(row) => {
                    let mut sums = std::collections::BTreeMap::new();
                    for (generation, _, count, _) in held(&self.world, row.id) {
                        *sums.entry(generation).or_insert(0) += count;
                    }
                    sums.into_values().max().unwrap_or(0)
                }
                None => 0,
            };
            assert!(held >= device.seats, "{index}: {held} set aside, {} held", device.seats);
            set_aside += held;
        }
        assert_eq!(reserved(&self.world, STANDARD), u64::from(set_aside), "of nobody else");
        assert!(set_aside <= 30);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn reconciled_books_are_those_of_the_devices(deeds in deeds()) {
        let mut site = Site::new();
        for deed in &deeds {
            site.run(deed);
            site.check();
        }
    }
}
