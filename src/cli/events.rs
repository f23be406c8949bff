//! `orderbell events`: exports the log of a restaurant for other systems.

use super::tools::restaurant;
use crate::connection::sse::last_event_id::Cursor;
use crate::domain::model::history::Epoch;
use crate::domain::values::position::Position;
use crate::domain::values::text::Slug;
use crate::protocol::server_frame::EventBody;
use crate::store::SharedStore;
use clap::Subcommand;
use serde::Serialize;
use std::io::{BufWriter, Write as _};

/// The most events of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Print the events of a restaurant up to now, oldest first, one JSON object a line.
    Export {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// Only events after this cursor, EPOCH.POSITION: the `epoch` and `position` of the last line of an earlier export.
        /// Without it, all events.
        #[arg(long, value_parser = parse_cursor)]
        after: Option<Cursor>,
    },
}

/// An event with its place in the log.
#[derive(Serialize)]
struct Line<'a> {
    epoch: &'a str,
    position: Position,
    #[serde(flatten)]
    event: EventBody<'a>,
}

/// Prints events page by page, so that memory does not grow with the log.
pub(super) async fn run(store: &SharedStore, command: EventsCommand) -> anyhow::Result<()> {
    let EventsCommand::Export { restaurant: slug, after } = command;
    let restaurant = restaurant(store, &slug).await?.id;
    let heads = store.heads(&[(restaurant, Position::ZERO)]).await?;
    let (generation, head) = heads.get(&restaurant).map_or((None, Position::ZERO), |head| (head.generation, head.last.position));
    let epoch = Epoch { database: store.epoch(), generation }.to_string();
    let mut after = begin(after, &epoch, head)?;
    let mut out = BufWriter::new(std::io::stdout());
    loop {
        let page = store.events(restaurant, None, after, head, PAGE).await?;
        for event in &page {
            serde_json::to_writer(&mut out, &Line { epoch: &epoch, position: event.position, event: EventBody::whole(event) })?;
            out.write_all(b"\n")?;
        }
        let Some(last) = page.last() else { return Ok(out.flush()?) };
        after = last.position;
    }
}

/// Returns the position after which to begin. A cursor of another history would silently skip events.
fn begin(after: Option<Cursor>, epoch: &str, head: Position) -> anyhow::Result<Position> {
    match after {
        None => Ok(Position::ZERO),
        Some(cursor) if cursor.epoch == epoch && cursor.position <= head => Ok(cursor.position),
        Some(_) => anyhow::bail!(
            "the database came back without events of that export, as after a restore or a failover; export again without --after, and drop what you have"
        ),
    }
}

fn parse_cursor(text: &str) -> Result<Cursor, String> {
    text.parse().map_err(|_| "write EPOCH.POSITION, with the epoch and the position of the last line of an earlier export".into())
}
