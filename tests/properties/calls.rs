//! Call patches fold to the floor's `calls`.

use crate::support::{at, has_null, position, principal};
use orderbell::domain::model::call::{Call, Calls};
use orderbell::domain::model::command::CallAction;
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::waiter_call;
use orderbell::domain::values::ids::CallId;
use orderbell::domain::values::merge_patch;
use orderbell::domain::values::reason::CallReason;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn call_id(n: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(0x3000 + n))
}

fn diner(table: &str) -> Principal {
    Principal { table: Some(table.parse().unwrap()), ..principal(Role::Diner, None) }
}

/// The open calls, and a client's fold of their patches.
#[derive(Default)]
struct Floor {
    open: Calls,
    folded: Value,
    made: u128,
}

impl Floor {
    fn put(&mut self, who: &Principal, action: &CallAction) -> Result<Option<EventKind>, RefusalKind> {
        self.made += 1;
        let moment = Moment { now: at(0), head: position(7) };
        match waiter_call::decide(&self.open, action, who, call_id(self.made), moment) {
            Ok(Decision::Change { drafts, write, document }) => {
                assert_eq!((drafts.len(), drafts[0].order), (1, None));
                merge_patch::apply(&mut self.folded, &drafts[0].patch);
                self.write(write, &document);
                assert_eq!(self.folded, to_json(&self.open));
                assert!(!has_null(&self.folded));
                Ok(Some(drafts[0].kind))
            }
            Ok(Decision::Keep { position: kept, .. }) => {
                assert_eq!(kept, position(7));
                Ok(None)
            }
            Err(refusal) => Err(refusal.kind),
        }
    }

    fn write(&mut self, write: Write, document: &Value) {
        let call = match write {
            Write::Call(call) => self.open.entry(call.id).or_insert(call).clone(),
            Write::Answered(id) => self.open.remove(&id).expect("only an open call is answered"),
            other => panic!("a call writes {other:?}"),
        };
        assert_eq!(serde_json::from_value::<Call>(document.clone()).unwrap(), call);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_open_calls(moves in prop::collection::vec((any::<bool>(), 1..4_u8, 0..3_usize, 0..30_u128), 0..40)) {
        let mut floor = Floor { folded: json!({}), ..Floor::default() };
        let staff = principal(Role::Staff, None);
        for (raises, table, reason, answered) in moves {
            let reason = [CallReason::Help, CallReason::Bill, CallReason::Water][reason];
            let was_open = floor.open.contains_key(&call_id(answered));
            let (who, action) = (diner(&table.to_string()), CallAction::Raise(reason));
            if raises {
                floor.put(&who, &action).unwrap();
                prop_assert_eq!(floor.put(&who, &action), Ok(None), "one call for each table and reason");
            } else {
                let outcome = floor.put(&staff, &CallAction::Answer(call_id(answered)));
                prop_assert_eq!(outcome, Ok(was_open.then_some(EventKind::CallAnswered)));
            }
        }
    }
}

#[test]
fn a_call_has_the_contracts_fields_and_is_removed_when_answered() {
    let mut floor = Floor { folded: json!({}), ..Floor::default() };
    assert_eq!(floor.put(&diner("7"), &CallAction::Raise(CallReason::Bill)), Ok(Some(EventKind::CallRaised)));
    let id = call_id(1).to_string();
    assert_eq!(floor.folded, json!({&id: {"id": id, "table": "7", "reason": "bill", "raised_at": "2026-11-24T10:00:00.000Z"}}));
    let staff = principal(Role::Staff, None);
    assert_eq!(floor.put(&staff, &CallAction::Answer(call_id(1))), Ok(Some(EventKind::CallAnswered)));
    assert_eq!(floor.folded, json!({}));
    assert_eq!(floor.put(&staff, &CallAction::Answer(call_id(1))), Ok(None), "a second waiter finds it answered");
}

#[test]
fn only_a_guest_at_a_table_calls() {
    let nowhere = Principal { table: None, ..diner("7") };
    let mut floor = Floor::default();
    assert_eq!(floor.put(&nowhere, &CallAction::Raise(CallReason::Help)), Err(RefusalKind::Forbidden));
}
