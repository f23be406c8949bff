//! Guesses at passwords, by account. Sign-ins from unknown devices at unknown addresses share one
//! budget of wrong passwords for an account, from any number of addresses. Each device with a mark
//! of the account has its own budget, as has each address from which somebody signed in before, so
//! that strangers who use up theirs do not lock the owner out.

use super::gate::{Account, KeyedLimiter, Rate};
use crate::clock;
use crate::domain::values::time::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an address is known for an account after a sign-in.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most known addresses. Overflow: the one with the oldest sign-in is dropped.
const MOST_KNOWN: usize = 10_000;

/// The budgets, and the addresses of sign-ins to each account.
pub struct Guesses {
    pub(super) strangers: KeyedLimiter,
    pub(super) known: KeyedLimiter,
    pub(super) marked: KeyedLimiter,
    places: Mutex<HashMap<(Account, IpAddr), Timestamp>>,
}

impl Guesses {
    /// Makes budgets of this rate.
    pub fn new(rate: Rate) -> Self {
        let gate = || KeyedLimiter::new("password_guesses", rate.quota());
        Self { strangers: gate(), known: gate(), marked: gate(), places: Mutex::default() }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<(Account, IpAddr), Timestamp>> {
        // A panic cannot leave the map half changed.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_known(&self, account: Account, address: IpAddr) -> bool {
        self.places().contains_key(&(account, address))
    }

    pub(super) fn remember(&self, account: Account, address: IpAddr) {
        let mut places = self.places();
        if places.len() >= MOST_KNOWN && !places.contains_key(&(account, address)) {
            let oldest = places.iter().min_by_key(|(_, at)| **at).map(|(place, _)| *place);
            oldest.map(|place| places.remove(&place));
        }
        places.insert((account, address), clock::uptime());
    }

    /// Drops expired entries.
    pub fn tidy(&self) {
        for gate in [&self.strangers, &self.known, &self.marked] {
            gate.tidy();
        }
        let now = clock::uptime();
        self.places().retain(|_, at| now.since(*at) < KNOWN_FOR);
    }
}
