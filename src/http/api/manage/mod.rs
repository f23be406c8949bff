//! Management: the menu, hours, tables, people, screens, API keys, webhooks and guests' data; the report of a day;
//! the audit. The extractor answers `forbidden` unless the caller is a manager of the restaurant in
//! the path.

pub mod api_keys;
pub mod audit;
pub mod guests;
pub mod hours;
pub mod limited;
pub mod menu;
pub mod menu_files;
mod page;
pub mod people;
pub mod pictures;
pub mod reports;
pub mod rules;
pub mod screens;
pub mod tables;
pub mod webhooks;
