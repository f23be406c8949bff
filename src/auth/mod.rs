//! Authentication and authorization.
//!
//! - A secret (a password, an API key, a table's key, a pairing) begins a session: [`session`], [`pairing`].
//! - [`token`] signs and verifies a session's tokens with the [`keyring`], whose keys are of two kinds: [`key_material`]. It
//!   verifies the signature of a token once for many calls (`token_cache`).
//! - [`failures`] bounds the failed sign-ins in the audit. A device that signed in before has its own limit: [`device_mark`].
//! - [`ended`] tells each node which sessions are over.
//! - Managers decide who may sign in: [`management`]. People manage their own account ([`own_account`]) and protect it with a
//!   second factor ([`second_factor`]).
//! - A sensitive action requires a recent proof of the password (`proof`). A proof replaces the session with a new one
//!   (`succession`). A session proves one secret at a time (`turns`).
//! - People take turns on a shared device by a PIN: [`shifts`].
//! - Guests share links to an order: [`share`].
//! - [`policy`] decides what a verified principal may do, in pure functions.

pub mod authenticate;
pub mod device_mark;
pub mod ended;
pub mod failures;
mod guests;
pub mod key_file;
pub mod key_material;
pub mod keyring;
pub mod management;
mod marked_devices;
mod origin;
pub mod own_account;
pub mod pairing;
pub mod password;
pub mod password_policy;
pub mod policy;
mod proof;
mod recorded_failures;
mod renewal;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod share;
pub mod shifts;
mod sign_in;
mod succession;
mod successors;
pub mod token;
mod token_cache;
mod turns;

#[cfg(test)]
pub mod tests;
