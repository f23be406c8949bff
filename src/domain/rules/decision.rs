//! What a command comes to: events to append and a document to write, or a refusal.

use crate::domain::model::call::Call;
use crate::domain::model::display::Display;
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn::Changes;
use crate::domain::values::ids::{CallId, OrderId};
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use serde::Serialize;
use serde_json::Value;

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
    Undrawn(Changes),
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
