//! Finds what people call by name.

use super::client::{Client, escaped};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use leasehold_manager::http::types::{Account, Instance, List, Reservation, User, VirtualAccount};
use leasehold_shim::problem::Problem;
use serde::de::DeserializeOwned;

/// A place named on the command line.
#[derive(Args, Clone, Debug)]
pub(super) struct Place {
    /// The smart account, by name or id; may be left out while there is only one
    #[arg(long, value_name = "ACCOUNT")]
    pub(super) account: Option<String>,
    /// The virtual account, by name or id; the default one when left out
    #[arg(long = "virtual", alias = "virtual-account", value_name = "VIRTUAL")]
    pub(super) pool: Option<String>,
}

impl Place {
    /// The virtual account that is meant.
    pub(super) fn pool(&self, client: &Client) -> Result<VirtualAccount> {
        let account = account(client, self.account.as_deref())?;
        match &self.pool {
            Some(name) => pool(client, &account, name),
            None => pools(client, &account)?
                .into_iter()
                .find(|pool| pool.is_default)
                .ok_or_else(|| no_such("default virtual account", &account.name)),
        }
    }

    /// What narrows a list to the place; everything when neither is given.
    pub(super) fn query(&self, client: &Client) -> Result<String> {
        match (&self.account, &self.pool) {
            (None, None) => Ok(String::new()),
            (Some(name), None) => Ok(format!("account={}", account(client, Some(name))?.id)),
            (_, Some(_)) => Ok(format!("virtual_account={}", self.pool(client)?.id)),
        }
    }
}

/// The account of that name or id, or the only one.
pub(super) fn account(client: &Client, name: Option<&str>) -> Result<Account> {
    let Some(name) = name else {
        return only_account(client);
    };
    let named: List<Account> = client.get(&format!("/accounts?name={}", escaped(name)))?;
    if let Some(found) = named.items.into_iter().next() {
        return Ok(found);
    }
    by_id(client, "/accounts", "account", name)
}

/// How many accounts are named where one of several is to be chosen.
const NAMED: usize = 8;

fn only_account(client: &Client) -> Result<Account> {
    let list: List<Account> = client.get(&format!("/accounts?limit={NAMED}"))?;
    let names = list.items.iter().map(|account| account.name.clone()).collect::<Vec<_>>();
    let mut accounts = list.items.into_iter();
    match (accounts.next(), accounts.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => {
            bail!("There is no account yet. Make one with `leasehold manager account create NAME`.")
        }
        (Some(_), Some(_)) => {
            let more = if list.next.is_some() { " and others" } else { "" };
            bail!(
                "There are several accounts: {}{more}. Name one with --account.",
                names.join(", ")
            )
        }
    }
}

/// The virtual account of that name or id in an account.
pub(super) fn pool(client: &Client, account: &Account, name: &str) -> Result<VirtualAccount> {
    let pools = pools(client, account)?;
    let by_name = pools.iter().find(|pool| pool.name == name);
    let by_id = || pools.iter().find(|pool| pool.id.to_string() == name);
    let found = by_name.or_else(by_id).cloned();
    found.ok_or_else(|| no_such("virtual account", name))
}

fn pools(client: &Client, account: &Account) -> Result<Vec<VirtualAccount>> {
    client.all("/virtual-accounts", &format!("account={}", account.id))
}

/// The instance with that serial number or id; the registered one where several had it.
pub(super) fn instance(client: &Client, name: &str) -> Result<Instance> {
    // As it stands before how it may have been written down.
    for spelt in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
        let query = format!("with_removed=true&search={}", escaped(&spelt));
        let mut found: Vec<Instance> = client.all("/instances", &query)?;
        found.retain(|instance| instance.serial_number == spelt);
        found.sort_by_key(|instance| instance.state != "registered");
        if let Some(first) = found.into_iter().next() {
            return Ok(first);
        }
    }
    by_id(client, "/instances", "instance", name)
}

/// The reservation of that id, or the one of the device with that serial number, UDI or request number:
/// the one that has not ended where several had it.
///
/// A number that is the id of one and names the device of another could mean either: that is refused.
pub(super) fn reservation(client: &Client, name: &str) -> Result<Reservation> {
    let by_id = match name.parse::<i64>() {
        Ok(id) => match client.get::<Reservation>(&format!("/reservations/{id}")) {
            Err(refused) if is_unknown(&refused) => None,
            found => Some(found?),
        },
        Err(_) => None,
    };
    match (by_id, of_device(client, name)?) {
        (Some(found), other) => match other.iter().find(|other| other.id != found.id) {
            Some(other) => Err(ambiguous(name, &found, other)),
            None => Ok(found),
        },
        (None, found) if found.is_empty() => Err(no_such("reservation", name)),
        (None, found) => only_one(name, found),
    }
}

fn ambiguous(name: &str, by_id: &Reservation, other: &Reservation) -> anyhow::Error {
    let udi = |one: &Reservation| format!("PID:{},SN:{}", one.product_id, one.serial_number);
    anyhow!(
        "{name} is the number of a reservation of {}, and reservation {} is of {name} too. Give the UDI \
         of the one that you mean: \"{}\" or \"{}\".",
        by_id.serial_number,
        other.id,
        udi(by_id),
        udi(other)
    )
}

/// The reservations of the device with that serial number, UDI or request number: those that have not
/// ended, or all where none is open.
fn of_device(client: &Client, name: &str) -> Result<Vec<Reservation>> {
    let (product, serial) = match udi(name) {
        Some((product, serial)) => (Some(product), serial),
        None => (None, name),
    };
    let of_product = |found: &Reservation| {
        product.is_none_or(|product| found.product_id.eq_ignore_ascii_case(product))
    };
    // As it stands before how it may have been written down.
    for spelt in [serial.to_owned(), serial.to_uppercase(), serial.to_lowercase()] {
        let query = format!("with_ended=true&search={}", escaped(&spelt));
        let mut found: Vec<Reservation> = client.all("/reservations", &query)?;
        found.retain(of_product);
        let number = |found: &Reservation| product.is_none() && found.number.to_string() == spelt;
        let by_serial = found.iter().any(|found| found.serial_number == spelt);
        found.retain(|found| if by_serial { found.serial_number == spelt } else { number(found) });
        if found.iter().any(|reservation| reservation.ended.is_none()) {
            found.retain(|reservation| reservation.ended.is_none());
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn only_one(name: &str, found: Vec<Reservation>) -> Result<Reservation> {
    let ids = found.iter().map(|reservation| reservation.id.to_string());
    let ids = ids.collect::<Vec<_>>().join(", ");
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        _ => bail!("There are several reservations of {name:?}: {ids}. Give the number of one."),
    }
}

/// Product id and serial number of a UDI as appliances print it, `PID:…,SN:…`.
fn udi(text: &str) -> Option<(&str, &str)> {
    let part = |name: &str| {
        let mut parts = text.split(',').filter_map(|part| part.trim().split_at_checked(name.len()));
        parts.find(|(start, _)| start.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    Some((part("PID:")?, part("SN:")?))
}

/// The user of that name or id.
pub(super) fn user(client: &Client, name: &str) -> Result<User> {
    let users: Vec<User> = client.all("/users", "")?;
    let by_name = users.iter().find(|user| user.name == name);
    let by_id = || users.iter().find(|user| user.id.to_string() == name);
    by_name.or_else(by_id).cloned().ok_or_else(|| no_such("user", name))
}

/// Whether a refusal says that there is nothing of that id.
fn is_unknown(refused: &anyhow::Error) -> bool {
    refused.downcast_ref::<Problem>().is_some_and(|problem| problem.code == "not-found")
}

/// What is asked for by its id, which nothing has by name.
fn by_id<T: DeserializeOwned>(client: &Client, path: &str, what: &str, name: &str) -> Result<T> {
    let Ok(id) = name.parse::<i64>() else { return Err(no_such(what, name)) };
    client
        .get(&format!("{path}/{id}"))
        .map_err(|refused| if is_unknown(&refused) { no_such(what, name) } else { refused })
}

fn no_such(what: &str, name: &str) -> anyhow::Error {
    let list = match what {
        "account" => "account list",
        "instance" => "instance list",
        "reservation" => "reservation list --ended",
        "user" => "user list",
        _ => "virtual-account list",
    };
    anyhow!("There is no {what} {name:?}. See which there are with `leasehold manager {list}`.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_udi_is_read_as_appliances_print_it() {
        for (text, expected) in [
            ("PID:LH-CC,SN:CC-0001", Some(("LH-CC", "CC-0001"))),
            (" pid:LH-CC , sn: CC-0001", Some(("LH-CC", "CC-0001"))),
            ("PID:LH-CC,SN:X1,UUID:00", Some(("LH-CC", "X1"))),
            ("CC-0001", None),
            ("SN:CC-0001", None),
            ("PID:LH-CC", None),
            ("\u{e9}\u{e9},SN", None),
        ] {
            assert_eq!(udi(text), expected, "{text:?}");
        }
    }
}
