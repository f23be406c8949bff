//! The difference between two versions of a menu, for the audit: ids and counts, no free text.

use super::model::menu::Menu;
use super::values::ids::MenuItemId;
use std::fmt;

/// The most ids listed for each kind of change. Overflow: further ids are only counted.
const MOST_NAMED: usize = 10;

/// The dishes that differ between two versions of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuChanges {
    /// Dishes only on the new menu.
    pub added: Vec<MenuItemId>,
    /// Dishes only on the old menu.
    pub removed: Vec<MenuItemId>,
    /// Dishes on both menus that differ.
    pub changed: Vec<MenuItemId>,
    /// Whether the categories differ.
    pub categories: bool,
}

impl MenuChanges {
    /// Compares two versions of a menu.
    #[must_use]
    pub fn between(before: &Menu, after: &Menu) -> Self {
        let missing_in = |menu: &Menu, other: &Menu| {
            let ids = menu.items.keys().filter(|id| !other.items.contains_key(id));
            ids.copied().collect::<Vec<_>>()
        };
        let changed = after.items.iter().filter(|(id, item)| before.items.get(id).is_some_and(|old| old != *item));
        Self {
            added: missing_in(after, before),
            removed: missing_in(before, after),
            changed: changed.map(|(id, _)| *id).collect(),
            categories: before.categories != after.categories,
        }
    }
}

impl fmt::Display for MenuChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (word, ids)) in
            [("added", &self.added), ("removed", &self.removed), ("changed", &self.changed)].iter().enumerate()
        {
            let separator = if at > 0 { "; " } else { "" };
            write!(f, "{separator}{} {word}", ids.len())?;
            for (at, id) in ids.iter().take(MOST_NAMED).enumerate() {
                write!(f, "{}{id}", if at > 0 { ", " } else { ": " })?;
            }
            if ids.len() > MOST_NAMED {
                write!(f, ", …")?;
            }
        }
        if self.categories { write!(f, "; categories changed") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn menu(dishes: &[(u128, i64)], heading: &str) -> Menu {
        let id = |number: u128| Uuid::from_u128(number).to_string();
        let items: serde_json::Map<_, _> = dishes
            .iter()
            .map(|(number, amount)| {
                let item = json!({"id": id(*number), "name": "Secret sauce", "category": id(900), "sort": 1, "available": true,
                    "price": {"amount": amount, "currency": "BDT"}, "station": "hot", "options": {}});
                (id(*number), item)
            })
            .collect();
        let menu = json!({"restaurant": id(1), "position": 0, "currency": "BDT", "paused": false,
            "categories": {id(900): {"name": heading, "sort": 1}}, "items": items});
        serde_json::from_value(menu).unwrap()
    }

    #[test]
    fn added_removed_and_changed_dishes_are_listed_by_id_without_their_text() {
        let changes = MenuChanges::between(&menu(&[(1, 5), (2, 5)], "Mains"), &menu(&[(2, 6), (3, 5)], "Sides")).to_string();
        let id = |number| Uuid::from_u128(number);
        assert_eq!(changes, format!("1 added: {}; 1 removed: {}; 1 changed: {}; categories changed", id(3), id(1), id(2)));
        let same = menu(&[(1, 5)], "Mains");
        assert_eq!(MenuChanges::between(&same, &same).to_string(), "0 added; 0 removed; 0 changed");
    }

    #[test]
    fn a_new_menu_is_counted_and_only_its_first_dishes_are_listed() {
        let dishes: Vec<_> = (1..=2000).map(|number| (number, 5)).collect();
        let changes = MenuChanges::between(&menu(&[], "Mains"), &menu(&dishes, "Mains")).to_string();
        assert!(changes.starts_with("2000 added: ") && changes.contains(", …; 0 removed"), "{changes}");
        assert!(changes.len() < 500, "{}", changes.len());
    }
}
