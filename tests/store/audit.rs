//! The audit log: written in the transaction that it records, append-only, separate for each restaurant.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, command, command_id, key};
use orderbell::clock;
use orderbell::domain::model::command::{Cause, OrderAction};
use orderbell::domain::model::principal::{Principal, Role};
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::{OrderId, UserId};
use orderbell::domain::values::reason::Reason;
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::version::Expected;
use orderbell::store::StoreError;
use orderbell::store::accounts::{User, UserChange, UserChanged};
use orderbell::store::audit::{Entry, Kind, Note, recorded, scope, speaks};
use orderbell::store::log::Work;

async fn entries(restaurant: &TestRestaurant, kind: Option<Kind>) -> Vec<Entry> {
    restaurant.store.audit(restaurant.id, kind, None, 100).await.unwrap()
}

fn noted(mut work: Work, note: Note) -> Work {
    work.note = Some(note);
    work
}

/// Adds a person to the restaurant. Returns the person and the principal.
async fn person(restaurant: &TestRestaurant, username: &str, role: Role) -> (User, Principal) {
    let id = UserId::from_uuid(clock::new_id());
    let user = User { id, restaurant: restaurant.id, username: key(username), role, password_hash: "hash".into() };
    restaurant.store.add_user(&user, at(0)).await.unwrap();
    let who = Principal { sub: key(&id.to_string()), role, ..restaurant.staff() };
    (user, who)
}

pub async fn a_command_is_recorded_once_with_person_action_reason_and_outcome(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("guest")).await;
    assert!(entries(&restaurant, None).await.is_empty(), "a call without a note is not recorded");
    let (_, waiter) = person(&restaurant, "karim", Role::Staff).await;
    let note = |action| Note::new(restaurant.id, Kind::Orders, action).by(&waiter).about(order.id);
    let cause = Cause { reason: Reason::TooBusy, detail: Some(key("the guest in red was rude")) };
    let id = command_id();
    for _ in 0..2 {
        let work = restaurant.acting(order.id, OrderAction::Reject(cause.clone()), Some(command("staff-1", id, 1)));
        restaurant.ack(noted(work, note("reject").because(cause.reason.as_str()))).await;
    }
    let refused = restaurant.acting(order.id, OrderAction::Ready, None);
    restaurant.commit(noted(refused, note("ready"))).await.unwrap().answer.unwrap_err();
    let lost = restaurant.acting(OrderId::from_uuid(clock::new_id()), OrderAction::Ready, None);
    restaurant.commit(noted(lost, note("ready").about("another"))).await.unwrap().answer.unwrap_err();
    let menu =
        restaurant.changing_menu(MenuAction::Availability { item: restaurant.dish, option: None, available: false, until: None });
    restaurant
        .ack(noted(menu, Note::new(restaurant.id, Kind::Menu, "set_availability").by(&waiter).about(restaurant.dish)))
        .await;

    let all = entries(&restaurant, None).await;
    let brief: Vec<_> = all.iter().map(|entry| (entry.action.as_str(), entry.outcome.as_str(), entry.label.as_deref())).collect();
    let name = format!("{} ({})", order.number, order.ticket.unwrap());
    assert_eq!(
        brief,
        [
            ("set_availability", "done", Some("Beef rezala")),
            ("ready", "not_found", None),
            ("ready", "invalid_transition", Some(name.as_str())),
            ("reject", "done", Some(name.as_str())),
        ]
    );
    let rejected = &all[3];
    assert_eq!((rejected.name.as_deref(), rejected.role.as_deref()), (Some("karim"), Some("staff")));
    assert_eq!((rejected.reason.as_deref(), rejected.subject.clone()), (Some("too_busy"), Some(order.id.to_string())));
    assert!(!serde_json::to_string(&all).unwrap().contains("rude"), "free text is not recorded");
    assert_eq!(entries(&restaurant, Some(Kind::Menu)).await, all[..1]);
    assert_eq!(entries(&restaurant, Some(Kind::Orders)).await, all[1..]);
}

pub async fn a_call_and_its_entry_are_committed_together_or_not_at_all(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let (first, boss) = person(&restaurant, "rahima", Role::Manager).await;
    let (second, _) = person(&restaurant, "salma", Role::Manager).await;
    let note = |action| Note::new(restaurant.id, Kind::People, action);
    let twice = User { id: UserId::from_uuid(clock::new_id()), ..second.clone() };
    let asked = scope(Some("203.0.113.7".parse().unwrap()), async {
        speaks(&boss);
        let taken = recorded(note("add_person"), restaurant.store.add_user(&twice, at(1))).await;
        assert_eq!(taken.unwrap_err(), StoreError::Taken);
        let remove = |id| restaurant.store.change_user(restaurant.id, id, UserChange::Remove, Expected::ANY);
        let ended = recorded(note("remove_person").about(second.id), remove(second.id)).await;
        assert!(matches!(ended.unwrap(), UserChanged::Done(_)));
        let last = recorded(note("remove_person").about(first.id), remove(first.id)).await;
        assert_eq!(last.unwrap(), UserChanged::LastManager);
        // Only a call with a note writes an entry.
        restaurant.store.add_user(&twice, at(1)).await.unwrap();
    });
    asked.await;
    let all = entries(&restaurant, None).await;
    let brief: Vec<_> = all.iter().map(|entry| (entry.subject.clone().unwrap(), entry.outcome.as_str())).collect();
    assert_eq!(brief, [(first.id.to_string(), "last_manager"), (second.id.to_string(), "done")]);
    for entry in &all {
        assert_eq!((entry.name.as_deref(), entry.address.as_deref()), (Some("rahima"), Some("203.0.113.7")));
    }
    // A person who removes their own account is still named.
    let remove = restaurant.store.change_user(restaurant.id, twice.id, UserChange::Remove, Expected::ANY);
    let own = Principal { sub: key(&twice.id.to_string()), ..boss };
    recorded(note("remove_person").by(&own), remove).await.unwrap();
    assert_eq!(entries(&restaurant, None).await[0].name.as_deref(), Some("salma"));
}

pub async fn the_database_itself_refuses_to_change_or_remove_recent_entries(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let add = |number: u32| restaurant.store.record(Note::new(restaurant.id, Kind::Tables, "add_table").called(number));
    for number in 0..3 {
        add(number).await.unwrap();
    }
    for sql in ["UPDATE audit SET name = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE action = 'add_table'"] {
        database.refuses(sql).await;
    }
    if database.is_sqlite() {
        // Replacing a row fires no delete trigger.
        database.refuses("INSERT OR REPLACE INTO audit SELECT restaurant, id, 1000, kind, action, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'none' FROM audit").await;
    } else {
        database.refuses("TRUNCATE audit").await;
    }
    let soon = Timestamp::from_millis(clock::now().millis() + 1000);
    restaurant.store.forget_audit(restaurant.id, soon, 10).await.unwrap_err();
    assert_eq!(entries(&restaurant, None).await.len(), 3);
}

pub async fn old_entries_are_removed_in_batches_of_one_restaurant(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let opened = clock::now();
    while clock::now() == opened {
        tokio::task::yield_now().await;
    }
    for restaurant in [&restaurant, &other] {
        restaurant.store.record(Note::new(restaurant.id, Kind::Tables, "add_table")).await.unwrap();
    }
    database
        .execute(
            "INSERT INTO audit (restaurant, id, at, kind, action, outcome) \
             SELECT id, id, 1000, 'tables', 'old', 'done' FROM restaurants",
        )
        .await;
    assert_eq!(entries(&restaurant, None).await.len(), 2);
    // The old entry has the restaurant's id, which was generated before the other's.
    let before = entries(&restaurant, None).await[0].at;
    assert_eq!(restaurant.store.forget_audit(restaurant.id, before, 10).await.unwrap(), 1);
    let left: Vec<_> = entries(&restaurant, None).await.into_iter().map(|entry| entry.action).collect();
    assert_eq!(left, ["add_table"]);
    assert_eq!(entries(&other, None).await.len(), 2, "another restaurant's entries are untouched");
}

pub async fn pages_of_the_audit_are_complete_and_newest_first(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    for number in 0..7 {
        let kind = if number % 2 == 0 { Kind::Tables } else { Kind::Orders };
        restaurant.store.record(Note::new(restaurant.id, kind, "act").called(number)).await.unwrap();
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = restaurant.store.audit(restaurant.id, None, before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.into_iter().map(|entry| entry.label.unwrap()));
    }
    assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
    let tables = restaurant.store.audit(restaurant.id, Some(Kind::Tables), None, 2).await.unwrap();
    assert_eq!(tables.iter().map(|entry| entry.label.as_deref().unwrap()).collect::<Vec<_>>(), ["6", "4"]);
}

/// `unixepoch('subsec')` is NULL before SQLite 3.42, and a trigger whose condition is NULL would let rows be deleted. No
/// such version is available here, so this checks the text of the triggers: they use only functions that every version has,
/// and keep the row if the condition is NULL.
#[tokio::test]
async fn the_triggers_keep_rows_in_old_versions_of_sqlite() {
    use sqlx::Connection as _;
    let database = TestDatabase::sqlite().await;
    let mut connection = sqlx::SqliteConnection::connect(&database.url).await.unwrap();
    let triggers = sqlx::query_scalar::<_, String>("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'");
    let triggers = triggers.fetch_all(&mut connection).await.unwrap();
    assert_eq!(triggers.len(), 3, "{triggers:?}");
    for text in &triggers {
        assert!(!text.contains("unixepoch") && !text.contains("subsec"), "{text}");
    }
    let kept = triggers.iter().find(|text| text.contains("audit_is_kept")).unwrap();
    assert!(kept.contains("WHEN NOT COALESCE(") && kept.contains("strftime('%s', 'now')"), "{kept}");
    let closed: i64 = sqlx::query_scalar("SELECT NOT COALESCE(1 <= NULL, 0)").fetch_one(&mut connection).await.unwrap();
    assert_eq!(closed, 1, "an unreadable time keeps the row");
}
