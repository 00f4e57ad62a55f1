//! Finds what people call by name.

use super::client::{Client, escaped};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use leasehold_manager::http::types::{Account, Instance, List, Reservation, User, VirtualAccount};

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
        let list: List<Account> = client.get("/accounts?limit=2")?;
        let mut accounts = list.items.into_iter();
        return match (accounts.next(), accounts.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => bail!(
                "There is no account yet. Make one with `leasehold manager account create NAME`."
            ),
            (Some(_), Some(_)) => bail!("There are several accounts. Name one with --account."),
        };
    };
    let named: List<Account> = client.get(&format!("/accounts?name={}", escaped(name)))?;
    if let Some(found) = named.items.into_iter().next() {
        return Ok(found);
    }
    match name.parse::<i64>() {
        Ok(id) => client.get(&format!("/accounts/{id}")),
        Err(_) => Err(no_such("account", name)),
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
    let query = format!("with_removed=true&search={}", escaped(name));
    let mut found: Vec<Instance> = client.all("/instances", &query)?;
    found.retain(|instance| instance.serial_number == name);
    found.sort_by_key(|instance| instance.state != "registered");
    if let Some(first) = found.into_iter().next() {
        return Ok(first);
    }
    match name.parse::<i64>() {
        Ok(id) => client.get(&format!("/instances/{id}")),
        Err(_) => Err(no_such("instance", name)),
    }
}

/// The reservation of that id, or the one of the device with that serial number: the one that has not
/// ended where several had it.
///
/// A number is an id first: what is printed everywhere always means the same.
pub(super) fn reservation(client: &Client, name: &str) -> Result<Reservation> {
    let by_id = name.parse::<i64>().ok().map(|id| client.get(&format!("/reservations/{id}")));
    if let Some(Ok(found)) = by_id {
        return Ok(found);
    }
    let query = format!("with_ended=true&search={}", escaped(name));
    let mut found: Vec<Reservation> = client.all("/reservations", &query)?;
    found.retain(|reservation| reservation.serial_number == name);
    if found.iter().any(|reservation| reservation.ended.is_none()) {
        found.retain(|reservation| reservation.ended.is_none());
    }
    let ids = found.iter().map(|reservation| reservation.id.to_string());
    let ids = ids.collect::<Vec<_>>().join(", ");
    let mut found = found.into_iter();
    match (found.next(), found.next(), by_id) {
        (Some(only), None, _) => Ok(only),
        (Some(_), Some(_), _) => {
            bail!("There are several reservations of {name:?}: {ids}. Give the number of one.")
        }
        (None, _, Some(refused)) => refused,
        (None, _, None) => Err(no_such("reservation", name)),
    }
}

/// The user of that name or id.
pub(super) fn user(client: &Client, name: &str) -> Result<User> {
    let users: Vec<User> = client.all("/users", "")?;
    let by_name = users.iter().find(|user| user.name == name);
    let by_id = || users.iter().find(|user| user.id.to_string() == name);
    by_name.or_else(by_id).cloned().ok_or_else(|| no_such("user", name))
}

fn no_such(what: &str, name: &str) -> anyhow::Error {
    anyhow!("There is no {what} {name:?}. List them to see which there are.")
}
