//! What a manager keeps: the menu, the tables, the people, the screens, the API keys; the report of a day; and who did what. Whoever is
//! no manager of the restaurant in the path gets `forbidden` from the extractor.

pub mod api_keys;
pub mod audit;
pub mod guests;
pub mod limited;
pub mod menu;
mod page;
pub mod people;
pub mod reports;
pub mod screens;
pub mod tables;
