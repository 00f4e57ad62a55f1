//! `manager user` and `manager client`.

use super::client::Client;
use super::output::{Output, or_dash, table};
use super::{lookup, secrets};
use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use leasehold_manager::http::types;
use leasehold_manager::http::types::{ClientWithSecret, NewClient, NewUser, Password, User};
use std::path::PathBuf;
use ureq::http::Method;

/// What somebody new may do, and where.
#[derive(Args, Debug)]
pub(super) struct Grant {
    /// vendor, administrator, user or viewer
    #[arg(long, default_value = "viewer")]
    role: String,
    /// Only in this account, by name or id
    #[arg(long)]
    account: Option<String>,
}

impl Grant {
    fn account(&self, client: &Client) -> Result<Option<types::Account>> {
        let find = |name: &String| lookup::account(client, Some(name));
        self.account.as_ref().map(find).transpose()
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Lists the users
    List,
    /// Makes a user; the password is read from a file, standard input or the terminal
    Create {
        /// The name to sign in with
        name: String,
        #[command(flatten)]
        grant: Grant,
        /// Only in this virtual account of the account, by name or id
        #[arg(long = "virtual", requires = "account", value_name = "VIRTUAL")]
        pool: Option<String>,
        /// A file whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Sets a user's password
    Password {
        /// The user, by name or id
        user: String,
        /// A file whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Removes a user
    Remove {
        /// The user, by name or id
        user: String,
    },
}

pub(super) fn user(client: &Client, output: Output, command: UserCommand) -> Result<()> {
    match command {
        UserCommand::List => {
            let users: Vec<User> = client.all("/users", "")?;
            output.list(&users, HEADS, row)
        }
        UserCommand::Create { name, grant, pool, password_file } => {
            let account = grant.account(client)?;
            let pool = match (&account, pool) {
                (Some(account), Some(pool)) => Some(lookup::pool(client, account, &pool)?.id),
                _ => None,
            };
            let new = NewUser {
                name,
                password: secrets::password(password_file.as_deref())?,
                role: grant.role,
                account: account.map(|account| account.id),
                virtual_account: pool,
            };
            let made: User = client.ask(Method::POST, "/users", &new)?;
            output.show(&made, |made| table(HEADS, [row(made)]))
        }
        UserCommand::Password { user, password_file } => {
            let user = lookup::user(client, &user)?;
            let password = Password { password: secrets::password(password_file.as_deref())? };
            client.tell(Method::PUT, &format!("/users/{}/password", user.id), &password)?;
            output.done(&format!("The password of {} was set.", user.name))
        }
        UserCommand::Remove { user } => {
            let user = lookup::user(client, &user)?;
            client.delete(&format!("/users/{}", user.id))?;
            output.done(&format!("The user {} was removed.", user.name))
        }
    }
}

const HEADS: [&str; 5] = ["id", "name", "role", "account", "virtual"];

fn row(user: &User) -> [String; 5] {
    [
        user.id.to_string(),
        user.name.clone(),
        user.role.clone(),
        or_dash(user.account),
        or_dash(user.virtual_account),
    ]
}

#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    /// Lists the API clients
    List,
    /// Makes an API client and prints its secret, this once
    Create {
        /// A name for people
        name: String,
        #[command(flatten)]
        grant: Grant,
    },
    /// Removes an API client; its secret stops working at once
    Remove {
        /// Its id
        id: i64,
    },
}

pub(super) fn client(client: &Client, output: Output, command: ClientCommand) -> Result<()> {
    match command {
        ClientCommand::List => {
            let clients: Vec<types::Client> = client.all("/clients", "")?;
            output.list(&clients, ["id", "name", "role", "account"], |client| {
                [
                    client.id.to_string(),
                    client.name.clone(),
                    client.role.clone(),
                    or_dash(client.account),
                ]
            })
        }
        ClientCommand::Create { name, grant } => {
            let account = grant.account(client)?.map(|account| account.id);
            let new = NewClient { name, role: grant.role, account };
            let made: ClientWithSecret = client.ask(Method::POST, "/clients", &new)?;
            output.show(&made, |made| made.secret.clone())
        }
        ClientCommand::Remove { id } => {
            let clients: Vec<types::Client> = client.all("/clients", "")?;
            let found = clients.iter().find(|known| known.id == id);
            let found = found.ok_or_else(|| {
                anyhow!("There is no API client {id}. List them to see which there are.")
            })?;
            client.delete(&format!("/clients/{id}"))?;
            output.done(&format!("The API client {} was removed.", found.name))
        }
    }
}
