//! `orderbell screen`: the paired kitchen screens of a restaurant.

use super::tools::{print, restaurant};
use crate::auth::management::Management;
use crate::auth::session::SessionError;
use crate::domain::values::ids::DeviceId;
use crate::domain::values::text::{Name, Slug, Station};
use crate::domain::values::version::Expected;
use crate::store::devices::ListedDevice;
use crate::store::{SharedStore, StoreError};
use anyhow::anyhow;
use clap::Subcommand;

/// The most screens of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum ScreenCommand {
    /// List the paired screens: the id, the station, the time and the person of the pairing, the name.
    List {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
    },
    /// Give a screen another name. Its session continues.
    Rename {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The screen's id, as `screen list` prints it.
        #[arg(long)]
        id: DeviceId,
        /// The new name.
        #[arg(long)]
        name: Name,
    },
    /// Remove a screen. It shows a code, with which it can be paired again.
    Remove {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The screen's id, as `screen list` prints it.
        #[arg(long)]
        id: DeviceId,
    },
}

/// Carries out a command. Nodes show its events at their next comparison with the log.
pub(super) async fn run(store: &SharedStore, command: ScreenCommand) -> anyhow::Result<()> {
    let management = Management::of_tool(store.clone());
    match command {
        ScreenCommand::List { restaurant } => list(store, &restaurant).await,
        ScreenCommand::Rename { restaurant: slug, id, name } => {
            let restaurant = restaurant(store, &slug).await?.id;
            let changed = management.change_screen(restaurant, id, Some(name.clone()), None, Expected::ANY).await;
            changed.map_err(|error| explained(error, &slug, id))?;
            Ok(print(&format!("screen {id} is now called {name}"))?)
        }
        ScreenCommand::Remove { restaurant: slug, id } => {
            let restaurant = restaurant(store, &slug).await?.id;
            let revoked = management.revoke_screen(restaurant, id, Expected::ANY).await;
            revoked.map_err(|error| explained(error, &slug, id))?;
            Ok(print(&format!("screen {id} is removed; it shows a code, to be paired again"))?)
        }
    }
}

async fn list(store: &SharedStore, slug: &Slug) -> anyhow::Result<()> {
    let restaurant = restaurant(store, slug).await?;
    let mut after = None;
    loop {
        let screens = store.devices(restaurant.id, after, PAGE).await?;
        for ListedDevice { device, approved_at, approver, .. } in &screens {
            let station = device.station.as_ref().map_or("every station", Station::as_str);
            let approver = approver.as_ref().map_or_else(String::new, |person| format!(" by {person}"));
            print(&format!("{}  {station}  paired {approved_at}{approver}  {}", device.id, device.name))?;
        }
        let Some(last) = screens.last() else { return Ok(()) };
        after = Some(last.device.id);
    }
}

fn explained(error: SessionError, slug: &Slug, id: DeviceId) -> anyhow::Error {
    match error {
        SessionError::Store(StoreError::Missing) => {
            anyhow!("{slug} has no screen {id}; list them with: orderbell screen list --restaurant {slug}")
        }
        error => error.into(),
    }
}
