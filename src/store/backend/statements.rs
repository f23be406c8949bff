//! The list of statements, for the tests that prepare and explain each. The compiler reports the list of a file that is
//! missing here as dead code.

use super::{
    accounts, audit, commit, credentials, devices, documents, epoch, feeds, guests, log, nodes, origin, privacy, pushes, screens,
    sessions, tickets, visits,
};

/// Every statement of this database.
pub const ALL: &[&[(&str, &str)]] = &[
    accounts::STATEMENTS,
    audit::STATEMENTS,
    commit::STATEMENTS,
    credentials::STATEMENTS,
    devices::STATEMENTS,
    documents::STATEMENTS,
    epoch::STATEMENTS,
    feeds::STATEMENTS,
    guests::STATEMENTS,
    log::STATEMENTS,
    nodes::STATEMENTS,
    origin::STATEMENTS,
    privacy::STATEMENTS,
    pushes::STATEMENTS,
    screens::STATEMENTS,
    sessions::STATEMENTS,
    tickets::STATEMENTS,
    visits::STATEMENTS,
];
