//! Menu patches fold to the menu document.

use crate::support::{DISHES, NOBODY, at, bdt, dish, fold, menu, position};
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::event::EventKind;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::menu_draft::{CategoryDraft, ItemDraft, MAX_PRICE, MenuDraft};
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::rules::change_menu;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::values::ids::{CategoryId, MenuItemId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::version::Expected;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A menu, a client's fold of its patches, and the head of the feed.
struct Board {
    menu: Menu,
    folded: Value,
    head: Position,
    /// All events so far.
    kinds: Vec<EventKind>,
}

impl Board {
    fn new() -> Self {
        let menu = menu();
        Self { folded: to_json(&menu), head: menu.position, kinds: Vec::new(), menu }
    }

    /// Decides on an action. Returns the last event, if any, or the kind of refusal.
    fn put(&mut self, action: &MenuAction, millis: i64) -> Result<Option<EventKind>, RefusalKind> {
        match change_menu::decide(&self.menu, action, &Expected::ANY, Moment { now: at(millis), head: self.head }) {
            Ok(Decision::Change { drafts, write, document }) => {
                fold(&mut self.folded, self.head, &drafts);
                let Write::Menu(menu) = write else { panic!("a change of the menu writes the menu") };
                assert!(self.folded == document && drafts.iter().all(|draft| draft.order.is_none()));
                assert!(drafts.len() == 1 || *action == MenuAction::Lapse, "one event, except for two lapses at once");
                assert_eq!(self.folded, to_json(&menu));
                assert_eq!(serde_json::from_value::<Menu>(self.folded.clone()).unwrap(), *menu);
                (self.head, self.menu) = (menu.position, *menu);
                self.kinds.extend(drafts.iter().map(|draft| draft.kind));
                Ok(self.kinds.last().copied())
            }
            Ok(Decision::Keep { document, position }) => {
                assert_eq!((document, position), (self.folded.clone(), self.menu.position));
                Ok(None)
            }
            Err(refusal) => Err(refusal.kind),
        }
    }
}

fn any_action() -> impl Strategy<Value = MenuAction> {
    let until = prop::option::of((0..100_000_i64).prop_map(at));
    let until_too = until.clone();
    prop_oneof![
        (0..=DISHES, any::<bool>(), until).prop_map(|(n, available, until)| MenuAction::Availability {
            item: dish(n),
            option: None,
            available,
            until
        }),
        (any::<bool>(), until_too).prop_map(|(paused, until)| MenuAction::Pause { paused, until }),
        any_draft().prop_map(|draft| MenuAction::Replace(Box::new(draft))),
        Just(MenuAction::Lapse),
    ]
}

/// Some dishes of the menu, some new ones, and sometimes an invalid one.
fn any_draft() -> impl Strategy<Value = MenuDraft> {
    let until = prop::option::of((0..100_000_i64).prop_map(at));
    let item = (0..=MAX_PRICE, 1..4_u128, prop::option::of(any::<bool>()), until);
    prop::collection::vec((0..DISHES + 3, item), 0..8).prop_map(|items| {
        let items = items.into_iter().map(|(n, (price, heading, available, until))| {
            let until = until.filter(|_| available.is_some());
            (dish(n), ItemDraft { available, until, ..dish_draft(price, category(heading)) })
        });
        draft(items.collect())
    })
}

fn category(n: u128) -> CategoryId {
    CategoryId::from_uuid(Uuid::from_u128(n))
}

fn dish_draft(price: i64, category: CategoryId) -> ItemDraft {
    let (name, station) = ("Dish".parse().unwrap(), "hot".parse().unwrap());
    let (price, options) = (bdt(price), BTreeMap::new());
    ItemDraft {
        id: None,
        name,
        description: None,
        category,
        price,
        station,
        sort: 1,
        available: None,
        until: None,
        photo: None,
        picture: None,
        sku: None,
        options,
        groups: None,
    }
}

/// A draft with two categories.
fn draft(items: BTreeMap<MenuItemId, ItemDraft>) -> MenuDraft {
    let categories = [1, 2].map(|n| (category(n), CategoryDraft::new("Mains".parse().unwrap(), 1)));
    MenuDraft { categories: categories.into(), items }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn patches_fold_to_the_menu(actions in prop::collection::vec((any_action(), 0..5000_i64), 0..40)) {
        let (mut board, mut now) = (Board::new(), 0);
        for (action, pause) in actions {
            now += pause;
            let first = board.put(&action, now);
            prop_assert_eq!(board.put(&action, now), first.map(|_| None), "a repeated action has no effect: {:?}", action);
            let lapsed = board.menu.items.values().all(|dish| dish.until.is_none() || !dish.available);
            prop_assert!(lapsed && (board.menu.paused || board.menu.paused_until.is_none()), "only sold-out dishes and pauses have an end");
        }
    }

    #[test]
    fn a_lapse_ends_every_mark_and_pause_that_is_due(actions in prop::collection::vec((any_action(), 0..5000_i64), 0..20)) {
        let (mut board, mut now) = (Board::new(), 0);
        for (action, pause) in actions {
            now += pause;
            let _ = board.put(&action, now);
        }
        let _ = board.put(&MenuAction::Lapse, now);
        prop_assert!(board.menu.next_lapse().is_none_or(|next| next > at(now)));
    }
}

fn sold_out(until: Option<i64>) -> MenuAction {
    MenuAction::Availability { item: dish(0), option: None, available: false, until: until.map(at) }
}

#[test]
fn each_action_has_its_event_and_repeats_have_none() {
    let mut board = Board::new();
    let there = MenuAction::Availability { item: dish(0), option: None, available: true, until: None };
    let (pause, resume) = (MenuAction::Pause { paused: true, until: None }, MenuAction::Pause { paused: false, until: None });
    assert_eq!(board.put(&there, 0), Ok(None));
    assert_eq!(board.put(&sold_out(None), 0), Ok(Some(EventKind::MenuAvailability)));
    assert_eq!(board.put(&sold_out(None), 0), Ok(None));
    assert_eq!(board.put(&there, 0), Ok(Some(EventKind::MenuAvailability)));
    assert_eq!(board.put(&pause, 0), Ok(Some(EventKind::MenuPaused)));
    assert_eq!(board.put(&pause, 0), Ok(None));
    assert_eq!(board.put(&resume, 0), Ok(Some(EventKind::MenuResumed)));
    assert_eq!(board.put(&MenuAction::Lapse, 0), Ok(None));
}

#[test]
fn a_draft_replaces_the_menu_and_keeps_sold_out_marks() {
    let mut board = Board::new();
    board.put(&sold_out(Some(1000)), 0).unwrap();
    let items = [(dish(0), dish_draft(5, category(1))), (dish(99), dish_draft(7, category(2)))];
    let replace = MenuAction::Replace(Box::new(draft(items.into())));
    assert_eq!(board.put(&replace, 1), Ok(Some(EventKind::MenuChanged)));
    assert_eq!(board.put(&replace, 2), Ok(None));
    let found: Vec<_> = board.menu.items.values().map(|dish| (dish.id, dish.available, dish.until)).collect();
    assert_eq!(found, [(dish(0), false, Some(at(1000))), (dish(99), true, None)]);
    assert_eq!(board.menu.categories.len(), 2);
    let lost = MenuAction::Replace(Box::new(draft([(dish(0), dish_draft(5, category(3)))].into())));
    assert_eq!(board.put(&lost, 3), Err(RefusalKind::Invalid));
}

#[test]
fn marks_lapse_at_their_time_and_not_before() {
    let mut board = Board::new();
    board.put(&sold_out(Some(1000)), 0).unwrap();
    board.put(&MenuAction::Pause { paused: true, until: Some(at(2000)) }, 0).unwrap();
    assert_eq!(board.put(&MenuAction::Lapse, 999), Ok(None));
    assert_eq!(board.put(&MenuAction::Lapse, 1000), Ok(Some(EventKind::MenuAvailability)));
    assert!(board.menu.items[&dish(0)].available && board.menu.paused);
    assert_eq!(board.put(&MenuAction::Lapse, 2000), Ok(Some(EventKind::MenuResumed)));
    assert!(!board.menu.paused);
}

#[test]
fn a_dish_and_a_pause_that_end_together_are_two_events() {
    let mut board = Board::new();
    board.put(&sold_out(Some(1000)), 0).unwrap();
    board.put(&MenuAction::Pause { paused: true, until: Some(at(1000)) }, 0).unwrap();
    assert_eq!(board.put(&MenuAction::Lapse, 1000), Ok(Some(EventKind::MenuResumed)));
    assert_eq!(board.kinds[2..], [EventKind::MenuAvailability, EventKind::MenuResumed]);
    assert!(board.menu.items[&dish(0)].available && !board.menu.paused);
}

#[test]
fn an_end_in_the_past_and_an_unknown_dish_are_refused() {
    let mut board = Board::new();
    assert_eq!(board.put(&sold_out(Some(5)), 5), Err(RefusalKind::Invalid));
    assert_eq!(board.put(&MenuAction::Pause { paused: true, until: Some(at(4)) }, 5), Err(RefusalKind::Invalid));
    let nothing = MenuAction::Availability { item: MenuItemId::from_uuid(NOBODY), option: None, available: false, until: None };
    assert_eq!(board.put(&nothing, 0), Err(RefusalKind::NotFound));
    assert_eq!(board.menu.position, position(3));
}

/// A node that ignored the field would write the menu back without it.
#[test]
fn a_menu_with_a_field_of_a_later_version_is_not_read() {
    let mut document = to_json(&menu());
    assert!(serde_json::from_value::<Menu>(document.clone()).is_ok());
    document["opening_hours"] = "11-23".into();
    let error = serde_json::from_value::<Menu>(document).unwrap_err();
    assert!(error.to_string().contains("opening_hours"), "{error}");
}
