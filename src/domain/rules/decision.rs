//! Decisions: the events to append and the row to write for a command, or nothing to change.

use crate::domain::model::call::Call;
use crate::domain::model::display::Display;
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::{EventKind, Rule};
use crate::domain::model::menu::Menu;
use crate::domain::model::order::Order;
use crate::domain::model::undrawn::Changes;
use crate::domain::model::visit::VisitWrite;
use crate::domain::values::ids::{CallId, OrderId};
use crate::domain::values::merge_patch;
use crate::domain::values::position::Position;
use crate::domain::values::text::Key;
use serde::Serialize;
use serde_json::{Map, Value};

/// The one row a decision writes beside its events.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// The order's new document.
    Order(Box<Order>),
    /// The menu's new document.
    Menu(Box<Menu>),
    /// A call to open.
    Call(Call),
    /// A call to close.
    Answered(CallId),
    /// A kitchen screen's new state.
    Display(Display),
    /// A kitchen screen to delete.
    DisplayRemoved(Key),
    /// A change of a visit.
    Visit(Box<VisitWrite>),
    /// Tickets to report to the floor as unseen, or as no longer unseen.
    Undrawn(Changes),
}

/// The outcome of a rule that refuses nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Commit these events and this row.
    Change {
        /// The events for the positions after the head, in order; never empty.
        drafts: Vec<Draft>,
        /// The row to write.
        write: Write,
        /// The document for the answer.
        document: Value,
    },
    /// Change nothing: the requested state holds already.
    Keep {
        /// The unchanged document.
        document: Value,
        /// The position of its last event.
        position: Position,
    },
}

/// A builder of the events of a decision about several orders.
pub struct OrderSteps {
    head: Position,
    /// The events.
    pub drafts: Vec<Draft>,
}

impl OrderSteps {
    /// Starts at the feed's head.
    #[must_use]
    pub const fn from(moment: Moment) -> Self {
        Self { head: moment.head, drafts: Vec::new() }
    }

    /// Adds an event, and returns the order at its position. The patch of a new order and of one that was closed has the
    /// whole document, since screens may not have it.
    pub fn push(&mut self, kind: EventKind, before: Option<&Order>, after: Order) -> Order {
        self.head = self.head.next();
        let after = Order { position: self.head, ..after };
        let json = before.map_or_else(|| Value::Object(Map::new()), to_json);
        let is_whole = before.is_none_or(|before| before.status.is_final());
        let patch_of = if is_whole { merge_patch::whole } else { merge_patch::diff };
        let patch = patch_of(&json, &to_json(&after));
        self.drafts.push(Draft { kind, order: Some(after.id), patch, rule: None });
        after
    }
}

/// A document that carries the position of its last event.
pub trait Positioned: Serialize {
    /// Sets the position of the event to append.
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

/// A builder of a decision's events. The patch of each step is the difference that it makes.
pub struct Steps {
    json: Value,
    head: Position,
    drafts: Vec<Draft>,
}

impl Steps {
    /// Starts from a document, or from an empty object for a new one.
    #[must_use]
    pub fn from(json: Value, moment: Moment) -> Self {
        Self { json, head: moment.head, drafts: Vec::new() }
    }

    /// Adds an event: sets its position in the document, and computes the patch from the previous step.
    pub fn push(&mut self, kind: EventKind, order: Option<OrderId>, document: &mut impl Positioned) {
        self.add(kind, order, document, merge_patch::diff);
    }

    /// Adds an event that a rule of the restaurant causes.
    pub fn push_by_rule(&mut self, rule: Rule, kind: EventKind, order: Option<OrderId>, document: &mut impl Positioned) {
        self.push(kind, order, document);
        if let Some(last) = self.drafts.last_mut() {
            last.rule = Some(rule);
        }
    }

    /// Adds an event whose patch restores the whole document, for readers that no longer have it.
    pub fn push_whole(&mut self, kind: EventKind, order: Option<OrderId>, document: &mut impl Positioned) {
        self.add(kind, order, document, merge_patch::whole);
    }

    fn add(
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
        self.drafts.push(Draft { kind, order, patch, rule: None });
    }

    /// Returns the decision with these events.
    #[must_use]
    pub fn decide(self, write: Write) -> Decision {
        Decision::Change { drafts: self.drafts, write, document: self.json }
    }
}
