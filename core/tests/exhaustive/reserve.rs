//! Every sequence of six steps of a reservation, against a model written from SPEC section 6.
//!
//! The device has a counter that only grows; the manager here is a signature. What the model does not
//! say (how much of the evaluation is left) is for `explore`.

use crate::alphabet::{HOUR, QUICK};
use crate::keyed_hash::KeyedHash;
use crate::manager::{EPOCH, ROOT};
use crate::world::{Device1, Seats, Slot, definition, no_use, switched_off};
use leasehold_core::agent::transitions::{Cause, RESERVATION, Transition};
use leasehold_core::agent::{
    AuthorizationState, BUFFER_MIN, Command, Enforcement, Input, Output, Reason, RecordKind,
    RegistrationState, ReservationCommand, Stored,
};
use leasehold_core::code::{
    Anchors, AuthorizationCode, Grant, GrantLine, RequestCode, Returned, device_hint,
};
use leasehold_core::crypto::{Crypto, KeyHandle};
use leasehold_core::product::ProductDefinition;
use leasehold_core::time::{Instant, Now, UnixTime};
use leasehold_core::wire::SigningCertificate;
use std::collections::HashSet;
use std::sync::LazyLock;
use std::thread;

/// One step of an administrator, of users, or of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Enable,
    Disable,
    Request,
    /// The next authorization that the manager would sign.
    Install,
    /// The one that is installed; before that, one for an earlier request.
    InstallOld,
    Cancel,
    Return,
    /// Return the next authorization without installing it.
    ReturnAuthorization,
    /// Nothing, one, two seats in use, nothing again: the next that is allowed.
    Use,
    /// Longer than terms and overage.
    Long,
    Reboot,
    /// Put back what was stored before the last step that gave something up.
    Restore,
}

const ALL: [Step; 12] = [
    Step::Enable,
    Step::Disable,
    Step::Request,
    Step::Install,
    Step::InstallOld,
    Step::Cancel,
    Step::Return,
    Step::ReturnAuthorization,
    Step::Use,
    Step::Long,
    Step::Reboot,
    Step::Restore,
];

const LONG: u64 = 13 * HOUR;
const TERM: u64 = 12 * HOUR;

/// What each authorization reserves: seats, and for how long.
const fn reserved_by(generation: u8) -> (u32, Option<u64>) {
    match generation % 3 {
        0 => (2, None),
        1 => (1, None),
        _ => (2, Some(TERM)),
    }
}

/// What the device holds, by the rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Held {
    Nothing,
    Asked,
    Reserved { generation: u8, declined: u8, ends: Option<u64>, short_since: Option<u64> },
}

/// What SPEC section 6 says the device is.
#[derive(Clone, Copy, Debug)]
struct Model {
    enabled: bool,
    held: Held,
    /// What was given up so far: the counter.
    given_up: u32,
    in_use: u32,
    /// What the last return code returns.
    returned: Option<Returned>,
    backup: Option<(Held, bool, u32, Option<Returned>)>,
}

impl Model {
    const NEW: Self = Self {
        enabled: false,
        held: Held::Nothing,
        given_up: 0,
        in_use: 0,
        returned: None,
        backup: None,
    };

    fn next_generation(&self) -> u8 {
        match self.held {
            Held::Reserved { generation, declined, .. } => generation.max(declined) + 1,
            Held::Nothing | Held::Asked => 0,
        }
    }

    fn limit(&self, now: u64) -> Option<u32> {
        let Held::Reserved { generation, ends, .. } = self.held else { return None };
        Some(if ends.is_none_or(|ends| ends > now) { reserved_by(generation).0 } else { 0 })
    }

    fn keep_backup(&mut self) {
        self.backup = Some((self.held, self.enabled, self.given_up, self.returned));
    }

    fn give_up(&mut self, held: Held, returned: Option<Returned>) {
        self.given_up += 1;
        self.held = held;
        self.returned = returned.or(self.returned);
    }

    fn boot(&mut self, now: u64) {
        self.in_use = 0;
        // What was stored before this boot must not make a term begin anew (SPEC E5).
        if let Held::Reserved { ends: Some(ends), .. } = self.held {
            self.given_up += u32::from(ends > now);
        }
    }

    /// Plays one step that ends at `now`; says whether it is carried out.
    fn play(&mut self, step: Step, now: u64) -> bool {
        let done = match (step, self.held) {
            (Step::Enable, _) => {
                self.enabled = true;
                true
            }
            (Step::Disable, Held::Nothing) => {
                self.enabled = false;
                true
            }
            (Step::Request, Held::Nothing) if self.enabled => {
                self.keep_backup();
                self.give_up(Held::Asked, None);
                true
            }
            (Step::Request, Held::Asked) => true,
            (Step::Install, Held::Asked | Held::Reserved { .. }) => {
                self.keep_backup();
                let generation = self.next_generation();
                let ends = reserved_by(generation).1.map(|term| now + term);
                let held = Held::Reserved { generation, declined: 0, ends, short_since: None };
                self.give_up(held, None);
                true
            }
            (Step::Cancel | Step::ReturnAuthorization, Held::Asked)
            | (Step::Return, Held::Reserved { .. }) => {
                self.keep_backup();
                self.give_up(Held::Nothing, Some(Returned::Everything));
                true
            }
            (Step::ReturnAuthorization, Held::Reserved { generation, ends, short_since, .. }) => {
                self.keep_backup();
                let declined = self.next_generation();
                let held = Held::Reserved { generation, declined, ends, short_since };
                self.give_up(held, Some(Returned::Update(declined)));
                true
            }
            (Step::Use, _) => {
                let fits = self.limit(now).is_none_or(|limit| self.in_use < limit);
                self.in_use = if self.in_use < 2 && fits { self.in_use + 1 } else { 0 };
                true
            }
            (Step::Reboot, _) => {
                self.boot(now);
                true
            }
            (Step::Restore, _) => {
                if let Some((held, enabled, given_up, returned)) = self.backup {
                    (self.held, self.enabled, self.returned) = (held, enabled, returned);
                    if given_up < self.given_up && held != Held::Nothing {
                        // SPEC S5
                        self.held = Held::Nothing;
                        self.returned = Some(Returned::Everything);
                        // The code ends what overtook it too.
                        self.given_up += 1;
                    }
                }
                self.boot(now);
                true
            }
            (Step::Long, _) => true,
            _ => false,
        };
        self.settle(now);
        done
    }

    fn settle(&mut self, now: u64) {
        let (in_use, limit) = (self.in_use, self.limit(now));
        if let (Held::Reserved { ends, short_since, .. }, Some(limit)) = (&mut self.held, limit) {
            // It began when the term ended, or now.
            let since = ends.filter(|&ends| ends <= now).unwrap_or(now);
            *short_since = (in_use > limit).then(|| short_since.unwrap_or(since));
        }
    }
}

type Flash = [[Slot; 2]; 2];

/// One device, and what a manager would sign for it.
struct World<'a> {
    off: &'a Device1<'a>,
    definition: &'a ProductDefinition<'a>,
    counters: &'a Seats<'a>,
    agent: Device1<'a>,
    flash: Flash,
    backup: Option<Flash>,
    counter: u32,
    time: u64,
    booted_at: u64,
    boots: u8,
}

const MANAGER: KeyHandle = KeyHandle([8; 32]);

static CERTIFICATE: LazyLock<SigningCertificate> = LazyLock::new(|| {
    let key = KeyedHash.public_key(&MANAGER).unwrap();
    let (from, until) = (UnixTime::from_secs(0), UnixTime::from_secs(u64::MAX));
    SigningCertificate::issue(&KeyedHash, &ROOT, key, 1, from, until).unwrap()
});

impl<'a> World<'a> {
    fn new(
        definition: &'a ProductDefinition<'a>,
        off: &'a Device1<'a>,
        counters: &'a Seats<'a>,
    ) -> Self {
        let mut world = Self {
            off,
            definition,
            counters,
            agent: off.fork(counters),
            flash: [[Slot::EMPTY; 2]; 2],
            backup: None,
            counter: 0,
            time: 0,
            booted_at: 0,
            boots: 0,
        };
        world.boot();
        world
    }

    fn fork(&self, counters: &'a Seats<'a>) -> Self {
        Self { counters, agent: self.agent.fork(counters), ..*self }
    }

    /// Plays one step for a device that is as `model` says; says whether it was carried out.
    fn play(&mut self, step: Step, model: &Model) -> bool {
        let before = self.flash;
        let done = match step {
            Step::Enable => self.command(ReservationCommand::Enable),
            Step::Disable => self.command(ReservationCommand::Disable),
            Step::Request => self.command(ReservationCommand::Request { universal: false }),
            Step::Cancel => self.command(ReservationCommand::Cancel),
            Step::Return => self.command(ReservationCommand::Return),
            Step::Install => {
                let code = self.code(true, model);
                self.command(ReservationCommand::Install(&code))
            }
            Step::InstallOld => {
                let code = self.code(false, model);
                self.command(ReservationCommand::Install(&code))
            }
            Step::ReturnAuthorization => {
                let code = self.code(true, model);
                self.command(ReservationCommand::ReturnAuthorization(&code))
            }
            Step::Use => {
                let seat = self.counters.feature("standard-seat").unwrap();
                let in_use = self.counters.counts().in_use[0];
                if in_use == 2 || self.counters.acquire(seat, 1).is_err() {
                    self.counters.release(seat, in_use).unwrap();
                }
                self.input(Input::Wake)
            }
            Step::Long => {
                self.run(LONG);
                true
            }
            Step::Reboot => {
                self.input(Input::Stopping);
                self.boot();
                true
            }
            Step::Restore => {
                self.input(Input::Stopping);
                self.flash = self.backup.unwrap_or(self.flash);
                self.boot();
                true
            }
        };
        let gives_up = match step {
            Step::Request => model.held == Held::Nothing,
            Step::Install | Step::Cancel | Step::Return | Step::ReturnAuthorization => true,
            _ => false,
        };
        if done && gives_up {
            self.backup = Some(before);
        }
        done
    }

    /// The authorization code that a manager would sign next, or the last one.
    fn code(&self, next: bool, model: &Model) -> String {
        let request = self.agent.request_code();
        let number = request.as_ref().map_or(1, |request| request.number);
        let (number, generation) = match (model.held, next) {
            (_, true) => (number, model.next_generation()),
            (Held::Reserved { generation, .. }, false) => (number, generation),
            (Held::Nothing | Held::Asked, false) => (number - 1, 0),
        };
        let anchors = Anchors { confirmed: [0; 16], declined: [0; 16] };
        let anchors = request.as_ref().map_or(anchors, |request| request.anchors);
        let (count, term) = reserved_by(generation);
        let until = term.map(|term| UnixTime::from_secs(EPOCH + self.time + term));
        let udi = self.udi();
        let grant = Grant {
            device: device_hint(&KeyedHash, &udi),
            number,
            generation,
            license_type: 0,
            universal: false,
            catalogue: self.definition.license_types[0].catalogue_hash(&KeyedHash),
            issued: UnixTime::from_secs(EPOCH + self.time),
            lines: [GrantLine { entitlement: 0, count, until }].into_iter().collect(),
        };
        let code = AuthorizationCode::encode(
            &KeyedHash,
            &MANAGER,
            Some(&CERTIFICATE),
            &grant,
            &udi,
            &anchors,
        );
        code.unwrap().as_str().to_owned()
    }

    fn udi(&self) -> leasehold_core::identity::Udi<'static> {
        leasehold_core::identity::Udi { product_id: "LH-CC", serial_number: "A1B2C3", uuid: None }
    }

    fn command(&mut self, command: ReservationCommand<'_>) -> bool {
        self.input(Input::Command(Command::Reservation(command)))
    }

    fn now(&self) -> Now {
        let uptime = Instant::from_secs((self.time - self.booted_at) as u32);
        Now { uptime, real_time: Some(UnixTime::from_secs(EPOCH + self.time)) }
    }

    fn boot(&mut self) {
        self.booted_at = self.time;
        self.boots += 1;
        self.agent = self.off.fork(self.counters);
        let now = self.now();
        let [identity, ledger] =
            self.flash.each_ref().map(|slots| slots.each_ref().map(Slot::written));
        let stored = Stored { identity, ledger, counter: Some(self.counter) };
        self.agent.boot(now, stored).unwrap();
        self.settle();
    }

    fn run(&mut self, seconds: u64) {
        let end = self.time + seconds;
        while let Some(at) = self.settle().filter(|&at| at <= end) {
            assert!(at > self.time, "woken without anything to do at {}", self.time);
            self.time = at;
            self.input(Input::Wake);
        }
        self.time = end;
        self.input(Input::Wake);
    }

    fn input(&mut self, input: Input<'_>) -> bool {
        let now = self.now();
        let done = self.agent.handle_input(now, input).is_ok();
        self.settle();
        done
    }

    fn settle(&mut self) -> Option<u64> {
        let mut buffer = [0; BUFFER_MIN];
        loop {
            let now = self.now();
            let seed = [self.boots; 32];
            let input = match self.agent.poll_output(&mut buffer) {
                Output::Wait(at) => return at.map(|at| self.booted_at + u64::from(at.as_secs())),
                Output::Event(_) => continue,
                Output::NeedEntropy => Input::Entropy(&seed),
                Output::Persist { record, slot, length } => {
                    self.flash[usize::from(record == RecordKind::Ledger)][slot]
                        .write(&buffer[..length]);
                    Input::Persisted(record)
                }
                Output::RaiseCounter { to } => {
                    assert!(to > self.counter, "it only grows");
                    self.counter = to;
                    Input::CounterRaised(to)
                }
                Output::Transmit { .. } => panic!("a device without a network asks nobody"),
            };
            self.agent.handle_input(now, input).unwrap();
        }
    }
}

/// Registration, authorization and enforcement by name.
type Names = [String; 3];

fn names(agent: &Device1<'_>) -> Names {
    let status = agent.status();
    let enforcement = match status.enforcement {
        Enforcement::None => "None".into(),
        Enforcement::Overage { reason, .. } => format!("Overage {reason:?}"),
        Enforcement::Enforced { reason, .. } => format!("Enforced {reason:?}"),
    };
    [format!("{:?}", status.registration), format!("{:?}", status.authorization), enforcement]
}

/// What was seen, by machine: what the reservation did, not what the evaluation did beside it.
type Seen = [HashSet<(String, Cause, String)>; 3];

fn cause(step: Step, before: &Model, after: &Model) -> Cause {
    match step {
        Step::Request => Cause::Requested,
        Step::Install => Cause::Installed,
        Step::ReturnAuthorization | Step::Cancel => Cause::Cancelled,
        Step::Return => Cause::Returned,
        Step::Use if after.in_use > before.in_use => Cause::UseBegan,
        Step::Use => Cause::UseEnded,
        Step::Restore if before.held != after.held || after.returned != before.returned => {
            Cause::BackupFound
        }
        Step::Long => match (before.held, after.held) {
            (Held::Reserved { short_since: None, .. }, _) => Cause::TermEnded,
            _ => Cause::OverageEnded,
        },
        _ => Cause::Boot,
    }
}

struct Walk {
    path: Vec<Step>,
    sequences: u64,
    seen: Seen,
}

impl Walk {
    const fn new(seen: Seen) -> Self {
        Self { path: Vec::new(), sequences: 0, seen }
    }

    fn deeper<'a>(
        &mut self,
        world: &World<'a>,
        model: Model,
        steps: &[Step],
        forks: &'a [Seats<'a>],
    ) {
        let Some((counters, forks)) = forks.split_first() else {
            self.sequences += 1;
            return;
        };
        for &step in steps {
            let (mut world, mut model) = (world.fork(counters), model);
            self.play(&mut world, &mut model, step);
            self.deeper(&world, model, &ALL, forks);
            self.path.pop();
        }
    }

    fn play(&mut self, world: &mut World<'_>, model: &mut Model, step: Step) {
        self.path.push(step);
        let (names_before, before) = (names(&world.agent), *model);
        let done = world.play(step, model);
        let must = model.play(step, world.time);
        assert_eq!(done, must, "{:?}: carried out", self.path);
        self.compare(world, model);
        let cause = cause(step, &before, model);
        let changes = names_before.into_iter().zip(names(&world.agent)).enumerate();
        for (machine, (from, to)) in changes {
            let reserved = [&from, &to].iter().any(|name| name.ends_with("Reserved"));
            let steps = [Cause::Installed, Cause::Returned, Cause::Cancelled, Cause::BackupFound];
            if from != to && (machine == 0 || reserved || steps.contains(&cause)) {
                self.seen[machine].insert((from, cause, to));
            }
        }
    }

    /// Everything that people see of a reservation, against the rules.
    fn compare(&self, world: &World<'_>, model: &Model) {
        let (agent, path) = (&world.agent, &self.path);
        let status = agent.status();
        let registration = match model.held {
            Held::Nothing => RegistrationState::Unregistered,
            Held::Asked => RegistrationState::ReservationInProgress,
            Held::Reserved { .. } => RegistrationState::Reserved,
        };
        assert_eq!(status.registration, registration, "{path:?}");
        assert_eq!(status.reservation_enabled, model.enabled, "{path:?}");
        assert_eq!(world.counter, model.given_up, "{path:?}: the counter");
        assert_eq!(world.counters.counts().in_use[0], model.in_use, "{path:?}: in use");
        let limit = world.counters.limit(0).map(|limit| limit.most);
        assert_eq!(limit, model.limit(world.time), "{path:?}: the limit");
        let request: Option<RequestCode> = agent.request_code();
        assert_eq!(request.is_some(), model.held != Held::Nothing, "{path:?}: request code");
        assert_eq!(agent.return_code().map(|code| code.returned), model.returned, "{path:?}");
        let confirmation = agent.confirmation_code();
        let generation = match model.held {
            Held::Reserved { generation, .. } if generation > 0 => Some(generation),
            _ => None,
        };
        assert_eq!(confirmation.map(|code| code.generation), generation, "{path:?}");
        if let (Some(code), Some(request)) = (confirmation, &request) {
            assert_eq!(code.anchor(&KeyedHash), request.anchors.confirmed, "{path:?}");
        }
        if let (Some(code), Some(request)) = (agent.return_code(), &request)
            && let Held::Reserved { declined: 1.., .. } = model.held
        {
            assert_eq!(code.anchor(&KeyedHash), request.anchors.declined, "{path:?}");
        }
        let Held::Reserved { short_since, .. } = model.held else {
            let unlicensed = matches!(
                status.authorization,
                AuthorizationState::NoLicensesInUse
                    | AuthorizationState::Evaluation
                    | AuthorizationState::EvaluationExpired
            );
            assert!(unlicensed, "{path:?}: {:?}", status.authorization);
            return;
        };
        let authorization = match short_since {
            None => AuthorizationState::Reserved,
            Some(_) => AuthorizationState::NotAuthorizedReserved,
        };
        assert_eq!(status.authorization, authorization, "{path:?}");
        let overage = u64::from(QUICK.policy.overage_period.as_secs());
        let enforcement = match (short_since, status.enforcement) {
            (None, Enforcement::None) => true,
            (Some(since), Enforcement::Overage { reason, .. }) => {
                reason == Reason::NotAuthorizedReserved && world.time < since + overage
            }
            (Some(since), Enforcement::Enforced { reason, .. }) => {
                reason == Reason::NotAuthorizedReserved && world.time >= since + overage
            }
            _ => false,
        };
        assert!(enforcement, "{path:?}: {:?} short since {short_since:?}", status.enforcement);
    }
}

fn walk(steps: &[Step], depth: usize) -> Walk {
    let definition = definition(&QUICK);
    let (none, first) = (no_use(), no_use());
    let forks: Vec<Seats<'_>> = (0..depth).map(|_| no_use()).collect();
    let off = switched_off(&definition, &none);
    let world = World::new(&definition, &off, &first);
    let mut walk = Walk::new(Seen::default());
    walk.deeper(&world, Model::NEW, steps, &forks);
    walk
}

/// Plays random sequences that go on from a reservation.
fn at_random(seed: u64) -> Walk {
    let definition = definition(&QUICK);
    let (none, first) = (no_use(), no_use());
    let off = switched_off(&definition, &none);
    let (mut world, mut model) = (World::new(&definition, &off, &first), Model::NEW);
    let mut walk = Walk::new(Seen::default());
    let mut random = seed;
    for step in [Step::Enable, Step::Request, Step::Install] {
        walk.play(&mut world, &mut model, step);
    }
    for _ in 0..60 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let step = ALL[(random >> 33) as usize % ALL.len()];
        // Each is a power cut, which charges time: many of them end a term early.
        if step != Step::Restore {
            walk.play(&mut world, &mut model, step);
        }
    }
    walk
}

#[test]
fn every_sequence_of_six_steps_of_a_reservation_leads_where_the_rules_lead() {
    let (first, second) = ALL.split_at(ALL.len() / 2);
    let halves = thread::scope(|scope| {
        let started = [first, second].map(|steps| scope.spawn(|| walk(steps, 6)));
        started.map(|worker| worker.join().unwrap())
    });
    let mut walks = Vec::from(halves);
    let sequences: u64 = walks.iter().map(|walk| walk.sequences).sum();
    assert_eq!(sequences, 12_u64.pow(6));
    walks.extend((0..2_000).map(at_random));
    for (machine, declared) in RESERVATION.iter().enumerate() {
        let seen: HashSet<_> =
            walks.iter().flat_map(|walk| walk.seen[machine].iter().cloned()).collect();
        let table: HashSet<_> = declared
            .iter()
            .map(|&Transition { from, on, to }| (from.to_owned(), on, to.to_owned()))
            .collect();
        let row = |(from, on, to): &(String, Cause, String)| {
            format!("on({from:?}, Cause::{on:?}, {to:?}),")
        };
        let mut undeclared: Vec<String> = seen.difference(&table).map(row).collect();
        let mut unseen: Vec<String> = table.difference(&seen).map(row).collect();
        undeclared.sort();
        unseen.sort();
        assert_eq!((undeclared, unseen), (vec![], vec![]), "machine {machine}: undeclared, unseen");
    }
}
