//! Guesses at passwords, by account. Sign-ins from unknown devices at unknown addresses share one budget of wrong passwords
//! for an account, however many addresses they come from. Devices that carry a mark of the account have a budget each, and so
//! does each address from which somebody signed in before, so that strangers who use theirs up do not lock the owner out.

use super::gate::{Account, Gate, Subject};
use super::{Attempt, Limits, Rate};
use crate::auth::device_mark::MarkId;
use crate::auth::secret::hash;
use crate::clock;
use crate::connection::client_address::household;
use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an address is known for an account after a sign-in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most addresses that are known. Overflow: the one whose sign-in is longest ago is forgotten.
const MOST_KNOWN: usize = 10_000;

/// The budgets, and where each account was signed in to.
pub struct Guesses {
    strangers: Gate,
    known: Gate,
    marked: Gate,
    places: Mutex<HashMap<(Account, IpAddr), Timestamp>>,
}

impl Guesses {
    /// Budgets of this rate.
    pub fn new(rate: Rate) -> Self {
        let gate = || Gate::new("password_guesses", rate.quota());
        Self { strangers: gate(), known: gate(), marked: gate(), places: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<(Account, IpAddr), Timestamp>> {
        // Whoever panicked left a whole map behind.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_known(&self, account: Account, address: IpAddr) -> bool {
        self.places().contains_key(&(account, address))
    }

    fn remember(&self, account: Account, address: IpAddr) {
        let mut places = self.places();
        if places.len() >= MOST_KNOWN && !places.contains_key(&(account, address)) {
            let oldest = places.iter().min_by_key(|(_, at)| **at).map(|(place, _)| *place);
            oldest.map(|place| places.remove(&place));
        }
        places.insert((account, address), clock::uptime());
    }

    /// Forgets what is over.
    pub fn tidy(&self) {
        for gate in [&self.strangers, &self.known, &self.marked] {
            gate.tidy();
        }
        let now = clock::uptime();
        self.places().retain(|_, at| now.since(*at) < KNOWN_FOR);
    }
}

/// The budget that a guess was taken from.
#[derive(Debug, Clone, Copy)]
enum Budget {
    Mark(MarkId),
    KnownAddress,
    Strangers,
}

/// A password that is about to be checked. It counts as wrong until it is known to be right, so that guesses at one time are
/// not more than guesses in turn.
pub struct Guess {
    limits: Arc<Limits>,
    account: Account,
    address: IpAddr,
    budget: Budget,
    is_wrong: bool,
}

impl Limits {
    /// Counts a guess at an account's password, before it is checked: the check is what costs. `mark` is the device's, if it
    /// carries one of this account.
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
        let address = household(address);
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
        self.fail(Attempt::Login, address)?;
        self.take(&self.guesses.strangers, &Subject::Account(account))
            .inspect_err(|_| self.logins.failed.give_back(&Subject::Address(address)))?;
        Ok(guess(Budget::Strangers))
    }
}

impl Guess {
    /// The password was right: it was no guess, and its address is known for the account from now on.
    pub fn right(self) {
        self.limits.guesses.remember(self.account, self.address);
    }

    /// The password was wrong.
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
