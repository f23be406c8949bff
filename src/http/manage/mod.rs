//! What a manager keeps: the menu, the tables, the people, the screens, the API keys; and the report of a day. Whoever is
//! no manager of the restaurant in the path gets `forbidden` from the extractor.

pub mod api_keys;
pub mod menu;
pub mod people;
pub mod reports;
pub mod screens;
pub mod tables;
