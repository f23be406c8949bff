//! `orderbell guest` and `orderbell purge`: exports and removes guests' data.

use super::tools::{self, parse_span, print};
use crate::clock;
use crate::domain::values::text::{Key, Slug};
use crate::domain::values::time::Timestamp;
use crate::privacy::{self, Erasure, erase, export};
use crate::store::SharedStore;
use crate::store::audit::{Kind, Note};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::time::Duration;

/// The guest.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The guest's id, the `diner` of an order.
    #[arg(long)]
    diner: Option<Key>,
    /// The number of one of the guest's orders.
    #[arg(long)]
    order: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum GuestCommand {
    /// Print a guest's orders and their events as JSON.
    Export {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        #[command(flatten)]
        which: Which,
    },
    /// Remove a guest's words and name from orders, events and answers, and end their sessions.
    Erase {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// The restaurant's slug.
    #[arg(long)]
    restaurant: Slug,
    /// The age from which on closed orders are purged: 12h, 30d.
    #[arg(long, default_value = "30d", value_parser = parse_span)]
    older_than: Duration,
    /// Only print the number of orders.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(store: &SharedStore, command: GuestCommand) -> anyhow::Result<()> {
    let (slug, which, erases) = match command {
        GuestCommand::Export { restaurant, which } => (restaurant, which, false),
        GuestCommand::Erase { restaurant, which } => (restaurant, which, true),
    };
    let restaurant = tools::restaurant(store, &slug).await?;
    let diner = match (which.diner, which.order) {
        (Some(diner), _) => diner,
        (None, Some(number)) => store.diner_of_order(restaurant.id, number).await?.context("this order has no known guest")?,
        (None, None) => bail!("--diner or --order is required"),
    };
    if !erases {
        return Ok(print(&serde_json::to_string(&export(store, restaurant.id, diner).await?)?)?);
    }
    match erase(store, restaurant.id, &diner).await? {
        Erasure::Open(open) => bail!("{open} orders of this guest are open; serve or cancel them first"),
        Erasure::Done { orders, sessions, .. } => print(&format!("{orders} orders, {} sessions", sessions.len()))?,
    }
    Ok(())
}

pub(super) async fn purge(store: &SharedStore, args: PurgeArgs) -> anyhow::Result<()> {
    let restaurant = tools::restaurant(store, &args.restaurant).await?;
    let span = i64::try_from(args.older_than.as_millis()).context("--older-than is out of range")?;
    let before = Timestamp::from_millis(clock::now().millis().saturating_sub(span));
    if args.dry_run {
        return Ok(print(&format!("{} orders would be purged", store.orders_to_purge(restaurant.id, before).await?))?);
    }
    let gone = privacy::purge(store, restaurant.id, before).await?;
    store.record(Note::new(restaurant.id, Kind::Guests, "purge").set_to(format_args!("{gone} orders"))).await?;
    Ok(print(&format!("{gone} orders purged"))?)
}
