//! The registry of connections. It counts them, in total and by principal, and can end each of them.

use super::limits::Limits;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::text::Key;
use crate::room::MemberId;
use actix::{Message, Recipient};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A message to a connection from outside its rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Control {
    /// Its session may have ended: if so, close with 4401.
    SessionEnded,
    /// The node is going down: announce it, and close after this many milliseconds.
    Drain {
        /// The slot of this connection.
        slot_ms: u64,
    },
}

/// Why a connection may not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The node has as many as allowed.
    Full,
    /// The node has as many as diners may take.
    FullOfDiners,
    /// The principal has as many as allowed.
    TooMany,
    /// The diners of the table have as many as allowed.
    TooManyAtTable,
}

struct Reachable {
    session: u64,
    reach: Recipient<Control>,
}

#[derive(Default)]
struct Connections {
    /// Connections by the hash of a principal. Principals with the same hash share a limit, and nothing else.
    by_principal: HashMap<u64, u32>,
    /// Connections by the hash of a diner's table.
    by_table: HashMap<u64, u32>,
    count: u32,
    reachable: HashMap<MemberId, Reachable>,
}

impl Connections {
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
    connections: Mutex<Connections>,
    next: AtomicU64,
    ending: AtomicBool,
    draining: AtomicBool,
    hasher: RandomState,
}

/// The connections of a node. Cheap to clone.
#[derive(Clone)]
pub struct ConnectionRegistry(Arc<Inner>);

/// A slot in the registry. Dropping it frees the slot.
pub struct ConnectionSlot {
    registry: ConnectionRegistry,
    principal: u64,
    table: Option<u64>,
    /// The number of the connection on this node.
    pub member: MemberId,
}

impl Default for ConnectionRegistry {
    fn default() -> Self {
        let (next, ending, draining) = (AtomicU64::new(1), AtomicBool::default(), AtomicBool::default());
        Self(Arc::new(Inner { connections: Mutex::default(), next, ending, draining, hasher: RandomState::new() }))
    }
}

impl ConnectionRegistry {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hash(&self, value: &impl Hash) -> u64 {
        self.0.hasher.hash_one(value)
    }

    /// Takes a slot for a principal.
    ///
    /// # Errors
    /// When the node, the table or the principal has as many as allowed. Diners are refused before everyone else.
    pub fn admit(&self, principal: &Principal, limits: &Limits) -> Result<ConnectionSlot, Refused> {
        // Guests who open a shared link do not use up the limit of the guest who shared it.
        let key = self.hash(&(principal.restaurant, &principal.sub, principal.share));
        let table = principal.table.as_ref().filter(|_| principal.role == Role::Diner);
        let table = table.map(|table| self.hash(&(principal.restaurant, table)));
        let mut connections = self.connections();
        connections.check(key, table, principal.role, limits)?;
        *connections.by_principal.entry(key).or_default() += 1;
        if let Some(table) = table {
            *connections.by_table.entry(table).or_default() += 1;
        }
        connections.count += 1;
        drop(connections);
        let member = MemberId(self.0.next.fetch_add(1, Ordering::Relaxed));
        Ok(ConnectionSlot { registry: self.clone(), principal: key, table, member })
    }

    /// Ends every connection of a session.
    pub fn end_session(&self, session: &Key) {
        let session = self.hash(session);
        for reachable in self.connections().reachable.values().filter(|reachable| reachable.session == session) {
            // One message for each connection, once: this is not fan-out.
            reachable.reach.do_send(Control::SessionEnded);
        }
    }

    /// Asks each connection to check whether its session has ended, since notices were missed.
    pub fn check_all(&self) {
        for reachable in self.connections().reachable.values() {
            // One message for each connection, rarely: this is not fan-out.
            reachable.reach.do_send(Control::SessionEnded);
        }
    }

    /// Announces that the node will go down. It is no longer ready, but serves as before until it drains.
    pub fn announce_end(&self) {
        self.0.ending.store(true, Ordering::SeqCst);
    }

    /// Whether the node will go down or is going down.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::SeqCst)
    }

    /// Begins to drain: refuses handshakes from now on, and sends each connection its slot of the drain window.
    pub fn drain(&self, slot_ms: impl Fn() -> u64) {
        self.announce_end();
        let connections = self.connections();
        self.0.draining.store(true, Ordering::SeqCst);
        for reachable in connections.reachable.values() {
            reachable.reach.do_send(Control::Drain { slot_ms: slot_ms() });
        }
    }

    /// Whether the node is going down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Returns how many connections there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.connections().count
    }
}

impl ConnectionSlot {
    /// Registers the connection's address and session. Call it again after each new token.
    pub fn register(&self, session: &Key, reach: Recipient<Control>) {
        let session = self.registry.hash(session);
        let mut connections = self.registry.connections();
        if self.registry.is_draining() && !connections.reachable.contains_key(&self.member) {
            // It was admitted just before the node began to go down, and could not be reached then.
            reach.do_send(Control::Drain { slot_ms: 0 });
        }
        connections.reachable.insert(self.member, Reachable { session, reach });
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut connections = self.registry.connections();
        connections.reachable.remove(&self.member);
        connections.count = connections.count.saturating_sub(1);
        subtract_one(&mut connections.by_principal, self.principal);
        if let Some(table) = self.table {
            subtract_one(&mut connections.by_table, table);
        }
    }
}

/// Subtracts one from a count, which is removed at zero.
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
            name: None,
        }
    }

    #[test]
    fn diners_are_refused_first_and_a_freed_slot_can_be_taken_again() {
        let registry = ConnectionRegistry::default();
        let limits = Limits { connections: 10, reserved_percent: 20, ..Limits::default() };
        let diner = |number: u32| principal(Role::Diner, &format!("d{number}"), Some(&number.to_string()));
        let mut slots: Vec<ConnectionSlot> = (0..8).map(|number| registry.admit(&diner(number), &limits).unwrap()).collect();
        assert_eq!(registry.admit(&diner(8), &limits).err(), Some(Refused::FullOfDiners));
        for role in [Role::Kitchen, Role::Staff] {
            slots.push(registry.admit(&principal(role, "s", None), &limits).unwrap());
        }
        assert_eq!(registry.admit(&principal(Role::Manager, "m", None), &limits).err(), Some(Refused::Full));
        assert_eq!(registry.admit(&diner(8), &limits).err(), Some(Refused::Full));
        slots.clear();
        assert!(registry.admit(&diner(8), &limits).is_ok() && registry.count() == 0);
    }

    #[test]
    fn the_diners_of_a_table_share_a_limit_and_other_tables_have_their_own() {
        let registry = ConnectionRegistry::default();
        let limits = Limits { connections_per_table: 3, ..Limits::default() };
        let at = |table, number: u32| principal(Role::Diner, &format!("d{number}"), Some(table));
        let mut slots: Vec<ConnectionSlot> = (0..3).map(|number| registry.admit(&at("7", number), &limits).unwrap()).collect();
        assert_eq!(registry.admit(&at("7", 3), &limits).err(), Some(Refused::TooManyAtTable));
        assert!(registry.admit(&at("8", 3), &limits).is_ok());
        assert!(registry.admit(&principal(Role::Staff, "s", None), &limits).is_ok());
        slots.pop();
        assert!(registry.admit(&at("7", 3), &limits).is_ok());
    }
}
