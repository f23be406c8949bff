//! A menu as a manager sends it: all categories and dishes, each under an id that the client made.

use super::dish_option::{DishOption, MAX_GROUPS, MAX_OPTIONS, OptionGroup, sort_schema};
use super::draft::in_future;
use super::menu::{Category, Menu, MenuItem};
use super::refusal::invalid;
use crate::domain::model::draft::Moment;
use crate::domain::model::refusal::Refusal;
use crate::domain::values::as_text::or_default;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionGroupId, OptionId};
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
/// The highest price, in minor units. A basket of 100 lines of 99 portions stays far below the
/// limit of `i64`.
pub const MAX_PRICE: i64 = 1_000_000_000;

/// An option as a client sends it. An absent `available` leaves that field as it is. If the dish comes without groups, so do an
/// absent group, sort key and default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OptionDraft {
    /// The name.
    pub name: Name,
    /// The surcharge on the price of one portion.
    #[schema(value_type = Price)]
    pub price: Money,
    /// The group that lists it, one of the dish's groups. From feature level 2 on, like the fields below.
    pub group: Option<OptionGroupId>,
    /// The sort key within the group; lower comes first. When absent, 0.
    pub sort: Option<u32>,
    /// Whether pages choose it before the guest does. When absent, false.
    pub default: Option<bool>,
    /// Whether guests can choose it. When absent, unchanged; a new option is available.
    pub available: Option<bool>,
    /// When a sold-out option becomes available again; only with `available`.
    pub until: Option<Timestamp>,
}

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
    pub options: BTreeMap<OptionId, OptionDraft>,
    /// The groups of its options, by id. When absent, unchanged, for clients that know no groups. From feature level 2 on.
    #[schema(schema_with = groups_schema)]
    pub groups: Option<BTreeMap<OptionGroupId, OptionGroup>>,
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
    by_id::<OptionId>(Ref::from_schema_name(OptionDraft::name()), MAX_OPTIONS)
}

fn groups_schema() -> Object {
    by_id::<OptionGroupId>(Ref::from_schema_name(OptionGroup::name()), MAX_GROUPS)
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
            let item = draft.item(*id, menu.items.get(id), moment)?;
            item.check_options().map_err(|wrong| invalid(format!("items: {}: {wrong}", draft.name)))?;
            Ok((*id, item))
        });
        menu.items = items.collect::<Result<_, Refusal>>()?;
        let mut categories = self.categories.clone();
        for (id, category) in &mut categories {
            // A client that does not know hours leaves them as they are.
            let before = menu.categories.get(id).and_then(|before| before.hours.clone());
            category.hours = category.hours.take().or(before);
        }
        menu.categories = categories;
        menu.set_openings(moment.now);
        Ok(())
    }

    /// Returns the feature level that the draft's fields need.
    #[must_use]
    pub fn level(&self) -> Level {
        let is_new = |item: &ItemDraft| item.groups.is_some() || item.options.values().any(OptionDraft::is_new);
        let is_timed = |category: &Category| category.course.is_some() || category.hours.is_some();
        if self.categories.values().any(is_timed) || self.items.values().any(is_new) { Level::TWO } else { Level::ZERO }
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
        let mut prices = draft.options.values().map(|option| option.price).chain([draft.price]);
        if !prices.all(|price| price.currency == currency && (0..=MAX_PRICE).contains(&price.amount)) {
            return wrong(&format!("a price must be 0 to {MAX_PRICE} in {currency}"));
        }
        let lapses = draft.options.values().map(|option| (option.until, option.available));
        if lapses.chain([(draft.until, draft.available)]).any(|(until, available)| until.is_some() && available.is_none()) {
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
        let options = self.options.iter().map(|(id, draft)| {
            let before = before.and_then(|item| item.options.get(id));
            Ok((*id, draft.option(before, self.groups.is_none(), moment)?))
        });
        let options = options.collect::<Result<_, Refusal>>()?;
        let groups = self.groups.clone().or_else(|| before.map(|item| item.groups.clone())).unwrap_or_default();
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
            options,
            groups,
        })
    }
}

impl OptionDraft {
    const fn is_new(&self) -> bool {
        self.group.is_some() || self.sort.is_some() || self.default.is_some() || self.available.is_some() || self.until.is_some()
    }

    /// Returns the option. With `keeps`, what the draft does not say is as it was before.
    fn option(&self, before: Option<&DishOption>, keeps: bool, moment: Moment) -> Result<DishOption, Refusal> {
        let (available, until) = match self.available {
            Some(available) => (available, in_future(self.until, available, moment)?),
            None => before.map_or((true, None), |option| (option.available, option.until)),
        };
        let kept = before.filter(|_| keeps);
        Ok(DishOption {
            name: self.name.clone(),
            price: self.price,
            group: self.group.or_else(|| kept.and_then(|option| option.group)),
            sort: self.sort.or_else(|| kept.map(|option| option.sort)).unwrap_or(0),
            default: self.default.or_else(|| kept.map(|option| option.default)).unwrap_or(false),
            available,
            until,
        })
    }
}
