//! A menu as a manager sends it: all categories and dishes, each under an id that the client made.

use super::course::Course;
use super::dish_option::{DishOption, MAX_GROUPS, MAX_OPTIONS, OptionGroup, sort_schema};
use super::draft::in_future;
use super::menu::{Category, Menu, MenuItem};
use super::opening::Opening;
use super::picture::Picture;
use super::refusal::invalid;
use crate::domain::model::draft::Moment;
use crate::domain::model::refusal::Refusal;
use crate::domain::values::as_text::{or_default, or_null};
use crate::domain::values::hours::Hours;
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionGroupId, OptionId};
use crate::domain::values::level::Level;
use crate::domain::values::money::{Currency, Money};
use crate::domain::values::picture_address;
use crate::domain::values::schema::{self, wire_schema};
use crate::domain::values::text::{Name, Note, Sku, Station, Text};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
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

/// An option as a client sends it. If `available` is absent, it does not change. If the dish has no `groups`, an absent group,
/// sort key or default does not change either.
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
    /// Whether pages choose it at first. When absent, false.
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
    /// The dish's id, the same as its key. For clients that send back a menu that they have read.
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
    /// An uploaded picture; null for none. When absent, unchanged. From feature level 2 on.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(schema_with = picture_schema)]
    pub picture: Option<Option<Picture>>,
    /// The dish's number in other systems, which no other dish of the menu has; null for none. When absent, unchanged. From
    /// feature level 2 on.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(schema_with = sku_schema)]
    pub sku: Option<Option<Sku>>,
    /// The options, by id.
    #[serde(default, deserialize_with = "or_default")]
    #[schema(schema_with = options_schema)]
    pub options: BTreeMap<OptionId, OptionDraft>,
    /// The groups of its options, by id. When absent, unchanged, for clients that know no groups. From feature level 2 on.
    #[schema(schema_with = groups_schema)]
    pub groups: Option<BTreeMap<OptionGroupId, OptionGroup>>,
}

/// A category as a client sends it. Fields that a client does not know do not change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryDraft {
    /// The name.
    pub name: Name,
    /// Lower comes first.
    #[schema(schema_with = sort_schema)]
    pub sort: u32,
    /// The course of its dishes; null for none. When absent, unchanged, for clients that know no courses. From feature level 2
    /// on.
    #[serde(default, deserialize_with = "or_null")]
    #[schema(schema_with = course_schema)]
    pub course: Option<Option<Course>>,
    /// When guests can order its dishes. When absent, unchanged, for clients that know no hours. From feature level 2 on.
    pub hours: Option<Hours>,
    /// Ignored. For clients that send back a menu that they have read.
    pub opening: Option<Opening>,
}

/// Categories and dishes that replace those of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuDraft {
    /// The categories by id.
    #[schema(schema_with = categories_schema)]
    pub categories: BTreeMap<CategoryId, CategoryDraft>,
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

fn picture_schema() -> Schema {
    schema::or_null::<Picture>().into()
}

fn sku_schema() -> Schema {
    schema::or_null::<Sku>().into()
}

fn course_schema() -> Schema {
    schema::or_null::<Course>().into()
}

fn groups_schema() -> Object {
    by_id::<OptionGroupId>(Ref::from_schema_name(OptionGroup::name()), MAX_GROUPS)
}

fn categories_schema() -> Object {
    by_id::<CategoryId>(Ref::from_schema_name(CategoryDraft::name()), MAX_CATEGORIES)
}

fn items_schema() -> Object {
    by_id::<MenuItemId>(Ref::from_schema_name(ItemDraft::name()), MAX_ITEMS)
}

/// Checks that no two dishes have the same number.
fn check_skus(menu: &Menu) -> Result<(), Refusal> {
    let mut known = BTreeSet::new();
    match menu.items.values().find(|item| item.sku.as_ref().is_some_and(|sku| !known.insert(sku))) {
        Some(item) => Err(invalid(format!("items: {}: sku is another dish's, too", item.name))),
        None => Ok(()),
    }
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
        check_skus(menu)?;
        let categories = self.categories.iter().map(|(id, draft)| (*id, draft.category(menu.categories.get(id))));
        menu.categories = categories.collect();
        menu.set_openings(moment.now);
        Ok(())
    }

    /// Adds the categories and dishes of `menu` that the draft does not have, as they are.
    pub fn keep_others(&mut self, menu: &Menu) {
        for (id, item) in &menu.items {
            self.items.entry(*id).or_insert_with(|| ItemDraft::of(item));
        }
        for (id, category) in &menu.categories {
            self.categories.entry(*id).or_insert_with(|| CategoryDraft::new(category.name.clone(), category.sort));
        }
    }

    /// Returns `menu` as it would be after the edit.
    ///
    /// # Errors
    /// `invalid`.
    pub fn applied_to(&self, menu: &Menu, moment: Moment) -> Result<Menu, Refusal> {
        let mut after = menu.clone();
        self.replace_in(&mut after, moment)?;
        Ok(after)
    }

    /// Whether a dish names a picture.
    #[must_use]
    pub fn names_pictures(&self) -> bool {
        self.items.values().any(|item| item.picture.iter().any(Option::is_some))
    }

    /// Checks that the restaurant has every picture that a dish names.
    ///
    /// # Errors
    /// `invalid`, with the name of the dish.
    pub fn check_pictures(&self, has: impl Fn(&Picture) -> bool) -> Result<(), Refusal> {
        let names_other = |item: &ItemDraft| item.picture.iter().flatten().any(|picture| !has(picture));
        match self.items.values().find(|item| names_other(item)) {
            Some(item) => Err(invalid(format!("items: {}: the restaurant has no such picture; upload it first", item.name))),
            None => Ok(()),
        }
    }

    /// Returns the feature level that the draft's fields need.
    #[must_use]
    pub fn level(&self) -> Level {
        let is_new = |item: &ItemDraft| {
            item.groups.is_some()
                || item.picture.is_some()
                || item.sku.is_some()
                || item.options.values().any(OptionDraft::is_new)
        };
        let is_timed = |category: &CategoryDraft| category.course.is_some() || category.hours.is_some();
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

impl CategoryDraft {
    /// Makes a draft that does not change course and hours.
    #[must_use]
    pub const fn new(name: Name, sort: u32) -> Self {
        Self { name, sort, course: None, hours: None, opening: None }
    }

    fn category(&self, before: Option<&Category>) -> Category {
        let course = || before.and_then(|category| category.course.clone());
        let hours = || before.and_then(|category| category.hours.clone());
        Category {
            name: self.name.clone(),
            sort: self.sort,
            course: self.course.clone().unwrap_or_else(course),
            hours: self.hours.clone().or_else(hours),
            opening: None,
        }
    }
}

impl ItemDraft {
    /// Makes a dish without options and without optional fields.
    #[must_use]
    pub const fn new(name: Name, category: CategoryId, price: Money, station: Station, sort: u32) -> Self {
        Self {
            id: None,
            name,
            description: None,
            category,
            price,
            station,
            sort,
            available: None,
            until: None,
            photo: None,
            picture: None,
            sku: None,
            options: BTreeMap::new(),
            groups: None,
        }
    }

    /// Makes the edit that does not change a dish.
    #[must_use]
    pub fn of(item: &MenuItem) -> Self {
        let option = |option: &DishOption| OptionDraft {
            name: option.name.clone(),
            price: option.price,
            group: option.group,
            sort: Some(option.sort),
            default: Some(option.default),
            available: None,
            until: None,
        };
        Self {
            description: item.description.clone(),
            photo: item.photo.clone(),
            options: item.options.iter().map(|(id, known)| (*id, option(known))).collect(),
            groups: Some(item.groups.clone()),
            ..Self::new(item.name.clone(), item.category, item.price, item.station.clone(), item.sort)
        }
    }

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
            picture: self.picture.clone().unwrap_or_else(|| before.and_then(|item| item.picture.clone())),
            sku: self.sku.clone().unwrap_or_else(|| before.and_then(|item| item.sku.clone())),
            options,
            groups,
        })
    }
}

impl OptionDraft {
    const fn is_new(&self) -> bool {
        self.group.is_some() || self.sort.is_some() || self.default.is_some() || self.available.is_some() || self.until.is_some()
    }

    /// Returns the option. With `keeps`, fields that the draft leaves out keep their values.
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
