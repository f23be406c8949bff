//! `orderbell api-key`: the keys of POS systems and delivery platforms.

use super::tools::{print, restaurant};
use crate::auth::management::Management;
use crate::auth::session::SessionError;
use crate::domain::values::text::{Key, Name, Slug};
use crate::store::{SharedStore, StoreError};
use anyhow::bail;
use clap::Subcommand;
use secrecy::ExposeSecret as _;
use std::io::Write as _;

/// The most keys of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Make a key, and print it. It cannot be printed again.
    Add {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// A name for the list of keys.
        #[arg(long)]
        name: Name,
    },
    /// List the keys: the id and the name.
    List {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
    /// Revoke a key. Within two seconds, each node ends the sessions that began with it.
    Remove {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The key's id, as `api-key list` prints it.
        #[arg(long)]
        id: Key,
    },
}

pub(super) async fn run(store: &SharedStore, command: ApiKeyCommand) -> anyhow::Result<()> {
    let management = Management::of_tool(store.clone());
    match command {
        ApiKeyCommand::Add { restaurant: slug, name } => {
            let restaurant = restaurant(store, &slug).await?;
            let (key, secret) = management.add_api_key(restaurant.id, name).await?;
            print(secret.expose_secret())?;
            let id = key.id;
            writeln!(std::io::stderr(), "key {id}; revoke it with: orderbell api-key remove --restaurant {slug} --id {id}")?;
            Ok(())
        }
        ApiKeyCommand::List { restaurant } => list(store, &restaurant).await,
        ApiKeyCommand::Remove { restaurant: slug, id } => {
            let restaurant = restaurant(store, &slug).await?;
            match management.revoke_api_key(restaurant.id, &id).await {
                Err(SessionError::Store(StoreError::Missing)) => {
                    bail!("{slug} has no key {id}; list them with: orderbell api-key list --restaurant {slug}")
                }
                revoked => revoked?,
            }
            Ok(print(&format!("key {id} is revoked"))?)
        }
    }
}

async fn list(store: &SharedStore, slug: &Slug) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let mut after = None;
    loop {
        let keys = store.api_keys(restaurant.id, after.as_ref(), PAGE).await?;
        for key in &keys {
            print(&format!("{}  {}", key.id, key.name))?;
        }
        let Some(last) = keys.last() else { return Ok(()) };
        after = Some(last.id.clone());
    }
}
