//! Calls to servers whose addresses people give this server: push services and receivers of webhooks.
//!
//! Without limits, anyone who may give an address could make this server call its neighbours (server-side request forgery). So
//! [`targets`] decides which addresses may be called, the client resolves their names to public [`addresses`] alone, and it
//! connects to no other. It follows no redirect and reads no body.

pub mod addresses;
pub mod client;
pub mod hosts;
pub mod targets;
