//! `orderbell restaurant`: adds, lists and renames restaurants.

use super::tools::{print, restaurant};
use crate::clock;
use crate::domain::model::menu::Menu;
use crate::domain::values::ids::{RestaurantId, TableId};
use crate::domain::values::money::Currency;
use crate::domain::values::text::{Key, Name, Slug};
use crate::store::accounts::{Restaurant, Table};
use crate::store::audit::{Kind, Note, recorded};
use crate::store::{SharedStore, StoreError};
use anyhow::bail;
use clap::Subcommand;
use secrecy::ExposeSecret;

/// The most restaurants of one read.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum RestaurantCommand {
    /// Add a restaurant with an empty menu.
    Add {
        /// The name in URLs: lower-case letters, digits, hyphens.
        #[arg(long)]
        slug: Slug,
        /// The name for people.
        #[arg(long)]
        name: Name,
        /// The currency of the menu: an ISO 4217 code (BDT, EUR, JPY).
        #[arg(long, value_parser = parse_currency)]
        currency: Currency,
        /// Minutes to promise when staff accept without a number.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=480))]
        default_minutes: u16,
        /// The number of tables to add, labelled 1, 2, 3 …; prints their addresses.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=500))]
        tables: u16,
    },
    /// List all restaurants: the slug, the currency, the minutes to promise, the name.
    List,
    /// Give a restaurant another name. Its slug stays, since addresses contain it.
    Rename {
        /// The restaurant's slug.
        #[arg(long)]
        restaurant: Slug,
        /// The new name for people.
        #[arg(long)]
        name: Name,
    },
}

pub(super) async fn run(store: &SharedStore, command: RestaurantCommand) -> anyhow::Result<()> {
    match command {
        RestaurantCommand::Add { slug, name, currency, default_minutes, tables } => {
            let id = RestaurantId::from_uuid(clock::new_id());
            add_restaurant(store, Restaurant { id, slug, name, currency, default_minutes }, tables).await
        }
        RestaurantCommand::List => list(store).await,
        RestaurantCommand::Rename { restaurant: slug, name } => {
            let restaurant = restaurant(store, &slug).await?;
            let note = Note::new(restaurant.id, Kind::Menu, "rename_restaurant").about(restaurant.id).called(&name);
            recorded(note, store.rename_restaurant(restaurant.id, &name)).await?;
            Ok(print(&format!("restaurant {slug} is now called {name}"))?)
        }
    }
}

async fn list(store: &SharedStore) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let ids = store.restaurant_ids(after, PAGE).await?;
        for id in &ids {
            if let Some(Restaurant { slug, name, currency, default_minutes, .. }) = store.restaurant(*id).await? {
                print(&format!("{slug}  {currency}  {default_minutes} min  {name}"))?;
            }
        }
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(*last);
    }
}

/// Reads the currency of a new restaurant. Refuses an unknown one, since its number of decimals is unknown too.
fn parse_currency(text: &str) -> Result<Currency, String> {
    let currency = text.parse::<Currency>().map_err(|error| error.to_string())?;
    let known = Some(currency).filter(Currency::is_known);
    known.ok_or_else(|| "ISO 4217 has no such currency; codes are like BDT, EUR, JPY, USD".into())
}

async fn add_restaurant(store: &SharedStore, restaurant: Restaurant, tables: u16) -> anyhow::Result<()> {
    let menu = Menu::new(restaurant.id, restaurant.currency);
    match store.add_restaurant(&restaurant, &menu, clock::now()).await {
        Err(StoreError::Taken) => bail!("restaurant {} exists already", restaurant.slug),
        added => added?,
    }
    print(&format!("restaurant {} has the id {}", restaurant.slug, restaurant.id))?;
    for number in 1..=tables {
        let key: Key = crate::auth::secret::random_secret().expose_secret().parse()?;
        let table = Table {
            id: TableId::from_uuid(clock::new_id()),
            restaurant: restaurant.id,
            label: number.to_string().parse()?,
            key: key.clone(),
        };
        let note = Note::new(restaurant.id, Kind::Tables, "add_table").about(table.id).called(&table.label);
        recorded(note, store.add_table(&table)).await?;
        print(&format!("table {number}: /t/{key}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_currencies_of_iso_4217_are_accepted() {
        assert_eq!(parse_currency("BDT").unwrap().to_string(), "BDT");
        for bad in ["ZZZ", "XXX", "bdt", "TAKA", ""] {
            assert!(parse_currency(bad).unwrap_err().contains("ISO 4217"), "{bad}");
        }
    }
}
