//! What the engine does when there is too much of something.

use super::*;
use leasehold_core::crypto::SoftwareCrypto;
use leasehold_core::identity::InstanceId;
use leasehold_core::token::Token;
use leasehold_core::wire::{Nonce, Register, Request, RequestBody, RequestNumber, encode_request};

#[tokio::test]
async fn a_full_queue_says_so() {
    let running = Running::start();
    let (release, block) = mpsc::channel::<()>();
    let send = |wait: Option<mpsc::Receiver<()>>| {
        let (reply, result) = oneshot::channel();
        let change = move |_: &mut dyn Transaction, _: &mut Scene<'_>, _: &Authority| {
            if let Some(wait) = wait {
                wait.recv().map_err(|_| DomainError::Overloaded)?;
            }
            Ok(())
        };
        running.engine.send(Box::new(Change::new("x".into(), change, reply))).map(|()| result)
    };
    let first = send(Some(block)).unwrap();
    let mut taken = Vec::new();
    let refused = loop {
        match send(None) {
            Ok(result) => taken.push(result),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, DomainError::Overloaded));
    assert!(taken.len() >= WAITING - 1, "{}", taken.len());
    release.send(()).unwrap();
    first.await.unwrap().unwrap();
    for result in taken {
        result.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn more_requests_than_are_admitted_are_told_so_at_once() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let all = running.engine.admitted.acquire_many(u32::try_from(ADMITTED).unwrap()).await;
    let (frame, digest) = machine.report_frame(&[]);
    let result = running.engine.device_request(PEER, frame.clone()).await;
    assert!(matches!(result, Err(DeviceRequestError::Overloaded)), "{result:?}");
    drop(all);
    let answer = running.engine.device_request(PEER, frame).await.unwrap();
    assert!(matches!(machine.believe(&answer, digest), AnswerBody::Authorization(_)));
}

#[tokio::test]
async fn an_instance_that_sends_too_much_is_told_to_come_back() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let mut postponed = None;
    for _ in 0..5_000 {
        let frame = machine.report_frame(&[(STANDARD, 1)]);
        match running.ask(&mut machine, frame).await {
            AnswerBody::Authorization(_) => {}
            AnswerBody::RetryLater { seconds } => {
                postponed = Some(seconds);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(postponed, Some(60));
    let mut other = running.register("SN2").await;
    let frame = other.report_frame(&[]);
    assert!(matches!(running.ask(&mut other, frame).await, AnswerBody::Authorization(_)));
}

/// Sends something until the address is not listened to any more; gives how often it was answered.
async fn until_ignored(running: &Running, mut send: impl FnMut() -> Vec<u8>) -> usize {
    for answered in 0..1_000 {
        match running.engine.device_request(PEER, send()).await {
            Err(DeviceRequestError::TooMany) => return answered,
            Ok(_) | Err(DeviceRequestError::Frame(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("an address is listened to whatever it sends")
}

#[tokio::test]
async fn an_address_that_only_proves_nothing_is_not_listened_to_any_more() {
    let mut stranger = Machine::new("SN9");
    let mut lost = Machine { instance: Some(InstanceId([7; 16])), ..Machine::new("SN8") };
    let nonsense: [Box<dyn FnMut() -> Vec<u8>>; 3] = [
        Box::new(|| vec![0xA5; 40]),
        Box::new(move || stranger.register_frame(Token([9; 20]), false).0),
        Box::new(move || lost.report_frame(&[]).0),
    ];
    for send in nonsense {
        let mut running = Running::start();
        let mut machine = running.register("SN1").await;
        let before = (running.world.devices(), running.world.events());
        // A little more than a burst where the test itself takes its time.
        let answered = until_ignored(&running, send).await;
        assert!((100..200).contains(&answered), "{answered}");
        assert_eq!((running.world.devices(), running.world.events()), before);
        let (frame, digest) = machine.report_frame(&[]);
        // Found out before anything else: it takes no place of those who are admitted.
        let all = running.engine.admitted.acquire_many(u32::try_from(ADMITTED).unwrap()).await;
        let refused = running.engine.device_request(PEER, frame.clone()).await;
        assert!(matches!(refused, Err(DeviceRequestError::TooMany)), "{refused:?}");
        drop(all);
        // Nobody elsewhere is touched by it.
        let answer = running.engine.device_request(address(2), frame).await.unwrap();
        assert!(matches!(machine.believe(&answer, digest), AnswerBody::Authorization(_)));
    }
}

#[tokio::test]
async fn sending_everything_at_once_gains_nothing() {
    let running = Running::start();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let engine = Arc::clone(&running.engine);
        waiting.spawn(async move { engine.device_request(PEER, vec![0xA5; 40]).await });
    }
    let results = waiting.join_all().await;
    let looked_at = results.iter().filter(|r| matches!(r, Err(DeviceRequestError::Frame(_))));
    let looked_at = looked_at.count();
    assert!((100..200).contains(&looked_at), "{looked_at}");
}

#[tokio::test]
async fn what_is_proven_never_counts_against_its_address() {
    let mut running = Running::start();
    for n in 0..40 {
        let mut machine = running.register(&format!("SN{n}")).await;
        for _ in 0..5 {
            let frame = machine.report_frame(&[(STANDARD, 1)]);
            assert!(matches!(running.ask(&mut machine, frame).await, AnswerBody::Authorization(_)));
        }
    }
}

#[tokio::test]
async fn a_registration_uses_up_nothing_of_the_instance_it_names() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let stranger = machine.with_new_key(9);
    let body = RequestBody::Register(Register {
        token: running.world.token().prove(&SoftwareCrypto, &stranger.public_key()),
        public_key: stranger.public_key(),
        force: false,
    });
    let mut buffer = [0; FRAME_MAX];
    for sequence in 0..400 {
        let request = Request {
            udi: stranger.udi(),
            instance: stranger.instance,
            number: RequestNumber { epoch: 1, sequence },
            nonce: Nonce([1; 16]),
            body: body.clone(),
        };
        let (length, _) =
            encode_request(&SoftwareCrypto, &stranger.key, &request, &mut buffer).unwrap();
        running.engine.device_request(PEER, buffer[..length].to_vec()).await.unwrap();
    }
    let frame = machine.report_frame(&[]);
    assert!(matches!(running.ask(&mut machine, frame).await, AnswerBody::Authorization(_)));
}

#[tokio::test]
async fn who_proves_nothing_is_answered_while_the_writer_is_busy() {
    let mut running = Running::start();
    let mut machine = running.register("SN1").await;
    let (started, has_started) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let busy = running.queue(move |_, _, _| {
        started.send(()).and(held.recv().map_err(|_| mpsc::SendError(()))).unwrap();
        Ok(())
    });
    has_started.recv().unwrap();
    let mut forger = machine.with_new_key(9);
    let frame = forger.report_frame(&[]);
    assert_eq!(running.ask(&mut forger, frame).await, refused(Refusal::SignatureInvalid));
    let mut stranger = Machine::new("SN2");
    let frame = stranger.register_frame(Token([9; 20]), false);
    assert_eq!(running.ask(&mut stranger, frame).await, refused(Refusal::TokenUnknown));
    machine.instance = Some(InstanceId([7; 16]));
    let frame = machine.report_frame(&[]);
    assert_eq!(running.ask(&mut machine, frame).await, refused(Refusal::InstanceUnknown));
    release.send(()).unwrap();
    busy.await.unwrap().unwrap();
}
