//! The rules: what a command may do to a document, decided by pure functions.

pub mod auto_accept;
pub mod change_menu;
pub mod choices;
pub mod courses;
pub mod decision;
pub mod move_visit;
pub mod order_limits;
pub mod place_order;
pub mod redaction;
pub mod report;
pub mod round;
pub mod schedule;
pub mod screen;
pub mod split_visit;
pub mod story;
pub mod transition;
pub mod unseen_ticket;
pub mod waiter_call;
