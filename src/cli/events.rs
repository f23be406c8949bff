//! `orderbell events`: exports the log of a restaurant for other systems.

use super::tools::restaurant;
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
        /// Only events after this position, such as the last one of an earlier export.
        #[arg(long, default_value = "0", value_parser = parse_position)]
        after: Position,
    },
}

/// An event with its place in the log.
#[derive(Serialize)]
struct Line<'a> {
    position: Position,
    #[serde(flatten)]
    event: EventBody<'a>,
}

/// Prints events page by page, so that memory does not grow with the log.
pub(super) async fn run(store: &SharedStore, command: EventsCommand) -> anyhow::Result<()> {
    let EventsCommand::Export { restaurant: slug, mut after } = command;
    let restaurant = restaurant(store, &slug).await?.id;
    let head = store.head(restaurant).await?;
    let mut out = BufWriter::new(std::io::stdout());
    loop {
        let page = store.events(restaurant, None, after, head, PAGE).await?;
        for event in &page {
            serde_json::to_writer(&mut out, &Line { position: event.position, event: EventBody::whole(event) })?;
            out.write_all(b"\n")?;
        }
        let Some(last) = page.last() else { return Ok(out.flush()?) };
        after = last.position;
    }
}

fn parse_position(text: &str) -> Result<Position, String> {
    text.parse().ok().and_then(Position::new).ok_or_else(|| "write the position of an event, such as 0 or 4711".into())
}
