//! Who is speaking, and what they may do.
//!
//! A secret of some kind (a password, an API key, a table's key, a pairing) becomes a session ([`session`], [`pairing`]),
//! failed sign-ins are listed in bounds ([`failures`]), devices that signed in before have tries of their own ([`device_mark`]), a session's tokens are signed and verified ([`token`]) with the [`keyring`], whose keys are of two kinds
//! ([`key_material`]), a session that is over is known on every node ([`ended`]), a manager says who may sign in at all
//! ([`manage`]), people keep their own account ([`own_account`]) and guard it with a second factor ([`second_factor`]), and prove their password again before sensitive actions (`proof`), which begins a new session in the place of the old one (`succession`), a guest gives out links to an order ([`share`]), and what a verified principal may do is decided by pure
//! functions alone ([`policy`]).

pub mod authenticate;
pub mod device_mark;
pub mod ended;
pub mod failures;
mod guests;
pub mod key_file;
pub mod key_material;
pub mod keyring;
pub mod manage;
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
mod sign_in;
mod succession;
mod successors;
pub mod token;

#[cfg(test)]
pub mod tests;
