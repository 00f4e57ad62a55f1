//! `manager account` and `manager virtual-account`.

use super::client::Client;
use super::output::{Output, or_dash, yes_no};
use super::{events, licenses, lookup};
use anyhow::Result;
use clap::Subcommand;
use leasehold_manager::http::types::{Account, Name, NewVirtualAccount, VirtualAccount};
use ureq::http::Method;

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Lists the accounts
    List,
    /// Makes an account, with its default virtual account
    Create {
        /// Its name
        name: String,
    },
    /// Renames an account
    Rename {
        /// Its name or id
        account: String,
        /// The new name
        name: String,
    },
    /// Shows what each of its virtual accounts owns and uses
    Summary {
        /// Its name or id
        account: Option<String>,
    },
    /// Shows its events, the newest first
    Events {
        /// Its name or id
        account: Option<String>,
    },
}

pub(super) fn account(client: &Client, output: Output, command: AccountCommand) -> Result<()> {
    match command {
        AccountCommand::List => {
            let accounts: Vec<Account> = client.all("/accounts", "")?;
            show_accounts(output, &accounts)
        }
        AccountCommand::Create { name } => {
            show_account(output, &client.ask(Method::POST, "/accounts", &Name { name })?)
        }
        AccountCommand::Rename { account, name } => {
            let id = lookup::account(client, Some(&account))?.id;
            let path = format!("/accounts/{id}");
            show_account(output, &client.ask(Method::PATCH, &path, &Name { name })?)
        }
        AccountCommand::Summary { account } => {
            let account = lookup::account(client, account.as_deref())?;
            licenses::summaries(client, output, &pools(client, &account)?)
        }
        AccountCommand::Events { account } => {
            let account = lookup::account(client, account.as_deref())?;
            events::show(client, output, &format!("account={}", account.id))
        }
    }
}

const HEADS: [&str; 3] = ["id", "name", "created"];

fn row(account: &Account) -> [String; 3] {
    [account.id.to_string(), account.name.clone(), account.created.to_string()]
}

fn show_accounts(output: Output, accounts: &[Account]) -> Result<()> {
    output.list(accounts, HEADS, row)
}

fn show_account(output: Output, account: &Account) -> Result<()> {
    output.show(account, |account| super::output::table(HEADS, [row(account)]))
}

#[derive(Debug, Subcommand)]
pub(super) enum PoolCommand {
    /// Lists the virtual accounts of an account
    List {
        /// The account, by name or id
        #[arg(long)]
        account: Option<String>,
    },
    /// Makes a virtual account
    Create {
        /// Its name
        name: String,
        /// The account, by name or id
        #[arg(long)]
        account: Option<String>,
        /// The virtual account to put it under, by name or id
        #[arg(long, value_name = "VIRTUAL")]
        under: Option<String>,
    },
    /// Renames a virtual account
    Rename {
        /// Its name or id
        pool: String,
        /// The new name
        name: String,
        /// The account, by name or id
        #[arg(long)]
        account: Option<String>,
    },
    /// Removes a virtual account that is empty
    Remove {
        /// Its name or id
        pool: String,
        /// The account, by name or id
        #[arg(long)]
        account: Option<String>,
    },
}

pub(super) fn pool(client: &Client, output: Output, command: PoolCommand) -> Result<()> {
    match command {
        PoolCommand::List { account } => {
            let account = lookup::account(client, account.as_deref())?;
            output.list(&pools(client, &account)?, POOL_HEADS, pool_row)
        }
        PoolCommand::Create { name, account, under } => {
            let account = lookup::account(client, account.as_deref())?;
            let under = under.map(|under| lookup::pool(client, &account, &under)).transpose()?;
            let parent = under.map(|under| under.id);
            let new = NewVirtualAccount { account: account.id, parent, name };
            show_pool(output, &client.ask(Method::POST, "/virtual-accounts", &new)?)
        }
        PoolCommand::Rename { pool, name, account } => {
            let account = lookup::account(client, account.as_deref())?;
            let path = format!("/virtual-accounts/{}", lookup::pool(client, &account, &pool)?.id);
            show_pool(output, &client.ask(Method::PATCH, &path, &Name { name })?)
        }
        PoolCommand::Remove { pool, account } => {
            let account = lookup::account(client, account.as_deref())?;
            let pool = lookup::pool(client, &account, &pool)?;
            client.delete(&format!("/virtual-accounts/{}", pool.id))?;
            output.done(&format!("The virtual account {} was removed.", pool.name))
        }
    }
}

fn pools(client: &Client, account: &Account) -> Result<Vec<VirtualAccount>> {
    client.all("/virtual-accounts", &format!("account={}", account.id))
}

const POOL_HEADS: [&str; 5] = ["id", "name", "under", "default", "created"];

fn pool_row(pool: &VirtualAccount) -> [String; 5] {
    [
        pool.id.to_string(),
        pool.name.clone(),
        or_dash(pool.parent),
        yes_no(pool.is_default),
        pool.created.to_string(),
    ]
}

fn show_pool(output: Output, pool: &VirtualAccount) -> Result<()> {
    output.show(pool, |pool| super::output::table(POOL_HEADS, [pool_row(pool)]))
}
