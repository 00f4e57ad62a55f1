//! `manager token`.

use super::client::Client;
use super::lookup::Place;
use super::output::{Output, or_dash, table, yes_no};
use anyhow::Result;
use clap::Subcommand;
use leasehold_manager::http::types::{NewToken, Token, TokenWithText};
use ureq::http::Method;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Lists registration tokens
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Makes a registration token and prints its text
    Create {
        #[command(flatten)]
        place: Place,
        /// For how many days it is good
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// How many registrations it is good for; any number when left out
        #[arg(long)]
        uses: Option<u32>,
        /// Allow export-controlled functions to what registers with it
        #[arg(long)]
        export_controlled: bool,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Prints the text of a token again, while it can be used
    Show {
        /// Its id
        id: i64,
    },
    /// Revokes a token; what is registered stays so
    Revoke {
        /// Its id
        id: i64,
    },
}

pub(super) fn run(client: &Client, output: Output, command: TokenCommand) -> Result<()> {
    match command {
        TokenCommand::List { place } => {
            let tokens: Vec<Token> = client.all("/tokens", &place.query(client)?)?;
            output.list(&tokens, HEADS, row)
        }
        TokenCommand::Create { place, days, uses, export_controlled, description } => {
            let new = NewToken {
                virtual_account: place.pool(client)?.id,
                description,
                days,
                max_uses: uses,
                export_controlled,
            };
            let token: TokenWithText = client.ask(Method::POST, "/tokens", &new)?;
            output.show(&token, |token| token.text.clone())
        }
        TokenCommand::Show { id } => {
            let token: TokenWithText = client.get(&format!("/tokens/{id}/text"))?;
            output.show(&token, |token| token.text.clone())
        }
        TokenCommand::Revoke { id } => {
            let token: Token = client.act(Method::POST, &format!("/tokens/{id}/revoke"))?;
            output.show(&token, |token| table(HEADS, [row(token)]))
        }
    }
}

const HEADS: [&str; 7] = ["id", "virtual", "state", "expires", "uses", "export", "description"];

fn row(token: &Token) -> [String; 7] {
    [
        token.id.to_string(),
        token.virtual_account.to_string(),
        token.state.clone(),
        token.expires.to_string(),
        format!("{} of {}", token.uses, or_dash(token.max_uses)),
        yes_no(token.export_controlled),
        token.description.clone(),
    ]
}
