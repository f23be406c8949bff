//! Commands: requests to change an order or a call, in one shape on every transport.
//!
//! [`RawCommand`] is the JSON as received; [`Command`] is its parsed meaning. Parsing checks which fields belong to which
//! action. It never ignores a misspelt or misplaced field, but returns an error that names it.

use super::course::CourseNumber;
use super::line::{self, Correction, Line, MAX_LINES, Round, optional_lines_schema};
pub use super::order_action::{Cause, Lines, OrderAction};
use super::refusal::Refusal;
use super::split::{MAX_SPLIT_LINES, SplitLine, SplitTo};
use super::visit::VisitAction;
pub use crate::domain::values::action::ActionName;
use crate::domain::values::as_text::present;
use crate::domain::values::ids::{CallId, CommandId, ItemId, OrderId, ShiftId, VisitChangeId, VisitId};
use crate::domain::values::level::Level;
use crate::domain::values::limit::{self, MAX_QUANTITY, quantity_schema};
use crate::domain::values::money::Money;
use crate::domain::values::position::Position;
use crate::domain::values::reason::{CallReason, Reason};
use crate::domain::values::schema;
use crate::domain::values::text::{self, Note, TableLabel};
use crate::domain::values::time::Timestamp;
use crate::domain::values::whole_number;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// The longest promise, in minutes.
pub const MAX_MINUTES: u16 = 480;

/// A command as written on the wire. Over HTTP, `order` comes from the path.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CommandBody)]
pub struct RawCommand {
    /// The command's id, made by the client. A repeat under the same id has no second effect.
    #[schema(required)]
    pub id: Option<CommandId>,
    /// The order to change; absent for waiter calls and visits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The name of the action.
    #[schema(schema_with = action_schema)]
    pub action: String,
    /// The position of the order or the visit as the sender last saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_position: Option<Position>,
    /// On a shared device: the shift of the person who acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<ShiftId>,
    /// For `accept` and `promise`: minutes from now.
    #[serde(default, deserialize_with = "minutes", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = minutes_schema)]
    pub minutes: Option<u16>,
    /// For `reject`, `cancel`, `void_item` and `call_waiter`: the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = reason_schema)]
    pub reason: Option<String>,
    /// Free text beside a reason.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = text::optional_note_schema)]
    pub detail: Option<Note>,
    /// For `start_item`, `finish_item`, `recall_item`, `void_item`, `change_item`, `fire`, `hold` and
    /// `serve_item`: the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// For `void_item`: the number of portions to void. Without this member, the whole line is voided. `null` is refused.
    #[serde(default, deserialize_with = "present_quantity", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = quantity_schema)]
    pub quantity: Option<u16>,
    /// For `rush`: whether to cook the order before others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rush: Option<bool>,
    /// For `add_items`: the lines to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_lines_schema)]
    pub items: Option<Vec<Line>>,
    /// For `change_item`: the new line, of the same dish.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// For `add_items` and `change_item`: the total that the guest agreed to for the lines in this command. Without this
    /// member, the guest agrees to any total. `null` is refused.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expected_total: Option<Money>,
    /// For `start` and `ready`: the lines that the sender saw; other lines do not change. Without this member, the action
    /// applies to all lines. `null` is refused.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 100)]
    pub only: Option<Vec<ItemId>>,
    /// For `reschedule`: when the order is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// For `fire`, `hold` and `serve`: the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<CourseNumber>,
    /// For `answer_call`: the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// For `move`, `merge` and `split`: the visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitId>,
    /// For `move` and `split`: the free table to which the guests or the lines move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<TableLabel>,
    /// For `merge` and `split`: the visit to which the guests or the lines move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<VisitId>,
    /// For `split`: the lines that leave the visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 100)]
    pub lines: Option<Vec<SplitLine>>,
    /// For `undo`: the id of a change of a visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<VisitChangeId>,
}

/// Deserializes the minutes of a promise, if there are any.
fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    struct Minutes(u16);
    impl<'de> Deserialize<'de> for Minutes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            whole_number::within(deserializer, 1..=MAX_MINUTES).map(Self)
        }
    }
    Ok(Option::deserialize(deserializer)?.map(|Minutes(minutes)| minutes))
}

/// Deserializes the portions to void, which must not be `null`.
fn present_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    limit::quantity(deserializer).map(Some)
}

fn action_schema() -> Object {
    schema::word(ActionName::ALL.map(ActionName::as_str)).build()
}

fn minutes_schema() -> Object {
    schema::integer(1, MAX_MINUTES).description(Some("`accept`, `promise`.")).build()
}

fn reason_schema() -> Object {
    let words = Reason::ALL.map(Reason::as_str).into_iter().chain(CallReason::ALL.map(CallReason::as_str));
    schema::word(words).description(Some("`reject`, `cancel`, `void_item`, `call_waiter`.")).build()
}

/// A parsed command. A fingerprint is a hash of this type's JSON and not of the JSON received, so that commands of equal
/// meaning have equal fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The id that the client made.
    pub id: CommandId,
    /// The order, call or visit, with the action on it.
    pub subject: Subject,
    /// On a shared device: the shift of the person who acts. It is not part of the command's meaning.
    #[serde(skip)]
    pub shift: Option<ShiftId>,
}

/// The subject of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Subject {
    /// One order.
    Order {
        /// The order's id.
        order: OrderId,
        /// The position that the sender last saw. The command is `stale` if the order has changed
        /// since.
        expected: Option<Position>,
        /// The action on the order.
        action: OrderAction,
    },
    /// A call for the waiter.
    Call(CallAction),
    /// A visit of guests to a table.
    Visit {
        /// The position that the sender last saw. The command is `stale` if an order of the visit has
        /// changed since.
        expected: Option<Position>,
        /// The action on the visit.
        action: VisitAction,
    },
}

/// An action on waiter calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CallAction {
    /// A diner calls a waiter to their table.
    Raise(CallReason),
    /// A waiter has answered the call.
    Answer(CallId),
}

impl Command {
    /// Returns the feature level that the command's fields need.
    #[must_use]
    pub const fn level(&self) -> Level {
        match &self.subject {
            Subject::Order { action: OrderAction::VoidSome(..), .. } => Level::ONE,
            Subject::Order { action, .. } if action.is_of_level_two() => Level::TWO,
            Subject::Visit { .. } => Level::TWO,
            _ => Level::ZERO,
        }
    }

    /// Returns the name of the command's action.
    #[must_use]
    pub const fn action(&self) -> ActionName {
        match &self.subject {
            Subject::Call(CallAction::Raise(_)) => ActionName::CallWaiter,
            Subject::Call(CallAction::Answer(_)) => ActionName::AnswerCall,
            Subject::Visit { action: VisitAction::Move { .. }, .. } => ActionName::Move,
            Subject::Visit { action: VisitAction::Merge { .. }, .. } => ActionName::Merge,
            Subject::Visit { action: VisitAction::Split { .. }, .. } => ActionName::Split,
            Subject::Visit { action: VisitAction::Undo { .. }, .. } => ActionName::Undo,
            Subject::Order { action, .. } => match action {
                OrderAction::Accept { .. } => ActionName::Accept,
                OrderAction::Reject(_) => ActionName::Reject,
                OrderAction::Start | OrderAction::StartSome(_) => ActionName::Start,
                OrderAction::StartItem(_) => ActionName::StartItem,
                OrderAction::FinishItem(_) => ActionName::FinishItem,
                OrderAction::RecallItem(_) => ActionName::RecallItem,
                OrderAction::Ready | OrderAction::ReadySome(_) => ActionName::Ready,
                OrderAction::Recall => ActionName::Recall,
                OrderAction::Serve | OrderAction::ServeCourse(_) => ActionName::Serve,
                OrderAction::Fire(_) => ActionName::Fire,
                OrderAction::Hold(_) => ActionName::Hold,
                OrderAction::ServeItem(_) => ActionName::ServeItem,
                OrderAction::Cancel(_) => ActionName::Cancel,
                OrderAction::VoidItem(..) | OrderAction::VoidSome(..) => ActionName::VoidItem,
                OrderAction::Promise { .. } => ActionName::Promise,
                OrderAction::Rush(_) => ActionName::Rush,
                OrderAction::AddItems(_) => ActionName::AddItems,
                OrderAction::ChangeItem(_) => ActionName::ChangeItem,
                OrderAction::StartNow => ActionName::StartNow,
                OrderAction::Reschedule(_) => ActionName::Reschedule,
            },
        }
    }
}

/// A fault in a command's fields, worded for the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidCommand {
    message: String,
    /// The field, as a JSON pointer (RFC 6901).
    pub pointer: String,
}

impl InvalidCommand {
    fn of(field: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), pointer: format!("/{field}") }
    }
}

impl From<Refusal> for InvalidCommand {
    fn from(refusal: Refusal) -> Self {
        Self { message: refusal.message, pointer: refusal.pointer.unwrap_or_default() }
    }
}

impl TryFrom<RawCommand> for Command {
    type Error = InvalidCommand;

    fn try_from(mut raw: RawCommand) -> Result<Self, InvalidCommand> {
        let id = raw.id.take().ok_or_else(|| InvalidCommand::of("id", "id is required: a UUID made by the client"))?;
        let name = ActionName::of_word(&raw.action).ok_or_else(|| {
            let words = ActionName::ALL.map(ActionName::as_str).join(", ");
            InvalidCommand::of("action", format!("action must be one of {words}"))
        })?;
        let mut fields = Fields { raw, name };
        let subject = match name {
            ActionName::CallWaiter => Subject::Call(CallAction::Raise(fields.reason()?)),
            ActionName::AnswerCall => Subject::Call(CallAction::Answer(fields.required("call", |raw| raw.call.take())?)),
            ActionName::Move | ActionName::Merge | ActionName::Split | ActionName::Undo => {
                Subject::Visit { expected: fields.raw.expected_position.take(), action: fields.visit_action()? }
            }
            _ => Subject::Order {
                order: fields.required("order", |raw| raw.order.take())?,
                expected: fields.raw.expected_position.take(),
                action: fields.order_action()?,
            },
        };
        fields.check_all_taken()?;
        Ok(Self { id, subject, shift: fields.raw.shift })
    }
}

/// Takes fields out of a raw command. Fields that remain at the end do not belong to the action.
struct Fields {
    raw: RawCommand,
    name: ActionName,
}

impl Fields {
    fn required<T>(&mut self, field: &str, take: impl FnOnce(&mut RawCommand) -> Option<T>) -> Result<T, InvalidCommand> {
        take(&mut self.raw).ok_or_else(|| InvalidCommand::of(field, format!("{} needs the field {field}", self.name)))
    }

    fn item(&mut self) -> Result<ItemId, InvalidCommand> {
        self.required("item", |raw| raw.item.take())
    }

    fn reason<R: std::str::FromStr<Err = crate::domain::values::reason::UnknownReason>>(&mut self) -> Result<R, InvalidCommand> {
        let word = self.required("reason", |raw| raw.reason.take())?;
        word.parse()
            .map_err(|error: crate::domain::values::reason::UnknownReason| InvalidCommand::of("reason", error.to_string()))
    }

    fn cause(&mut self) -> Result<Cause, InvalidCommand> {
        Ok(Cause { reason: self.reason()?, detail: self.raw.detail.take() })
    }

    fn minutes(&mut self) -> Result<Option<u16>, InvalidCommand> {
        match self.raw.minutes.take() {
            Some(minutes) if !(1..=MAX_MINUTES).contains(&minutes) => {
                Err(InvalidCommand::of("minutes", format!("minutes must be 1 to {MAX_MINUTES}")))
            }
            minutes => Ok(minutes),
        }
    }

    fn void(&mut self) -> Result<OrderAction, InvalidCommand> {
        let item = self.item()?;
        let cause = self.cause()?;
        match self.raw.quantity.take() {
            None => Ok(OrderAction::VoidItem(item, cause)),
            Some(quantity) if (1..=MAX_QUANTITY).contains(&quantity) => Ok(OrderAction::VoidSome(item, quantity, cause)),
            Some(_) => Err(InvalidCommand::of("quantity", format!("quantity must be 1 to {MAX_QUANTITY}"))),
        }
    }

    fn only(&mut self) -> Result<Option<Vec<ItemId>>, InvalidCommand> {
        match self.raw.only.take() {
            Some(items) if !(1..=MAX_LINES).contains(&items.len()) => {
                Err(InvalidCommand::of("only", format!("only must name 1 to {MAX_LINES} items")))
            }
            items => Ok(items),
        }
    }

    fn lines(&mut self) -> Result<Lines, InvalidCommand> {
        match (self.raw.course.take(), self.raw.item.take()) {
            (Some(course), None) => Ok(Lines::Course(course)),
            (None, Some(item)) => Ok(Lines::Item(item)),
            _ => Err(InvalidCommand::of("course", format!("{} needs exactly one of the fields course and item", self.name))),
        }
    }

    fn round(&mut self) -> Result<Round, InvalidCommand> {
        let items = self.required("items", |raw| raw.items.take())?;
        line::check_all(&items)?;
        Ok(Round { items, expected_total: self.raw.expected_total.take() })
    }

    fn correction(&mut self) -> Result<Correction, InvalidCommand> {
        let (item, line) = (self.item()?, self.required("line", |raw| raw.line.take())?);
        line.check().map_err(|refusal| refusal.within("/line"))?;
        Ok(Correction { item, line, expected_total: self.raw.expected_total.take() })
    }

    fn visit_action(&mut self) -> Result<VisitAction, InvalidCommand> {
        if self.name == ActionName::Undo {
            return Ok(VisitAction::Undo { change: self.required("change", |raw| raw.change.take())? });
        }
        let visit = self.required("visit", |raw| raw.visit.take())?;
        if self.name == ActionName::Merge {
            return Ok(VisitAction::Merge { visit, into: self.required("into", |raw| raw.into.take())? });
        }
        if self.name == ActionName::Split {
            return self.split(visit);
        }
        Ok(VisitAction::Move { visit, table: self.required("table", |raw| raw.table.take())? })
    }

    fn split(&mut self, visit: VisitId) -> Result<VisitAction, InvalidCommand> {
        let lines = self.required("lines", |raw| raw.lines.take())?;
        if !(1..=MAX_SPLIT_LINES).contains(&lines.len()) {
            return Err(InvalidCommand::of("lines", format!("lines must name 1 to {MAX_SPLIT_LINES} lines")));
        }
        let to = match (self.raw.table.take(), self.raw.into.take()) {
            (None, None) => SplitTo::OwnBill,
            (Some(table), None) => SplitTo::Table(table),
            (None, Some(into)) => SplitTo::Visit(into),
            (Some(_), Some(_)) => return Err(InvalidCommand::of("into", "split takes at most one of the fields table and into")),
        };
        Ok(VisitAction::Split { visit, lines, to })
    }

    fn order_action(&mut self) -> Result<OrderAction, InvalidCommand> {
        Ok(match self.name {
            ActionName::Accept => OrderAction::Accept { minutes: self.minutes()? },
            ActionName::Reject => OrderAction::Reject(self.cause()?),
            ActionName::Start => self.only()?.map_or(OrderAction::Start, OrderAction::StartSome),
            ActionName::StartItem => OrderAction::StartItem(self.item()?),
            ActionName::FinishItem => OrderAction::FinishItem(self.item()?),
            ActionName::RecallItem => OrderAction::RecallItem(self.item()?),
            ActionName::Ready => self.only()?.map_or(OrderAction::Ready, OrderAction::ReadySome),
            ActionName::Recall => OrderAction::Recall,
            ActionName::Serve => self.raw.course.take().map_or(OrderAction::Serve, OrderAction::ServeCourse),
            ActionName::Fire => OrderAction::Fire(self.lines()?),
            ActionName::Hold => OrderAction::Hold(self.lines()?),
            ActionName::ServeItem => OrderAction::ServeItem(self.item()?),
            ActionName::Cancel => OrderAction::Cancel(self.cause()?),
            ActionName::VoidItem => self.void()?,
            ActionName::Promise => {
                let minutes = self.minutes()?;
                OrderAction::Promise { minutes: self.required("minutes", |_| minutes)? }
            }
            ActionName::Rush => OrderAction::Rush(self.required("rush", |raw| raw.rush.take())?),
            ActionName::AddItems => OrderAction::AddItems(self.round()?),
            ActionName::ChangeItem => OrderAction::ChangeItem(self.correction()?),
            ActionName::StartNow => OrderAction::StartNow,
            ActionName::Reschedule => OrderAction::Reschedule(self.required("due_at", |raw| raw.due_at.take())?),
            ActionName::CallWaiter
            | ActionName::AnswerCall
            | ActionName::Move
            | ActionName::Merge
            | ActionName::Split
            | ActionName::Undo => {
                return Err(InvalidCommand::of("action", format!("{} is not about an order", self.name)));
            }
        })
    }

    fn check_all_taken(&self) -> Result<(), InvalidCommand> {
        let raw = &self.raw;
        let left = [
            ("order", raw.order.is_some()),
            ("expected_position", raw.expected_position.is_some()),
            ("minutes", raw.minutes.is_some()),
            ("reason", raw.reason.is_some()),
            ("detail", raw.detail.is_some()),
            ("item", raw.item.is_some()),
            ("quantity", raw.quantity.is_some()),
            ("rush", raw.rush.is_some()),
            ("items", raw.items.is_some()),
            ("line", raw.line.is_some()),
            ("only", raw.only.is_some()),
            ("due_at", raw.due_at.is_some()),
            ("course", raw.course.is_some()),
            ("expected_total", raw.expected_total.is_some()),
            ("call", raw.call.is_some()),
            ("visit", raw.visit.is_some()),
            ("table", raw.table.is_some()),
            ("into", raw.into.is_some()),
            ("lines", raw.lines.is_some()),
            ("change", raw.change.is_some()),
        ];
        match left.iter().find(|(_, present)| *present) {
            Some((field, _)) => Err(InvalidCommand::of(field, format!("{} does not take the field {field}", self.name))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "0193a5f0-7c1e-7000-8000-000000000001";

    fn parse(fields: Value) -> Result<Command, String> {
        let mut whole = json!({"id": ID, "order": ID});
        crate::domain::values::merge_patch::apply(&mut whole, &fields);
        let raw: RawCommand = serde_json::from_value(whole).map_err(|error| error.to_string())?;
        Command::try_from(raw).map_err(|error| error.to_string())
    }

    #[test]
    fn every_action_takes_its_fields_and_no_others() {
        let good = [
            json!({"action":"accept"}),
            json!({"action":"accept","minutes":20,"expected_position":7}),
            json!({"action":"reject","reason":"too_busy","detail":"sorry"}),
            json!({"action":"reject","reason":"too_busy","detail":""}),
            json!({"action":"start"}),
            json!({"action":"start_item","item":ID}),
            json!({"action":"finish_item","item":ID}),
            json!({"action":"recall_item","item":ID}),
            json!({"action":"ready"}),
            json!({"action":"recall"}),
            json!({"action":"serve"}),
            json!({"action":"cancel","reason":"other"}),
            json!({"action":"void_item","item":ID,"reason":"out_of_stock"}),
            json!({"action":"void_item","item":ID,"reason":"out_of_stock","quantity":1}),
            json!({"action":"promise","minutes":480}),
            json!({"action":"rush","rush":false}),
            json!({"action":"add_items","items":[{"menu_item":ID,"quantity":2}],"expected_total":{"amount":5,"currency":"BDT"}}),
            json!({"action":"fire","course":2}),
            json!({"action":"start","only":[ID]}),
            json!({"action":"ready","only":[ID]}),
            json!({"action":"fire","item":ID}),
            json!({"action":"hold","course":9}),
            json!({"action":"serve_item","item":ID}),
            json!({"action":"serve","course":1}),
            json!({"action":"start_now"}),
            json!({"action":"reschedule","due_at":"2026-11-24T19:30:00Z","expected_position":7}),
            json!({"action":"change_item","item":ID,"line":{"menu_item":ID,"quantity":2,"note":"no salt"}}),
            json!({"order":null,"action":"call_waiter","reason":"bill"}),
            json!({"order":null,"action":"answer_call","call":ID}),
            json!({"order":null,"action":"move","visit":ID,"table":"8","expected_position":7}),
            json!({"order":null,"action":"merge","visit":ID,"into":ID}),
            json!({"order":null,"action":"split","visit":ID,"lines":[{"order":ID,"item":ID,"quantity":2}]}),
            json!({"order":null,"action":"split","visit":ID,"lines":[{"order":ID,"item":ID}],"table":"8"}),
            json!({"order":null,"action":"split","visit":ID,"lines":[{"order":ID,"item":ID}],"into":ID}),
            json!({"order":null,"action":"undo","change":ID}),
        ];
        for fields in good {
            let word = fields["action"].as_str().unwrap().to_owned();
            assert_eq!(parse(fields.clone()).unwrap().action().as_str(), word, "{fields}");
        }
    }

    #[test]
    fn fields_that_limit_a_command_must_not_be_null() {
        for field in ["only", "quantity", "expected_total"] {
            let text = format!(r#"{{"id":"{ID}","order":"{ID}","action":"ready","{field}":null}}"#);
            assert!(serde_json::from_str::<RawCommand>(&text).is_err(), "{field}");
        }
    }

    #[test]
    fn errors_name_the_field_that_is_missing_misplaced_or_out_of_range() {
        let bad = [
            (json!({"action":"explode"}), "action"),
            (json!({"id":null,"action":"ready"}), "id"),
            (json!({"order":null,"action":"ready"}), "order"),
            (json!({"action":"accept","minutes":0}), "1 to 480"),
            (json!({"action":"promise","minutes":481}), "1 to 480"),
            (json!({"action":"promise"}), "minutes"),
            (json!({"action":"reject"}), "reason"),
            (json!({"action":"reject","reason":"rude"}), "reason"),
            (json!({"action":"cancel","reason":"other","detail":"x".repeat(201)}), "200"),
            (json!({"action":"start_item"}), "item"),
            (json!({"action":"ready","item":ID}), "item"),
            (json!({"action":"ready","only":[]}), "1 to 100"),
            (json!({"action":"start","only":vec![ID; 101]}), "1 to 100"),
            (json!({"action":"recall","only":[ID]}), "only"),
            (json!({"action":"void_item","item":ID,"reason":"other","quantity":0}), "1 to 99"),
            (json!({"action":"void_item","item":ID,"reason":"other","quantity":100}), "1 to 99"),
            (json!({"action":"finish_item","item":ID,"quantity":1}), "quantity"),
            (json!({"action":"rush"}), "rush"),
            (json!({"action":"add_items"}), "items"),
            (json!({"action":"add_items","items":[]}), "1 to 100"),
            (json!({"action":"add_items","items":[{"menu_item":ID,"quantity":1,"allergy":true}]}), "allergy"),
            (json!({"action":"add_items","items":[{"menu_item":ID,"quantity":1}],"note":"fast"}), "note"),
            (json!({"action":"change_item","item":ID}), "line"),
            (json!({"action":"fire"}), "course and item"),
            (json!({"action":"hold","course":1,"item":ID}), "course and item"),
            (json!({"action":"fire","course":0}), "1 to 9"),
            (json!({"action":"fire","course":10}), "1 to 9"),
            (json!({"action":"ready","course":1}), "course"),
            (json!({"action":"reschedule"}), "due_at"),
            (json!({"action":"start_now","due_at":"2026-11-24T19:30:00Z"}), "due_at"),
            (json!({"action":"ready","expected_total":{"amount":5,"currency":"BDT"}}), "expected_total"),
            (json!({"action":"call_waiter","reason":"bill"}), "order"),
            (json!({"action":"move","visit":ID,"table":"8"}), "order"),
            (json!({"order":null,"action":"move","visit":ID}), "table"),
            (json!({"order":null,"action":"move","table":"8"}), "visit"),
            (json!({"order":null,"action":"merge","visit":ID}), "into"),
            (json!({"order":null,"action":"move","visit":ID,"table":"8","into":ID}), "into"),
            (json!({"order":null,"action":"split","visit":ID}), "lines"),
            (json!({"order":null,"action":"split","visit":ID,"lines":[]}), "1 to 100"),
            (json!({"order":null,"action":"split","visit":ID,"lines":[{"order":ID,"item":ID,"quantity":0}]}), "1 to 99"),
            (
                json!({"order":null,"action":"split","visit":ID,"lines":[{"order":ID,"item":ID}],"into":ID,"table":"8"}),
                "table and into",
            ),
            (json!({"order":null,"action":"undo"}), "change"),
            (json!({"order":null,"action":"undo","change":ID,"visit":ID}), "visit"),
            (json!({"action":"ready","table":"8"}), "table"),
            (json!({"action":"ready","colour":"red"}), "colour"),
        ];
        for (fields, names) in bad {
            let message = parse(fields.clone()).unwrap_err();
            assert!(message.contains(names), "{fields}: {message}");
        }
    }
}
