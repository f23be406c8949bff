use super::*;
use crate::auth::tests::fixtures;
use crate::domain::model::principal::Role;

fn limits(rates: Rates) -> Arc<Limits> {
    Arc::new(Limits::new(rates, Metrics::new()))
}

fn of_diners(burst: u32, per_second: u32) -> Arc<Limits> {
    limits(Rates { diners: Rate::new(burst, per_second), ..Rates::default() })
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

const NAT: &str = "203.0.113.1";

fn enter(limits: &Arc<Limits>, attempt: Action, from: &str) -> bool {
    limits.enter(attempt, address(from)).map(Ticket::succeed).is_ok()
}

#[test]
fn after_a_burst_requests_wait_about_a_second() {
    let limits = of_diners(500, 1);
    for guest in 0..500 {
        assert!(enter(&limits, Action::Seat, NAT), "guest {guest}");
    }
    let wait = limits.enter(Action::Seat, address(NAT)).map(drop).unwrap_err();
    assert!(wait <= Duration::from_secs(1) && too_many(wait).retry_after() == Some(Duration::from_secs(1)), "{wait:?}");
    assert!(enter(&limits, Action::Seat, "203.0.113.2"), "another address");
    assert!(enter(&limits, Action::Login, NAT), "another action");
    assert!(limits.metrics.scrape().contains("orderbell_limit_hits_total{limit=\"diner_sessions\"} 1"));
}

#[test]
fn failed_attempts_do_not_use_up_the_limit_of_successful_ones() {
    let limits = of_diners(3, 1);
    for _ in 0..100 {
        drop(limits.enter(Action::Seat, address(NAT)).unwrap());
        let _ = limits.fail(Action::Seat, address(NAT));
    }
    assert!(limits.fail(Action::Seat, address(NAT)).is_err());
    for _ in 0..3 {
        assert!(enter(&limits, Action::Seat, NAT));
    }
    assert!(!enter(&limits, Action::Seat, NAT));
    let under_way: Vec<_> = (0..3).map(|_| limits.enter(Action::Seat, address("203.0.113.2")).unwrap()).collect();
    assert!(limits.enter(Action::Seat, address("203.0.113.2")).is_err(), "concurrent attempts count");
    drop(under_way);
    assert!(enter(&limits, Action::Seat, "203.0.113.2"));
}

#[test]
fn each_token_and_each_table_has_a_limit_of_its_own() {
    let limits = limits(Rates { handshakes: Rate::new(2, 1), ..Rates::default() });
    let who = |role, session: &str, table: Option<&str>| {
        let (session, table) = (session.parse().unwrap(), table.map(|table| table.parse().unwrap()));
        Principal { session, table, ..fixtures::principal(role, fixtures::LADLE) }
    };
    let opens = |who: &Principal| limits.admit(Action::Handshake, who).is_ok();
    while limits.fail(Action::Handshake, address(NAT)).is_ok() {}
    let cook = who(Role::Kitchen, "one", None);
    assert_eq!([opens(&cook), opens(&cook), opens(&cook)], [true, true, false]);
    assert!(opens(&who(Role::Kitchen, "two", None)));
    let guests = ["a", "b", "c"].map(|session| opens(&who(Role::Diner, session, Some("7"))));
    assert_eq!(guests, [true, true, false], "sessions of one table: its code can begin any number");
    assert!(opens(&who(Role::Diner, "d", Some("8"))));
}

#[test]
fn strangers_use_up_their_own_guesses_and_known_devices_still_sign_in() {
    let limits = limits(Rates { guesses: Rate::per_hour(3), logins: Rate::new(2, 1), ..Rates::default() });
    let guess = |user: &str, from: &str| limits.guess("ladle", user, address(from), None);
    guess("mina", NAT).unwrap().right();
    let strangers = (1..=200).filter(|at| guess("mina", &format!("198.51.100.{at}")).map(guess::Guess::wrong).is_ok());
    assert_eq!(strangers.count(), 3, "one budget for all strangers");
    assert!(guess("mina", "192.0.2.1").is_err(), "from any address");
    assert!(guess("omar", "192.0.2.1").is_ok(), "another account");
    for _ in 0..10 {
        guess("mina", NAT).unwrap().right();
    }
    let beside = (0..10).filter(|_| guess("mina", NAT).map(guess::Guess::wrong).is_ok()).count();
    assert_eq!(beside, 3, "and one for everybody at the owner's address");
    assert!(limits.metrics.scrape().contains("orderbell_limit_hits_total{limit=\"password_guesses\"}"));
}

#[test]
fn a_marked_device_keeps_its_tries_beside_a_guesser_and_a_stolen_mark_adds_none() {
    let limits = limits(Rates { guesses: Rate::per_hour(3), logins: Rate::new(2, 1), ..Rates::default() });
    let guess = |mark: Option<u8>| limits.guess("ladle", "mina", address(NAT), mark.map(|number| [number; 16]));
    while guess(None).map(guess::Guess::wrong).is_ok() {}
    for _ in 0..10 {
        guess(Some(1)).unwrap().right();
    }
    // The owner has signed in from this address, so it has its own budget. The attacker at the same address uses that up.
    while guess(None).map(guess::Guess::wrong).is_ok() {}
    guess(Some(1)).unwrap().right();
    let stolen = (0..10).filter(|_| guess(Some(2)).map(guess::Guess::wrong).is_ok()).count();
    assert_eq!(stolen, 3);
    guess(Some(1)).unwrap().right();
    while limits.enter(Action::Login, address(NAT)).map(Ticket::succeed).is_ok() {}
    let owner = crate::domain::values::ids::UserId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(limits.enter_marked(Action::Login, owner).is_ok());
}

#[test]
fn a_sign_in_that_was_not_a_wrong_guess_is_not_counted() {
    let limits = limits(Rates { guesses: Rate::per_hour(2), logins: Rate::new(2, 1), ..Rates::default() });
    for at in 0..10 {
        drop(limits.guess("ladle", "mina", address(&format!("192.0.2.{at}")), None).unwrap());
        drop(limits.guess("ladle", "mina", address(NAT), None).unwrap());
    }
    let both = [limits.guess("ladle", "mina", address(NAT), None), limits.guess("ladle", "mina", address("192.0.2.9"), None)];
    assert!(both.iter().all(Result::is_ok));
    assert!(limits.guess("ladle", "mina", address("192.0.2.8"), None).is_err(), "concurrent guesses count");
}

#[test]
fn idle_subjects_are_forgotten_and_busy_ones_are_not() {
    let limits = of_diners(1, 4);
    assert!(enter(&limits, Action::Seat, NAT));
    limits.tidy();
    assert!(!enter(&limits, Action::Seat, NAT));
    assert_eq!(limits.diners.good.subjects(), 1);
    std::thread::sleep(Duration::from_millis(600));
    limits.tidy();
    assert_eq!(limits.diners.good.subjects(), 0);
}
