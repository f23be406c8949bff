//! Courses: each state of a line × each action on it, which lines are held, and when a course fires by itself.

use crate::support::{
    Cell, Outcome, Ticket, at, basket, cause, correction, course, course_menu, item, line, position, principal, round,
};
use orderbell::domain::model::basket::Line;
use orderbell::domain::model::command::{Lines, OrderAction};
use orderbell::domain::model::course::Firing;
use orderbell::domain::model::event::EventKind as E;
use orderbell::domain::model::menu::Menu;
use orderbell::domain::model::principal::Role;
use orderbell::domain::model::refusal::RefusalKind;
use orderbell::domain::model::status::{ItemStatus as I, OrderStatus as S};
use orderbell::domain::model::undrawn;
use orderbell::domain::values::time::Timestamp;
use std::time::Duration;

use Cell::{No, Same, To};

/// Two starters (items 0 and 1), two mains (items 2 and 3) and a drink without a course (item 4).
fn ticket(firing: Firing) -> Ticket {
    let lines = vec![line(1, 1), line(4, 1), line(2, 1), line(5, 1), line(0, 1)];
    Ticket::place_on(course_menu(firing), &basket(lines), position(100)).unwrap()
}

fn held(ticket: &Ticket) -> Vec<u128> {
    (0..5).filter(|n| ticket.order.items[&item(*n)].held).collect()
}

fn fire(number: u16) -> OrderAction {
    OrderAction::Fire(Lines::Course(course(number)))
}

fn serve(number: u16) -> OrderAction {
    OrderAction::ServeCourse(course(number))
}

fn accept() -> OrderAction {
    OrderAction::Accept { minutes: None }
}

/// A state of item 2 (a main), the actions that lead to it, and the outcome of each further action.
type Row = (&'static str, fn() -> Vec<OrderAction>, [Cell; 8]);

const FIRED: Cell = To(S::Preparing, &[E::ItemFired]);
const HELD: Cell = To(S::Preparing, &[E::ItemHeld]);
const SERVED: Cell = To(S::Preparing, &[E::ItemServed]);
const STARTED: Cell = To(S::Preparing, &[E::ItemStarted]);
const FINISHED: Cell = To(S::Preparing, &[E::ItemFinished]);
const RECALLED: Cell = To(S::Preparing, &[E::ItemRecalled]);
const VOIDED: Cell = To(S::Preparing, &[E::ItemVoided]);
const CHANGED: Cell = To(S::Preparing, &[E::ItemChanged]);

fn begun(more: impl IntoIterator<Item = OrderAction>) -> Vec<OrderAction> {
    [accept(), OrderAction::Start].into_iter().chain(more).collect()
}

fn main_dish() -> OrderAction {
    OrderAction::Fire(Lines::Item(item(2)))
}

#[rustfmt::skip]
const TABLE: [Row; 6] = [
    //                                                                                                   fire   hold  serve_item start    finish    recall    void     change
    ("held",    || begun([]),                                                                           [FIRED, Same, No,        No,      No,       No,       VOIDED, CHANGED]),
    ("waiting", || begun([main_dish()]),                                                                [Same,  HELD, No,        STARTED, FINISHED, No,       VOIDED, CHANGED]),
    ("cooking", || begun([main_dish(), OrderAction::StartItem(item(2))]),                               [Same,  No,   No,        Same,    FINISHED, Same,     VOIDED, No]),
    ("done",    || begun([main_dish(), OrderAction::FinishItem(item(2))]),                              [Same,  No,   SERVED,    No,      Same,     RECALLED, VOIDED, No]),
    ("served",  || begun([main_dish(), OrderAction::FinishItem(item(2)), OrderAction::ServeItem(item(2))]), [Same, No, Same,     No,      Same,     RECALLED, VOIDED, No]),
    ("voided",  || begun([OrderAction::VoidItem(item(2), cause())]),                                    [Same,  No,   No,        No,      No,       No,       Same,   No]),
];

#[test]
fn every_action_in_every_state_of_a_line() {
    let actions = [
        main_dish(),
        OrderAction::Hold(Lines::Item(item(2))),
        OrderAction::ServeItem(item(2)),
        OrderAction::StartItem(item(2)),
        OrderAction::FinishItem(item(2)),
        OrderAction::RecallItem(item(2)),
        OrderAction::VoidItem(item(2), cause()),
        correction(2, line(2, 2)),
    ];
    for (state, way, cells) in TABLE {
        for (action, cell) in actions.iter().zip(cells) {
            let mut ticket = ticket(Firing::ByHand);
            for step in way() {
                ticket.staff(&step);
            }
            let outcome = ticket.put(&principal(Role::Staff, None), action, None);
            assert_eq!(outcome, cell.outcome(), "{action:?} of a line that is {state}");
            assert_eq!(ticket.order.status, S::Preparing, "{action:?} of a line that is {state}");
        }
    }
}

#[test]
fn later_courses_are_held_by_the_restaurants_rule() {
    for (firing, expected) in [(Firing::Together, vec![]), (Firing::ByHand, vec![2, 3]), (Firing::AfterServed, vec![2, 3])] {
        let mut ticket = ticket(firing);
        assert_eq!(held(&ticket), expected, "{firing:?}");
        ticket.staff(&accept()).staff(&OrderAction::Start);
        let cooking = (0..5).filter(|n| ticket.item_status(*n) == I::Cooking).count();
        assert_eq!(cooking, 5 - expected.len(), "{firing:?}: what is held does not cook");
    }
    // Mains alone are the first course of their order.
    let mains = Ticket::place_on(course_menu(Firing::ByHand), &basket(vec![line(2, 1)]), position(1)).unwrap();
    assert!(!mains.order.has_held());
    // A starter that was ordered for the course of the mains.
    let chosen = Line { course: Some(course(2)), ..line(1, 1) };
    let ticket = Ticket::place_on(course_menu(Firing::ByHand), &basket(vec![line(4, 1), chosen]), position(1)).unwrap();
    let moved = &ticket.order.items[&item(1)];
    assert_eq!((moved.held, moved.course.as_ref().map(|course| course.name.as_str())), (true, Some("Mains")));
    let unknown = basket(vec![Line { course: Some(course(7)), ..line(1, 1) }]);
    assert_eq!(Ticket::place_on(course_menu(Firing::ByHand), &unknown, position(1)).unwrap_err().kind, RefusalKind::Invalid);
}

#[test]
fn the_next_course_fires_when_the_previous_one_was_served() {
    let mut ticket = ticket(Firing::AfterServed);
    ticket.staff(&accept()).staff(&OrderAction::Ready);
    assert_eq!((ticket.order.status, held(&ticket)), (S::Preparing, vec![2, 3]), "held dishes keep the order open");
    let staff = principal(Role::Staff, None);
    assert_eq!(ticket.put(&staff, &OrderAction::Ready, None), Outcome::Kept, "a second bump finishes nothing of the next course");
    ticket.staff(&OrderAction::ServeItem(item(0)));
    assert_eq!(held(&ticket), [2, 3], "one starter is still to be served");
    assert_eq!(ticket.put(&staff, &serve(1), None), Outcome::Changed(vec![E::ItemServed, E::ItemFired]));
    assert_eq!((held(&ticket), ticket.item_status(2)), (vec![], I::Queued));
    assert_eq!(ticket.put(&staff, &fire(2), None), Outcome::Kept, "nothing is fired twice");
    ticket.staff(&OrderAction::Ready);
    assert_eq!(ticket.order.status, S::Ready);
    ticket.staff(&serve(2));
    assert_eq!(ticket.order.status, S::Ready, "the drink is still to be served");
    let last = ticket.put(&staff, &OrderAction::ServeItem(item(4)), None);
    assert_eq!((last, ticket.order.status), (Outcome::Changed(vec![E::ItemServed, E::OrderServed]), S::Served));
}

#[test]
fn voiding_the_last_unserved_dish_of_a_course_fires_the_next_course() {
    let mut ticket = ticket(Firing::AfterServed);
    ticket.staff(&accept()).staff(&OrderAction::Ready).staff(&OrderAction::ServeItem(item(0)));
    let void = OrderAction::VoidItem(item(1), cause());
    let outcome = ticket.put(&principal(Role::Staff, None), &void, None);
    assert_eq!(outcome, Outcome::Changed(vec![E::ItemVoided, E::ItemFired]));
}

#[test]
fn a_course_held_by_hand_is_only_fired_by_hand() {
    let mut ticket = ticket(Firing::AfterServed);
    ticket.staff(&accept()).staff(&fire(2)).staff(&OrderAction::Hold(Lines::Course(course(2))));
    ticket.staff(&OrderAction::Ready).staff(&serve(1));
    assert_eq!(held(&ticket), [2, 3], "the rule no longer fires what somebody held");
    ticket.staff(&fire(2));
    assert_eq!(held(&ticket), [0; 0]);
}

#[test]
fn a_round_holds_lines_of_held_courses_and_not_of_fired_ones() {
    let mut ticket = ticket(Firing::ByHand);
    ticket.staff(&accept()).staff(&OrderAction::Start);
    ticket.staff(&round(vec![line(1, 1), line(2, 1), line(0, 1)]));
    let of_round = ticket.order.items.values().filter(|item| item.round == 2);
    assert_eq!(of_round.map(|item| item.held).collect::<Vec<_>>(), [false, true, false]);
    ticket.staff(&fire(2)).staff(&round(vec![line(2, 1)]));
    assert!(!ticket.order.has_held());
}

fn of_course(n: u128, number: u16) -> Line {
    Line { course: Some(course(number)), ..line(n, 1) }
}

#[test]
fn a_line_that_moves_to_another_course_is_held_or_fired_with_it() {
    let staff = principal(Role::Staff, None);
    let mut ticket = ticket(Firing::AfterServed);
    ticket.staff(&accept());
    // A main becomes a starter, and goes to the kitchen.
    let moved = ticket.put(&staff, &correction(2, of_course(2, 1)), None);
    assert_eq!((moved, held(&ticket)), (Outcome::Changed(vec![E::ItemChanged]), vec![3]));
    assert_eq!(ticket.order.items[&item(2)].fired_at, Some(ticket.now));
    // It becomes a main again, and waits.
    ticket.staff(&correction(2, of_course(2, 2)));
    assert_eq!((held(&ticket), ticket.order.items[&item(2)].fired_at), (vec![2, 3], None));
    // One starter becomes a main, then the other: no course is left before the mains.
    ticket.staff(&correction(0, of_course(1, 2)));
    assert_eq!(held(&ticket), [0, 2, 3]);
    let last = ticket.put(&staff, &correction(1, of_course(4, 2)), None);
    assert_eq!((last, held(&ticket)), (Outcome::Changed(vec![E::ItemChanged, E::ItemFired]), vec![]));
}

#[test]
fn an_order_keeps_the_rule_that_applied_when_its_first_course_was_ordered() {
    let mut ticket = ticket(Firing::Together);
    ticket.menu.firing = Firing::AfterServed;
    ticket.staff(&accept()).staff(&round(vec![of_course(2, 2)]));
    assert_eq!((ticket.order.firing, ticket.order.has_held()), (Firing::Together, false));
    let mut drinks = Ticket::place_on(course_menu(Firing::Together), &basket(vec![line(0, 1)]), position(100)).unwrap();
    drinks.menu.firing = Firing::AfterServed;
    drinks.staff(&accept()).staff(&round(vec![line(1, 1), line(2, 1)]));
    assert_eq!((drinks.order.firing, drinks.order.has_held()), (Firing::AfterServed, true));
}

#[test]
fn a_round_is_fired_if_all_earlier_courses_were_served_but_is_held_if_one_is_held() {
    let staff = principal(Role::Staff, None);
    let mut ticket =
        Ticket::place_on(course_menu(Firing::AfterServed), &basket(vec![line(1, 1), line(0, 1)]), position(100)).unwrap();
    ticket.staff(&accept()).staff(&OrderAction::FinishItem(item(0))).staff(&serve(1));
    let round_of_mains = ticket.put(&staff, &round(vec![line(2, 1)]), None);
    assert_eq!(round_of_mains, Outcome::Changed(vec![E::ItemAdded, E::ItemFired]), "an unserved drink holds no course back");
    assert!(!ticket.order.has_held());

    let mut ticket = Ticket::place_on(course_menu(Firing::ByHand), &basket(vec![line(1, 1)]), position(100)).unwrap();
    ticket.staff(&accept()).staff(&OrderAction::Hold(Lines::Course(course(1))));
    ticket.staff(&round(vec![line(2, 1), line(4, 1)]));
    assert!(ticket.order.items.values().all(|item| item.held), "the mains do not come before the starters");
}

#[test]
fn holding_a_held_course_or_firing_a_fired_one_changes_nothing() {
    let staff = principal(Role::Staff, None);
    let mut ticket = ticket(Firing::ByHand);
    assert_eq!(ticket.put(&staff, &OrderAction::Hold(Lines::Course(course(2))), None), Outcome::Kept);
    ticket.staff(&accept()).staff(&fire(2)).staff(&OrderAction::Ready);
    assert_eq!(ticket.put(&staff, &fire(2), None), Outcome::Kept);
    ticket.staff(&OrderAction::Serve);
    assert_eq!(ticket.put(&staff, &fire(1), None), Outcome::Kept);
}

#[test]
fn voiding_the_last_unserved_dish_completes_the_order() {
    let staff = principal(Role::Staff, None);
    for ready in [false, true] {
        let mut ticket = Ticket::of(2);
        ticket.staff(&accept()).staff(&OrderAction::FinishItem(item(0)));
        if ready {
            ticket.staff(&OrderAction::Ready);
        }
        ticket.staff(&OrderAction::ServeItem(item(0)));
        let void = ticket.put(&staff, &OrderAction::VoidItem(item(1), cause()), None);
        assert_eq!((void, ticket.order.status), (Outcome::Changed(vec![E::ItemVoided, E::OrderServed]), S::Served), "{ready}");
        assert!(ticket.order.ready_at.is_some());
    }
}

#[test]
fn a_bump_of_the_lines_on_the_screen_does_not_finish_lines_added_or_fired_meanwhile() {
    let (staff, hot) = (principal(Role::Staff, None), principal(Role::Kitchen, Some("hot")));
    let seen = || vec![item(0), item(1), item(4)];
    let mut ticket = ticket(Firing::ByHand);
    ticket.staff(&accept()).staff(&round(vec![line(1, 1)])).staff(&fire(2));
    assert_eq!(ticket.put(&staff, &OrderAction::StartSome(vec![item(0)]), None), Outcome::Changed(vec![E::OrderStarted]));
    assert_eq!(ticket.put(&staff, &OrderAction::StartSome(vec![item(0)]), None), Outcome::Kept);
    assert_eq!(ticket.put(&staff, &OrderAction::ReadySome(seen()), None), Outcome::Changed(vec![E::ItemFinished]));
    assert_eq!(ticket.put(&staff, &OrderAction::ReadySome(seen()), None), Outcome::Kept);
    let queued = ticket.order.items.values().filter(|item| item.status == I::Queued).count();
    assert_eq!((ticket.order.status, queued), (S::Preparing, 3), "two mains and the round");
    for (who, only, kind) in [(&staff, item(9), RefusalKind::NotFound), (&hot, item(2), RefusalKind::Forbidden)] {
        assert_eq!(ticket.put(who, &OrderAction::ReadySome(vec![only]), None), Outcome::Refused(kind));
    }
    let all = ticket.order.items.keys().copied().collect();
    assert_eq!(ticket.put(&staff, &OrderAction::ReadySome(all), None), Outcome::Changed(vec![E::OrderReady]));
}

#[test]
fn an_unknown_course_is_not_found_and_an_unfinished_one_cannot_be_served() {
    let mut ticket = ticket(Firing::ByHand);
    ticket.staff(&accept()).staff(&OrderAction::FinishItem(item(0)));
    let staff = principal(Role::Staff, None);
    for action in [fire(3), OrderAction::Hold(Lines::Course(course(3))), serve(3)] {
        assert_eq!(ticket.put(&staff, &action, None), Outcome::Refused(RefusalKind::NotFound), "{action:?}");
    }
    assert_eq!(ticket.put(&staff, &serve(1), None), Outcome::Refused(RefusalKind::InvalidTransition));
    assert_eq!(ticket.put(&staff, &serve(2), None), Outcome::Refused(RefusalKind::InvalidTransition));
}

#[test]
fn a_station_fires_and_holds_its_own_dishes() {
    // Both mains are cooked at the bar: dish `n` is cooked at station `n % 3`.
    let mut ticket = ticket(Firing::ByHand);
    ticket.staff(&accept());
    let hot = principal(Role::Kitchen, Some("hot"));
    assert_eq!(ticket.put(&hot, &fire(2), None), Outcome::Kept, "no main is cooked there");
    assert_eq!(ticket.put(&hot, &main_dish(), None), Outcome::Refused(RefusalKind::Forbidden));
    ticket.must(&principal(Role::Kitchen, Some("bar")), &fire(2));
    assert_eq!(held(&ticket), [0; 0]);
}

#[test]
fn a_held_dish_does_not_count_as_waiting_at_its_station() {
    let mut ticket = ticket(Firing::ByHand);
    ticket.staff(&accept());
    let stations = |ticket: &Ticket| undrawn::waits_at(&ticket.order).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(stations(&ticket), ["cold", "hot"]);
    ticket.staff(&fire(2));
    assert_eq!(stations(&ticket), ["bar", "cold", "hot"]);
}

#[test]
fn a_recall_reopens_served_dishes_only_after_the_whole_order_was_served() {
    let mut ticket = ticket(Firing::Together);
    ticket.staff(&accept()).staff(&OrderAction::Ready).staff(&serve(1)).staff(&OrderAction::Recall);
    let cooking = |ticket: &Ticket| (0..5).filter(|n| ticket.item_status(*n) == I::Cooking).collect::<Vec<_>>();
    assert_eq!(cooking(&ticket), [2, 3, 4]);
    ticket.staff(&OrderAction::Ready).staff(&OrderAction::Serve).staff(&OrderAction::Recall);
    assert_eq!(cooking(&ticket), [0, 1, 2, 3, 4]);
    assert!(ticket.order.items.values().all(|item| item.served_at.is_none()));
}

/// As [`ticket`], with some minutes between two courses, and accepted.
fn waiting(firing: Firing) -> Ticket {
    let lines = vec![line(1, 1), line(4, 1), line(2, 1), line(5, 1), line(0, 1)];
    let menu = Menu { firing_minutes: Some(10), ..course_menu(firing) };
    let mut ticket = Ticket::place_on(menu, &basket(lines), position(100)).unwrap();
    ticket.staff(&accept());
    ticket
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn in_minutes(count: i64) -> Option<Timestamp> {
    Some(at(60_000 * count))
}

const BY_CLOCK: &[E] = &[E::ItemFired];

#[test]
fn a_course_fires_some_minutes_after_the_one_before_was_served_and_once() {
    let mut ticket = waiting(Firing::AfterServed);
    ticket.staff(&OrderAction::Ready).staff(&OrderAction::ServeItem(item(0)));
    assert_eq!(ticket.order.fires_at, None, "one starter is still to be served");
    let staff = principal(Role::Staff, None);
    assert_eq!(ticket.wait(minutes(3)).put(&staff, &serve(1), None), Outcome::Changed(vec![E::ItemServed]));
    assert_eq!((held(&ticket), ticket.order.fires_at), (vec![2, 3], in_minutes(13)));
    assert_eq!(ticket.wait(minutes(9)).tick_courses(), Outcome::Kept);
    assert_eq!(ticket.wait(minutes(1)).tick_courses(), Outcome::Changed(BY_CLOCK.to_vec()));
    assert_eq!((held(&ticket), ticket.order.fires_at), (vec![], None));
    assert_eq!(ticket.tick_courses(), Outcome::Kept, "another node, or this one after a restart");
    assert_eq!(ticket.put(&staff, &fire(2), None), Outcome::Kept);
}

#[test]
fn the_clock_is_overridden_by_whoever_fires_or_holds() {
    let served = || {
        let mut ticket = waiting(Firing::AfterServed);
        ticket.staff(&OrderAction::Ready).staff(&serve(1));
        ticket
    };
    let mut fired = served();
    fired.wait(minutes(2)).staff(&fire(2));
    assert_eq!((fired.order.fires_at, fired.wait(minutes(20)).tick_courses()), (None, Outcome::Kept));
    let mut one = served();
    one.staff(&main_dish());
    assert_eq!(one.order.fires_at, in_minutes(10), "the rest of the course waits on");
    one.wait(minutes(10));
    assert_eq!((one.tick_courses(), held(&one)), (Outcome::Changed(BY_CLOCK.to_vec()), vec![]));
    let mut by_hand = served();
    by_hand.staff(&main_dish()).staff(&OrderAction::Hold(Lines::Course(course(2))));
    assert_eq!((by_hand.order.firing, by_hand.order.fires_at), (Firing::ByHand, None));
    assert_eq!(by_hand.wait(minutes(20)).tick_courses(), Outcome::Kept);
    let mut recalled = served();
    recalled.staff(&OrderAction::RecallItem(item(0)));
    assert_eq!((recalled.order.fires_at, recalled.wait(minutes(20)).tick_courses()), (None, Outcome::Kept));
    recalled.staff(&OrderAction::FinishItem(item(0))).staff(&OrderAction::ServeItem(item(0)));
    assert_eq!(recalled.order.fires_at, in_minutes(30), "it counts from the last serving");
    let mut cancelled = served();
    cancelled.staff(&OrderAction::Cancel(cause()));
    assert_eq!((cancelled.order.fires_at, cancelled.wait(minutes(20)).tick_courses()), (None, Outcome::Kept));
}

#[test]
fn a_course_fires_when_the_one_before_is_done_or_some_minutes_later() {
    let mut at_once = ticket(Firing::AfterDone);
    at_once.staff(&accept()).staff(&OrderAction::FinishItem(item(0)));
    let staff = principal(Role::Staff, None);
    let last = at_once.put(&staff, &OrderAction::FinishItem(item(1)), None);
    assert_eq!((last, held(&at_once)), (Outcome::Changed(vec![E::ItemFinished, E::ItemFired]), vec![]));
    let mut later = waiting(Firing::AfterDone);
    later.wait(minutes(1)).staff(&OrderAction::Ready);
    assert_eq!(later.order.fires_at, in_minutes(11));
    later.wait(minutes(5)).staff(&serve(1));
    assert_eq!(later.order.fires_at, in_minutes(11), "serving changes nothing of it");
    assert_eq!(later.wait(minutes(5)).tick_courses(), Outcome::Changed(BY_CLOCK.to_vec()));
}

/// A command that comes before the clock's event, and after the time.
#[test]
fn a_late_clock_fires_with_the_next_command_and_a_course_of_a_later_round_waits_no_longer_than_that() {
    let mut late = waiting(Firing::AfterServed);
    late.staff(&OrderAction::Ready).staff(&serve(1)).wait(minutes(11));
    let staff = principal(Role::Staff, None);
    assert_eq!(late.put(&staff, &OrderAction::Rush(true), None), Outcome::Changed(vec![E::OrderRushed, E::ItemFired]));
    assert_eq!(late.tick_courses(), Outcome::Kept);

    let lines = vec![line(1, 1), line(0, 1)];
    let menu = Menu { firing_minutes: Some(10), ..course_menu(Firing::AfterServed) };
    for (pause, expected) in [(4, vec![E::ItemAdded]), (12, vec![E::ItemAdded, E::ItemFired])] {
        let mut ticket = Ticket::place_on(menu.clone(), &basket(lines.clone()), position(100)).unwrap();
        ticket.staff(&accept()).staff(&OrderAction::FinishItem(item(0))).staff(&serve(1)).wait(minutes(pause));
        let outcome = ticket.put(&staff, &round(vec![line(2, 1)]), None);
        assert_eq!(outcome, Outcome::Changed(expected), "after {pause} minutes");
    }
}
