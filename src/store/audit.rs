//! The audit: who did what, from where and with what outcome. Append-only, and written in the transaction that it records.
//!
//! A caller cannot forget the actor: the edge opens a [`scope`] for each request, authentication names the principal in it
//! ([`speaks`]), and a [`Note`] made inside takes both. A note goes with [`Work`](super::log::Work) or, for every
//! other call of the store, with [`recorded`]. Words of guests, passwords, keys and tokens have no field here.

use super::Result;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{AuditId, RestaurantId};
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use serde::Serialize;
use std::cell::RefCell;
use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;
use utoipa::ToSchema;

/// The part of the restaurant that an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditKind)]
pub enum Kind {
    /// Commands about orders and calls, and orders that staff place.
    Orders,
    /// The menu, sold-out dishes, pauses.
    Menu,
    /// People who sign in.
    People,
    /// Tables and their keys.
    Tables,
    /// Kitchen screens.
    Screens,
    /// API keys.
    Keys,
    /// Sign-ins, including failed ones, and ends of sessions.
    Sessions,
    /// Guests' data: exports, erasures.
    Guests,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Orders, Self::Menu, Self::People, Self::Tables, Self::Screens, Self::Keys, Self::Sessions, Self::Guests];

    /// The word on the wire and in the column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Menu => "menu",
            Self::People => "people",
            Self::Tables => "tables",
            Self::Screens => "screens",
            Self::Keys => "keys",
            Self::Sessions => "sessions",
            Self::Guests => "guests",
        }
    }
}

/// The word does not name a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("kind must be one of orders, menu, people, tables, screens, keys, sessions, guests")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(word: &str) -> std::result::Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// The principal that acts, and its address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// `None` before anybody has signed in.
    pub role: Option<Role>,
    /// The principal's `sub`.
    pub sub: Option<Key>,
    /// The client's address, where addresses are kept.
    pub address: Option<IpAddr>,
}

/// An entry that a transaction will write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub(super) restaurant: RestaurantId,
    pub(super) kind: Kind,
    pub(super) action: &'static str,
    pub(super) actor: Actor,
    pub(super) subject: Option<String>,
    pub(super) part: Option<String>,
    pub(super) label: Option<String>,
    pub(super) value: Option<String>,
    pub(super) reason: Option<&'static str>,
    pub(super) outcome: &'static str,
    pub(super) lists_refusals: bool,
}

impl Note {
    /// The outcome of an action that succeeded.
    pub const DONE: &'static str = "done";

    /// Makes an entry about an action of the principal that speaks in this scope.
    #[must_use]
    pub fn new(restaurant: RestaurantId, kind: Kind, action: &'static str) -> Self {
        Self {
            restaurant,
            kind,
            action,
            actor: actor(),
            subject: None,
            part: None,
            label: None,
            value: None,
            reason: None,
            outcome: Self::DONE,
            lists_refusals: true,
        }
    }

    /// Returns the restaurant whose audit it belongs to.
    #[must_use]
    pub const fn restaurant(&self) -> RestaurantId {
        self.restaurant
    }

    /// Whether it is written when a command is refused.
    #[must_use]
    pub const fn lists_refusals(&self) -> bool {
        self.lists_refusals
    }

    /// Sets the principal.
    #[must_use]
    pub fn by(mut self, who: &Principal) -> Self {
        (self.actor.role, self.actor.sub) = (Some(who.role), Some(who.sub.clone()));
        self
    }

    /// Sets the id of the thing that the action changes.
    #[must_use]
    pub fn about(mut self, id: impl Display) -> Self {
        self.subject = Some(id.to_string());
        self
    }

    /// Sets the id of the part that the action changes: a line of an order.
    #[must_use]
    pub fn part(mut self, id: impl Display) -> Self {
        self.part = Some(id.to_string());
        self
    }

    /// Sets the name by which people know the subject.
    #[must_use]
    pub fn called(mut self, label: impl Display) -> Self {
        self.label = Some(label.to_string());
        self
    }

    /// Sets the new value, in a fixed word.
    #[must_use]
    pub fn set_to(mut self, value: impl Display) -> Self {
        self.value = Some(value.to_string());
        self
    }

    /// Sets one of the fixed reasons.
    #[must_use]
    pub const fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Leaves the entry out when the command is refused.
    #[must_use]
    pub const fn unless_refused(mut self) -> Self {
        self.lists_refusals = false;
        self
    }

    /// Sets an outcome other than [`Self::DONE`].
    #[must_use]
    pub const fn with_outcome(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }
}

/// An entry, as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct Entry {
    /// Its id; a later one is greater.
    pub id: AuditId,
    /// The time.
    pub at: Timestamp,
    /// The kind of action: `orders`, `menu`, `people` and so on.
    pub kind: String,
    /// The action's word.
    pub action: String,
    /// `done`, or why not.
    pub outcome: String,
    /// The role of the actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The id of the actor: a person, a screen or an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Their name at the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of the thing that the entry is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The id of the line of an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The name of the subject for people: an order's number with its ticket, a dish, a username, a table's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// One of the fixed reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

tokio::task_local! {
    static CONTEXT: RefCell<Actor>;
    static PENDING: RefCell<Option<Note>>;
}

/// Runs the request of a client at an address. Notes made inside name the principal that [`speaks`] in it.
pub async fn scope<T>(address: Option<IpAddr>, work: impl Future<Output = T>) -> T {
    CONTEXT.scope(RefCell::new(Actor { address, ..Actor::default() }), work).await
}

/// Takes this scope along into a task of its own.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    CONTEXT.scope(RefCell::new(actor()), work)
}

/// Names the principal of this scope. Does nothing outside of a scope.
pub fn speaks(who: &Principal) {
    let _ = CONTEXT.try_with(|context| {
        let mut actor = context.borrow_mut();
        (actor.role, actor.sub) = (Some(who.role), Some(who.sub.clone()));
    });
}

/// Returns the principal that speaks in this scope.
fn actor() -> Actor {
    CONTEXT.try_with(|context| context.borrow().clone()).unwrap_or_default()
}

/// Runs a call of the store whose transaction also writes the note. When the call fails, neither is written.
///
/// # Errors
/// Those of the call.
pub async fn recorded<T>(note: Note, call: impl Future<Output = Result<T>>) -> Result<T> {
    PENDING.scope(RefCell::new(Some(note)), call).await
}

/// Takes the note for this task's next transaction.
pub(super) fn take() -> Option<Note> {
    PENDING.try_with(|pending| pending.borrow_mut().take()).ok().flatten()
}

/// Runs a unit of work with the note that its transaction will write, so that the unit can set the outcome.
pub(super) async fn holding<T>(note: Note, unit: impl Future<Output = Result<T>>) -> Result<(T, Option<Note>)> {
    let held = PENDING.scope(RefCell::new(Some(note)), async { unit.await.map(|value| (value, take())) });
    held.await
}

/// Records in the note of this transaction that its work changed nothing, and why.
pub(super) fn set_outcome(outcome: &'static str) {
    let _ = PENDING.try_with(|pending| {
        if let Some(note) = pending.borrow_mut().as_mut() {
            note.outcome = outcome;
        }
    });
}

/// The audit of a restaurant.
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// Writes an entry in a transaction of its own.
    async fn record(&self, note: Note) -> Result<()>;

    /// Returns at most `limit` entries before `before`, of one kind or of all, newest first.
    async fn audit(
        &self,
        restaurant: RestaurantId,
        kind: Option<Kind>,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<Entry>>;

    /// Removes entries made before a time, at most `limit`; returns how many. The database refuses those of the last
    /// thirty days.
    async fn forget_audit(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64>;
}
