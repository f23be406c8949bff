//! The rule for calls for the waiter.

use super::decision::{Decision, Write};
use crate::domain::model::call::{Call, Calls};
use crate::domain::model::command::CallAction;
use crate::domain::model::draft::{Draft, Moment, to_json};
use crate::domain::model::event::EventKind;
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::values::ids::CallId;
use crate::domain::values::reason::CallReason;
use serde_json::{Map, Value};

/// Returns the patch of the `calls` object that sets or removes one call.
fn patch(id: CallId, value: Value) -> Value {
    Value::Object(Map::from_iter([(id.to_string(), value)]))
}

/// Decides on a call. A second call from a table for the same reason changes nothing. Neither does
/// answering a call that is no longer open, so that two waiters may both answer.
///
/// # Errors
/// `forbidden` when the diner sits at no table.
pub fn decide(open: &Calls, action: &CallAction, who: &Principal, new_id: CallId, moment: Moment) -> Result<Decision, Refusal> {
    match action {
        CallAction::Raise(reason) => raise(open, *reason, who, new_id, moment),
        CallAction::Answer(id) => Ok(answer(open, *id, moment)),
    }
}

fn raise(open: &Calls, reason: CallReason, who: &Principal, id: CallId, moment: Moment) -> Result<Decision, Refusal> {
    let table = who.table.clone().ok_or_else(|| {
        Refusal::new(RefusalKind::Forbidden, "only a guest at a table can call the waiter; scan the table's code again")
    })?;
    if let Some(call) = open.values().find(|call| call.table == table && call.reason == reason) {
        return Ok(Decision::Keep { document: to_json(call), position: moment.head });
    }
    let call = Call { id, table, reason, raised_at: moment.now };
    let document = to_json(&call);
    let draft = Draft { rule: None, kind: EventKind::CallRaised, order: None, patch: patch(id, document.clone()) };
    Ok(Decision::Change { drafts: vec![draft], write: Write::Call(call), document })
}

fn answer(open: &Calls, id: CallId, moment: Moment) -> Decision {
    let Some(call) = open.get(&id) else {
        return Decision::Keep { document: Value::Object(Map::new()), position: moment.head };
    };
    let draft = Draft { rule: None, kind: EventKind::CallAnswered, order: None, patch: patch(id, Value::Null) };
    Decision::Change { drafts: vec![draft], write: Write::Answered(id), document: to_json(call) }
}
