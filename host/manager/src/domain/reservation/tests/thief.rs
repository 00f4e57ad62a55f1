//! An administrator who holds every code that was ever shown, and administers another account too, tries
//! to get more out of them than was bought.

use super::*;
use crate::store::AccountId;
use leasehold_core::code::{ConfirmationCode, GrantError};

/// A device that does with codes what a real one does.
struct Device {
    codes: Reserver,
    /// The last generation that it has installed or returned.
    settled: Option<u8>,
    seats: u32,
}

impl Device {
    fn new(serial_number: &str) -> Self {
        Self { codes: Reserver::new(serial_number), settled: None, seats: 0 }
    }

    fn install(&mut self, code: &str) -> Result<(), GrantError> {
        let grant = self.codes.accept(code, self.settled)?;
        self.settled = Some(grant.generation);
        self.seats = grant.lines.iter().map(|line| line.count).sum();
        Ok(())
    }

    /// Gives everything back; it can ask anew.
    fn give_back(&mut self) -> String {
        let code = self.codes.return_everything();
        *self = Self { codes: self.codes.again(), settled: None, seats: 0 };
        code
    }

    fn decline(&mut self, generation: u8) -> String {
        self.settled = Some(generation);
        self.codes.return_update(generation)
    }
}

struct Thief {
    world: World,
    honest: AccountId,
    second: AccountId,
    second_place: VirtualAccountId,
    /// Every confirmation and return code that was ever shown.
    codes: Vec<String>,
}

impl Thief {
    fn new() -> Self {
        let mut world = World::new();
        world.buy(STANDARD, 10);
        let (second, second_place) = world.add_account("Second");
        let honest = world.account;
        Self { world, honest, second, second_place, codes: Vec::new() }
    }

    fn check(&self, devices: &[&Device]) {
        let seats: u32 = devices.iter().map(|device| device.seats).sum();
        let reserved = reserved(&self.world, STANDARD);
        assert!(
            u64::from(seats) <= reserved && reserved <= 10,
            "{seats} in use, {reserved} reserved"
        );
    }

    /// Enters every code there is, as it stands and in another spelling, for every reservation and
    /// for none, in both accounts: nothing is freed and nothing changes.
    fn enter_everything(&mut self) {
        let filter = Filter { with_removed: true, ..Filter::default() };
        let rows = self.world.view(|view| view.reservations(&filter, ALL)).unwrap();
        for code in self.codes.clone() {
            let spelt = format!(" {} ", code.to_lowercase().replace('-', "\u{2011}"));
            for text in [code, spelt] {
                for account in [self.honest, self.second] {
                    let named = rows.iter().filter(|row| row.account == account).map(|row| row.id);
                    for named in named.map(Some).chain([None]) {
                        // Whoever has all night is not stopped by having to wait.
                        self.world.pass(Duration::from_hours(1));
                        let take = if text.trim().to_lowercase().starts_with("lhc") {
                            confirm
                        } else {
                            give_back
                        };
                        let by = administrator(account);
                        why(&mut self.world, |world| {
                            world.change(|tx, scene, authority| {
                                take(tx, scene, authority, &by, named, &text)
                            })
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_freed_twice() {
    let mut thief = Thief::new();
    let mut device = Device::new("SN1");
    for seats in [10, 7, 4] {
        let row = reserve(&mut thief.world, &device.codes, &[(STANDARD, seats)]);
        device.install(&row.authorization_code.unwrap()).unwrap();
        let less = change(&mut thief.world, row.id, &[(STANDARD, seats - 2)]).unwrap();
        device.install(&less.update_code.unwrap()).unwrap();
        thief.check(&[&device]);
        thief.codes.push(device.codes.confirmation(1));
        enter(&mut thief.world, &device.codes.confirmation(1)).unwrap();
        thief.enter_everything();
        let more = change(&mut thief.world, row.id, &[(STANDARD, seats)]).unwrap();
        assert_eq!(more.last_generation, 2);
        let declined = device.decline(2);
        thief.codes.push(declined.clone());
        enter(&mut thief.world, &declined).unwrap();
        thief.check(&[&device]);
        let returned = device.give_back();
        thief.codes.push(returned.clone());
        enter(&mut thief.world, &returned).unwrap();
        assert_eq!(reserved(&thief.world, STANDARD), 0);
        thief.enter_everything();
    }
    // With another reservation under way, none of the old codes touches it.
    let row = reserve(&mut thief.world, &device.codes, &[(STANDARD, 9)]);
    device.install(&row.authorization_code.unwrap()).unwrap();
    change(&mut thief.world, row.id, &[(STANDARD, 1)]).unwrap();
    thief.enter_everything();
    thief.check(&[&device]);
    assert_eq!(reserved(&thief.world, STANDARD), 9);
}

#[test]
fn what_was_returned_is_not_used_again() {
    let mut thief = Thief::new();
    let mut device = Device::new("SN1");
    let first_request = device.codes.request();
    let row = reserve(&mut thief.world, &device.codes, &[(STANDARD, 10)]);
    let first = row.authorization_code.unwrap();
    device.install(&first).unwrap();
    let row = change(&mut thief.world, row.id, &[(STANDARD, 2)]).unwrap();
    let smaller = row.update_code.unwrap();

    // To free eight seats, the device has to have given them up. No code can say so before.
    let early = device.codes.confirmation(2);
    let mut relabelled = ConfirmationCode::parse(&early).unwrap();
    relabelled.generation = 1;
    let error = why(&mut thief.world, |world| enter(world, &relabelled.to_text()));
    assert_eq!(error, ReservationError::CodeUnknown);
    assert_eq!(reserved(&thief.world, STANDARD), 10);
    device.install(&smaller).unwrap();
    enter(&mut thief.world, &device.codes.confirmation(1)).unwrap();
    assert_eq!(device.install(&first), Err(GrantError::Superseded { generation: 0 }));
    thief.check(&[&device]);

    // An update that was declined cannot be installed, and not be declined once it is installed.
    let row = change(&mut thief.world, row.id, &[(STANDARD, 9)]).unwrap();
    let larger = row.update_code.unwrap();
    let declined = device.decline(2);
    enter(&mut thief.world, &declined).unwrap();
    assert_eq!(device.install(&larger), Err(GrantError::Superseded { generation: 2 }));
    thief.check(&[&device]);

    // Proofs that are known lead to those of earlier updates, and to none of a later one.
    change(&mut thief.world, row.id, &[(STANDARD, 1)]).unwrap();
    for known in [device.codes.confirmation(1), device.codes.confirmation(2), declined] {
        why(&mut thief.world, |world| enter(world, &known));
    }
    assert_eq!(reserved(&thief.world, STANDARD), 2);

    // After the return, neither old authorizations nor the old request are good for anything.
    let returned = device.give_back();
    enter(&mut thief.world, &returned).unwrap();
    assert_eq!(reserved(&thief.world, STANDARD), 0);
    for code in [&first, &smaller, &larger] {
        let number = device.codes.number - 1;
        assert_eq!(device.install(code), Err(GrantError::OtherRequest { number }));
    }
    for place in [thief.world.place, thief.second_place] {
        let error = why(&mut thief.world, |world| redeem_in(world, place, &first_request));
        assert!(matches!(
            error,
            ReservationError::RequestSpent { .. } | ReservationError::RequestTaken
        ));
    }
    // A request that was never redeemed in the first account: each account pays for its own.
    let row = redeem_in(&mut thief.world, thief.second_place, &device.codes.request()).unwrap();
    let error = why(&mut thief.world, |world| choose(world, row.id, &[(STANDARD, 1)]));
    assert!(matches!(error, ReservationError::TooFew { available: 0, .. }));
}

#[test]
fn nothing_moves_to_another_device() {
    let mut thief = Thief::new();
    let (mut device, mut other) = (Device::new("SN1"), Device::new("SN2"));
    assert_eq!(device.codes.number, other.codes.number);
    let row = reserve(&mut thief.world, &device.codes, &[(STANDARD, 10)]);
    let code = row.authorization_code.unwrap();
    device.install(&code).unwrap();
    assert_eq!(other.install(&code), Err(GrantError::OtherDevice));

    // A request with the other's UDI and this one's anchors, and the other way round.
    let (own, foreign) = (device.codes.request_code(), other.codes.request_code());
    let mut forged = foreign.clone();
    forged.anchors = own.anchors;
    let error = why(&mut thief.world, |world| redeem_in(world, world.place, &forged.to_text()));
    assert_eq!(error, ReservationError::RequestTaken);
    enter(&mut thief.world, &device.give_back()).unwrap();
    let mut forged = device.codes.request_code();
    forged.anchors = foreign.anchors;
    let place = thief.world.place;
    let row = redeem_in(&mut thief.world, place, &forged.to_text()).unwrap();
    let row = choose(&mut thief.world, row.id, &[(STANDARD, 10)]).unwrap();
    let code = row.authorization_code.unwrap();
    assert_eq!(device.install(&code), Err(GrantError::SignatureInvalid));
    assert_eq!(other.install(&code), Err(GrantError::OtherDevice));

    // What the other gives back then frees licences that no device has.
    enter(&mut thief.world, &other.give_back()).unwrap();

    // A request made up with a secret of one's own can be freed at will, and no device takes it.
    device.codes = device.codes.again();
    let mut made_up = device.codes.clone();
    made_up.secret = Reserver::new("made up").secret;
    let row = reserve(&mut thief.world, &made_up, &[(STANDARD, 10)]);
    let code = row.authorization_code.unwrap();
    assert_eq!(device.install(&code), Err(GrantError::SignatureInvalid));
    enter(&mut thief.world, &made_up.return_everything()).unwrap();
    assert_eq!(reserved(&thief.world, STANDARD), 0);
    thief.check(&[&device, &other]);
}
