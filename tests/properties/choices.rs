//! Groups of options: which menus are accepted, and which choices of a guest.

use crate::support::{at, basket, bdt, dish, fresh, line, menu, position, principal};
use orderbell::domain::model::basket::Line;
use orderbell::domain::model::dish_option::MAX_CHOSEN;
use orderbell::domain::model::draft::{Moment, to_json};
use orderbell::domain::model::menu::{Menu, MenuItem};
use orderbell::domain::model::menu_draft::MenuDraft;
use orderbell::domain::model::order::{Item, Order};
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::rules::change_menu::{self, MenuAction};
use orderbell::domain::rules::choices;
use orderbell::domain::rules::decision::{Decision, Write};
use orderbell::domain::rules::place_order::{self, NewIds};
use orderbell::domain::values::ids::{OptionGroupId, OptionId};
use orderbell::domain::values::level::Level;
use orderbell::domain::values::text::Name;
use orderbell::domain::values::version::Expected;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The options of a generated dish; some are outside of groups.
const OPTIONS: usize = 12;
/// The groups of a generated dish.
const GROUPS: usize = 4;

fn option(n: usize) -> String {
    OptionId::from_uuid(Uuid::from_u128(0x400 + u128::try_from(n).unwrap())).to_string()
}

fn group(n: usize) -> String {
    OptionGroupId::from_uuid(Uuid::from_u128(0x500 + u128::try_from(n).unwrap())).to_string()
}

/// Replaces the menu by its own first dish with these options and groups.
fn replaced(before: &Menu, options: &Value, groups: Option<&Value>) -> Result<Menu, Refusal> {
    let mut item = to_json(&before.items[&dish(0)]);
    (item["options"], item["id"]) = (options.clone(), json!(dish(0)));
    item.as_object_mut().unwrap().remove("groups");
    if let Some(groups) = groups {
        item["groups"] = groups.clone();
    }
    let draft = json!({"categories": to_json(&before.categories), "items": {dish(0).to_string(): item}});
    let draft: MenuDraft = serde_json::from_value(draft).unwrap();
    put(before, MenuAction::Replace(Box::new(draft)))
}

fn put(before: &Menu, action: MenuAction) -> Result<Menu, Refusal> {
    match change_menu::decide(before, &action, &Expected::ANY, Moment { now: at(0), head: position(5) })? {
        Decision::Change { write: Write::Menu(menu), .. } => Ok(*menu),
        Decision::Keep { .. } => Ok(before.clone()),
        Decision::Change { .. } => panic!("a change of the menu writes the menu"),
    }
}

/// The bounds of a group, and the option under which it is nested.
type Bounds = (u8, u8, Option<usize>);

prop_compose! {
    fn any_group()(min in 0..3_u8, more in 0..3_u8, under in prop::option::weighted(0.4, 0..OPTIONS)) -> Bounds {
        (min, min + more, under)
    }
}

/// For each option its group, whether it is chosen by default, and whether it is sold out. Then the groups.
fn any_dish() -> impl Strategy<Value = (Vec<(usize, bool, bool)>, Vec<Bounds>)> {
    let option = (0..=GROUPS, prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (prop::collection::vec(option, OPTIONS), prop::collection::vec(any_group(), GROUPS))
}

fn options_of(options: &[(usize, bool, bool)]) -> Value {
    let options = options.iter().enumerate().map(|(n, (of, preset, is_gone))| {
        let price = json!({"amount": 1_i64 << n, "currency": "BDT"});
        let mut it =
            json!({"name": format!("option {n}"), "price": price, "default": preset, "available": !is_gone, "sort": n % 3});
        if *of < GROUPS {
            it["group"] = json!(group(*of));
        }
        (option(n), it)
    });
    options.collect::<serde_json::Map<_, _>>().into()
}

fn groups_of(groups: &[Bounds]) -> Value {
    let groups = groups.iter().enumerate().map(|(n, (min, max, under))| {
        let mut it = json!({"name": format!("group {n}"), "sort": n % 2, "min": min, "max": max});
        if let Some(under) = under {
            it["under"] = json!(option(*under));
        }
        (group(n), it)
    });
    groups.collect::<serde_json::Map<_, _>>().into()
}

/// Returns whether the contract allows such a dish.
fn is_sound(options: &[(usize, bool, bool)], groups: &[Bounds]) -> bool {
    let needed: usize = groups.iter().map(|(min, ..)| usize::from(*min)).sum();
    needed <= MAX_CHOSEN
        && groups.iter().enumerate().all(|(n, (min, max, under))| {
            let mine = || options.iter().filter(|(of, ..)| *of == n);
            let preset = mine().filter(|(_, preset, _)| *preset).count();
            let is_nested_twice =
                under.is_some_and(|under| groups.get(options[under].0).is_some_and(|(.., under)| under.is_some()));
            *max > 0 && mine().count() >= usize::from(*min).max(1) && preset <= usize::from(*max) && !is_nested_twice
        })
}

/// Returns whether the contract allows this choice.
fn is_allowed(options: &[(usize, bool, bool)], groups: &[Bounds], chosen: &BTreeSet<usize>) -> bool {
    let is_there = chosen.iter().all(|n| !options[*n].2);
    is_there
        && groups.iter().enumerate().all(|(n, (min, max, under))| {
            let count = chosen.iter().filter(|chosen| options[**chosen].0 == n).count();
            match under {
                Some(under) if !chosen.contains(under) => count == 0,
                _ => (usize::from(*min)..=usize::from(*max)).contains(&count),
            }
        })
}

fn names(chosen: impl IntoIterator<Item = usize>) -> Vec<Name> {
    chosen.into_iter().map(|n| option(n).parse().unwrap()).collect()
}

fn first(menu: &Menu) -> &MenuItem {
    &menu.items[&dish(0)]
}

/// Places an order of one line at a feature level.
fn placed(menu: &Menu, options: Vec<Name>, level: Level) -> Result<Order, Refusal> {
    let basket = basket(vec![Line { options, ..line(0, 1) }]);
    let ids = NewIds { level, ..fresh(1) };
    let moment = Moment { now: at(0), head: position(100) };
    match place_order::decide(menu, &basket, &principal(Role::Diner, None), &ids, moment)? {
        Decision::Change { write: Write::Order(order), .. } => Ok(*order),
        other => panic!("{other:?}"),
    }
}

fn only(order: &Order) -> &Item {
    order.items.values().next().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_dishes_that_can_be_ordered_are_accepted((options, groups) in any_dish()) {
        let replaced = replaced(&menu(), &options_of(&options), Some(&groups_of(&groups)));
        prop_assert_eq!(replaced.as_ref().map_err(|refusal| refusal.kind).err(), (!is_sound(&options, &groups)).then_some(RefusalKind::Invalid));
        let Ok(menu) = replaced else { return Ok(()) };
        // The smallest valid choice, from the outer groups to the inner ones.
        let mut least = BTreeSet::new();
        for is_inner in [false, true] {
            for (n, (min, _, under)) in groups.iter().enumerate().filter(|(_, (.., under))| under.is_some() == is_inner) {
                if under.is_none_or(|under| least.contains(&under)) {
                    least.extend((0..OPTIONS).filter(|of| options[*of].0 == n).take(usize::from(*min)));
                }
            }
        }
        let mut all_there = first(&menu).clone();
        all_there.options.values_mut().for_each(|option| option.available = true);
        prop_assert!(choices::choose(&all_there, &names(least.iter().copied())).is_ok(), "{:?}", least);
    }

    #[test]
    fn exactly_the_choices_that_the_groups_allow_are_accepted(
        (options, groups) in any_dish().prop_filter("sound", |(options, groups)| is_sound(options, groups)),
        wanted in prop::collection::vec(0..OPTIONS, 0..6),
    ) {
        let menu = replaced(&menu(), &options_of(&options), Some(&groups_of(&groups))).unwrap();
        let chosen: BTreeSet<usize> = wanted.iter().copied().collect();
        let is_twice = chosen.len() < wanted.len();
        let order = placed(&menu, names(wanted), Level::CURRENT);
        let is_allowed = !is_twice && is_allowed(&options, &groups, &chosen);
        prop_assert_eq!(order.as_ref().map_err(|refusal| refusal.kind).err(), (!is_allowed).then_some(RefusalKind::Invalid));
        let Ok(order) = order else { return Ok(()) };
        let item = only(&order);
        let adds: i64 = chosen.iter().map(|n| 1_i64 << n).sum();
        prop_assert_eq!((item.price, order.total), (bdt(100 + adds), bdt(100 + adds)), "each option is charged once");
        let dish = first(&menu);
        let ids: BTreeSet<String> = item.choices.iter().map(|choice| choice.id.to_string()).collect();
        prop_assert_eq!(ids, chosen.iter().map(|n| option(*n)).collect::<BTreeSet<_>>());
        let said: Vec<_> = item.choices.iter().map(|choice| dish.options[&choice.id].name.clone()).collect();
        prop_assert_eq!(&said, &item.options, "each id belongs to its name");
        let ranks = item.choices.iter().map(|choice| dish.options[&choice.id].group);
        let order_of_groups = dish.ordered_groups();
        let ranks: Vec<_> = ranks.map(|group| order_of_groups.iter().position(|each| *each == group)).collect();
        prop_assert!(ranks.is_sorted() && !ranks.contains(&None), "options stand in the order of the groups: {:?}", ranks);
    }

    #[test]
    fn a_menu_with_groups_is_unchanged_when_it_is_read_and_sent_back(
        (options, groups) in any_dish().prop_filter("sound", |(options, groups)| is_sound(options, groups)),
    ) {
        let before = replaced(&menu(), &options_of(&options), Some(&groups_of(&groups))).unwrap();
        let document = to_json(&before);
        prop_assert_eq!(&serde_json::from_value::<Menu>(document.clone()).unwrap(), &before);
        let (options, groups) = (&document["items"][dish(0).to_string()]["options"], &document["items"][dish(0).to_string()]["groups"]);
        prop_assert_eq!(&replaced(&before, options, Some(groups)).unwrap(), &before);
        // A client that does not know groups sends back only names and prices.
        let flat: serde_json::Map<_, _> = options.as_object().unwrap().iter()
            .map(|(id, option)| (id.clone(), json!({"name": option["name"], "price": option["price"]}))).collect();
        prop_assert_eq!(&replaced(&before, &flat.into(), None).unwrap(), &before);
    }
}

/// A dish with a required side (fries require a sauce) and up to two extras. The option `extra 2` is in no group.
fn steak() -> Menu {
    let option = |n: usize, name: &str, of: Option<usize>| {
        let mut it = json!({"name": name, "price": {"amount": 10 * n, "currency": "BDT"}});
        if let Some(of) = of {
            it["group"] = json!(group(of));
        }
        (crate::choices::option(n), it)
    };
    let options: serde_json::Map<_, _> = [
        option(0, "fries", Some(0)),
        option(1, "rice", Some(0)),
        option(2, "ketchup", Some(1)),
        option(3, "mayonnaise", Some(1)),
        option(4, "rice", Some(2)),
        option(5, "egg", Some(2)),
        option(6, "well done", None),
    ]
    .into_iter()
    .collect();
    let groups = json!({
        group(0): {"name": "Side", "sort": 1, "min": 1, "max": 1},
        group(1): {"name": "Sauce", "sort": 1, "min": 1, "max": 1, "under": crate::choices::option(0)},
        group(2): {"name": "Extras", "sort": 2, "min": 0, "max": 2},
    });
    replaced(&menu(), &options.into(), Some(&groups)).unwrap()
}

#[test]
fn a_refusal_names_the_dish_and_what_is_missing() {
    let menu = steak();
    for (wanted, says) in [
        (vec![], "dish 0: Side: choose at least 1"),
        (vec![0], "dish 0: Sauce: choose at least 1"),
        (vec![0, 1, 2], "dish 0: Side: choose at most 1"),
        (vec![1, 2], "dish 0: Sauce belongs to an option that is not chosen"),
        (vec![1, 1], "option rice is chosen twice"),
    ] {
        let refusal = placed(&menu, names(wanted.clone()), Level::CURRENT).unwrap_err();
        assert_eq!((refusal.kind, &*refusal.message), (RefusalKind::Invalid, says), "{wanted:?}");
    }
    let refusal = choices::choose(first(&menu), &["gold leaf".parse().unwrap()]).unwrap_err();
    assert_eq!(refusal.message, "dish 0 has no option gold leaf");
}

#[test]
fn a_name_means_the_first_option_with_that_name_that_is_not_chosen_yet() {
    let menu = steak();
    let named = |names: &[&str]| placed(&menu, names.iter().map(|name| name.parse().unwrap()).collect(), Level::CURRENT);
    let order = named(&["well done", "egg", "rice"]).unwrap();
    assert_eq!(only(&order).options, ["rice", "egg", "well done"].map(|name| name.parse().unwrap()));
    assert_eq!(named(&["rice", "rice"]).unwrap().total, bdt(100 + 10 + 40), "the first is the side, the second the extra");
    assert_eq!(named(&["rice", "rice", "rice"]).unwrap_err().message, "option rice is chosen twice");
}

#[test]
fn a_sold_out_option_cannot_be_chosen_until_its_mark_lapses() {
    let menu = steak();
    let rice = option(1).parse().unwrap();
    let mark = |id, until| MenuAction::Availability { item: dish(0), option: Some(id), available: false, until };
    let sold_out = put(&menu, mark(rice, Some(at(1000)))).unwrap();
    assert_eq!(sold_out.next_lapse(), Some(at(1000)));
    let refusal = placed(&sold_out, names([1]), Level::CURRENT).unwrap_err();
    assert_eq!(refusal.message, "dish 0: rice is sold out; choose something else");
    let lapse =
        |now| change_menu::decide(&sold_out, &MenuAction::Lapse, &Expected::ANY, Moment { now: at(now), head: position(6) });
    assert!(matches!(lapse(999).unwrap(), Decision::Keep { .. }));
    let Decision::Change { write: Write::Menu(after), .. } = lapse(1000).unwrap() else { panic!("the mark lapses") };
    assert_eq!((first(&after).options == first(&menu).options, after.next_lapse()), (true, None));
    assert_eq!(put(&menu, mark(option(9).parse().unwrap(), None)).unwrap_err().kind, RefusalKind::NotFound);
}

/// Older nodes refuse to read an order with fields that they do not know.
#[test]
fn orders_have_ids_of_options_only_from_their_feature_level_on() {
    let order = |level| placed(&steak(), names([1, 6]), level).unwrap();
    assert_eq!(to_json(&order(Level::ONE))["items"].as_object().unwrap().values().next().unwrap().get("choices"), None);
    let with = to_json(only(&order(Level::TWO)));
    assert_eq!(with["choices"], json!([{"id": option(1), "group": "Side"}, {"id": option(6)}]));
    assert_eq!(with["options"], json!(["rice", "well done"]));
}

#[test]
fn fields_of_groups_need_their_feature_level() {
    let level = |options: Value, groups: Option<Value>| {
        let mut item = to_json(&menu().items[&dish(0)]);
        item["options"] = options;
        if let Some(groups) = groups {
            item["groups"] = groups;
        }
        let draft = json!({"categories": {}, "items": {dish(0).to_string(): item}});
        MenuAction::Replace(Box::new(serde_json::from_value(draft).unwrap())).level()
    };
    let plain = json!({"name": "rice", "price": {"amount": 0, "currency": "BDT"}});
    assert_eq!(level(json!({option(0): plain}), None), Level::ZERO);
    assert_eq!(level(json!({}), Some(json!({}))), Level::TWO);
    for (field, value) in [
        ("group", json!(group(0))),
        ("sort", json!(1)),
        ("default", json!(false)),
        ("available", json!(true)),
        ("until", json!("2999-01-01T00:00:00.000Z")),
    ] {
        let mut marked = plain.clone();
        marked[field] = value;
        assert_eq!(level(json!({option(0): marked}), None), Level::TWO, "{field}");
    }
    let mark = |option| MenuAction::Availability { item: dish(0), option, available: true, until: None };
    assert_eq!(mark(None).level(), Level::ZERO);
    assert_eq!(mark(Some(option(0).parse().unwrap())).level(), Level::TWO);
}
