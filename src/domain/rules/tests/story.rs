use super::*;
use crate::domain::model::principal::Role;
use crate::domain::values::ids::{EventId, OrderId, RestaurantId};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

const SOUP: &str = "00000000-0000-0000-0000-000000000001";
const FIRNI: &str = "00000000-0000-0000-0000-000000000002";

/// Makes the events of an order from their kinds, commands and patches.
fn events(all: &[(EventKind, u128, Value)]) -> Vec<Event> {
    let event = |(number, (kind, command, patch)): (u64, &(EventKind, u128, Value))| Event {
        restaurant: RestaurantId::from_uuid(Uuid::nil()),
        position: Position::new(number).unwrap(),
        id: EventId::from_uuid(Uuid::from_u128(number.into())),
        kind: *kind,
        order: Some(OrderId::from_uuid(Uuid::nil())),
        at: Timestamp::from_millis(0),
        by: By::role(Role::Staff),
        command: Some(CommandId::from_uuid(Uuid::from_u128(*command))),
        patch: serde_json::value::to_raw_value(patch).unwrap(),
    };
    (1..).zip(all).map(event).collect()
}

fn items(ids: &[&str]) -> Value {
    json!({"items": ids.iter().map(|id| ((*id).to_owned(), json!({"status": "any"}))).collect::<serde_json::Map<_, _>>()})
}

/// Returns the positions of undone steps, each with that of the step that undid it.
fn undone(all: &[(EventKind, u128, Value)]) -> Vec<(u64, u64)> {
    let steps = tell(&events(all));
    steps.iter().filter_map(|step| Some((step.position.number(), step.undone_by?.number()))).collect()
}

#[test]
fn a_recalled_dish_undoes_its_bump_and_the_end_of_the_order() {
    use EventKind::{ItemFinished, ItemRecalled, OrderPlaced, OrderReady, OrderRecalled};
    let told = undone(&[
        (OrderPlaced, 1, items(&[SOUP, FIRNI])),
        (ItemFinished, 2, items(&[SOUP])),
        (ItemFinished, 3, items(&[FIRNI])),
        (OrderReady, 3, json!({"status": "ready"})),
        (ItemRecalled, 4, items(&[FIRNI])),
        (OrderRecalled, 4, json!({"status": "preparing", "ready_at": null})),
    ]);
    assert_eq!(told, [(3, 5), (4, 6)], "the soup stays finished");
}

#[test]
fn a_round_takes_an_order_back_to_work_and_undoes_nothing() {
    use EventKind::{ItemAdded, OrderPlaced, OrderReady, OrderRecalled};
    let told = undone(&[
        (OrderPlaced, 1, items(&[SOUP])),
        (OrderReady, 2, items(&[SOUP])),
        (ItemAdded, 3, items(&[FIRNI])),
        (OrderRecalled, 3, json!({"status": "preparing"})),
    ]);
    assert_eq!(told, []);
}

#[test]
fn a_hold_undoes_the_fire_of_the_same_lines_and_a_removed_mark_undoes_the_mark() {
    use EventKind::{ItemFired, ItemHeld, OrderRushed};
    let told = undone(&[
        (ItemFired, 1, items(&[SOUP, FIRNI])),
        (ItemFired, 2, items(&[FIRNI])),
        (ItemHeld, 3, items(&[FIRNI])),
        (OrderRushed, 4, json!({"rush": true})),
        (OrderRushed, 5, json!({"rush": false})),
        (OrderRushed, 6, json!({"rush": true})),
        (OrderRushed, 7, json!({"diner": null})),
    ]);
    assert_eq!(told, [(2, 3), (4, 5)], "the purge of a guest's words is not a mark");
}

#[test]
fn a_step_names_its_lines_its_reason_and_its_promise() {
    let patch = json!({"items": {SOUP: {"status": "voided", "reason": "out_of_stock"}}, "total": {"amount": 1}, "position": 1});
    let promise = json!({"promised_at": "2026-11-24T10:00:00.123Z"});
    let steps = tell(&events(&[(EventKind::ItemVoided, 1, patch), (EventKind::OrderPromised, 2, promise)]));
    assert_eq!(steps[0].items, BTreeSet::from([SOUP.parse().unwrap()]));
    assert_eq!(steps[0].reason, Some(Reason::OutOfStock));
    assert_eq!(steps[1].promised_at, serde_json::from_value(json!("2026-11-24T10:00:00.123Z")).unwrap());
}

proptest! {
    /// Only a later step undoes a step, and only if its kind is one that undoes.
    #[test]
    fn only_later_steps_undo(kinds in prop::collection::vec((prop::sample::select(EventKind::ALL), 1_u128..4, 0_usize..3), 0..40)) {
        let sets: [&[&str]; 3] = [&[SOUP], &[FIRNI], &[SOUP, FIRNI]];
        let all: Vec<_> = kinds.into_iter().map(|(kind, command, set)| (kind, command, items(sets[set]))).collect();
        let steps = tell(&events(&all));
        prop_assert_eq!(steps.len(), all.len());
        for step in &steps {
            let Some(by) = step.undone_by else { continue };
            prop_assert!(by > step.position);
            let by = steps[usize::try_from(by.number()).unwrap() - 1].kind;
            prop_assert!(matches!(by, EventKind::ItemRecalled | EventKind::OrderRecalled | EventKind::ItemHeld));
        }
    }
}
