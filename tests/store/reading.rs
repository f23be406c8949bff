//! Pages of events, the rooms' filters, lists of orders.

use crate::database::TestDatabase;
use crate::fold::sound_feed;
use crate::restaurant::{TestRestaurant, at, command, command_id, key, order_of};
use orderbell::clock;
use orderbell::domain::model::command::{CallAction, OrderAction};
use orderbell::domain::model::event::{Event, EventKind};
use orderbell::domain::model::order::Order;
use orderbell::domain::model::principal::Principal;
use orderbell::domain::model::refusal::{Refusal, RefusalKind};
use orderbell::domain::model::room_id::RoomId;
use orderbell::domain::model::status::OrderStatus;
use orderbell::domain::rules::change_menu::MenuAction;
use orderbell::domain::values::ids::{OrderId, RestaurantId};
use orderbell::domain::values::position::Position;
use orderbell::domain::values::reason::CallReason;
use orderbell::domain::values::text::Key;
use orderbell::store::SharedStore;
use orderbell::store::log::{OrderFilter, OrderQuery, Reads, State, Work};
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

const ACCEPT: OrderAction = OrderAction::Accept { minutes: None };

/// Creates a feed with every topic: orders that change, calls that are raised and answered, dishes that sell out.
async fn busy_evening(restaurant: &TestRestaurant) -> Vec<Order> {
    let mut orders = Vec::new();
    for round in 0..12_u32 {
        let table = if round % 3 == 2 { "8" } else { "7" };
        let diner = Principal { table: Some(key(table)), ..restaurant.diner(&format!("diner-{}", round % 3)) };
        let order = restaurant.place(&diner).await;
        if round % 2 == 0 {
            restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
            restaurant.ack(restaurant.acting(order.id, OrderAction::Ready, None)).await;
        }
        if round % 4 == 0 {
            restaurant.ack(restaurant.acting(order.id, OrderAction::Serve, None)).await;
        }
        let raised = restaurant.ack(restaurant.calling(&diner, CallAction::Raise(CallReason::Bill))).await;
        let call: orderbell::domain::model::call::Call = serde_json::from_str(raised.document.get()).unwrap();
        restaurant.ack(restaurant.calling(&restaurant.staff(), CallAction::Answer(call.id))).await;
        let available = round % 2 == 1;
        restaurant
            .ack(restaurant.changing_menu(MenuAction::Availability {
                item: restaurant.dish,
                option: None,
                available,
                until: None,
            }))
            .await;
        restaurant
            .ack(restaurant.changing_menu(MenuAction::Availability {
                item: restaurant.dish,
                option: None,
                available: true,
                until: None,
            }))
            .await;
        orders.push(restaurant.store.order(restaurant.id, order.id).await.unwrap().unwrap());
    }
    orders
}

fn rooms(restaurant: RestaurantId, orders: &[Order]) -> Vec<Option<RoomId>> {
    let unknown = OrderId::from_uuid(clock::new_id());
    let mut rooms =
        vec![None, Some(RoomId::Kitchen(restaurant)), Some(RoomId::Floor(restaurant)), Some(RoomId::Menu(restaurant))];
    rooms.extend([orders[0].id, orders[7].id, unknown].map(|id| Some(RoomId::Order(id))));
    rooms
}

fn carried(room: Option<RoomId>, event: &Event) -> bool {
    room.is_none_or(|room| room.carries(event))
}

async fn pages(store: &SharedStore, restaurant: RestaurantId, read: (Option<RoomId>, Position, Position, u32)) -> Vec<Event> {
    let (room, mut after, through, limit) = read;
    let mut all = Vec::new();
    loop {
        let page = store.events(restaurant, room, after, through, limit).await.unwrap();
        assert!(page.len() <= limit as usize, "a page exceeds its limit");
        let Some(last) = page.last() else { return all };
        after = last.position;
        all.extend(page);
    }
}

pub async fn the_pages_of_a_room_equal_the_filtered_feed(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let orders = busy_evening(&restaurant).await;
    let whole = sound_feed(&database.store, restaurant.id).await;
    let rooms = rooms(restaurant.id, &orders);
    for room in &rooms[..6] {
        assert!(whole.iter().any(|event| carried(*room, event)), "the evening must have events for {room:?}");
    }
    let end = whole.len() as u64 + 3;
    let strategy = (0..rooms.len(), 0..=end, 0..=end, 1..30_u32);
    tokio::task::block_in_place(|| {
        let mut runner = TestRunner::new(Config { cases: 120, failure_persistence: None, ..Config::default() });
        let checked = runner.run(&strategy, |(room, after, through, limit)| {
            let (room, position) = (rooms[room], |number| Position::new(number).unwrap());
            let read = (room, position(after), position(through), limit);
            let got = Handle::current().block_on(pages(&database.store, restaurant.id, read));
            let wanted: Vec<_> = whole
                .iter()
                .filter(|event| event.position > read.1 && event.position <= read.2 && carried(room, event))
                .map(|event| event.position)
                .collect();
            assert_eq!(got.iter().map(|event| event.position).collect::<Vec<_>>(), wanted);
            if let Some(room) = room {
                let last = whole.iter().rfind(|event| event.position <= read.2 && room.carries(event));
                let last = last.map_or(Position::ZERO, |event| event.position);
                let stored = Handle::current().block_on(database.store.last_in_room(restaurant.id, room, read.2)).unwrap();
                assert_eq!(stored, last);
            }
            Ok(())
        });
        checked.unwrap();
    });
}

/// Returns every field of an event as a comparable text.
fn fields(event: &Event) -> String {
    format!("{event:?} {}", event.patch.get())
}

pub async fn events_are_read_as_they_were_committed(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let placed = restaurant.commit(restaurant.placing(&restaurant.diner("diner-1"), None)).await.unwrap();
    let order = order_of(placed.answer.as_ref().unwrap());
    restaurant.ack(restaurant.acting(order.id, ACCEPT, None)).await;
    restaurant.ack(restaurant.acting(order.id, OrderAction::Start, None)).await;
    let (&item, _) = order.items.first_key_value().unwrap();
    let finished = restaurant.commit(restaurant.acting(order.id, OrderAction::FinishItem(item), None)).await.unwrap();
    let kinds: Vec<_> = finished.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::ItemFinished, EventKind::OrderReady], "one command, two events");
    assert_eq!(finished.answer.unwrap().position, finished.events[1].position);
    let stored = sound_feed(&database.store, restaurant.id).await;
    assert_eq!(fields(&stored[0]), fields(&placed.events[0]));
    assert_eq!(fields(&stored[3]), fields(&finished.events[0]));
    assert_eq!(fields(&stored[4]), fields(&finished.events[1]));
}

fn ids(orders: &[Order]) -> Vec<OrderId> {
    orders.iter().map(|order| order.id).collect()
}

/// Lists orders in pages of two.
async fn listed(store: &SharedStore, restaurant: RestaurantId, mut query: OrderQuery) -> Vec<Order> {
    let mut all = Vec::new();
    loop {
        let page = store.orders(restaurant, query.clone(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { return all };
        if query.newest_first {
            query.before = last.id;
        } else {
            query.after = last.id;
        }
        all.extend(page);
    }
}

/// Reads the orders with events after a position, in pages. Returns their ids.
async fn updated(restaurant: &TestRestaurant, mut after: Position, limit: u32) -> Vec<OrderId> {
    let mut all = Vec::new();
    loop {
        let page = restaurant.store.updated_orders(restaurant.id, after, limit).await.unwrap();
        assert!(page.orders.len() <= limit as usize && page.orders.iter().all(|(order, _)| order.position > after));
        all.extend(page.orders.iter().map(|(order, _)| order.id));
        let Some(more) = page.more_after else { return all };
        assert!(more > after, "each page continues after the last one");
        after = more;
    }
}

pub async fn orders_are_listed_by_their_last_event(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let mut all = busy_evening(&restaurant).await;
    other.place(&other.diner("diner-1")).await;
    restaurant.ack(restaurant.acting(all[1].id, OrderAction::Rush(true), None)).await;
    all[1] = restaurant.store.order(restaurant.id, all[1].id).await.unwrap().unwrap();
    all.sort_by_key(|order| order.position);
    for after in [0, all[2].position.number(), all[11].position.number() - 1, all[11].position.number()] {
        let after = Position::new(after).unwrap();
        let wanted: Vec<_> = all.iter().filter(|order| order.position > after).map(|order| order.id).collect();
        for limit in [1, 3, 100] {
            assert_eq!(updated(&restaurant, after, limit).await, wanted, "after {after}, {limit} a page");
        }
    }
}

/// The clock of the test advances by a second for each order.
pub async fn a_time_is_mapped_to_the_last_position_before_it(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let find = |second| restaurant.store.position_before(restaurant.id, at(second));
    assert_eq!(find(5).await, Ok(Position::ZERO), "an empty feed");
    for second in 10..20 {
        restaurant.ack(Work { at: at(second), ..restaurant.placing(&restaurant.staff(), None) }).await;
    }
    for (second, position) in [(0, 0), (10, 0), (11, 1), (15, 5), (19, 9), (20, 10), (100, 10)] {
        assert_eq!(find(second).await.map(Position::number), Ok(position), "{second} s");
    }
}

pub async fn the_orders_of_an_external_number_are_listed_oldest_first(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let number: Key = key("pos-1");
    let place = |sub: &'static str| {
        let (who, command) = (Principal { sub: key(sub), ..restaurant.staff() }, command(sub, command_id(), 1));
        let mut work = restaurant.placing_external(&who, "pos-1", command);
        // Write like a node of the previous version, which knows only its own numbers.
        work.reads = Reads::Basket;
        restaurant.ack(work)
    };
    assert_eq!(restaurant.store.orders_of_external_id(restaurant.id, &number).await.unwrap(), []);
    let (one, two) = (order_of(&place("key-1").await), order_of(&place("key-2").await));
    let found = restaurant.store.orders_of_external_id(restaurant.id, &number).await.unwrap();
    assert_eq!(ids(&found), [one.id, two.id]);
    assert_eq!(restaurant.store.orders_of_external_id(other.id, &number).await.unwrap(), [], "of another restaurant");
    let known = restaurant.work(&restaurant.staff(), Reads::ExternalBasket(number), None, move |state: State| {
        let sources: Vec<_> = state.external.iter().map(|known| (known.order.id, known.source.as_str())).collect();
        assert_eq!(sources, [(one.id, "key-1"), (two.id, "key-2")]);
        Err(Refusal::new(RefusalKind::Conflict, "seen"))
    });
    assert_eq!(restaurant.commit(known).await.unwrap().answer.unwrap_err().message, "seen");
}

pub async fn orders_are_listed_by_age_status_and_diner(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let all = busy_evening(&restaurant).await;
    let statuses = OrderStatus::ALL.map(OrderFilter::Status);
    for filter in [OrderFilter::Open, OrderFilter::Closed, OrderFilter::All].into_iter().chain(statuses) {
        let is_wanted = |order: &&Order| match filter {
            OrderFilter::Open => !order.status.is_final(),
            OrderFilter::Closed => order.status.is_final(),
            OrderFilter::All => true,
            OrderFilter::Upcoming => order.upcoming,
            OrderFilter::Status(status) => order.status == status,
        };
        for table in [None, Some("7"), Some("8")] {
            let is_there = |order: &&Order| table.is_none_or(|table| order.table.as_ref().is_some_and(|at| at.as_str() == table));
            let mut wanted: Vec<_> = all.iter().filter(is_wanted).filter(is_there).cloned().collect();
            let query = OrderQuery { table: table.map(key), ..OrderQuery::of(filter) };
            assert_eq!(listed(&database.store, restaurant.id, query.clone()).await, wanted, "{filter:?} at {table:?}");
            wanted.reverse();
            let query = OrderQuery { newest_first: true, ..query };
            assert_eq!(listed(&database.store, restaurant.id, query).await, wanted, "{filter:?} at {table:?}, newest first");
        }
    }
    let diner = restaurant.diner("diner-1").sub;
    let mine = database.store.orders_of_diner(restaurant.id, &diner, None, 3).await.unwrap();
    let older = database.store.orders_of_diner(restaurant.id, &diner, Some(mine[1].id), 3).await.unwrap();
    assert!(older.iter().all(|order| order.id < mine[1].id) && older.first() == mine.get(2), "the next page continues there");
    let wanted: Vec<_> = all.iter().rev().filter(|order| order.diner.as_ref() == Some(&diner)).take(3).cloned().collect();
    assert_eq!(ids(&mine), ids(&wanted), "newest first");
    assert_eq!(wanted.len(), 3);
}

pub async fn a_recalled_order_is_open_again(database: TestDatabase) {
    let restaurant = TestRestaurant::open(&database.store).await;
    let order = restaurant.place(&restaurant.diner("diner-1")).await;
    for action in [ACCEPT, OrderAction::Ready, OrderAction::Serve] {
        restaurant.ack(restaurant.acting(order.id, action, None)).await;
    }
    assert_eq!(listed(&database.store, restaurant.id, OrderQuery::of(OrderFilter::Open)).await, []);
    restaurant.ack(restaurant.acting(order.id, OrderAction::Recall, None)).await;
    assert_eq!(ids(&listed(&database.store, restaurant.id, OrderQuery::of(OrderFilter::Open)).await), [order.id]);
    assert_eq!(listed(&database.store, restaurant.id, OrderQuery::of(OrderFilter::Closed)).await, []);
}

pub async fn menus_are_found_when_one_of_their_marks_lapses(database: TestDatabase) {
    let (restaurant, other) = (TestRestaurant::open(&database.store).await, TestRestaurant::open(&database.store).await);
    let pause = MenuAction::Pause { paused: true, until: Some(at(60)) };
    restaurant.ack(restaurant.changing_menu(pause)).await;
    other.ack(other.changing_menu(MenuAction::Pause { paused: true, until: None })).await;
    assert_eq!(database.store.lapsed_menus(at(59)).await.unwrap(), []);
    assert_eq!(database.store.lapsed_menus(at(60)).await.unwrap(), [restaurant.id]);
    let resume = restaurant.changing_menu(MenuAction::Pause { paused: false, until: None });
    let position = restaurant.ack(resume).await.position;
    assert_eq!(database.store.lapsed_menus(at(60)).await.unwrap(), []);
    let menu = database.store.menu(restaurant.id).await.unwrap().unwrap();
    assert_eq!((menu.paused, menu.paused_until, menu.position), (false, None, position));
}
