//! Random baskets and random commands, valid and invalid.

use crate::support::{DISHES, STATIONS, at, basket, cause, correction, course, course_menu, dish, item, menu, round};
use orderbell::domain::model::basket::{Basket, Line};
use orderbell::domain::model::command::{Lines, OrderAction};
use orderbell::domain::model::course::Firing;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::order::Service;
use orderbell::domain::model::principal::Role;
use orderbell::domain::values::ids::ItemId;
use proptest::prelude::*;

/// One command of a sequence.
#[derive(Debug, Clone)]
pub struct Move {
    pub role: Role,
    pub station: Option<&'static str>,
    pub action: OrderAction,
    /// How far the expected position lags behind that of the order, if the command names one.
    pub behind: Option<u64>,
    /// Milliseconds since the previous command.
    pub pause: u64,
    /// Events of other orders since the previous command.
    pub elsewhere: u64,
    /// The number of nodes that check, before the command, whether the order is due.
    pub ticks: u8,
}

/// One line: any dish, any quantity, any of its options.
fn line() -> impl Strategy<Value = Line> {
    let options = prop::sample::subsequence(vec!["large", "small"], 0..=2);
    (0..DISHES, 1..=99_u16, options, any::<bool>()).prop_map(|(n, quantity, options, has_note)| Line {
        menu_item: dish(n),
        quantity,
        options: options.into_iter().map(|name| name.parse().unwrap()).collect(),
        course: None,
        seat: None,
        note: has_note.then(|| "nut allergy".parse().unwrap()),
        allergy: has_note,
    })
}

/// A basket of some lines: for now, or to take away later.
pub fn any_basket() -> impl Strategy<Value = Basket> {
    (lines(), prop::option::of(1..120_i64)).prop_map(|(lines, due)| match due {
        None => basket(lines),
        Some(minutes) => Basket { service: Service::Takeaway, due_at: Some(at(minutes * 60_000)), ..basket(lines) },
    })
}

pub fn lines() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec(line(), 1..6)
}

/// An item of the order, and sometimes an unknown one.
fn any_item() -> impl Strategy<Value = ItemId> {
    (0..6_u128).prop_map(item)
}

fn any_lines() -> impl Strategy<Value = Lines> {
    prop_oneof![(1..=3_u16).prop_map(|number| Lines::Course(course(number))), any_item().prop_map(Lines::Item)]
}

fn any_action() -> impl Strategy<Value = OrderAction> {
    prop_oneof![
        3 => prop::option::of(1..=480_u16).prop_map(|minutes| OrderAction::Accept { minutes }),
        1 => Just(OrderAction::Reject(cause())),
        2 => Just(OrderAction::Start),
        1 => prop::collection::vec(any_item(), 1..4).prop_map(OrderAction::StartSome),
        2 => prop::collection::vec(any_item(), 1..4).prop_map(OrderAction::ReadySome),
        4 => any_item().prop_map(OrderAction::StartItem),
        5 => any_item().prop_map(OrderAction::FinishItem),
        3 => any_item().prop_map(OrderAction::RecallItem),
        2 => Just(OrderAction::Ready),
        2 => Just(OrderAction::Recall),
        2 => Just(OrderAction::Serve),
        1 => Just(OrderAction::Cancel(cause())),
        2 => any_item().prop_map(|id| OrderAction::VoidItem(id, cause())),
        2 => (any_item(), 1..4_u16).prop_map(|(id, quantity)| OrderAction::VoidSome(id, quantity, cause())),
        1 => (1..=480_u16).prop_map(|minutes| OrderAction::Promise { minutes }),
        1 => any::<bool>().prop_map(OrderAction::Rush),
        2 => lines().prop_map(round),
        3 => any_lines().prop_map(OrderAction::Fire),
        1 => any_lines().prop_map(OrderAction::Hold),
        3 => any_item().prop_map(OrderAction::ServeItem),
        2 => (1..=3_u16).prop_map(|number| OrderAction::ServeCourse(course(number))),
        3 => (0..6_u128, line()).prop_map(|(n, line)| correction(n, line)),
        1 => Just(OrderAction::StartNow),
        2 => (0..240_i64).prop_map(|minutes| OrderAction::Reschedule(at(minutes * 60_000))),
    ]
}

fn any_move() -> impl Strategy<Value = Move> {
    let role = prop::sample::select(Role::ALL.to_vec());
    let station = prop::option::of(prop::sample::select(STATIONS.to_vec()));
    let behind = prop_oneof![4 => Just(None), 2 => Just(Some(0)), 1 => (1..4_u64).prop_map(Some)];
    let pause = prop_oneof![6 => 0..60_000_u64, 1 => 14 * 60_000..16 * 60_000_u64];
    let parts = (role, station, any_action(), behind, pause, 0..3_u64, 0..3_u8);
    parts.prop_map(|(role, station, action, behind, pause, elsewhere, ticks)| Move {
        role,
        station: station.filter(|_| role == Role::Kitchen),
        action,
        behind,
        pause,
        elsewhere,
        ticks,
    })
}

/// A menu without courses, or with courses under any firing rule.
pub fn any_menu() -> impl Strategy<Value = Menu> {
    let rules = [Firing::Together, Firing::ByHand, Firing::AfterServed, Firing::AfterDone];
    let with_courses = |(rule, minutes): (Firing, Option<u16>)| {
        let firing_minutes = minutes.filter(|_| rule.is_by_itself());
        Menu { firing_minutes, ..course_menu(rule) }
    };
    let minutes = prop::option::of(1..20_u16);
    prop_oneof![1 => Just(menu()), 3 => (prop::sample::select(rules.to_vec()), minutes).prop_map(with_courses)]
}

/// A sequence that usually begins with `accept`, so that most of its commands have an effect.
pub fn moves() -> impl Strategy<Value = Vec<Move>> {
    let accept = Move {
        role: Role::Staff,
        station: None,
        action: OrderAction::Accept { minutes: None },
        behind: None,
        pause: 1000,
        elsewhere: 0,
        ticks: 0,
    };
    let start = prop_oneof![3 => Just(vec![accept]), 1 => Just(Vec::new())];
    (start, prop::collection::vec(any_move(), 0..40)).prop_map(|(start, rest)| [start, rest].concat())
}
