//! Guesses at passwords, by account. Whoever tries an account from where nobody signed in to it before shares one budget of
//! wrong passwords with all such strangers, however many addresses they have. Where somebody signed in before, there is a
//! budget apart, so strangers who use theirs up do not lock the account's owner out.

use super::gate::{Account, Gate, Subject};
use super::{Attempt, Limits, Rate};
use crate::auth::secret::hash;
use crate::clock;
use crate::connection::address::household;
use crate::domain::time::Timestamp;
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
    places: Mutex<HashMap<(Account, IpAddr), Timestamp>>,
}

impl Guesses {
    /// Budgets of this rate.
    pub fn new(rate: Rate) -> Self {
        let gate = || Gate::new("password_guesses", rate.quota());
        Self { strangers: gate(), known: gate(), places: Mutex::default() }
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
        self.strangers.tidy();
        self.known.tidy();
        let now = clock::uptime();
        self.places().retain(|_, at| now.since(*at) < KNOWN_FOR);
    }
}

/// A password that is about to be checked. It counts as wrong until it is known to be right, so that guesses at one time are
/// not more than guesses in turn.
pub struct Guess {
    limits: Arc<Limits>,
    account: Account,
    address: IpAddr,
    is_known: bool,
    is_wrong: bool,
}

impl Limits {
    /// Counts a guess at an account's password, before it is checked: the check is what costs.
    ///
    /// # Errors
    /// The time to wait.
    pub fn guess(self: &Arc<Self>, restaurant: &str, username: &str, address: IpAddr) -> Result<Guess, Duration> {
        let account = hash(&format!("{restaurant}\0{username}").into());
        let address = household(address);
        let guess = |is_known| Guess { limits: self.clone(), account, address, is_known, is_wrong: false };
        let is_known = self.guesses.is_known(account, address);
        if is_known && self.guesses.known.take(&Subject::AccountAt(account, address)).is_ok() {
            return Ok(guess(true));
        }
        self.fail(Attempt::Login, address)?;
        self.take(&self.guesses.strangers, &Subject::Account(account))
            .inspect_err(|_| self.logins.failed.give_back(&Subject::Address(address)))?;
        Ok(guess(false))
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
        let limits = &self.limits;
        match (self.is_wrong, self.is_known) {
            (true, _) => {}
            (false, true) => limits.guesses.known.give_back(&Subject::AccountAt(self.account, self.address)),
            (false, false) => {
                limits.guesses.strangers.give_back(&Subject::Account(self.account));
                limits.logins.failed.give_back(&Subject::Address(self.address));
            }
        }
    }
}
