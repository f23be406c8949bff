//! A menu as a manager sends it: all categories and dishes, each under an id that the client made.

use super::draft::in_future;
use super::menu::{Category, DishOption, Menu, MenuItem, sort_schema};
use super::refusal::invalid;
use crate::domain::model::draft::Moment;
use crate::domain::model::refusal::Refusal;
use crate::domain::values::as_text::or_default;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionId};
use crate::domain::values::level::Level;
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::picture_address;
use crate::domain::values::schema::{self, wire_schema};
use crate::domain::values::text::{Name, Note, Station, Text};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// The most categories of a menu.
pub const MAX_CATEGORIES: usize = 100;
/// The most dishes of a menu.
pub const MAX_ITEMS: usize = 2000;
/// The most options of a dish.
pub const MAX_OPTIONS: usize = 20;
/// The highest price, in minor units. A basket of 100 lines of 99 portions stays far below the
/// limit of `i64`.
pub const MAX_PRICE: i64 = 1_000_000_000;

/// A dish as a client sends it. Without `available`, the dish stays available or sold out as it
/// was.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemDraft {
    /// The dish's id, the same as its key, for clients that send back what they have read.
    pub id: Option<MenuItemId>,
    /// The dish's name.
    pub name: Name,
    /// A description for guests.
    pub description: Option<Note>,
    /// The category that lists it.
    pub category: CategoryId,
    /// The price of one portion without options.
    #[schema(value_type = Price)]
    pub price: Money,
    /// The station that cooks it.
    pub station: Station,
    /// The sort key within the category; lower comes first.
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// Whether guests can order it. When absent, unchanged; a new dish is available.
    pub available: Option<bool>,
    /// When a sold-out dish becomes available again; only with `available`.
    pub until: Option<Timestamp>,
    /// The address of a photo: `https://…`, or a path on this server.
    pub photo: Option<Text<500>>,
    /// The options, by id.
    #[serde(default, deserialize_with = "or_default")]
    #[schema(schema_with = options_schema)]
    pub options: BTreeMap<OptionId, DishOption>,
}

/// Categories and dishes that replace those of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuDraft {
    /// The categories by id.
    #[schema(schema_with = categories_schema)]
    pub categories: BTreeMap<CategoryId, Category>,
    /// The dishes by id.
    #[schema(schema_with = items_schema)]
    pub items: BTreeMap<MenuItemId, ItemDraft>,
}

impl MenuDraft {
    /// Returns the feature level that the draft's fields need.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.categories.values().any(|category| category.course.is_some()) { Level::TWO } else { Level::ZERO }
    }
}

/// Builds the schema of an object with members by id.
fn by_id<Id: PartialSchema>(member: impl Into<RefOr<Schema>>, most: usize) -> Object {
    let names = match Id::schema() {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(_) => None,
    };
    let members = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).property_names(names);
    let members = members.max_properties(Some(most));
    members.additional_properties(Some(AdditionalProperties::RefOr(member.into()))).build()
}

/// Stands for the prices of a draft in the OpenAPI document: [`Money`] within bounds.
#[derive(Debug)]
pub struct Price;

wire_schema!(Price, "Price", price_schema());

fn price_schema() -> Object {
    let amount = schema::integer(0, MAX_PRICE).description(Some("Minor units."));
    let price = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).property("amount", amount);
    let price =
        price.property("currency", Ref::from_schema_name(Currency::name())).description(Some("In the restaurant's currency."));
    price.required("amount").required("currency").additional_properties(Some(AdditionalProperties::FreeForm(false))).build()
}

fn options_schema() -> Object {
    let option = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object));
    let option =
        option.property("name", Ref::from_schema_name(Name::name())).property("price", Ref::from_schema_name(Price::name()));
    let option = option.required("name").required("price");
    by_id::<OptionId>(option.additional_properties(Some(AdditionalProperties::FreeForm(false))), MAX_OPTIONS)
}

fn categories_schema() -> Object {
    by_id::<CategoryId>(Ref::from_schema_name(Category::name()), MAX_CATEGORIES)
}

fn items_schema() -> Object {
    by_id::<MenuItemId>(Ref::from_schema_name(ItemDraft::name()), MAX_ITEMS)
}

fn at_most(count: usize, most: usize, what: &str) -> Result<(), Refusal> {
    if count <= most { Ok(()) } else { Err(invalid(format!("{what}: at most {most}"))) }
}

impl MenuDraft {
    /// Replaces the categories and dishes of `menu`.
    pub(crate) fn replace_in(&self, menu: &mut Menu, moment: Moment) -> Result<(), Refusal> {
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

    /// Checks one dish. The refusal names the dish, since a menu may have hundreds.
    fn check(&self, id: MenuItemId, draft: &ItemDraft, currency: Currency) -> Result<(), Refusal> {
        let wrong = |what: &str| Err(invalid(format!("items: {}: {what}", draft.name)));
        if draft.id.is_some_and(|named| named != id) {
            return wrong("id differs from its key");
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
        if draft.photo.as_ref().is_some_and(|photo| !picture_address::is_valid(photo.as_str())) {
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
