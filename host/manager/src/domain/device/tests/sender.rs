use crate::domain::overrides::PolicyOverrides;
use crate::testing::{Machine, STANDARD, World, authority, refused};
use leasehold_core::crypto::{
    Crypto, Digest, KeyHandle, KeyUnusable, PublicKey, Signature, SignedMessage, SoftwareCrypto,
};
use leasehold_core::identity::InstanceId;
use leasehold_core::token::Token;
use leasehold_core::wire::{AnswerBody, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts how many signatures are checked.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Crypto for Counting {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        SoftwareCrypto.digest(parts)
    }
    fn generate(&self, entropy: &[u8; 32]) -> Result<KeyHandle, KeyUnusable> {
        SoftwareCrypto.generate(entropy)
    }
    fn public_key(&self, key: &KeyHandle) -> Result<PublicKey, KeyUnusable> {
        SoftwareCrypto.public_key(key)
    }
    fn sign(&self, key: &KeyHandle, message: &SignedMessage) -> Result<Signature, KeyUnusable> {
        SoftwareCrypto.sign(key, message)
    }
    fn verify(&self, key: &PublicKey, message: &SignedMessage, signature: &Signature) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        SoftwareCrypto.verify(key, message, signature)
    }
}

#[test]
fn what_is_known_to_be_hopeless_costs_no_signature_check() {
    let crypto = Arc::new(Counting::default());
    let mut world = World::new();
    let mut counting = authority(PolicyOverrides::default());
    Arc::get_mut(&mut counting).unwrap().signer.crypto = Arc::clone(&crypto) as _;
    world.authority = counting;
    let mut machine = Machine::registered(&mut world, "SN1");
    let checked = || crypto.0.load(Ordering::Relaxed);
    assert_eq!(checked(), 1, "a good registration costs one");

    let token = world.token();
    let mut other_product = Machine { product_id: "LH-OTHER".into(), ..Machine::new("SN2") };
    let unknown = other_product.register(&mut world, token, false);
    assert_eq!(unknown, refused(Refusal::ProductUnknown));
    let unknown = Machine::new("SN2").register(&mut world, Token([9; 20]), false);
    assert_eq!(unknown, refused(Refusal::TokenUnknown));
    let mut lost = Machine { instance: Some(InstanceId([7; 16])), ..machine.clone() };
    assert_eq!(lost.report(&mut world, &[]), refused(Refusal::InstanceUnknown));
    let mut moved = Machine { serial_number: "SN3".into(), ..machine.clone() };
    assert_eq!(moved.report(&mut world, &[]), refused(Refusal::DeviceMismatch));
    assert_eq!(checked(), 1);
    assert!(matches!(machine.report(&mut world, &[]), AnswerBody::Authorization(_)));
    assert_eq!(checked(), 2);
}

/// Registers with `force` under a key of its own, and uses it.
fn take_over(world: &mut World, from: &Machine, seed: u8) -> Machine {
    let mut machine = force(world, from, seed);
    assert!(matches!(machine.report(world, &[(STANDARD, 1)]), AnswerBody::Authorization(_)));
    machine
}

/// Registers with `force` under a key of its own.
fn force(world: &mut World, from: &Machine, seed: u8) -> Machine {
    let mut machine = from.with_new_key(seed);
    let token = world.token();
    let said = machine.register(world, token, true);
    assert!(matches!(said, AnswerBody::Registered(_)), "{said:?}");
    machine
}

fn is_told_to_be_replaced(world: &mut World, machine: &mut Machine) -> bool {
    machine.report(world, &[]) == refused(Refusal::InstanceReplaced)
}

#[test]
fn every_machine_that_was_replaced_is_told_so_however_many_came_after_it() {
    let mut world = World::new();
    let mut first = Machine::registered(&mut world, "SN1");
    let mut second = take_over(&mut world, &first, 1);
    let mut third = take_over(&mut world, &second, 2);
    world.reopen();
    assert!(is_told_to_be_replaced(&mut world, &mut first));
    assert!(is_told_to_be_replaced(&mut world, &mut second));
    // Who never was the instance proves nothing.
    let mut stranger = third.with_new_key(9);
    assert_eq!(stranger.report(&mut world, &[]), refused(Refusal::SignatureInvalid));
    assert!(third.is_covered(&mut world, 0, 0));
}

#[test]
fn a_machine_that_was_replaced_before_it_used_its_key_is_told_so() {
    let mut world = World::new();
    let mut first = Machine::registered(&mut world, "SN1");
    let mut second = force(&mut world, &first, 1);
    let mut third = force(&mut world, &second, 2);
    assert!(is_told_to_be_replaced(&mut world, &mut second));
    first.number = third.number;
    assert!(first.is_covered(&mut world, 0, 0), "SPEC T4: until the third key is used");
    third.number = first.number;
    assert!(third.is_covered(&mut world, 0, 0));
    assert!(is_told_to_be_replaced(&mut world, &mut first));
    assert!(is_told_to_be_replaced(&mut world, &mut second));

    // Also where the machine that has the instance takes it back.
    let mut fourth = force(&mut world, &third, 3);
    third.number = fourth.number;
    let token = world.token();
    third.register(&mut world, token, true);
    assert!(is_told_to_be_replaced(&mut world, &mut fourth));
    assert!(third.is_covered(&mut world, 0, 0));
}

#[test]
fn sixteen_replaced_keys_are_remembered_and_none_of_another_instance() {
    let mut world = World::new();
    let first = Machine::registered(&mut world, "SN1");
    let mut machines = vec![first];
    for seed in 1..=17 {
        let next = take_over(&mut world, machines.last().unwrap(), seed);
        machines.push(next);
    }
    let mut told: Vec<_> = machines.iter_mut().map(|m| m.report(&mut world, &[])).collect();
    assert!(matches!(told.pop(), Some(AnswerBody::Authorization(_))), "the newest");
    assert_eq!(told.remove(0), refused(Refusal::SignatureInvalid), "one too many");
    assert_eq!(told, vec![refused(Refusal::InstanceReplaced); 16]);

    let mut newest = machines.pop().unwrap();
    newest.ask(&mut world, leasehold_core::wire::RequestBody::Deregister);
    let token = world.token();
    newest.register(&mut world, token, false);
    let id = world.row(&newest).id;
    assert_eq!(world.view(|view| view.replaced_keys(id)).unwrap(), []);
}
