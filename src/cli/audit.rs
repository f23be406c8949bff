//! `orderbell audit`: exports the audit for other systems.

use super::tools::{print, restaurant};
use crate::domain::values::text::Slug;
use crate::store::SharedStore;
use clap::Subcommand;

/// The most entries of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Print the audit of a restaurant, newest first, one JSON object a line.
    Export {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
}

pub(super) async fn run(store: &SharedStore, command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::Export { restaurant: slug } = command;
    let restaurant = restaurant(store, &slug).await?;
    let mut before = None;
    loop {
        let page = store.audit(restaurant.id, None, before, PAGE).await?;
        for entry in &page {
            print(&serde_json::to_string(entry)?)?;
        }
        let Some(last) = page.last() else { return Ok(()) };
        before = Some(last.id);
    }
}
