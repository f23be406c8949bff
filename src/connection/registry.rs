//! Who is connected to this node: how many in all and by principal, and how to reach each to end it.

use super::limits::Limits;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::Key;
use crate::room::MemberId;
use actix::{Message, Recipient};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Told to a connection from outside its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Control {
    /// Its session has ended: close with 4401.
    SessionEnded,
    /// The node goes down: say so, and close after this many milliseconds of the drain window.
    Drain {
        /// This connection's own slot.
        slot_ms: u64,
    },
}

/// Why a connection may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The node has as many as it takes.
    Full,
    /// The node has as many as it lets diners take.
    FullOfDiners,
    /// The principal has.
    TooMany,
    /// The diners of the table have.
    TooManyAtTable,
}

struct Present {
    session: u64,
    reach: Recipient<Control>,
}

#[derive(Default)]
struct People {
    /// Connections by principal, under a hash: a collision makes two principals share a limit, nothing else.
    by_principal: HashMap<u64, u32>,
    /// Connections by a diner's table, likewise.
    by_table: HashMap<u64, u32>,
    count: u32,
    present: HashMap<MemberId, Present>,
}

impl People {
    fn check(&self, principal: u64, table: Option<u64>, role: Role, limits: &Limits) -> Result<(), Refused> {
        let has = |counts: &HashMap<u64, u32>, key| counts.get(&key).copied().unwrap_or(0);
        if self.count >= limits.connections {
            return Err(Refused::Full);
        }
        if self.count >= limits.connections_before(role) {
            return Err(Refused::FullOfDiners);
        }
        if has(&self.by_principal, principal) >= limits.connections_per_principal {
            return Err(Refused::TooMany);
        }
        if table.is_some_and(|table| has(&self.by_table, table) >= limits.connections_per_table) {
            return Err(Refused::TooManyAtTable);
        }
        Ok(())
    }
}

struct Inner {
    people: Mutex<People>,
    next: AtomicU64,
    draining: Arc<AtomicBool>,
    hasher: RandomState,
}

/// The connections of a node. Cheap to clone.
#[derive(Clone)]
pub struct ConnectionRegistry(Arc<Inner>);

/// A place in the census. Dropping it gives it back.
pub struct ConnectionSlot {
    census: ConnectionRegistry,
    principal: u64,
    table: Option<u64>,
    /// The connection's number on this node.
    pub member: MemberId,
}

impl ConnectionRegistry {
    /// An empty census; `draining` is set when the node begins to go down, for whoever else has to know.
    #[must_use]
    pub fn new(draining: Arc<AtomicBool>) -> Self {
        let next = AtomicU64::new(1);
        Self(Arc::new(Inner { people: Mutex::default(), next, draining, hasher: RandomState::new() }))
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.0.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, value: &impl Hash) -> u64 {
        self.0.hasher.hash_one(value)
    }

    /// Takes a place for a principal.
    ///
    /// # Errors
    /// When the node, the table or the principal has as many as allowed. Diners are refused before everyone else.
    pub fn admit(&self, who: &Principal, limits: &Limits) -> Result<ConnectionSlot, Refused> {
        // Those who were given a link take no place of who gave it.
        let principal = self.hash(&(who.restaurant, &who.sub, who.share));
        let table = who.table.as_ref().filter(|_| who.role == Role::Diner);
        let table = table.map(|table| self.hash(&(who.restaurant, table)));
        let mut people = self.people();
        people.check(principal, table, who.role, limits)?;
        *people.by_principal.entry(principal).or_default() += 1;
        if let Some(table) = table {
            *people.by_table.entry(table).or_default() += 1;
        }
        people.count += 1;
        drop(people);
        let member = MemberId(self.0.next.fetch_add(1, Ordering::Relaxed));
        Ok(ConnectionSlot { census: self.clone(), principal, table, member })
    }

    /// Ends every connection of a session.
    pub fn end_session(&self, session: &Key) {
        let session = self.hash(session);
        for present in self.people().present.values().filter(|present| present.session == session) {
            // One message a connection, once: not fan-out.
            present.reach.do_send(Control::SessionEnded);
        }
    }

    /// Asks every connection to look whether its session has ended; for when notices were missed.
    pub fn check_all(&self) {
        for present in self.people().present.values() {
            // One message a connection, on a rare occasion: not fan-out.
            present.reach.do_send(Control::SessionEnded);
        }
    }

    /// Begins to drain: every connection is told its own slot. From now on handshakes are refused.
    pub fn drain(&self, slot_ms: impl Fn() -> u64) {
        let people = self.people();
        self.0.draining.store(true, Ordering::SeqCst);
        for present in people.present.values() {
            present.reach.do_send(Control::Drain { slot_ms: slot_ms() });
        }
    }

    /// Whether the node is going down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.people().count
    }
}

impl ConnectionSlot {
    /// Says how to reach the connection, and under which session it speaks; again after a refresh.
    pub fn register(&self, session: &Key, reach: Recipient<Control>) {
        let session = self.census.hash(session);
        let mut people = self.census.people();
        if self.census.is_draining() && !people.present.contains_key(&self.member) {
            // It was let in just before the node began to go down, and nobody could tell it then.
            reach.do_send(Control::Drain { slot_ms: 0 });
        }
        people.present.insert(self.member, Present { session, reach });
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut people = self.census.people();
        people.present.remove(&self.member);
        people.count = people.count.saturating_sub(1);
        subtract_one(&mut people.by_principal, self.principal);
        if let Some(table) = self.table {
            subtract_one(&mut people.by_table, table);
        }
    }
}

/// Counts one down; a count of zero is removed.
fn subtract_one(counts: &mut HashMap<u64, u32>, key: u64) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::ids::RestaurantId;

    fn principal(role: Role, sub: &str, table: Option<&str>) -> Principal {
        Principal {
            sub: sub.parse().unwrap(),
            role,
            restaurant: RestaurantId::from_uuid(uuid::Uuid::nil()),
            session: sub.parse().unwrap(),
            station: None,
            table: table.map(|label| label.parse().unwrap()),
            device: None,
            share: None,
        }
    }

    #[test]
    fn diners_are_refused_first_and_places_that_are_given_back_are_taken_again() {
        let (census, limits) =
            (ConnectionRegistry::new(Arc::default()), Limits { connections: 10, reserved_percent: 20, ..Limits::default() });
        let diner = |number: u32| principal(Role::Diner, &format!("d{number}"), Some(&number.to_string()));
        let mut seats: Vec<ConnectionSlot> = (0..8).map(|number| census.admit(&diner(number), &limits).unwrap()).collect();
        assert_eq!(census.admit(&diner(8), &limits).err(), Some(Refused::FullOfDiners));
        for role in [Role::Kitchen, Role::Staff] {
            seats.push(census.admit(&principal(role, "s", None), &limits).unwrap());
        }
        assert_eq!(census.admit(&principal(Role::Manager, "m", None), &limits).err(), Some(Refused::Full));
        assert_eq!(census.admit(&diner(8), &limits).err(), Some(Refused::Full));
        seats.clear();
        assert!(census.admit(&diner(8), &limits).is_ok() && census.count() == 0);
    }

    #[test]
    fn the_diners_of_a_table_share_a_limit_and_other_tables_have_their_own() {
        let (census, limits) =
            (ConnectionRegistry::new(Arc::default()), Limits { connections_per_table: 3, ..Limits::default() });
        let at = |table, number: u32| principal(Role::Diner, &format!("d{number}"), Some(table));
        let mut seats: Vec<ConnectionSlot> = (0..3).map(|number| census.admit(&at("7", number), &limits).unwrap()).collect();
        assert_eq!(census.admit(&at("7", 3), &limits).err(), Some(Refused::TooManyAtTable));
        assert!(census.admit(&at("8", 3), &limits).is_ok());
        assert!(census.admit(&principal(Role::Staff, "s", None), &limits).is_ok());
        seats.pop();
        assert!(census.admit(&at("7", 3), &limits).is_ok());
    }
}
