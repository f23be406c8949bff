//! A menu as a spreadsheet (CSV): a row for each category, dish, group of options and option, read from top to bottom.
//! docs/menu-files.md describes the columns.

pub mod cells;
pub mod preview;
pub mod reader;
pub mod writer;

use serde::Serialize;
use utoipa::ToSchema;

/// The columns in their order.
pub const COLUMNS: [&str; 15] = [
    "type",
    "id",
    "name",
    "category",
    "course",
    "course_name",
    "description",
    "price",
    "station",
    "sku",
    "photo",
    "min",
    "max",
    "default",
    "sort",
];

/// The kind of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A heading.
    Category,
    /// A dish, of the category that it names or of the one above it.
    Dish,
    /// A group of options of the dish above it.
    Group,
    /// An option of the group above it, or of the dish.
    Option,
    /// A group that pages show only with the option above it.
    Subgroup,
    /// An option of a subgroup.
    Suboption,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Category, Self::Dish, Self::Group, Self::Option, Self::Subgroup, Self::Suboption];

    /// Returns the word in the column `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Dish => "dish",
            Self::Group => "group",
            Self::Option => "option",
            Self::Subgroup => "subgroup",
            Self::Suboption => "suboption",
        }
    }

    /// Returns the kind for a word; an empty word is a dish.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        if word.is_empty() {
            return Some(Self::Dish);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

/// A fault of a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// The line of the file, counted from 1; absent if the fault concerns the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The name of the column, if one is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// The treatment of dishes that are not in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// They stay on the menu.
    Keep,
    /// They are removed.
    Remove,
}
