//! The store: the log, which is the truth, and the documents folded from it.
//!
//! One contract, two databases: [`sqlite`] (embedded, one node) and [`postgres`] (more than one), chosen once by the
//! URL's scheme. The contract is the traits here; `tests/store` runs one suite on both.

pub mod accounts;
mod answer;
pub mod audit;
pub mod batches;
mod columns;
pub mod credentials;
pub mod deliveries;
pub mod devices;
pub mod error;
mod faults;
pub mod group;
pub mod guests;
pub mod inspection;
pub mod labels;
pub mod log;
mod migrations;
pub mod nodes;
pub mod open;
pub mod options;
pub mod order_write;
pub mod pictures;
pub mod postgres;
pub mod privacy;
pub mod pushes;
pub mod screens;
pub mod sessions;
pub mod shifts;
pub mod sqlite;
mod task;
pub mod visits;
pub mod webhooks;

pub use accounts::Accounts;
pub use audit::Audit;
pub use credentials::Credentials;
pub use deliveries::Deliveries;
pub use devices::Devices;
pub use error::{Result, StoreError};
pub use faults::WriteFaults;
pub use guests::Guests;
pub use log::Log;
pub use nodes::Nodes;
pub use open::open;
pub use options::{Mode, OpenError, Settings};
pub use pictures::Pictures;
pub use privacy::Privacy;
pub use pushes::Pushes;
pub use screens::Screens;
pub use sessions::Sessions;
pub use shifts::Shifts;
pub use visits::Visits;
pub use webhooks::Webhooks;

use std::sync::Arc;

/// Everything that a node needs from its database. Every query of a tenant's data names the restaurant, so that a bug in a
/// caller cannot read across tenants.
pub trait Store:
    Log
    + Accounts
    + Credentials
    + Sessions
    + Shifts
    + Guests
    + Devices
    + Screens
    + Nodes
    + Pushes
    + Audit
    + Privacy
    + Visits
    + Deliveries
    + Pictures
    + Webhooks
{
}

impl<
    T: Log
        + Accounts
        + Credentials
        + Sessions
        + Shifts
        + Guests
        + Devices
        + Screens
        + Nodes
        + Pushes
        + Audit
        + Privacy
        + Visits
        + Deliveries
        + Pictures
        + Webhooks,
> Store for T
{
}

/// A store that all threads of a node share.
pub type SharedStore = Arc<dyn Store>;
