//! `orderbell guest` and `orderbell purge`: what guests left, printed or removed by hand.

use super::tools::{parse_span, restaurant, say};
use crate::clock;
use crate::domain::values::text::{Key, Slug};
use crate::domain::values::time::Timestamp;
use crate::privacy::{self, Erasure, erase, export};
use crate::store::SharedStore;
use crate::store::audit::{Kind, Note};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::time::Duration;

/// Whose data.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// The guest's id, as `diner` of an order.
    #[arg(long)]
    diner: Option<Key>,
    /// The number of an order of theirs.
    #[arg(long)]
    order: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum GuestCommand {
    /// Print a guest's orders and their events as JSON.
    Export {
        /// Where: the restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        #[command(flatten)]
        which: Which,
    },
    /// Take a guest's words and name out of orders, events and answers; end their sessions.
    Erase {
        /// Where: the restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        #[command(flatten)]
        which: Which,
    },
}

#[derive(Debug, Args)]
pub(super) struct PurgeArgs {
    /// Where: the restaurant's slug.
    #[arg(long)]
    restaurant: Slug,
    /// Orders that closed longer ago than this: 12h, 30d.
    #[arg(long, default_value = "30d", value_parser = parse_span)]
    older_than: Duration,
    /// Only say how many there are.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(store: &SharedStore, command: GuestCommand) -> anyhow::Result<()> {
    let (slug, which, erases) = match command {
        GuestCommand::Export { restaurant, which } => (restaurant, which, false),
        GuestCommand::Erase { restaurant, which } => (restaurant, which, true),
    };
    let house = restaurant(store, &slug).await?;
    let diner = match (which.diner, which.order) {
        (Some(diner), _) => diner,
        (None, Some(number)) => store.diner_of_order(house.id, number).await?.context("no guest is known for this order")?,
        (None, None) => bail!("say --diner or --order"),
    };
    if !erases {
        return Ok(say(&serde_json::to_string(&export(store, house.id, diner).await?)?)?);
    }
    match erase(store, house.id, &diner).await? {
        Erasure::Open(open) => bail!("{open} orders of this guest are open; serve or cancel them first"),
        Erasure::Done { orders, sessions, .. } => say(&format!("{orders} orders, {} sessions", sessions.len()))?,
    }
    Ok(())
}

pub(super) async fn purge(store: &SharedStore, args: PurgeArgs) -> anyhow::Result<()> {
    let house = restaurant(store, &args.restaurant).await?;
    let span = i64::try_from(args.older_than.as_millis()).context("so long ago there was nothing")?;
    let before = Timestamp::from_millis(clock::now().millis().saturating_sub(span));
    if args.dry_run {
        return Ok(say(&format!("{} orders would be purged", store.orders_to_purge(house.id, before).await?))?);
    }
    let gone = privacy::purge(store, house.id, before).await?;
    store.record(Note::new(house.id, Kind::Guests, "purge").set_to(format_args!("{gone} orders"))).await?;
    Ok(say(&format!("{gone} orders purged"))?)
}
