//! The list of all statements, for the tests that prepare and explain each of them. If the list of a file is missing here,
//! the compiler reports it as dead code.

use super::{
    accounts, audit, commit, credentials, deliveries, devices, documents, epoch, external_orders, feeds, guests, log, nodes,
    origin, pictures, privacy, pushes, screens, sessions, shifts, tickets, visit_guests, visits, webhooks,
};

/// Every statement of this database.
pub const ALL: &[&[(&str, &str)]] = &[
    accounts::STATEMENTS,
    audit::STATEMENTS,
    commit::STATEMENTS,
    credentials::STATEMENTS,
    deliveries::STATEMENTS,
    devices::STATEMENTS,
    documents::STATEMENTS,
    epoch::STATEMENTS,
    external_orders::STATEMENTS,
    feeds::STATEMENTS,
    guests::STATEMENTS,
    log::STATEMENTS,
    nodes::STATEMENTS,
    origin::STATEMENTS,
    pictures::STATEMENTS,
    privacy::STATEMENTS,
    pushes::STATEMENTS,
    screens::STATEMENTS,
    sessions::STATEMENTS,
    shifts::STATEMENTS,
    tickets::STATEMENTS,
    visit_guests::STATEMENTS,
    visits::STATEMENTS,
    webhooks::STATEMENTS,
];
