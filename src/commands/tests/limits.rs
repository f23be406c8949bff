use super::*;
use crate::commands::limiter::BURST;
use uuid::Uuid;

const HERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(1));
const ELSEWHERE: RestaurantId = RestaurantId::from_uuid(Uuid::from_u128(2));

fn who(role: Role, sub: &str, table: Option<&str>) -> Principal {
    let (sub, session) = (sub.parse().unwrap(), "s".parse().unwrap());
    let table = table.map(|label| label.parse().unwrap());
    Principal { sub, role, restaurant: HERE, session, station: None, table, device: None, share: None, name: None }
}

fn limits() -> CommandLimits {
    let rates = CommandRates {
        diner_orders: 3,
        table_orders: 5,
        restaurant_orders: 7,
        staff_orders: 20,
        diner_commands: 1,
        ..CommandRates::default()
    };
    CommandLimits::new(rates, Metrics::new())
}

/// Places orders until one is refused. Returns the number of accepted orders and the limit.
fn fill(limits: &CommandLimits, who: &Principal) -> (u32, Option<Limit>) {
    for accepted in 0..100 {
        if let Err(refusal) = limits.count_order(who, 1) {
            assert_eq!(refusal.kind, RefusalKind::RateLimited);
            assert!(refusal.retry_after.unwrap() > Duration::from_secs(1), "a wait of more than a second");
            return (accepted, refusal.limit);
        }
    }
    (100, None)
}

#[test]
fn limits_of_guest_table_and_restaurant_are_reached_in_turn_and_affect_no_others() {
    let limits = limits();
    let guest = |sub, table| who(Role::Diner, sub, Some(table));
    assert_eq!(fill(&limits, &guest("a", "1")), (3, Some(Limit::OrdersByDiner)));
    assert_eq!(fill(&limits, &guest("b", "1")), (2, Some(Limit::OrdersByTable)), "the table has five");
    assert_eq!(fill(&limits, &guest("c", "2")), (2, Some(Limit::OrdersByRestaurant)), "the restaurant has seven");
    assert_eq!(
        fill(&limits, &who(Role::Staff, "mina", None)),
        (20, Some(Limit::OrdersByPrincipal)),
        "staff have a limit of their own"
    );
    assert_eq!(fill(&limits, &who(Role::Service, "pos", None)), (20, Some(Limit::OrdersByPrincipal)));
    let elsewhere = Principal { restaurant: ELSEWHERE, ..guest("a", "1") };
    assert_eq!(fill(&limits, &elsewhere), (3, Some(Limit::OrdersByDiner)), "another restaurant's");
}

#[test]
fn a_blocked_guest_is_refused_early_and_others_are_not() {
    let limits = limits();
    let (full, other) = (who(Role::Diner, "a", Some("1")), who(Role::Diner, "b", Some("2")));
    assert_eq!(limits.check_not_blocked(&full), Ok(()));
    fill(&limits, &full);
    assert_eq!(limits.check_not_blocked(&full).unwrap_err().limit, Some(Limit::OrdersByDiner));
    assert_eq!((limits.check_not_blocked(&other), limits.count_order(&other, 1)), (Ok(()), Ok(())));
    limits.prune();
    assert!(limits.check_not_blocked(&full).is_err(), "the wait is not over");
}

#[test]
fn guests_without_a_table_are_counted_separately() {
    let limits = limits();
    assert_eq!(fill(&limits, &who(Role::Diner, "a", None)), (3, Some(Limit::OrdersByDiner)));
    assert_eq!(fill(&limits, &who(Role::Diner, "b", None)), (3, Some(Limit::OrdersByDiner)));
}

#[test]
fn commands_have_a_burst_of_five_seconds() {
    let limits = limits();
    let guest = who(Role::Diner, "a", Some("1"));
    for _ in 0..BURST {
        assert_eq!(limits.admit(&guest), Ok(()));
    }
    let refusal = limits.admit(&guest).unwrap_err();
    assert_eq!((refusal.kind, refusal.limit), (RefusalKind::RateLimited, Some(Limit::CommandsByDiner)));
    limits.note(&guest, &refusal);
    assert!(limits.metrics.scrape().contains("orderbell_limit_hits_total{limit=\"commands_by_diner\"} 1"));
    assert_eq!(limits.admit(&who(Role::Kitchen, "hot", None)), Ok(()));
}

/// The defaults, against a full table.
#[test]
fn twelve_guests_on_one_phone_are_not_limited() {
    let limits = CommandLimits::new(CommandRates::default(), Metrics::new());
    let phone = who(Role::Diner, "a", Some("1"));
    for round in 0..12 * 10 {
        assert_eq!(limits.count_order(&phone, 1), Ok(()), "order {round} of the first minute");
    }
    assert!(limits.open().by_diner >= 12 * 15 && limits.open().by_table >= 2 * limits.open().by_diner);
    assert!(limits.size().portions >= 12 * 10);
}

#[test]
fn lines_are_counted_by_guest_and_table_and_a_shorter_order_still_fits() {
    let rates = CommandRates { diner_lines: 100, table_lines: 150, restaurant_lines: 280, ..CommandRates::default() };
    let limits = CommandLimits::new(rates, Metrics::new());
    let guest = |sub, table| who(Role::Diner, sub, Some(table));
    let refused = |who: &Principal, lines| limits.count_order(who, lines).unwrap_err().limit;
    assert_eq!(limits.count_order(&guest("a", "1"), 90), Ok(()));
    assert_eq!(refused(&guest("a", "1"), 90), Some(Limit::LinesByDiner));
    assert_eq!(limits.count_order(&guest("a", "1"), 5), Ok(()), "the rest of the limit");
    assert_eq!(refused(&guest("b", "1"), 80), Some(Limit::LinesByTable));
    assert_eq!(limits.count_order(&guest("c", "2"), 90), Ok(()));
    assert_eq!(refused(&guest("d", "3"), 50), Some(Limit::LinesByRestaurant));
    assert_eq!(refused(&guest("e", "4"), 101), Some(Limit::LinesByDiner), "more than the burst never fits");
    let wait = limits.check_not_blocked(&guest("e", "4")).unwrap_err().retry_after.unwrap();
    assert!(wait < Duration::from_secs(2), "{wait:?}: shorter orders wait no longer than a second");
    assert_eq!(limits.count_order(&who(Role::Staff, "mina", None), 1000), Ok(()), "lines of staff are not counted");
}

#[test]
fn greedy_tables_leave_the_last_quarter_to_others() {
    let limits = CommandLimits::new(CommandRates::default(), Metrics::new());
    let guest = |sub: &str, table: &str| who(Role::Diner, sub, Some(table));
    let (mut accepted, mut last) = (0, None);
    for table in 0..5 {
        for phone in 0..3 {
            let (count, limit) = fill_long(&limits, &guest(&format!("{table}-{phone}"), &format!("bad-{table}")));
            (accepted, last) = (accepted + count, limit);
        }
    }
    assert_eq!(last, Some(Limit::OrdersByRestaurant));
    assert!(
        (890..=1000).contains(&accepted),
        "{accepted}: three quarters of 1,200, the last table's fair share, and units that renew during the test"
    );
    // A hundredth of the budget each: twelve orders, at twenty tables.
    for table in 0..20 {
        for order in 0..12 {
            let honest = guest(&format!("honest-{table}"), &format!("{table}"));
            assert_eq!(limits.check_not_blocked(&honest), Ok(()), "table {table}, order {order}");
            assert_eq!(limits.count_order(&honest, 3), Ok(()), "table {table}, order {order}");
        }
    }
    assert_eq!(limits.count_order(&who(Role::Diner, "standing", None), 3), Ok(()));
}

/// Like [`fill`], for waits of any length.
fn fill_long(limits: &CommandLimits, who: &Principal) -> (u32, Option<Limit>) {
    for accepted in 0..2000 {
        if let Err(refusal) = limits.count_order(who, 1) {
            return (accepted, refusal.limit);
        }
    }
    (2000, None)
}

#[test]
fn lines_have_a_reserve_too() {
    let limits =
        CommandLimits::new(CommandRates { table_lines: 9_000, diner_lines: 9_000, ..CommandRates::default() }, Metrics::new());
    let guest = |sub: &str, table: &str| who(Role::Diner, sub, Some(table));
    while limits.count_order(&guest("a", "bad"), 100).is_ok() {}
    assert_eq!(limits.count_order(&guest("b", "bad-2"), 200).unwrap_err().limit, Some(Limit::LinesByRestaurant));
    for table in 0..10 {
        let honest = guest(&format!("honest-{table}"), &format!("{table}"));
        assert_eq!(limits.count_order(&honest, 30), Ok(()), "{table}");
    }
}
