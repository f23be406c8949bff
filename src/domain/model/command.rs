//! Commands: what somebody asks to happen, in one shape on every transport.
//!
//! [`RawCommand`] is the JSON as it comes; [`Command`] is what it means. The step between says which fields go with
//! which action, so that a misspelt or misplaced field is an error with a name, never ignored.

pub use crate::domain::values::action::ActionName;
use crate::domain::values::ids::{CallId, CommandId, ItemId, OrderId};
use crate::domain::values::level::Level;
use crate::domain::values::limit::MAX_QUANTITY;
use crate::domain::values::position::Position;
use crate::domain::values::reason::{CallReason, Reason};
use crate::domain::values::text::{self, Note};
use serde::{Deserialize, Serialize};

/// The longest promise, in minutes.
pub const MAX_MINUTES: u16 = 480;

/// A command as it is written on the wire. `order` comes from the path when it is sent over HTTP.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawCommand {
    /// Made by the client; makes the command safe to send again.
    pub id: Option<CommandId>,
    /// The order it is about; absent for waiter calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The action's word.
    pub action: String,
    /// The position of the order that the sender has seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_position: Option<Position>,
    /// `accept`, `promise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u16>,
    /// `reject`, `cancel`, `void_item`, `call_waiter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Beside a reason.
    #[serde(default, deserialize_with = "text::optional", skip_serializing_if = "Option::is_none")]
    pub detail: Option<Note>,
    /// `start_item`, `finish_item`, `recall_item`, `void_item`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// `void_item`: how many of the line; all of it when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u16>,
    /// `rush`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rush: Option<bool>,
    /// `answer_call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
}

/// A command, understood. Its own JSON (not the wire's) is what a fingerprint is taken of: equal meaning, equal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// Made by the client.
    pub id: CommandId,
    /// What it asks.
    pub subject: Subject,
}

/// What a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Subject {
    /// One order.
    Order {
        /// Which.
        order: OrderId,
        /// The position the sender has seen; a command on an order that has moved on is `stale`.
        expected: Option<Position>,
        /// What to do with it.
        action: OrderAction,
    },
    /// A call for the waiter.
    Call(CallAction),
}

/// What can be done with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum OrderAction {
    /// Take it, promising it in so many minutes.
    Accept {
        /// Minutes from now; the restaurant's default when absent.
        minutes: Option<u16>,
    },
    /// Do not take it.
    Reject(Cause),
    /// Put its queued items on the fire.
    Start,
    /// Put one item on the fire.
    StartItem(ItemId),
    /// Bump one item.
    FinishItem(ItemId),
    /// Take one item's bump back.
    RecallItem(ItemId),
    /// Bump the ticket.
    Ready,
    /// Take the ticket's bump back.
    Recall,
    /// Bring it to the guest.
    Serve,
    /// Give it up.
    Cancel(Cause),
    /// Strike one item.
    VoidItem(ItemId, Cause),
    /// Strike some of one item. Apart from [`Self::VoidItem`], whose JSON an older node takes the same fingerprint of.
    VoidSome(ItemId, u16, Cause),
    /// Promise a new time.
    Promise {
        /// Minutes from now.
        minutes: u16,
    },
    /// Cook it before others, or no longer.
    Rush(bool),
}

/// A reason and what was said beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// One of the fixed reasons.
    pub reason: Reason,
    /// Free words, for the guest to read.
    pub detail: Option<Note>,
}

/// What can be done about waiter calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CallAction {
    /// A diner calls to their table.
    Raise(CallReason),
    /// A waiter has gone.
    Answer(CallId),
}

impl Command {
    /// The feature level that its fields need.
    #[must_use]
    pub const fn level(&self) -> Level {
        match &self.subject {
            Subject::Order { action: OrderAction::VoidSome(..), .. } => Level::ONE,
            _ => Level::ZERO,
        }
    }

    /// The name of its action.
    #[must_use]
    pub const fn action(&self) -> ActionName {
        match &self.subject {
            Subject::Call(CallAction::Raise(_)) => ActionName::CallWaiter,
            Subject::Call(CallAction::Answer(_)) => ActionName::AnswerCall,
            Subject::Order { action, .. } => match action {
                OrderAction::Accept { .. } => ActionName::Accept,
                OrderAction::Reject(_) => ActionName::Reject,
                OrderAction::Start => ActionName::Start,
                OrderAction::StartItem(_) => ActionName::StartItem,
                OrderAction::FinishItem(_) => ActionName::FinishItem,
                OrderAction::RecallItem(_) => ActionName::RecallItem,
                OrderAction::Ready => ActionName::Ready,
                OrderAction::Recall => ActionName::Recall,
                OrderAction::Serve => ActionName::Serve,
                OrderAction::Cancel(_) => ActionName::Cancel,
                OrderAction::VoidItem(..) | OrderAction::VoidSome(..) => ActionName::VoidItem,
                OrderAction::Promise { .. } => ActionName::Promise,
                OrderAction::Rush(_) => ActionName::Rush,
            },
        }
    }
}

/// What is wrong with a command's fields, in words for its sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCommand(String);

impl TryFrom<RawCommand> for Command {
    type Error = InvalidCommand;

    fn try_from(mut raw: RawCommand) -> Result<Self, InvalidCommand> {
        let id = raw.id.take().ok_or_else(|| InvalidCommand("id is required: a UUID made by the client".into()))?;
        let name = ActionName::of_word(&raw.action)
            .ok_or_else(|| InvalidCommand("action is not one of the contract's (section 4)".into()))?;
        let mut fields = Fields { raw, name };
        let subject = match name {
            ActionName::CallWaiter => Subject::Call(CallAction::Raise(fields.reason()?)),
            ActionName::AnswerCall => Subject::Call(CallAction::Answer(fields.required("call", |raw| raw.call.take())?)),
            _ => Subject::Order {
                order: fields.required("order", |raw| raw.order.take())?,
                expected: fields.raw.expected_position.take(),
                action: fields.order_action()?,
            },
        };
        fields.nothing_left()?;
        Ok(Self { id, subject })
    }
}

/// Takes fields out of a raw command; what is left in the end does not belong to the action.
struct Fields {
    raw: RawCommand,
    name: ActionName,
}

impl Fields {
    fn required<T>(&mut self, field: &str, take: impl FnOnce(&mut RawCommand) -> Option<T>) -> Result<T, InvalidCommand> {
        take(&mut self.raw).ok_or_else(|| InvalidCommand(format!("{} needs the field {field}", self.name)))
    }

    fn item(&mut self) -> Result<ItemId, InvalidCommand> {
        self.required("item", |raw| raw.item.take())
    }

    fn reason<R: std::str::FromStr<Err = crate::domain::values::reason::UnknownReason>>(&mut self) -> Result<R, InvalidCommand> {
        let word = self.required("reason", |raw| raw.reason.take())?;
        word.parse().map_err(|error: crate::domain::values::reason::UnknownReason| InvalidCommand(error.to_string()))
    }

    fn cause(&mut self) -> Result<Cause, InvalidCommand> {
        Ok(Cause { reason: self.reason()?, detail: self.raw.detail.take() })
    }

    fn minutes(&mut self) -> Result<Option<u16>, InvalidCommand> {
        match self.raw.minutes.take() {
            Some(minutes) if !(1..=MAX_MINUTES).contains(&minutes) => {
                Err(InvalidCommand(format!("minutes must be 1 to {MAX_MINUTES}")))
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
            Some(_) => Err(InvalidCommand(format!("quantity must be 1 to {MAX_QUANTITY}"))),
        }
    }

    fn order_action(&mut self) -> Result<OrderAction, InvalidCommand> {
        Ok(match self.name {
            ActionName::Accept => OrderAction::Accept { minutes: self.minutes()? },
            ActionName::Reject => OrderAction::Reject(self.cause()?),
            ActionName::Start => OrderAction::Start,
            ActionName::StartItem => OrderAction::StartItem(self.item()?),
            ActionName::FinishItem => OrderAction::FinishItem(self.item()?),
            ActionName::RecallItem => OrderAction::RecallItem(self.item()?),
            ActionName::Ready => OrderAction::Ready,
            ActionName::Recall => OrderAction::Recall,
            ActionName::Serve => OrderAction::Serve,
            ActionName::Cancel => OrderAction::Cancel(self.cause()?),
            ActionName::VoidItem => self.void()?,
            ActionName::Promise => {
                let minutes = self.minutes()?;
                OrderAction::Promise { minutes: self.required("minutes", |_| minutes)? }
            }
            ActionName::Rush => OrderAction::Rush(self.required("rush", |raw| raw.rush.take())?),
            ActionName::CallWaiter | ActionName::AnswerCall => {
                return Err(InvalidCommand("a call is not about an order".into()));
            }
        })
    }

    fn nothing_left(&self) -> Result<(), InvalidCommand> {
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
            ("call", raw.call.is_some()),
        ];
        match left.iter().find(|(_, present)| *present) {
            Some((field, _)) => Err(InvalidCommand(format!("{} does not take the field {field}", self.name))),
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
            json!({"order":null,"action":"call_waiter","reason":"bill"}),
            json!({"order":null,"action":"answer_call","call":ID}),
        ];
        for fields in good {
            let word = fields["action"].as_str().unwrap().to_owned();
            assert_eq!(parse(fields.clone()).unwrap().action().as_str(), word, "{fields}");
        }
    }

    #[test]
    fn what_is_missing_misplaced_or_out_of_range_is_named() {
        let bad = [
            (json!({"action":"explode"}), "action"),
            (json!({"id":null,"action":"ready"}), "id"),
            (json!({"order":null,"action":"ready"}), "order"),
            (json!({"action":"accept","minutes":0}), "minutes"),
            (json!({"action":"promise","minutes":481}), "minutes"),
            (json!({"action":"promise"}), "minutes"),
            (json!({"action":"reject"}), "reason"),
            (json!({"action":"reject","reason":"rude"}), "reason"),
            (json!({"action":"cancel","reason":"other","detail":"x".repeat(201)}), "200"),
            (json!({"action":"start_item"}), "item"),
            (json!({"action":"ready","item":ID}), "item"),
            (json!({"action":"void_item","item":ID,"reason":"other","quantity":0}), "quantity"),
            (json!({"action":"void_item","item":ID,"reason":"other","quantity":100}), "quantity"),
            (json!({"action":"finish_item","item":ID,"quantity":1}), "quantity"),
            (json!({"action":"rush"}), "rush"),
            (json!({"action":"call_waiter","reason":"bill"}), "order"),
            (json!({"action":"ready","colour":"red"}), "colour"),
        ];
        for (fields, names) in bad {
            let message = parse(fields.clone()).unwrap_err();
            assert!(message.contains(names), "{fields}: {message}");
        }
    }
}
