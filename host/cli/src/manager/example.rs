//! The account that `leasehold up` starts with.

use super::client::{Client, Connection, escaped};
use anyhow::{Result, anyhow};
use leasehold_manager::http::types::{
    Account, License, List, Name, NewLicense, NewToken, TokenWithText, VirtualAccount,
};
use std::path::Path;
use ureq::http::Method;

/// The account's name.
const NAME: &str = "Example Company";
/// What it owns, by feature.
const OWNED: [(&str, u32); 3] = [("standard-seat", 40), ("premium-seat", 10), ("server", 1)];

/// The account of a manager that runs on this machine.
pub(crate) struct Example {
    client: Client,
    pool: VirtualAccount,
}

impl Example {
    /// Finds the account, or makes it; deposits what it does not own yet. It can be done again
    /// after it was interrupted anywhere, and deposits nothing twice.
    ///
    /// # Errors
    /// What the manager says.
    pub(crate) fn prepare(data: &Path) -> Result<Self> {
        let client = Client::connect(&Connection::to(data))?;
        let account = account(&client)?;
        let place = format!("account={}", account.id);
        let pools: Vec<VirtualAccount> = client.all("/virtual-accounts", &place)?;
        let pool = pools.into_iter().find(|pool| pool.is_default).ok_or_else(|| {
            anyhow!("{NAME} has no default virtual account. Use another data directory.")
        })?;
        let lines: Vec<License> = client.all("/licenses", &place)?;
        for (feature, quantity) in OWNED {
            // The order says which deposits were made.
            let order = format!("up-{feature}");
            if lines.iter().all(|line| line.order != order) {
                let license = feature.to_owned();
                let (virtual_account, start, end) = (pool.id, None, None);
                let new = NewLicense { virtual_account, license, quantity, start, end, order };
                let _: License = client.ask(Method::POST, "/licenses", &new)?;
            }
        }
        Ok(Self { client, pool })
    }

    /// A token for one registration.
    ///
    /// # Errors
    /// What the manager says.
    pub(crate) fn token(&self) -> Result<String> {
        let new = NewToken {
            virtual_account: self.pool.id,
            description: "leasehold up".to_owned(),
            days: 1,
            max_uses: Some(1),
            export_controlled: true,
        };
        let made: TokenWithText = self.client.ask(Method::POST, "/tokens", &new)?;
        Ok(made.text)
    }
}

fn account(client: &Client) -> Result<Account> {
    let found: List<Account> = client.get(&format!("/accounts?name={}", escaped(NAME)))?;
    match found.items.into_iter().next() {
        Some(account) => Ok(account),
        None => client.ask(Method::POST, "/accounts", &Name { name: NAME.to_owned() }),
    }
}
