//! What an edit of the menu would change.

use crate::domain::model::draft::to_json;
use crate::domain::model::menu::Menu;
use crate::domain::values::text::Name;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// A category or a dish that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// Its id.
    #[schema(value_type = crate::domain::values::ids::MenuItemId)]
    pub id: String,
    /// Its name after the edit, or before it if it is removed.
    pub name: Name,
    /// The fields that differ; empty if it is added or removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub fields: Vec<String>,
}

/// The differences between two lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Differences {
    /// Only in the menu after the edit.
    pub added: Vec<Difference>,
    /// In both, but not the same.
    pub changed: Vec<Difference>,
    /// Only in the menu before.
    pub removed: Vec<Difference>,
    /// How many are the same.
    pub unchanged: usize,
}

/// Returns the differences between the categories and between the dishes of two menus.
#[must_use]
pub fn between(before: &Menu, after: &Menu) -> (Differences, Differences) {
    let (before, after) = (to_json(before), to_json(after));
    (differences(&before["categories"], &after["categories"]), differences(&before["items"], &after["items"]))
}

fn differences(before: &Value, after: &Value) -> Differences {
    let mut found = Differences::default();
    let none = serde_json::Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    for (id, thing) in after {
        match before.get(id) {
            None => found.added.extend(difference(id, thing, Vec::new())),
            Some(old) if old == thing => found.unchanged += 1,
            Some(old) => found.changed.extend(difference(id, thing, fields(old, thing))),
        }
    }
    let removed = before.iter().filter(|(id, _)| !after.contains_key(*id));
    found.removed.extend(removed.filter_map(|(id, thing)| difference(id, thing, Vec::new())));
    found
}

fn difference(id: &str, thing: &Value, fields: Vec<String>) -> Option<Difference> {
    let name = thing["name"].as_str()?.parse().ok()?;
    Some(Difference { id: id.to_owned(), name, fields })
}

/// Returns the names of the fields that differ.
fn fields(before: &Value, after: &Value) -> Vec<String> {
    let names: BTreeSet<_> = [before, after].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys).collect();
    names.into_iter().filter(|name| before[*name] != after[*name]).cloned().collect()
}
