//! What a command comes to: events to append and a document to write, or a refusal.

use crate::domain::model::call::Call;
use crate::domain::model::display::Display;
use crate::domain::model::event::EventKind;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn::News;
use crate::domain::values::ids::{CallId, OrderId};
use crate::domain::values::limit::Limit;
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// An event that has a place in the feed but is not yet committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What happened.
    pub kind: EventKind,
    /// The order it changes.
    pub order: Option<OrderId>,
    /// The merge patch.
    pub patch: Value,
}

/// The one row a decision writes beside its events.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// The order's new document.
    Order(Box<Order>),
    /// The menu's new document.
    Menu(Box<Menu>),
    /// A call that is now open.
    Call(Call),
    /// A call that is no longer open.
    Answered(CallId),
    /// A kitchen screen as it now stands.
    Display(Display),
    /// A kitchen screen that is none any more.
    DisplayRemoved(Key),
    /// Tickets of which the floor is told that no screen shows them, or shows them now.
    Undrawn(News),
}

/// A decision to act or to leave things as they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Commit these.
    Change {
        /// Events for the positions after the head, in order; never empty.
        drafts: Vec<Draft>,
        /// The row.
        write: Write,
        /// The document the answer carries.
        document: Value,
    },
    /// What was asked for holds already.
    Keep {
        /// The document as it stands.
        document: Value,
        /// The position of its last event.
        position: Position,
    },
}

/// The kinds of refusal; the wire has a code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Not this principal's to do.
    Forbidden,
    /// No such thing for this principal.
    NotFound,
    /// The request makes no sense against what there is (a dish that is not on the menu).
    Invalid,
    /// The transition table does not allow it.
    InvalidTransition,
    /// The order has moved on; the document says to where.
    Stale,
    /// The command's id was used for something else.
    Conflict,
    /// The restaurant takes no orders now.
    Paused,
    /// Too much too fast; the refusal says how long to wait.
    RateLimited,
    /// The document would be larger than an order may be.
    TooLarge,
    /// The order would cost more than the guest agreed to; the document says what.
    PriceChanged,
}

impl RefusalKind {
    /// The word for metrics; the wire's code of the same kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::InvalidTransition => "invalid_transition",
            Self::Stale => "stale",
            Self::Conflict => "conflict",
            Self::Paused => "paused",
            Self::RateLimited => "rate_limited",
            Self::TooLarge => "too_large",
            Self::PriceChanged => "price_changed",
        }
    }

    /// Whether the refusal is an answer to remember under the command's id. What the state of an order, a menu or a
    /// basket decided is; who may do what, and how much, is asked again each time.
    #[must_use]
    pub const fn is_remembered(self) -> bool {
        matches!(self, Self::Invalid | Self::InvalidTransition | Self::Stale | Self::Paused | Self::PriceChanged)
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// For the person at the screen: what is wrong and what to do.
    pub message: String,
    /// The current document, with `stale`; what the order would cost, with `price_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
    /// How long to wait, with `rate_limited`.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
    /// The limit that was reached, if it was one.
    #[serde(skip)]
    pub limit: Option<Limit>,
}

impl Refusal {
    /// A refusal without a document.
    #[must_use]
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), document: None, retry_after: None, limit: None }
    }

    /// Names the limit that was reached.
    #[must_use]
    pub fn by(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Sets how long to wait before the same is sent again.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

/// When, and after which event, a decision is made. The clock and the head are the shell's to read.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// The feed's last committed position; held by the transaction.
    pub head: Position,
}

/// A document that carries the position of its last event.
pub trait Positioned: Serialize {
    /// Stamps the position of the event that is about to be appended.
    fn set_position(&mut self, position: Position);
}

impl Positioned for Order {
    fn set_position(&mut self, position: Position) {
        self.position = position;
    }
}

impl Positioned for Menu {
    fn set_position(&mut self, position: Position) {
        self.position = position;
    }
}

/// A document as JSON. Documents are plain data with text keys, which always serialize.
#[must_use]
pub fn to_json(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// Builds the events of one decision: each step is the difference of the document before and after it.
pub struct Steps {
    json: Value,
    head: Position,
    drafts: Vec<Draft>,
}

impl Steps {
    /// Starts from a document as it stands (an empty object for one that is yet to be made).
    #[must_use]
    pub fn from(json: Value, moment: Moment) -> Self {
        Self { json, head: moment.head, drafts: Vec::new() }
    }

    /// Records one event: stamps its position into the document and takes the difference to the step before.
    pub fn push(&mut self, kind: EventKind, order: Option<OrderId>, document: &mut impl Positioned) {
        self.record(kind, order, document, merge_patch::diff);
    }

    /// Records one event whose patch makes the document even for those who do not have it any more.
    pub fn push_whole(&mut self, kind: EventKind, order: Option<OrderId>, document: &mut impl Positioned) {
        self.record(kind, order, document, merge_patch::whole);
    }

    fn record(
        &mut self,
        kind: EventKind,
        order: Option<OrderId>,
        document: &mut impl Positioned,
        patch_of: fn(&Value, &Value) -> Value,
    ) {
        self.head = self.head.next();
        document.set_position(self.head);
        let after = to_json(document);
        let patch = patch_of(&self.json, &after);
        self.json = after;
        self.drafts.push(Draft { kind, order, patch });
    }

    /// The decision that these steps come to.
    #[must_use]
    pub fn decide(self, write: Write) -> Decision {
        Decision::Change { drafts: self.drafts, write, document: self.json }
    }
}
