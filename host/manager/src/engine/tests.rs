mod limits;

use super::*;
use crate::domain::{account, token};
use crate::store::sqlite::SqliteStore;
use crate::testing::{Machine, STANDARD, START, StillClock, World, authority, refused};
use leasehold_core::crypto::Digest;
use leasehold_core::time::Duration;
use leasehold_core::wire::{AnswerBody, FRAME_MAX, Refusal};
use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::time::{Duration as Span, Instant};

/// Where everybody sends from, unless a test says otherwise.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// One of many addresses, for tests that send more nonsense than one may.
fn address(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0A00_0000 | n).into()
}

/// A world and an engine on the same database.
struct Running {
    world: World,
    clock: Arc<StillClock>,
    engine: Arc<Engine>,
}

impl Running {
    fn start() -> Self {
        Self::over(World::new(), START)
    }

    fn over(world: World, now: UnixTime) -> Self {
        let clock = Arc::new(StillClock::at(now));
        let engine = Arc::new(engine(&world, &clock));
        Self { world, clock, engine }
    }

    async fn ask(&self, machine: &mut Machine, made: (Vec<u8>, Digest)) -> AnswerBody<'static> {
        let (frame, digest) = made;
        let answer = self.engine.device_request(PEER, frame).await.unwrap();
        machine.believe(&answer, digest)
    }

    /// Sends a change without waiting for it.
    fn queue<R, F>(&self, change: F) -> oneshot::Receiver<Result<R, DomainError>>
    where
        R: Send + 'static,
        F: FnOnce(&mut dyn Transaction, &mut Scene<'_>, &Authority) -> Result<R, DomainError>
            + Send
            + 'static,
    {
        let (reply, result) = oneshot::channel();
        self.engine.send(Box::new(Change::new("tester".into(), change, reply))).unwrap();
        result
    }

    async fn register(&mut self, serial_number: &str) -> Machine {
        let mut machine = Machine::new(serial_number);
        let frame = machine.register_frame(self.world.token(), false);
        self.ask(&mut machine, frame).await;
        assert!(machine.instance.is_some());
        machine
    }
}

fn engine(world: &World, clock: &Arc<StillClock>) -> Engine {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    // What is in memory is not shared: the world's own authority numbers answers too.
    let authority = authority(world.authority.overrides);
    Engine::start(Arc::clone(&world.store), authority, clock).unwrap()
}

fn sabotage(world: &World, sql: &str) {
    rusqlite::Connection::open(world.path()).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn bytes_of_every_length_are_refused_and_change_nothing() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let (whole, _) = machine.report_frame(&[(STANDARD, 1)]);
    let before = (running.world.devices(), running.world.events());
    let mut noise = 1_u32;
    let mut random = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    };
    let mut from = (0..).map(address);
    for length in 0..=FRAME_MAX + 1 {
        let mut cases = vec![vec![0; length], (0..length).map(|_| random()).collect()];
        if length != whole.len() {
            // The frame itself, cut or with something behind it.
            let padded = whole.iter().copied().chain(std::iter::repeat(0));
            cases.push(padded.take(length).collect());
        }
        if length >= 6 {
            // A header that fits the length, and noise in it.
            let payload = u16::try_from(length - 6).unwrap().to_le_bytes();
            let header = [b'L', b'H', 1, 1, payload[0], payload[1]];
            let body = (6..length).map(|_| random());
            cases.push(header.into_iter().chain(body).collect());
        }
        for bytes in cases {
            let result = running.engine.device_request(from.next().unwrap(), bytes).await;
            let Err(DeviceRequestError::Frame(error)) = result else {
                panic!("{length} bytes: {result:?}")
            };
            if length > FRAME_MAX {
                assert_eq!(error, FrameError::TooLong);
            }
        }
    }
    assert_eq!((running.world.devices(), running.world.events()), before);
    assert!(running.engine.device_request(PEER, whole).await.is_ok(), "the frame itself is good");
}

#[tokio::test]
async fn a_frame_with_any_byte_altered_counts_nothing() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let (whole, _) = machine.report_frame(&[(STANDARD, 1)]);
    for (place, from) in (0..whole.len()).zip((0..).map(address)) {
        let mut altered = whole.clone();
        altered[place] ^= 0x10;
        let result = running.engine.device_request(from, altered).await;
        assert!(
            matches!(result, Ok(_) | Err(DeviceRequestError::Frame(_))),
            "byte {place}: {result:?}"
        );
    }
    let row = running.world.row(&machine);
    assert_eq!((row.reports_counted, row.sequence), (0, 1));
    assert_eq!(running.world.peak(&machine, STANDARD), 0);
}

#[tokio::test]
async fn many_at_once_are_each_answered_and_counted_once() {
    const MACHINES: u32 = 12;
    const COPIES: usize = 5;
    let mut running = Running::start();
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..MACHINES {
        let mut machine = running.register(&format!("SN{n}")).await;
        let (frame, digest) = machine.report_frame(&[(STANDARD, n + 1)]);
        let engine = Arc::clone(&running.engine);
        waiting.spawn(async move {
            let mut copies = tokio::task::JoinSet::new();
            for _ in 0..COPIES {
                let (engine, frame) = (Arc::clone(&engine), frame.clone());
                copies.spawn(async move { engine.device_request(PEER, frame).await.unwrap() });
            }
            let answers = copies.join_all().await;
            assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer, {COPIES}×");
            machine.believe(&answers[0], digest);
            machine
        });
    }
    for machine in waiting.join_all().await {
        assert_eq!(running.world.row(&machine).reports_counted, 1);
    }
    let pool = running
        .world
        .view(|view| crate::domain::compliance::Pool::read(view, running.world.place, START));
    assert_eq!(pool.unwrap().at_or_above(STANDARD), u64::from(MACHINES * (MACHINES + 1) / 2));
}

#[tokio::test]
async fn a_change_that_fails_is_undone_and_its_neighbours_are_kept() {
    let running = Running::start();
    let engine = &running.engine;
    let good = engine.change("a".into(), |tx, scene, _| account::create(tx, scene, "Kept"));
    let bad = engine.change("b".into(), |tx, scene, _| {
        account::create(tx, scene, "Undone")?;
        Err::<(), _>(DomainError::Invalid("no".into()))
    });
    let (good, bad) = tokio::join!(good, bad);
    good.unwrap();
    assert_eq!(bad.unwrap_err().to_string(), "no");
    let find = |name: &'static str| {
        engine.read(move |view, _, _| Ok(view.account_by_name(name)?.is_some()))
    };
    assert_eq!((find("Kept").await.unwrap(), find("Undone").await.unwrap()), (true, false));
}

#[tokio::test]
async fn when_the_commit_fails_everyone_is_told_and_nothing_is_changed() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    // A reference to nothing, which the database finds out at the commit.
    sabotage(
        &running.world,
        "CREATE TABLE broken (a INTEGER REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER break_usage AFTER INSERT ON usage
             BEGIN INSERT INTO broken VALUES (999); END;",
    );
    let before = (running.world.devices(), running.world.events());
    let (frame, digest) = machine.report_frame(&[(STANDARD, 1)]);
    // Holds the writer back until both wait, so that they share a transaction.
    let (started, has_started) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let hold = move |_: &mut dyn Transaction, _: &mut Scene<'_>, _: &Authority| {
        started.send(()).and(held.recv().map_err(|_| mpsc::SendError(()))).unwrap();
        Ok(())
    };
    let held_back = running.queue(hold);
    has_started.recv().unwrap();
    let (reply, report) = oneshot::channel();
    let (bytes, looked) = running.engine.look(PEER, frame.clone()).await.unwrap();
    let Looked::Proven(proof) = looked else { panic!("the machine's key signed") };
    running.engine.send(Box::new(DeviceRequest::new(bytes, proof, reply))).unwrap();
    let change = running.queue(|tx, scene, _| account::create(tx, scene, "With it"));
    release.send(()).unwrap();
    held_back.await.unwrap().unwrap();
    let report = report.await.unwrap();
    assert!(
        matches!(report, Err(DeviceRequestError::Store(StoreError::Failed { .. }))),
        "{report:?}"
    );
    let change = change.await.unwrap();
    assert!(matches!(change, Err(DomainError::Store(_))), "{change:?}");
    assert_eq!((running.world.devices(), running.world.events()), before);
    sabotage(&running.world, "DROP TRIGGER break_usage; DROP TABLE broken");
    let answer = running.engine.device_request(PEER, frame).await.unwrap();
    assert!(matches!(machine.believe(&answer, digest), AnswerBody::Authorization(_)));
    assert_eq!(running.world.row(&machine).reports_counted, 1);
}

#[tokio::test]
async fn a_database_that_is_broken_within_a_change_fails_that_change_alone() {
    let running = Running::start();
    sabotage(
        &running.world,
        "CREATE TRIGGER no_accounts BEFORE INSERT ON account BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    let engine = &running.engine;
    let place = running.world.place;
    let bad = engine.change("a".into(), |tx, scene, _| account::create(tx, scene, "Never"));
    let good = engine.change("b".into(), move |tx, scene, _| {
        let new = token::NewToken {
            virtual_account: place,
            description: String::new(),
            days: 1,
            max_uses: None,
            export_controlled: false,
        };
        token::create(tx, scene, &new)
    });
    let (bad, good) = tokio::join!(bad, good);
    assert!(matches!(bad, Err(DomainError::Store(_))));
    good.unwrap();
}

#[tokio::test]
async fn answers_after_a_restart_are_newer_even_if_the_clock_was_set_back() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let mut stranger = machine.with_new_key(9);
    for step in 0..4_u32 {
        // A refusal is written nowhere; the numbers go on all the same.
        stranger.last_answer = machine.last_answer;
        let frame = stranger.report_frame(&[]);
        assert_eq!(running.ask(&mut stranger, frame).await, refused(Refusal::SignatureInvalid));
        machine.last_answer = stranger.last_answer;
        let frame = machine.report_frame(&[]);
        assert!(matches!(running.ask(&mut machine, frame).await, AnswerBody::Authorization(_)));
        running.engine.stop();
        let earlier = START.saturating_sub(Duration::from_hours(step));
        running = Running::over(running.world, earlier);
    }
    // A long run passes the numbers that were set aside at its start.
    running.clock.set(START.saturating_add(Duration::from_days(2)));
    let frame = stranger.report_frame(&[]);
    running.ask(&mut stranger, frame).await;
    running.engine.stop();
    let running = Running::over(running.world, START);
    let frame = stranger.report_frame(&[]);
    assert_eq!(running.ask(&mut stranger, frame).await, refused(Refusal::SignatureInvalid));
}

#[tokio::test]
async fn what_was_taken_on_is_done_before_the_stop_and_nothing_after_it() {
    let mut running = Running::start();
    let token = running.world.token();
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..20 {
        let engine = Arc::clone(&running.engine);
        waiting.spawn(async move {
            let name = format!("Account {n}");
            let made = engine.change("a".into(), move |tx, scene, _| {
                account::create(tx, scene, &name).map(|_| ())
            });
            (format!("Account {n}"), made.await)
        });
    }
    tokio::task::yield_now().await;
    running.engine.stop();
    for (name, result) in waiting.join_all().await {
        let found = running.world.view(|view| view.account_by_name(&name)).unwrap().is_some();
        match result {
            Ok(()) => assert!(found, "{name} was confirmed and is not there"),
            Err(DomainError::Store(StoreError::Stopping)) => assert!(!found, "{name}"),
            Err(error) => panic!("{error}"),
        }
    }
    let mut machine = Machine::new("SN1");
    let (frame, _) = machine.register_frame(token, false);
    let result = running.engine.device_request(PEER, frame).await;
    assert!(matches!(result, Err(DeviceRequestError::Store(StoreError::Stopping))), "{result:?}");
    running.engine.stop();
}

#[tokio::test]
async fn housekeeping_runs_by_itself() {
    let mut world = World::new();
    Machine::registered(&mut world, "SN1");
    let running = Running::over(world, START.saturating_add(Duration::from_days(30)));
    let deadline = Instant::now() + Span::from_secs(20);
    while running.world.count_events("DeviceSilent") == 0 {
        assert!(Instant::now() < deadline, "nothing was said about the silent device");
        tokio::time::sleep(Span::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_used_stops_the_start() {
    let world = World::new();
    sabotage(&world, "INSERT INTO meta VALUES ('answers_reserved', 'many')");
    let clock = Arc::new(StillClock::at(START));
    let store = Arc::new(SqliteStore::open(&world.path()).unwrap());
    let result = Engine::start(store, authority(world.authority.overrides), clock);
    assert!(matches!(result, Err(StoreError::Foreign(_))));
}
