//! What every store does alike: each check runs against each backend.

mod accounts;
mod devices;
mod licenses;
mod log;
mod people;
mod reservations;
mod transactions;
mod usage;

use super::memory::MemoryStore;
use super::sqlite::SqliteStore;
use super::*;
use leasehold_core::crypto::{Algorithm, Digest};

/// Makes a test of each check and backend.
macro_rules! checks {
    ($($module:ident :: $check:ident,)*) => {
        mod in_memory {
            $(#[test]
            fn $check() {
                super::$module::$check(&super::MemoryStore::new());
            })*
        }
        mod on_sqlite {
            $(#[test]
            fn $check() {
                let dir = tempfile::TempDir::new().unwrap();
                let store = super::SqliteStore::open(&dir.path().join("manager.db")).unwrap();
                super::$module::$check(&store);
            })*
        }
    };
}

checks! {
    accounts::settings_are_kept_under_their_key,
    accounts::accounts_are_found_renamed_and_listed,
    accounts::virtual_accounts_are_found_renamed_listed_and_deleted,
    accounts::the_contents_of_a_virtual_account_are_what_is_still_good,
    people::users_are_found_changed_listed_and_removed,
    people::clients_are_found_listed_and_removed,
    people::tokens_are_found_counted_revoked_and_listed,
    people::the_secret_of_a_token_is_erased_alone_or_when_it_expires,
    licenses::lines_are_found_ended_and_listed,
    licenses::the_total_of_lines_is_that_of_the_moment,
    licenses::terms_are_put_together_from_now_on,
    licenses::pools_are_written_by_tag,
    reservations::a_reservation_is_read_as_it_was_written_and_saved,
    reservations::a_number_an_anchor_and_an_open_device_are_of_one_reservation,
    reservations::reservations_are_listed_searched_and_paged,
    reservations::what_is_due_comes_first,
    reservations::claims_are_found_by_pool_and_released_by_generation,
    reservations::codes_are_kept_in_their_order,
    reservations::rehosts_are_found_by_account_and_time,
    reservations::frozen_ones_are_counted_by_account,
    devices::what_is_registered_is_found_whatever_its_uuid,
    devices::a_device_is_read_as_it_was_written,
    devices::contact_and_placement_write_their_own_columns,
    devices::a_udi_and_an_instance_are_of_one_device,
    devices::devices_are_listed_searched_and_paged,
    devices::what_is_due_comes_first_and_leaves_with_its_state,
    devices::replaced_keys_are_kept_to_a_number,
    devices::old_epochs_are_kept_to_a_number,
    devices::the_last_registration_and_conflict_stand,
    devices::compliance_elsewhere_is_kept_by_account,
    usage::machines_are_written_whole_and_forgotten_one_by_one,
    usage::use_is_written_by_tag,
    usage::history_is_paged_by_device_and_pruned_from_its_beginning,
    log::events_are_listed_from_either_end_and_by_subject,
    transactions::what_is_not_committed_leaves_no_trace,
    transactions::what_is_undone_to_the_mark_leaves_no_trace,
    transactions::what_is_kept_is_committed_with_the_rest,
    transactions::a_view_shows_nothing_that_is_not_committed,
    transactions::a_refused_row_leaves_the_transaction_as_it_was,
    transactions::no_id_is_given_twice,
}

const ALL: Page = Page { after: 0, limit: u32::MAX };

fn everything() -> Filter {
    Filter { with_removed: true, ..Filter::default() }
}

fn time(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

fn key(byte: u8) -> PublicKey {
    PublicKey { algorithm: Algorithm::Ed25519, bytes: [byte; 32] }
}

/// Makes a change and commits it.
fn write<R>(
    store: &dyn Store,
    change: impl FnOnce(&mut dyn Transaction) -> Result<R, StoreError>,
) -> R {
    let mut tx = store.begin().unwrap();
    let result = change(&mut *tx).unwrap();
    tx.commit().unwrap();
    result
}

fn read<R>(store: &dyn Store, read: impl FnOnce(&dyn View) -> Result<R, StoreError>) -> R {
    read(&*store.view().unwrap()).unwrap()
}

fn add_account(tx: &mut dyn Transaction, name: &str) -> Result<AccountId, StoreError> {
    tx.add_account(&AccountRow { id: AccountId(0), name: name.into(), created: time(1) })
}

fn place_row(account: AccountId, name: &str) -> VirtualAccountRow {
    VirtualAccountRow {
        id: VirtualAccountId(0),
        account,
        parent: None,
        name: name.into(),
        is_default: false,
        created: time(2),
    }
}

/// An account with one virtual account.
fn add_place(
    tx: &mut dyn Transaction,
    name: &str,
) -> Result<(AccountId, VirtualAccountId), StoreError> {
    let account = add_account(tx, name)?;
    Ok((account, tx.add_virtual_account(&place_row(account, name))?))
}

fn token_row((account, virtual_account): (AccountId, VirtualAccountId), secret: u8) -> TokenRow {
    TokenRow {
        id: TokenId(0),
        account,
        virtual_account,
        secret: [secret; 32],
        description: "site".into(),
        created: time(3),
        expires: time(1_000),
        max_uses: Some(5),
        uses: 0,
        export_controlled: true,
        created_by: "tester".into(),
        revoked: None,
    }
}

fn line_row((account, virtual_account): (AccountId, VirtualAccountId), tag: &str) -> LineRow {
    LineRow {
        id: LineId(0),
        account,
        virtual_account,
        tag: tag.into(),
        quantity: 5,
        start: time(100),
        end: None,
        order: "order".into(),
        created: time(50),
        created_by: "vendor".into(),
    }
}

/// A reservation in which every value is told from every other; of another device for each `n`.
fn reservation_row(
    (account, virtual_account): (AccountId, VirtualAccountId),
    n: u8,
) -> ReservationRow {
    ReservationRow {
        id: ReservationId(0),
        account,
        virtual_account,
        product_id: "LH-CC".into(),
        serial_number: format!("SN{n}").into(),
        number: u32::MAX - u32::from(n),
        license_type: 3,
        universal: true,
        confirmed: [n; 16],
        declined: [100 + n; 16],
        state: ReservationState::UpdatePending,
        generation: 4,
        last_generation: 5,
        issued_up_to: 6,
        frozen: Some(Freeze { since: time(10), ahead: Some(5) }),
        request_code: format!("LHQ{n}"),
        authorization_code: Some("LHA4".into()),
        update_code: Some("LHA5".into()),
        rehosted_to: None,
        created: time(6),
        created_by: "tester".into(),
        ended: Some(time(7)),
        told: time(8),
        look_at: Some(time(9)),
    }
}

fn claim_row(
    reservation: ReservationId,
    place: (AccountId, VirtualAccountId),
    generation: u8,
    tag: &str,
) -> ClaimRow {
    let (virtual_account, until) = (place.1, Some(time(500)));
    ClaimRow { reservation, generation, virtual_account, tag: tag.into(), count: 7, until }
}

/// A device in which every value is told from every other.
fn device_row((account, virtual_account): (AccountId, VirtualAccountId), n: u8) -> DeviceRow {
    DeviceRow {
        id: DeviceId(0),
        product_id: "LH-CC".into(),
        serial_number: format!("SN{n}").into(),
        uuid: None,
        instance: InstanceId([n; 16]),
        account,
        virtual_account,
        state: DeviceState::Registered,
        host_name: format!("pbx{n}.example.org").into(),
        software_version: "15.0".into(),
        look_at: time(1),
        public_key: key(n),
        next_key: Some(NextKey { public_key: key(200), valid_until: time(2) }),
        certificate_serial: 3,
        valid_until: time(4),
        export_controlled: true,
        registered: time(5),
        last_contact: time(6),
        epoch: u32::MAX,
        sequence: 7,
        last_request: Digest([8; 32]),
        last_answer: vec![9; 300].into(),
        answer_sequence: 10,
        reports_counted: 11,
        out_of_compliance_since: Some(time(12)),
        duplicate_since: Some(time(13)),
        silence_announced: true,
        usage_released: true,
    }
}

/// A store with one virtual account and one device in it.
fn add_device(
    tx: &mut dyn Transaction,
) -> Result<((AccountId, VirtualAccountId), DeviceId), StoreError> {
    let place = add_place(tx, "Example")?;
    Ok((place, tx.add_device(&device_row(place, 1))?))
}

fn event_row(number: i64) -> EventRow {
    EventRow {
        number,
        time: time(number.unsigned_abs()),
        account: None,
        virtual_account: None,
        device: None,
        actor: "tester".into(),
        name: "Happened".into(),
        detail: "{}".into(),
        hash: [u8::try_from(number).unwrap(); 32],
    }
}
