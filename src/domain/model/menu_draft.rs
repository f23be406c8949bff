//! A menu as its manager sends it: all categories and dishes, each under an id that the client made.

use super::draft::in_future;
use super::menu::{Category, DishOption, Menu, MenuItem};
use super::refusal::invalid;
use crate::domain::model::draft::Moment;
use crate::domain::model::refusal::Refusal;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionId};
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::picture_address;
use crate::domain::values::text::{Name, Note, Station, Text};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most categories of a menu.
pub const MAX_CATEGORIES: usize = 100;
/// The most dishes of a menu.
pub const MAX_ITEMS: usize = 2000;
/// The most options of a dish.
pub const MAX_OPTIONS: usize = 20;
/// The highest price, in minor units: a basket of a hundred lines of 99 stays far from the end of the number.
pub const MAX_PRICE: i64 = 1_000_000_000;

/// A dish as it is sent. What it does not say of being sold out stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemDraft {
    /// Its id again, for clients that send back what they have read; the same as its key.
    pub id: Option<MenuItemId>,
    /// What it is called.
    pub name: Name,
    /// What it is.
    pub description: Option<Note>,
    /// The heading it stands under.
    pub category: CategoryId,
    /// What one costs without options.
    pub price: Money,
    /// The station that cooks it.
    pub station: Station,
    /// Lower comes first within its category.
    pub sort: u32,
    /// Sold out or not; when it is not said, as it was, and a new dish is there.
    pub available: Option<bool>,
    /// When it is there again by itself; goes with `available`.
    pub until: Option<Timestamp>,
    /// The address of a picture: `https://`, or a path on this server.
    pub photo: Option<Text<500>>,
    /// The choices beside it.
    #[serde(default)]
    pub options: BTreeMap<OptionId, DishOption>,
}

/// Categories and dishes to stand in place of those of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuDraft {
    /// The headings by id.
    pub categories: BTreeMap<CategoryId, Category>,
    /// The dishes by id.
    pub items: BTreeMap<MenuItemId, ItemDraft>,
}

fn at_most(count: usize, most: usize, what: &str) -> Result<(), Refusal> {
    if count <= most { Ok(()) } else { Err(invalid(format!("{what}: {most} at most"))) }
}

impl MenuDraft {
    /// Puts itself in place of what a menu has.
    pub(crate) fn put_on(&self, menu: &mut Menu, moment: Moment) -> Result<(), Refusal> {
        at_most(self.categories.len(), MAX_CATEGORIES, "categories")?;
        at_most(self.items.len(), MAX_ITEMS, "items")?;
        let items = self.items.iter().map(|(id, draft)| {
            self.check(*id, draft, menu.currency)?;
            Ok((*id, draft.item(*id, menu.items.get(id), moment)?))
        });
        menu.items = items.collect::<Result<_, Refusal>>()?;
        menu.categories = self.categories.clone();
        Ok(())
    }

    /// A refusal names the dish, since there may be hundreds.
    fn check(&self, id: MenuItemId, draft: &ItemDraft, currency: Currency) -> Result<(), Refusal> {
        let wrong = |what: &str| Err(invalid(format!("items: {}: {what}", draft.name)));
        if draft.id.is_some_and(|named| named != id) {
            return wrong("id is not the one it stands under");
        }
        if !self.categories.contains_key(&draft.category) {
            return wrong("category is not one of the categories");
        }
        at_most(draft.options.len(), MAX_OPTIONS, &format!("items: {}: options", draft.name))?;
        let mut prices = draft.options.values().map(|option| option.price).chain([draft.price]);
        if !prices.all(|price| price.currency == currency && (0..=MAX_PRICE).contains(&price.amount)) {
            return wrong(&format!("a price must be 0 to {MAX_PRICE} in {currency}"));
        }
        if draft.until.is_some() && draft.available.is_none() {
            return wrong("until goes with available");
        }
        if draft.photo.as_ref().is_some_and(|photo| !picture_address::is_sound(photo.as_str())) {
            return wrong(
                "photo must be https://HOST/… or a path on this server like /photos/rezala.jpg, without blanks, backslashes or a password",
            );
        }
        Ok(())
    }
}

impl ItemDraft {
    fn item(&self, id: MenuItemId, before: Option<&MenuItem>, moment: Moment) -> Result<MenuItem, Refusal> {
        let (available, until) = match self.available {
            Some(available) => (available, in_future(self.until, available, moment)?),
            None => before.map_or((true, None), |item| (item.available, item.until)),
        };
        Ok(MenuItem {
            id,
            name: self.name.clone(),
            description: self.description.clone(),
            category: self.category,
            price: self.price,
            station: self.station.clone(),
            sort: self.sort,
            available,
            until,
            photo: self.photo.clone(),
            options: self.options.clone(),
        })
    }
}
