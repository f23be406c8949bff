//! A menu written as CSV.

use super::cells::{defused, price_text};
use super::{COLUMNS, Kind};
use crate::domain::model::dish_option::{DishOption, OptionGroup};
use crate::domain::model::menu::{Category, Menu, MenuItem};
use crate::domain::values::ids::{CategoryId, OptionGroupId, OptionId};
use std::collections::BTreeMap;

/// The mark by which spreadsheets know UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A row: the texts of some columns.
type Row = Vec<(&'static str, String)>;

/// Writes a menu. Reading it back changes nothing.
#[must_use]
pub fn write(menu: &Menu) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut put = |row: &Row| {
        let cell = |column: &&str| row.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text.as_str());
        // Writing into memory does not fail.
        let _ = writer.write_record(COLUMNS.iter().map(cell));
    };
    put(&COLUMNS.iter().map(|name| (*name, (*name).to_owned())).collect());
    for (id, category) in in_order(&menu.categories, |category| category.sort) {
        put(&category_row(*id, category));
        let dishes: BTreeMap<_, _> = menu.items.iter().filter(|(_, item)| item.category == *id).collect();
        for (_, item) in in_order(&dishes, |item| item.sort) {
            put(&dish_row(item, category));
            options(item, None, Kind::Option, &mut put);
            groups(item, None, Kind::Group, &mut put);
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    format!("{BYTE_ORDER_MARK}{}", String::from_utf8_lossy(&bytes))
}

/// Returns the members of a list in the order of pages.
fn in_order<K: Ord, V>(things: &BTreeMap<K, V>, sort: impl Fn(&V) -> u32) -> Vec<(&K, &V)> {
    let mut things: Vec<_> = things.iter().collect();
    // Stable, so that equal ones stay in the order of their ids.
    things.sort_by_key(|(_, thing)| sort(thing));
    things
}

fn category_row(id: CategoryId, category: &Category) -> Row {
    let mut row = vec![
        ("type", Kind::Category.as_str().to_owned()),
        ("id", id.to_string()),
        ("name", defused(category.name.as_str())),
        ("sort", category.sort.to_string()),
    ];
    if let Some(course) = &category.course {
        row.push(("course", course.number.number().to_string()));
        row.push(("course_name", defused(course.name.as_str())));
    }
    row
}

fn dish_row(item: &MenuItem, category: &Category) -> Row {
    let text = |text: Option<&str>| text.map_or_else(String::new, defused);
    vec![
        ("type", Kind::Dish.as_str().to_owned()),
        ("id", item.id.to_string()),
        ("name", defused(item.name.as_str())),
        ("category", defused(category.name.as_str())),
        ("description", text(item.description.as_ref().map(|description| description.as_str()))),
        ("price", price_text(item.price)),
        ("station", item.station.to_string()),
        ("sku", text(item.sku.as_ref().map(|sku| sku.as_str()))),
        ("photo", text(item.photo.as_ref().map(|photo| photo.as_str()))),
        ("sort", item.sort.to_string()),
    ]
}

/// Writes the options of a group, or those outside of groups, each with the groups under it.
fn options(item: &MenuItem, of: Option<OptionGroupId>, kind: Kind, put: &mut impl FnMut(&Row)) {
    let own: BTreeMap<OptionId, &DishOption> =
        item.options.iter().filter(|(_, option)| option.group == of).map(|(id, option)| (*id, option)).collect();
    for (id, option) in in_order(&own, |option| option.sort) {
        let mut row = vec![
            ("type", kind.as_str().to_owned()),
            ("id", id.to_string()),
            ("name", defused(option.name.as_str())),
            ("price", price_text(option.price)),
            ("sort", option.sort.to_string()),
        ];
        if option.default {
            row.push(("default", "yes".to_owned()));
        }
        put(&row);
        if kind == Kind::Option {
            groups(item, Some(*id), Kind::Subgroup, put);
        }
    }
}

/// Writes the groups of the dish itself, or those under an option.
fn groups(item: &MenuItem, under: Option<OptionId>, kind: Kind, put: &mut impl FnMut(&Row)) {
    let own: BTreeMap<OptionGroupId, &OptionGroup> =
        item.groups.iter().filter(|(_, group)| group.under == under).map(|(id, group)| (*id, group)).collect();
    for (id, group) in in_order(&own, |group| group.sort) {
        put(&vec![
            ("type", kind.as_str().to_owned()),
            ("id", id.to_string()),
            ("name", defused(group.name.as_str())),
            ("min", group.min.to_string()),
            ("max", group.max.to_string()),
            ("sort", group.sort.to_string()),
        ]);
        options(item, Some(*id), if kind == Kind::Group { Kind::Option } else { Kind::Suboption }, put);
    }
}
