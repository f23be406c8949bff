//! A link to one order: it shows the order on every transport, allows no action, and ends with the session of the guest who
//! shared it.

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use support::{Client, Close, Menu, TestServer, client::text, new_id};

/// Returns a guest who sits down with a table's key.
async fn seat(server: &TestServer, table: u32) -> Client {
    let body = json!({"table_key": format!("demo-table-{table}")});
    let seat = server.anybody().post("/api/v1/diner-sessions", &body).await.expect(200);
    Client::new(&server.base, text(&seat["access_token"]))
}

async fn share(owner: &Client, order: &Value) -> Value {
    owner.post(&format!("/api/v1/orders/{}/share", text(&order["id"])), &json!({})).await.expect(200)
}

/// Returns a client with the shared link.
async fn friend(owner: &Client, order: &Value) -> Client {
    Client::new(&owner.base, text(&share(owner, order).await["token"]))
}

fn room(order: &Value) -> String {
    format!("order:{}", text(&order["id"]))
}

#[tokio::test]
async fn a_link_shows_one_order_on_every_transport() {
    let server = TestServer::start(&[]).await;
    let (owner, staff) = (seat(&server, 3).await, server.staff().await);
    let menu = Menu::read(&owner).await;
    let order = owner.place(&menu.basket()).await;
    let shared = share(&owner, &order).await;
    let life = shared["expires_in"].as_u64().unwrap();
    assert!((43_100..=43_200).contains(&life), "no longer than the rest of the session's twelve hours: {life}");
    let friend = Client::new(&server.base, text(&shared["token"]));
    assert_eq!(friend.order(&order["id"]).await, order);

    let mut screen = friend.screen().await;
    assert_eq!(screen.welcome["role"], "diner");
    screen.join(&room(&order)).await;
    let ack = staff.act(&order["id"], "accept").await;
    let seen = screen.see(&room(&order), ack["position"].as_u64().unwrap()).await;
    assert_eq!(seen.documents[text(&order["id"])], friend.order(&order["id"]).await);

    let poll = friend.get(&format!("/api/v1/rooms/{}/events?since=0&wait=1", room(&order))).await.expect(200);
    assert_eq!(poll["frames"].as_array().unwrap().len(), 2, "placed and accepted: {poll}");
    let stream = friend.request(Method::GET, &format!("/api/v1/rooms/{}/stream", room(&order))).send().await.unwrap();
    assert_eq!((stream.status().as_u16(), &stream.headers()["content-type"]), (200, &"text/event-stream".parse().unwrap()));
}

#[tokio::test]
async fn the_holder_of_a_link_can_see_its_order_and_nothing_else() {
    let server = TestServer::start(&[]).await;
    let owner = seat(&server, 3).await;
    let menu = Menu::read(&owner).await;
    let (order, other) = (owner.place(&menu.basket()).await, owner.place(&menu.noted("for myself")).await);
    let friend = friend(&owner, &order).await;
    let id = text(&order["id"]);

    friend.get(&format!("/api/v1/orders/{}", text(&other["id"]))).await.problem(404, "not_found");
    friend.command(&order["id"], "cancel", json!({"reason": "duplicate"})).await.problem(403, "forbidden");
    friend.command(&order["id"], "call_waiter", json!({"reason": "bill"})).await.problem(403, "forbidden");
    let call = json!({"id": new_id(), "action": "call_waiter", "reason": "bill"});
    friend.post("/api/v1/restaurants/demo/commands", &call).await.problem(403, "forbidden");
    Client::send(friend.placing(&new_id(), &menu.basket())).await.problem(403, "forbidden");
    friend.post(&format!("/api/v1/orders/{id}/share"), &json!({})).await.problem(403, "forbidden");
    friend.get("/api/v1/diner-sessions/current").await.problem(403, "forbidden");
    friend.delete("/api/v1/sessions/current").await.problem(403, "forbidden");
    friend.get("/api/v1/restaurants/demo/orders").await.problem(403, "forbidden");
    for room in [room(&other), menu.menu(), menu.kitchen(), menu.floor()] {
        friend.get(&format!("/api/v1/rooms/{room}/events?wait=0")).await.problem(403, "forbidden");
        friend.get(&format!("/api/v1/rooms/{room}/stream")).await.problem(403, "forbidden");
    }

    let mut screen = friend.screen().await;
    for room in [room(&other), menu.menu(), menu.kitchen(), menu.floor()] {
        assert_eq!(screen.refused(&room).await["code"], "forbidden", "{room}");
    }
    let cancel = screen.command(&order["id"], "cancel", json!({"reason": "duplicate"})).await;
    let call = screen.ask(json!({"type": "command", "action": "call_waiter", "reason": "bill"})).await;
    let place = screen.ask(json!({"type": "place", "order": menu.basket()})).await;
    assert_eq!([&cancel["code"], &call["code"], &place["code"]], [&json!("forbidden"); 3]);
    // A link cannot be renewed with a token of its guest's session, and the session cannot be renewed with the link.
    screen.send(&json!({"type": "refresh", "token": owner.token})).await;
    assert_eq!(screen.until("an answer to refresh", |frame| frame["type"] == "error").await["code"], "unauthorized");
    let mut table = owner.screen().await;
    table.send(&json!({"type": "refresh", "token": friend.token})).await;
    assert_eq!(table.until("an answer to refresh", |frame| frame["type"] == "error").await["code"], "unauthorized");
    assert_eq!(owner.order(&order["id"]).await, order, "nothing has changed");
}

#[tokio::test]
async fn only_the_guest_who_ordered_can_share_a_link() {
    let server = TestServer::start(&[]).await;
    let (owner, neighbour, staff) = (seat(&server, 3).await, seat(&server, 3).await, server.staff().await);
    let menu = Menu::read(&owner).await;
    let order = owner.place(&menu.basket()).await;
    let path = format!("/api/v1/orders/{}/share", text(&order["id"]));
    neighbour.post(&path, &json!({})).await.problem(404, "not_found");
    staff.post(&path, &json!({})).await.problem(403, "forbidden");
    server.anybody().post(&path, &json!({})).await.problem(401, "unauthorized");
    owner.post(&format!("/api/v1/orders/{}/share", new_id()), &json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn the_end_of_a_session_ends_its_links_on_every_transport() {
    let server = TestServer::start(&[]).await;
    let owner = seat(&server, 3).await;
    let order = owner.place(&Menu::read(&owner).await.basket()).await;
    let friend = friend(&owner, &order).await;
    let mut screen = friend.screen().await;
    screen.join(&room(&order)).await;
    let mut stream = friend.request(Method::GET, &format!("/api/v1/rooms/{}/stream", room(&order))).send().await.unwrap();
    assert_eq!(owner.delete("/api/v1/sessions/current").await.status, 204);
    assert_eq!(screen.until_close().await, Close::Code(4401));
    let rest = async {
        let mut text = String::new();
        while let Some(chunk) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    };
    let rest = tokio::time::timeout(Duration::from_secs(10), rest).await.expect("the stream ends");
    assert!(rest.contains("\"code\":\"unauthorized\""), "{rest}");
    friend.get(&format!("/api/v1/orders/{}", text(&order["id"]))).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_link_expires_with_the_token_of_a_session_that_is_not_stored() {
    let server = TestServer::start(&[]).await;
    let owner = server.client(&["diner", "--table", "4", "--expires", "10m"]).await;
    let order = owner.place(&Menu::read(&owner).await.basket()).await;
    let life = share(&owner, &order).await["expires_in"].as_u64().unwrap();
    assert!((500..=600).contains(&life), "{life}");
}
