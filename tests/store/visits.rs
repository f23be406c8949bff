//! Visits: the orders of a table since its guests sat down.

use crate::database::TestDatabase;
use crate::restaurant::{TestRestaurant, at, key, order_of};
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, Cause, OrderAction};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Principal;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::model::split::{SplitLine, SplitTo};
use orderbell::domain::model::visit::VisitAction;
use orderbell::domain::rules::order_limits::Guest;
use orderbell::domain::rules::split_visit::NewVisitIds;
use orderbell::domain::rules::{move_visit, waiter_call};
use orderbell::domain::values::ids::{CallId, ItemId, OrderId, TableId, VisitChangeId, VisitId};
use orderbell::domain::values::reason::{CallReason, Reason};
use orderbell::domain::values::text::{Key, TableLabel};
use orderbell::domain::values::time::Timestamp;
use orderbell::domain::values::time_zone::TimeZone;
use orderbell::store::StoreError;
use orderbell::store::accounts::Table;
use orderbell::store::log::{Ack, OrderFilter, OrderQuery, Reads, State};
use orderbell::store::sessions::SessionRow;
use orderbell::store::visits::VisitClosed;
use serde_json::{Value, json};

fn guest(restaurant: &TestRestaurant, sub: &str, table: Option<&str>) -> Principal {
    Principal { table: table.map(key), ..restaurant.diner(sub) }
}

/// Returns the tables with the orders of their visits.
async fn tables(restaurant: &TestRestaurant) -> Vec<(String, Vec<OrderId>)> {
    let visits = restaurant.store.open_visits(restaurant.id, 100).await.unwrap();
    let of = |orders: Vec<Order>| orders.iter().filter(|order| !order.is_emptied()).map(|order| order.id).collect();
    visits.into_iter().map(|record| (record.visit.table.to_string(), of(record.orders))).collect()
}

async fn reject(restaurant: &TestRestaurant, order: OrderId) {
    let cause = Cause { reason: Reason::TooBusy, detail: None };
    order_of(&restaurant.ack(restaurant.acting(order, OrderAction::Reject(cause), None)).await);
}

pub async fn a_visit_has_every_order_of_its_table_until_it_ends(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (a, b, c) = (guest(&restaurant, "a", Some("7")), guest(&restaurant, "b", Some("7")), guest(&restaurant, "c", Some("8")));
    let (one, two) = (restaurant.place(&a).await.id, restaurant.place(&b).await.id);
    let three = restaurant.place(&c).await.id;
    restaurant.place(&guest(&restaurant, "d", None)).await;
    another.place(&guest(&another, "a", Some("7"))).await;
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![one, two]), ("8".to_owned(), vec![three])]);

    let visit = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap();
    let close = |at_second| restaurant.store.close_visit(restaurant.id, visit.id, true, at(at_second));
    assert_eq!(close(10).await, Ok(VisitClosed::Busy), "an order is open");
    reject(&restaurant, one).await;
    reject(&restaurant, two).await;
    assert_eq!(tables(&restaurant).await[0].1, [one, two], "closed orders still belong to the visit");
    restaurant.ack(restaurant.calling(&a, CallAction::Raise(CallReason::Bill))).await;
    assert_eq!(close(11).await, Ok(VisitClosed::Busy), "a call is open");
    let calls = restaurant
        .store
        .snapshot(restaurant.id, orderbell::domain::model::room_id::RoomId::Floor(restaurant.id))
        .await
        .unwrap()
        .unwrap();
    let call = calls.calls.unwrap().into_keys().next().unwrap();
    restaurant.ack(restaurant.calling(&restaurant.staff(), CallAction::Answer(call.parse().unwrap()))).await;
    let elsewhere = another.store.close_visit(another.id, visit.id, true, at(12)).await;
    assert_eq!(elsewhere, Err(StoreError::Missing), "another restaurant's table");
    assert_eq!(close(12).await, Ok(VisitClosed::Done(vec![])));
    assert_eq!(close(13).await, Err(StoreError::Missing), "the visit is over");

    let next = restaurant.place(&a).await.id;
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![next]), ("8".to_owned(), vec![three])], "the next visit");
}

pub async fn a_visit_without_new_orders_ends_after_a_while(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&guest(&restaurant, "a", Some("7"))).await.id;
    let later = clock::now().plus(std::time::Duration::from_secs(60));
    assert_eq!(restaurant.store.close_idle_visits(later, later).await, Ok(0), "the visit has an open order");
    reject(&restaurant, order).await;
    let early = Timestamp::from_millis(0);
    assert_eq!(restaurant.store.close_idle_visits(early, later).await, Ok(0), "an order has only just arrived");
    assert_eq!(restaurant.store.close_idle_visits(later, later).await, Ok(1));
    assert_eq!(tables(&restaurant).await, []);
}

/// Adds a table with a guest in a session of their own.
async fn sit(restaurant: &TestRestaurant, label: &str, guests: &[&str]) -> Vec<Principal> {
    let id = TableId::from_uuid(clock::new_id());
    let table = Table { id, restaurant: restaurant.id, label: key(label), key: key(&format!("key-{label}-{}", clock::new_id())) };
    restaurant.store.add_table(&table).await.unwrap();
    let mut seated = Vec::new();
    for sub in guests {
        let session: Key = key(&format!("s-{sub}-{}", clock::new_id()));
        let principal = Principal { session, ..guest(restaurant, sub, Some(label)) };
        let row = SessionRow { principal: principal.clone(), expires_at: at(600) };
        let hash: [u8; 32] = std::array::from_fn(|n| clock::new_id().as_bytes()[n % 16] ^ n as u8);
        restaurant.store.begin_guest_session(&row, hash, &table.key, at(0)).await.unwrap();
        seated.push(principal);
    }
    seated
}

async fn act(restaurant: &TestRestaurant, action: VisitAction) -> Result<Ack, Refusal> {
    let decided = action.clone();
    let change = VisitChangeId::from_uuid(clock::new_id());
    let others: Vec<_> = (0..9).map(|_| clock::new_id()).collect();
    let work = restaurant.work(&restaurant.staff(), Reads::Visit(action), None, move |state: State| {
        let (number, tickets) = (state.next_number, state.ticket_counter);
        let day = TimeZone::default().day(state.moment.now);
        let new = NewVisitIds { change, others: others.clone(), number, tickets, day };
        move_visit::decide(state.seating, &decided, None, &new, state.moment)
    });
    restaurant.commit(work).await.unwrap().answer
}

fn read(ack: &Ack) -> Value {
    serde_json::from_str(ack.document.get()).unwrap()
}

/// Returns a guest's table as a transaction reads it.
async fn seat(restaurant: &TestRestaurant, who: &Principal) -> Option<TableLabel> {
    let session = restaurant.store.seat(restaurant.id, &who.session).await.unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let kept = seen.clone();
    let work = restaurant.work(who, Reads::GuestBasket(Guest::of(who).unwrap()), None, move |state: State| {
        *kept.lock().unwrap() = state.seat;
        Err(Refusal::new(RefusalKind::Forbidden, "only asked"))
    });
    restaurant.commit(work).await.unwrap().answer.unwrap_err();
    let seat = seen.lock().unwrap().clone();
    assert_eq!(seat, session, "a call and an order of the guest find the same table");
    seat
}

async fn call(restaurant: &TestRestaurant, who: &Principal) -> CallId {
    let asker = who.clone();
    let work = restaurant.work(who, Reads::GuestCalls(Guest::of(who).unwrap()), None, move |state: State| {
        let who = Principal { table: state.seat, ..asker.clone() };
        let raise = CallAction::Raise(CallReason::Bill);
        waiter_call::decide(&state.calls, &raise, &who, CallId::from_uuid(clock::new_id()), state.moment)
    });
    read(&restaurant.ack(work).await)["id"].as_str().unwrap().parse().unwrap()
}

async fn floor(restaurant: &TestRestaurant) -> (Vec<(String, String)>, Vec<String>) {
    let snapshot = restaurant.store.snapshot(restaurant.id, RoomId::Floor(restaurant.id)).await.unwrap().unwrap();
    let read = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    let label = |value: &Value| value["table"].as_str().unwrap().to_owned();
    let orders = snapshot.documents.iter().map(|json| read(json.get()));
    let orders = orders.map(|order| (order["id"].as_str().unwrap().to_owned(), label(&order))).collect();
    (orders, snapshot.calls.unwrap().values().map(|json| label(&read(json.get()))).collect())
}

pub async fn a_visit_moves_with_its_orders_calls_and_guests_and_back(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let (a, b) = match sit(&restaurant, "7", &["a", "b"]).await.as_slice() {
        [a, b] => (a.clone(), b.clone()),
        _ => panic!("two guests"),
    };
    let early = sit(&restaurant, "8", &["early"]).await.remove(0);
    sit(&another, "8", &[]).await;
    let (open, over) = (restaurant.place(&a).await.id, restaurant.place(&a).await.id);
    reject(&restaurant, over).await;
    call(&restaurant, &b).await;
    let visit = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap().id;
    let to = |table: &str| VisitAction::Move { visit, table: key(table) };
    assert_eq!(act(&restaurant, to("cellar")).await.unwrap_err().kind, RefusalKind::Invalid);
    assert_eq!(act(&another, to("8")).await.unwrap_err().kind, RefusalKind::NotFound, "another restaurant's visit");
    let head = restaurant.head().await;
    let moved = act(&restaurant, to("8")).await.unwrap();
    assert_eq!(moved.position.number(), head.number() + 3, "an event for each order, and one for the calls");
    assert!(!act(&restaurant, to("8")).await.unwrap().changed);
    let document = read(&moved);
    assert_eq!((&document["table"], &document["last_change"]["from"]), (&json!("8"), &json!("7")));
    let change: VisitChangeId = document["last_change"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(tables(&restaurant).await, [("8".to_owned(), vec![open, over])]);
    assert_eq!(floor(&restaurant).await, (vec![(open.to_string(), "8".into())], vec!["8".into()]));
    let listed = |table: &str| OrderQuery { table: Some(key(table)), ..OrderQuery::of(OrderFilter::All) };
    assert_eq!(restaurant.store.orders(restaurant.id, listed("8"), 9).await.unwrap().len(), 2);
    assert_eq!(restaurant.store.orders(restaurant.id, listed("7"), 9).await.unwrap().len(), 0);
    for who in [&a, &b, &early] {
        assert_eq!(seat(&restaurant, who).await, Some(key("8")), "{}", who.sub);
    }
    let later = restaurant.place(&Principal { table: Some(key("8")), ..b.clone() }).await.id;
    let next = restaurant.place(&guest(&restaurant, "next", Some("7"))).await.id;
    let both = [("7".to_owned(), vec![next]), ("8".to_owned(), vec![open, over, later])];
    assert_eq!(tables(&restaurant).await, both, "the old table has another visit");
    let undo = || VisitAction::Undo { change };
    assert_eq!(act(&another, undo()).await.unwrap_err().kind, RefusalKind::NotFound);
    assert_eq!(act(&restaurant, undo()).await.unwrap_err().kind, RefusalKind::Conflict, "others sit there");
    reject(&restaurant, next).await;
    let other = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap().id;
    assert!(matches!(restaurant.store.close_visit(restaurant.id, other, false, at(9)).await, Ok(VisitClosed::Done(_))));
    let back = act(&restaurant, undo()).await.unwrap();
    assert_eq!(read(&back).get("last_change"), None, "nothing is left to undo");
    assert!(!act(&restaurant, undo()).await.unwrap().changed);
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![open, over, later])]);
    for (who, table) in [(&a, "7"), (&b, "7"), (&early, "8")] {
        assert_eq!(seat(&restaurant, who).await, Some(key(table)), "{}", who.sub);
    }
    let known: VisitId = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap().id;
    assert_eq!(known, visit);
}

pub async fn an_order_placed_while_its_visit_moves_belongs_to_the_visit(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let guests = sit(&restaurant, "7", &["a", "b", "c", "d"]).await;
    sit(&restaurant, "8", &[]).await;
    let first = restaurant.place(&guests[0]).await.id;
    let visit = restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap().unwrap().id;
    let placing = guests.iter().map(|who| restaurant.placing_at_their_seat(who));
    let placing = futures_util::future::join_all(placing.map(|work| restaurant.commit(work)));
    let (placed, moved) = futures_util::join!(placing, act(&restaurant, VisitAction::Move { visit, table: key("8") }));
    moved.unwrap();
    let placed = placed.into_iter().map(|committed| order_of(&committed.unwrap().answer.unwrap()).id);
    let mut all: Vec<OrderId> = std::iter::once(first).chain(placed).collect();
    all.sort();
    assert_eq!(tables(&restaurant).await, [("8".to_owned(), all)], "whichever came first");
    assert!(floor(&restaurant).await.0.iter().all(|(_, table)| table == "8"));
}

pub async fn two_visits_merge_and_separate(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let a = sit(&restaurant, "7", &["a"]).await.remove(0);
    let guests = sit(&restaurant, "8", &["b", "c"]).await;
    let (b, c) = (&guests[0], &guests[1]);
    let (one, two) = (restaurant.place(&a).await.id, restaurant.place(b).await.id);
    call(&restaurant, &a).await;
    let visit = async |table: &str| restaurant.store.visit_of_table(restaurant.id, &key(table)).await;
    let (seven, eight) = (visit("7").await.unwrap().unwrap().id, visit("8").await.unwrap().unwrap().id);
    let merge = || VisitAction::Merge { visit: seven, into: eight };
    let merged = act(&restaurant, merge()).await.unwrap();
    assert!(!act(&restaurant, merge()).await.unwrap().changed, "the visit is already merged");
    let change: VisitChangeId = read(&merged)["last_change"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(read(&merged)["last_change"]["action"], "merge");
    assert_eq!(tables(&restaurant).await, [("8".to_owned(), vec![one, two])]);
    for who in [&a, b, c] {
        assert_eq!(seat(&restaurant, who).await, Some(key("8")));
    }
    let later = restaurant.place(&Principal { table: Some(key("8")), ..a.clone() }).await.id;
    let moved = act(&restaurant, VisitAction::Move { visit: eight, table: key("7") }).await.unwrap();
    let undo = |change| VisitAction::Undo { change };
    assert_eq!(
        act(&restaurant, undo(change)).await.unwrap_err().kind,
        RefusalKind::InvalidTransition,
        "the move must be undone first"
    );
    let back: VisitChangeId = read(&moved)["last_change"]["id"].as_str().unwrap().parse().unwrap();
    act(&restaurant, undo(back)).await.unwrap();
    let apart = act(&restaurant, undo(change)).await.unwrap();
    assert_eq!(read(&apart)["id"], json!(eight), "the answer is the visit that stays");
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![one]), ("8".to_owned(), vec![two, later])]);
    assert_eq!((visit("7").await.unwrap().unwrap().id, visit("8").await.unwrap().unwrap().id), (seven, eight));
    assert_eq!(floor(&restaurant).await.1, ["7"], "the call came back");
    for (who, table) in [(&a, "7"), (b, "8"), (c, "8")] {
        assert_eq!(seat(&restaurant, who).await, Some(key(table)));
    }
}

/// A visit is idle if none of its orders, from either table, was placed or closed for a while.
pub async fn a_merged_visit_and_a_separated_one_count_as_used_if_either_part_was(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let a = sit(&restaurant, "7", &["a"]).await.remove(0);
    let b = sit(&restaurant, "8", &["b"]).await.remove(0);
    let (one, two) = (restaurant.place(&a).await.id, restaurant.place(&b).await.id);
    let visit = async |table: &str| restaurant.store.visit_of_table(restaurant.id, &key(table)).await.unwrap();
    let (early, late) = (visit("7").await.unwrap(), visit("8").await.unwrap());
    let (seven, eight) = (early.id, late.id);
    reject(&restaurant, one).await;
    reject(&restaurant, two).await;
    let idle = at(-3600);
    database.execute("UPDATE visits SET last_at = 0 WHERE table_label = '8'").await;
    let merged = act(&restaurant, VisitAction::Merge { visit: seven, into: eight }).await.unwrap();
    assert_eq!(read(&merged)["opened_at"], json!(early.opened_at), "when its first order was placed");
    assert_eq!(restaurant.store.close_idle_visits(idle, clock::now()).await, Ok(0), "table 7 was used just now");
    assert_eq!(tables(&restaurant).await, [("8".to_owned(), vec![one, two])]);
    database.execute("UPDATE visits SET last_at = 0 WHERE table_label = '7'").await;
    let change: VisitChangeId = read(&merged)["last_change"]["id"].as_str().unwrap().parse().unwrap();
    let apart = act(&restaurant, VisitAction::Undo { change }).await.unwrap();
    assert_eq!(read(&apart)["opened_at"], json!(late.opened_at));
    assert_eq!(restaurant.store.close_idle_visits(idle, clock::now()).await, Ok(0), "the other visit was used just now too");
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![one]), ("8".to_owned(), vec![two])]);
}

pub async fn lines_split_off_a_visit_and_come_back(database: TestDatabase) {
    let (restaurant, another) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let guests = sit(&restaurant, "7", &["a", "b"]).await;
    let (a, b) = (&guests[0], &guests[1]);
    sit(&restaurant, "8", &[]).await;
    let (one, two) = (restaurant.place(a).await, restaurant.place(b).await);
    for order in [&one, &two] {
        order_of(&restaurant.ack(restaurant.acting(order.id, OrderAction::Accept { minutes: None }, None)).await);
    }
    let line = |order: &Order, item: &ItemId| SplitLine { order: order.id, item: *item, quantity: None };
    let all = |order: &Order| order.items.keys().map(|item| line(order, item)).collect::<Vec<_>>();
    let some = SplitLine { quantity: Some(1), ..all(&one)[0].clone() };
    let is_part = one.items.len() > 1 || one.items.values().next().unwrap().quantity > 1;
    assert!(is_part, "an order of which something stays: {one:?}");
    let visit = async |table: &str| restaurant.store.visit_of_table(restaurant.id, &key(table)).await.unwrap();
    let seven = visit("7").await.unwrap().id;
    let lines: Vec<_> = std::iter::once(some).chain(all(&two)).collect();
    let to = |to: SplitTo| VisitAction::Split { visit: seven, lines: lines.clone(), to };
    assert_eq!(act(&another, to(SplitTo::OwnBill)).await.unwrap_err().kind, RefusalKind::NotFound, "another restaurant's visit");
    let split = act(&restaurant, to(SplitTo::Table(key("8")))).await.unwrap();
    let change: VisitChangeId = read(&split)["last_change"]["id"].as_str().unwrap().parse().unwrap();
    let there = tables(&restaurant).await;
    let part = there[1].1.iter().copied().find(|id| *id != two.id).unwrap();
    assert_eq!(there, [("7".to_owned(), vec![one.id]), ("8".to_owned(), vec![two.id, part])]);
    assert_eq!((seat(&restaurant, a).await, seat(&restaurant, b).await), (Some(key("7")), Some(key("8"))), "b has all there");
    let (floor_orders, _) = floor(&restaurant).await;
    assert_eq!(floor_orders.iter().filter(|(_, table)| table == "8").count(), 2);
    let next = restaurant.place(a).await;
    let part_order = restaurant.store.order(restaurant.id, part).await.unwrap().unwrap();
    assert_eq!((part_order.number, next.number), (two.number + 1, two.number + 2), "each number once");
    assert_ne!(part_order.ticket, next.ticket, "and each ticket");
    let undo = || VisitAction::Undo { change };
    assert_eq!(act(&another, undo()).await.unwrap_err().kind, RefusalKind::NotFound);
    act(&restaurant, undo()).await.unwrap();
    assert_eq!(tables(&restaurant).await, [("7".to_owned(), vec![one.id, two.id, next.id])], "the other visit is over");
    let back = restaurant.store.order(restaurant.id, one.id).await.unwrap().unwrap();
    assert_eq!((back.items, back.total), (one.items.clone(), one.total));
    assert!(restaurant.store.order(restaurant.id, part).await.unwrap().unwrap().is_emptied());
    assert_eq!(seat(&restaurant, b).await, Some(key("7")));
    assert!(floor(&restaurant).await.0.iter().all(|(id, table)| table == "7" && *id != part.to_string()));

    // A bill of its own is at the table, and is not where the next order goes.
    act(&restaurant, to(SplitTo::OwnBill)).await.unwrap();
    let bills = restaurant.store.open_visits(restaurant.id, 100).await.unwrap();
    let bills: Vec<_> = bills.iter().map(|record| (record.visit.table.to_string(), record.visit.bill)).collect();
    assert_eq!(bills.len(), 2);
    assert!(bills.contains(&("7".into(), None)) && bills.contains(&("7".into(), Some(2))), "{bills:?}");
    restaurant.place(a).await;
    assert_eq!(visit("7").await.unwrap().id, seven);
    let moved = act(&restaurant, VisitAction::Move { visit: seven, table: key("8") }).await.unwrap();
    assert_eq!(read(&moved)["table"], "8");
    assert_eq!(
        (seat(&restaurant, a).await, seat(&restaurant, b).await),
        (Some(key("8")), Some(key("7"))),
        "each with their bill"
    );
    let moved_back: VisitChangeId = read(&moved)["last_change"]["id"].as_str().unwrap().parse().unwrap();
    act(&restaurant, VisitAction::Undo { change: moved_back }).await.unwrap();
    assert_eq!(visit("7").await.unwrap().id, seven, "it is the first of its table again");
    assert_eq!((seat(&restaurant, a).await, seat(&restaurant, b).await), (Some(key("7")), Some(key("7"))));
}

/// Lines may leave an order that was closed before the visit was last used.
pub async fn a_split_of_a_closed_order_makes_no_visit_idle(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let a = sit(&restaurant, "7", &["a"]).await.remove(0);
    let order = restaurant.place(&a).await;
    for action in [OrderAction::Accept { minutes: None }, OrderAction::Ready, OrderAction::Serve] {
        restaurant.ack(restaurant.acting(order.id, action, None)).await;
    }
    let visit = async || restaurant.store.visit_of_table(restaurant.id, &key("7")).await.unwrap();
    let seven = visit().await.unwrap().id;
    database.execute("UPDATE visits SET last_at = last_at + 7200000000").await;
    let lines = vec![SplitLine { order: order.id, item: *order.items.keys().next().unwrap(), quantity: Some(1) }];
    act(&restaurant, VisitAction::Split { visit: seven, lines, to: SplitTo::OwnBill }).await.unwrap();
    let closed = restaurant.store.close_idle_visits(at(3600), clock::now()).await;
    assert_eq!((closed, visit().await.map(|visit| visit.id)), (Ok(1), Some(seven)), "the new bill, and not the first one");
}
