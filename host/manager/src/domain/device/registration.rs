//! Registration (SPEC R2, R3, R5).

use super::Exchange;
use super::certificate::issue;
use super::numbers::{self, Place};
use crate::domain::catalogue::Product;
use crate::domain::instance::{self, Standing};
use crate::domain::token::{self, TokenState};
use crate::domain::{Authority, DomainError, account, compliance};
use crate::hex;
use crate::store::{
    DeviceId, DeviceRow, DeviceState, NextKey, RegistrationRow, StoreError, TokenRow, View,
};
use leasehold_core::crypto::{Digest, PublicKey};
use leasehold_core::identity::{IdCertificate, InstanceId, Udi};
use leasehold_core::policy::Policy;
use leasehold_core::time::UnixTime;
use leasehold_core::wire::{AnswerBody, Refusal, Register, Registered};
use serde_json::json;
use std::sync::Arc;

/// Answers a registration. Who has no good token learns nothing about the device.
pub(super) fn register(
    exchange: &mut Exchange<'_, '_>,
    register: &Register,
    key: PublicKey,
) -> Result<Vec<u8>, DomainError> {
    let udi = exchange.frame.request.udi;
    let authority = exchange.authority;
    let known = exchange.tx.device_by_udi(&udi)?;
    let newer_than = known.as_ref().map_or(0, |row| row.answer_sequence);
    let (product, token) = match basis(&*exchange.tx, authority, &udi, register)? {
        Ok(basis) => basis,
        Err(refusal) => return exchange.refuse(refusal, newer_than),
    };
    let last = match &known {
        Some(row) => exchange.tx.registration(row.id)?,
        None => None,
    };
    if let Some(last) = &last
        && last.request == exchange.frame.digest
    {
        // SPEC T4: the same bytes, one instance, one use of the token.
        return Ok(last.answer.clone());
    }
    let applicant = Applicant { known: known.as_ref(), last: last.as_ref(), token: &token, key };
    let claim = match applicant.judge(register.force, exchange.scene.now) {
        Ok(claim) => claim,
        Err(refusal) => return exchange.refuse(refusal, newer_than),
    };
    let mut row = match known {
        Some(mut row) => {
            match numbers::place(exchange.tx, &row, exchange.frame)? {
                Place::Repeated(answer) => return Ok(answer),
                Place::Behind => return numbers::conflict(exchange, row),
                Place::Next => {}
                // A registration settles who is the instance, so it proves no second machine.
                Place::NewEpoch | Place::Returned => numbers::change_epoch(exchange, &mut row)?,
            }
            row
        }
        None => add(exchange, &token, key)?,
    };
    let policy = authority.policy_in_force(product);
    let certificate = enrol(exchange, &mut row, &token, key, claim, &policy)?;
    if !claim.is_paid() {
        token::count_use(exchange.tx, &token)?;
    }
    let place = account::virtual_account(exchange.tx, token.virtual_account)?;
    let owner = exchange.tx.account(token.account)?.ok_or(DomainError::NotFound("account"))?;
    let detail = json!({
        "instance": hex::encode(&row.instance.0), "product_id": &*row.product_id,
        "serial_number": &*row.serial_number, "token": token.id.0, "force": register.force,
    });
    exchange.log(&row, claim.event(), &detail)?;
    // SPEC X12: a device that is reserved does not register, so this one has lost its reservation, or
    // is another machine. It is not cut off for that, and somebody has to give the reservation back.
    // Rejected: to refuse it, because what was lost cannot be returned by a code of the device.
    let reserved =
        exchange.tx.open_reservation(row.account, &row.product_id, &row.serial_number)?;
    if let Some(reservation) = reserved {
        let detail = json!({
            "reservation": reservation.id.0, "product_id": &*row.product_id,
            "serial_number": &*row.serial_number,
        });
        exchange.log(&row, "RegisteredWhileReserved", &detail)?;
    }
    let body = AnswerBody::Registered(Registered {
        certificate,
        smart_account: &owner.name,
        virtual_account: &place.name,
        export_controlled_allowed: row.export_controlled,
        policy: authority.policy_sent(product),
    });
    let device = row.id;
    let answer = exchange.conclude(row, body)?;
    exchange.tx.put_registration(&RegistrationRow {
        device,
        request: exchange.frame.digest,
        token: token.id,
        answer: answer.clone(),
    })?;
    Ok(answer)
}

/// What a registration is nothing without: its product and its token. Cheap to look for, and so
/// looked for before the signature is checked (SPEC L12).
pub(super) fn basis<'a>(
    view: &dyn View,
    authority: &'a Authority,
    udi: &Udi<'_>,
    register: &Register,
) -> Result<Result<(&'a Product, TokenRow), Refusal>, StoreError> {
    let Some(product) = authority.catalogue.product(udi.product_id) else {
        return Ok(Err(Refusal::ProductUnknown));
    };
    let crypto = &*authority.signer.crypto;
    let token = view.token_by_name(register.token.name)?;
    let token = token.filter(|token| token::is_proven(crypto, token, register));
    Ok(token.map(|token| (product, token)).ok_or(Refusal::TokenUnknown))
}

/// Who asks to be registered, and with what.
struct Applicant<'a> {
    known: Option<&'a DeviceRow>,
    last: Option<&'a RegistrationRow>,
    token: &'a TokenRow,
    key: PublicKey,
}

/// What a registration that is granted does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Claim {
    /// Makes an instance of a UDI that has none.
    New,
    /// Gives the instance of this UDI a new key (SPEC R5).
    Replaces,
    /// Answers the machine that has the instance once more: its key is known, so that the last
    /// answer was lost. The token was counted if it is the same one (SPEC T4).
    Again { paid: bool },
}

impl Claim {
    const fn is_paid(self) -> bool {
        matches!(self, Self::Again { paid: true })
    }

    const fn event(self) -> &'static str {
        match self {
            Self::New => "InstanceRegistered",
            Self::Replaces => "InstanceReplaced",
            Self::Again { .. } => "InstanceRegisteredAgain",
        }
    }
}

impl Applicant<'_> {
    fn judge(&self, force: bool, now: UnixTime) -> Result<Claim, Refusal> {
        let live = self.known.filter(|row| instance::standing(row, now) == Standing::Live);
        let has_key = live.is_some_and(|row| instance::keys(row).any(|(key, _)| key == self.key));
        let paid = has_key && self.last.is_some_and(|last| last.token == self.token.id);
        match token::state(self.token, now) {
            TokenState::UsedUp if paid => {}
            state => state.refusal().map_or(Ok(()), Err)?,
        }
        match live {
            None => Ok(Claim::New),
            // SPEC T4: `force` never crosses accounts.
            Some(row) if row.account != self.token.account => Err(Refusal::RegisteredElsewhere),
            Some(_) if has_key => Ok(Claim::Again { paid }),
            Some(_) if force => Ok(Claim::Replaces),
            Some(_) => Err(Refusal::AlreadyRegistered),
        }
    }
}

/// The row of a UDI that is seen for the first time; [`enrol`] completes it.
fn add(
    exchange: &mut Exchange<'_, '_>,
    token: &TokenRow,
    key: PublicKey,
) -> Result<DeviceRow, DomainError> {
    let udi = exchange.frame.request.udi;
    let now = exchange.scene.now;
    let mut row = DeviceRow {
        id: DeviceId(0),
        product_id: udi.product_id.into(),
        serial_number: udi.serial_number.into(),
        uuid: udi.uuid,
        instance: new_instance(exchange)?,
        account: token.account,
        virtual_account: token.virtual_account,
        state: DeviceState::Removed,
        host_name: Arc::default(),
        software_version: Arc::default(),
        look_at: now,
        public_key: key,
        next_key: None,
        certificate_serial: 0,
        valid_until: now,
        export_controlled: false,
        registered: now,
        last_contact: now,
        epoch: 0,
        sequence: 0,
        last_request: Digest::default(),
        last_answer: Arc::default(),
        answer_sequence: 0,
        reports_counted: 0,
        out_of_compliance_since: None,
        duplicate_since: None,
        silence_announced: false,
        usage_released: false,
    };
    row.id = exchange.tx.add_device(&row)?;
    Ok(row)
}

fn new_instance(exchange: &mut Exchange<'_, '_>) -> Result<InstanceId, DomainError> {
    let mut id = InstanceId([0; 16]);
    exchange.scene.entropy.fill(&mut id.0)?;
    Ok(id)
}

/// Makes `row` an instance in the token's virtual account, and certifies `key`.
fn enrol(
    exchange: &mut Exchange<'_, '_>,
    row: &mut DeviceRow,
    token: &TokenRow,
    key: PublicKey,
    claim: Claim,
    policy: &Policy,
) -> Result<IdCertificate, DomainError> {
    let now = exchange.scene.now;
    if claim == Claim::New {
        // A certificate may have ended without anyone noticing so far.
        instance::expire(exchange.tx, exchange.scene, row)?;
        change_account(exchange, row, token)?;
        row.instance = new_instance(exchange)?;
        row.state = DeviceState::Registered;
        row.next_key = None;
        exchange.tx.remove_replaced_keys(row.id)?;
    } else if row.virtual_account != token.virtual_account {
        let (from, to) = (row.virtual_account, token.virtual_account);
        compliance::moved(exchange.tx, row.id, from, to, now)?;
    }
    row.virtual_account = token.virtual_account;
    let certificate = issue(row, key, policy, now);
    let valid_until = certificate.valid_until;
    let unused = if claim == Claim::New || row.public_key == key {
        (row.public_key, row.valid_until) = (key, valid_until);
        row.next_key.take()
    } else {
        // SPEC T4: the old key works until this one is used.
        row.next_key.replace(NextKey { public_key: key, valid_until })
    };
    if let Some(unused) = unused.filter(|unused| unused.public_key != key) {
        exchange.retire(row.id, &unused.public_key)?;
    }
    row.export_controlled = token.export_controlled;
    (row.registered, row.last_contact) = (now, now);
    (row.silence_announced, row.usage_released) = (false, false);
    row.look_at = instance::next_look(exchange.tx, row)?;
    exchange.tx.save_placement(row)?;
    Ok(certificate)
}

/// SPEC X6: how long a device has been out of compliance is kept per account.
fn change_account(
    exchange: &mut Exchange<'_, '_>,
    row: &mut DeviceRow,
    token: &TokenRow,
) -> Result<(), StoreError> {
    if row.account == token.account {
        return Ok(());
    }
    let tx = &mut *exchange.tx;
    tx.put_out_of_compliance_elsewhere(row.id, row.account, row.out_of_compliance_since)?;
    row.out_of_compliance_since = tx.out_of_compliance_elsewhere(row.id, token.account)?;
    tx.put_out_of_compliance_elsewhere(row.id, token.account, None)?;
    row.account = token.account;
    Ok(())
}
