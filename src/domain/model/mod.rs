//! The documents of a restaurant, the events that change them, and the commands that ask for a change.

pub mod basket;
pub mod call;
pub mod command;
pub mod course;
pub mod delivery;
pub mod dish_option;
pub mod display;
pub mod draft;
pub mod event;
pub mod history;
pub mod house_rules;
pub mod line;
pub mod menu;
pub mod menu_draft;
pub mod opening;
pub mod option_groups;
pub mod order;
pub mod order_action;
pub mod principal;
pub mod push;
pub mod refusal;
pub mod room_id;
pub mod status;
pub mod ticket_counter;
pub mod undrawn;
pub mod visit;
