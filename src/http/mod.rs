//! The HTTP interface. [`routes`] has the table of URLs, and [`openapi`] makes the document for integrators. Errors are answered
//! as problems with the contract's codes.

pub mod api;
mod assets;
pub mod body;
mod cors;
mod device_cookie;
pub mod encoded;
pub mod etag;
pub mod extract;
mod occupancy;
pub mod openapi;
mod paging;
pub mod problem;
mod public_url;
pub mod qr;
pub mod query;
mod quota;
pub mod rate_limit;
pub mod ration;
pub mod refusals;
pub mod request_log;
pub mod routes;
pub mod state;
mod unread_body;

#[cfg(test)]
mod tests;

pub use assets::version;
pub use problem::Problem;
pub use public_url::PublicUrl;
pub use rate_limit::Limits;
pub use routes::{app, configure_metrics};
pub use state::{Demo, State};
