//! A password that is about to be checked.

use super::gate::{Account, Subject};
use super::{Action, Limits};
use crate::auth::device_mark::MarkId;
use crate::auth::secret::hash;
use crate::connection::client_address::rate_limit_key;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A password that is about to be checked. It counts as wrong until it is known to be right, so that concurrent guesses gain
/// nothing.
pub struct Guess {
    limits: Arc<Limits>,
    account: Account,
    address: IpAddr,
    budget: Budget,
    is_wrong: bool,
}

impl Guess {
    /// Records that the password was right: it does not count, and its address is known for the account from now on.
    pub fn right(self) {
        self.limits.guesses.remember(self.account, self.address);
    }

    /// Records that the password was wrong.
    pub fn wrong(mut self) {
        self.is_wrong = true;
    }
}

impl Drop for Guess {
    fn drop(&mut self) {
        if self.is_wrong {
            return;
        }
        let guesses = &self.limits.guesses;
        match self.budget {
            Budget::Mark(mark) => guesses.marked.give_back(&Subject::Mark(mark)),
            Budget::KnownAddress => guesses.known.give_back(&Subject::AccountAt(self.account, self.address)),
            Budget::Strangers => {
                guesses.strangers.give_back(&Subject::Account(self.account));
                self.limits.logins.failed.give_back(&Subject::Address(self.address));
            }
        }
    }
}

impl Limits {
    /// Counts a guess at an account's password before the check, which is expensive. `mark` is the device's mark of this
    /// account, if it has one.
    ///
    /// # Errors
    /// The time to wait.
    pub fn guess(
        self: &Arc<Self>,
        restaurant: &str,
        username: &str,
        address: IpAddr,
        mark: Option<MarkId>,
    ) -> Result<Guess, Duration> {
        let account = hash(&format!("{restaurant}\0{username}").into());
        let address = rate_limit_key(address);
        let guess = |budget| Guess { limits: self.clone(), account, address, budget, is_wrong: false };
        if let Some(mark) = mark
            && self.guesses.marked.take(&Subject::Mark(mark)).is_ok()
        {
            return Ok(guess(Budget::Mark(mark)));
        }
        let is_known = self.guesses.is_known(account, address);
        if is_known && self.guesses.known.take(&Subject::AccountAt(account, address)).is_ok() {
            return Ok(guess(Budget::KnownAddress));
        }
        self.fail(Action::Login, address)?;
        self.take(&self.guesses.strangers, &Subject::Account(account))
            .inspect_err(|_| self.logins.failed.give_back(&Subject::Address(address)))?;
        Ok(guess(Budget::Strangers))
    }
}

/// The budget that a guess was taken from.
#[derive(Debug, Clone, Copy)]
enum Budget {
    Mark(MarkId),
    KnownAddress,
    Strangers,
}
