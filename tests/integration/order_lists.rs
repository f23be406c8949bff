//! Lists of orders: by age, by table and time, by an external number, and by their last event.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{Client, Followed, Menu, TestServer, client::text, new_id};

const ORDERS: &str = "/api/v1/restaurants/demo/orders";

/// Returns the orders of all pages.
async fn pages(client: &Client, query: &str, limit: u32) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{ORDERS}?{query}&limit={limit}{next}")).await.expect(200);
        let orders = page["orders"].as_array().unwrap();
        assert!(orders.len() <= limit as usize);
        all.extend(orders.iter().cloned());
        let Some(after) = page["next"].as_str() else { return all };
        next = format!("&after={after}");
    }
}

fn ids(orders: &[Value]) -> Vec<&str> {
    orders.iter().map(|order| text(&order["id"])).collect()
}

async fn service(server: &TestServer) -> Client {
    server.client(&["service"]).await
}

#[tokio::test]
async fn an_external_number_belongs_to_one_order_whoever_uses_it() {
    let server = TestServer::start(&[]).await;
    let (one, two) = (service(&server).await, service(&server).await);
    let menu = Menu::read(&one).await;
    let basket =
        |name: &str, quantity| json!({"service": "delivery", "items": [menu.line("Firni", quantity)], "external_id": name});
    let first = one.place(&basket("pos-1", 1)).await;
    for client in [&one, &two] {
        let again = Client::send(client.placing(&new_id(), &basket("pos-1", 1))).await.expect(200);
        assert_eq!(again["id"], first["id"], "the same basket is the first order");
        let conflict = Client::send(client.placing(&new_id(), &basket("pos-1", 2))).await.problem(409, "conflict");
        assert_eq!(conflict["document"]["id"], first["id"]);
        let found = client.get(&format!("{ORDERS}?external_id=pos-1")).await.expect(200);
        assert_eq!((ids(found["orders"].as_array().unwrap()), &found["next"]), (vec![text(&first["id"])], &Value::Null));
    }
    let second = two.place(&basket("pos-2", 2)).await;
    assert_ne!(second["id"], first["id"]);
    assert_eq!(one.get(&format!("{ORDERS}?external_id=pos-3")).await.expect(200), json!({"orders": []}));
    one.get(&format!("{ORDERS}?external_id=pos-1&status=all")).await.problem(422, "invalid");
    server.diner("7").await.get(&format!("{ORDERS}?external_id=pos-1")).await.problem(403, "forbidden");
}

#[tokio::test]
async fn orders_are_listed_by_age_table_and_time() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut placed = Vec::new();
    for table in ["4", "7", "4", "7", "4"] {
        // A millisecond passes between two orders.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
        placed.push(server.diner(table).await.place(&menu.basket()).await);
    }
    staff.act(&placed[0]["id"], "accept").await;
    let all = ids(&placed);
    let at = |index: usize| text(&placed[index]["placed_at"]);
    let newest: Vec<_> = all.iter().rev().copied().collect();
    assert_eq!(ids(&pages(&staff, "sort=newest", 2).await), newest);
    assert_eq!(ids(&pages(&staff, "sort=oldest", 2).await), all);
    assert_eq!(ids(&pages(&staff, "table=4", 1).await), [all[0], all[2], all[4]]);
    assert_eq!(ids(&pages(&staff, "table=4&sort=newest&status=placed", 1).await), [all[4], all[2]]);
    let between = format!("from={}&until={}", at(1), at(3));
    assert_eq!(ids(&pages(&staff, &between, 1).await), [all[1], all[2]], "the list includes `from` and excludes `until`");
    assert_eq!(ids(&pages(&staff, &format!("{between}&sort=newest&table=7"), 1).await), [all[1]]);
    for wrong in [
        "sort=latest",
        "from=today",
        "after=7",
        "updated_since=yesterday",
        "updated_since=other.3",
        "updated_since=2026-11-24T10:00:00Z&table=4",
    ] {
        staff.get(&format!("{ORDERS}?{wrong}")).await.problem(422, "invalid");
    }
}

/// Places orders, closes some of them in several ways, and appends more events than a replay covers.
async fn busy_hour(staff: &Client, menu: &Menu) {
    let mut orders = Vec::new();
    for _ in 0..12 {
        orders.push(staff.place(&menu.basket()).await["id"].clone());
    }
    for (index, order) in orders.iter().enumerate() {
        match index % 4 {
            0 => drop(staff.command(order, "reject", json!({"reason": "too_busy"})).await.expect(200)),
            1 => drop(staff.command(order, "cancel", json!({"reason": "duplicate"})).await.expect(200)),
            2 => {
                staff.act(order, "accept").await;
                staff.act(order, "ready").await;
                staff.act(order, "serve").await;
            }
            _ => {}
        }
    }
}

/// Follows the section "Closed orders" of docs/protocol.md as a client that was away for longer than a replay covers.
#[tokio::test]
async fn a_service_that_was_away_for_longer_than_a_replay_gets_every_closed_order() {
    let (log, early) = crate::resume::long_log().await;
    let server = TestServer::on_copy(log, &[]).await;
    let (staff, service) = (server.staff().await, service(&server).await);
    let menu = Menu::read(&staff).await;
    // It left when the first order was placed, and has seen nothing since.
    let left = 1;
    let left_at = staff.order(&early).await["placed_at"].clone();
    let mut book = BTreeMap::from([(text(&early).to_owned(), Value::Null)]);
    busy_hour(&staff, &menu).await;
    staff.act(&early, "ready").await;
    staff.act(&early, "serve").await;

    let mut screen = service.screen().await;
    let epoch = text(screen.epoch()).to_owned();
    let room = menu.kitchen();
    screen.rooms.insert(room.clone(), Followed::since(left));
    screen.send(&json!({"type": "subscribe", "room": room, "since": left, "epoch": epoch})).await;
    screen.until("live", |frame| frame["type"] == "live").await;
    let followed = screen.room(&room);
    assert_eq!(followed.types()[0], "snapshot", "it was away for too long");
    assert!(!followed.documents.contains_key(text(&early)), "a closed order is in no snapshot");
    book.extend(followed.documents.clone());
    let everything = pages(&staff, "status=all", 100).await;
    let everything: BTreeMap<_, _> = everything.into_iter().map(|order| (text(&order["id"]).to_owned(), order)).collect();
    assert_ne!(book, everything, "without the list the book is wrong");

    for since in [format!("{epoch}.{left}"), text(&left_at).to_owned()] {
        let mut book = book.clone();
        for order in pages(&service, &format!("updated_since={since}&status=closed"), 5).await {
            assert!(["served", "rejected", "cancelled"].contains(&text(&order["status"])), "{order}");
            book.insert(text(&order["id"]).to_owned(), order);
        }
        assert_eq!(book, everything, "since {since}");
        assert_eq!(book.len(), 13);
    }
}
