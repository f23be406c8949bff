//! The orders of a table's visit, and orders that a POS knows by its own number.

use super::*;

/// A guest at table 7.
fn guest(sub: &str) -> Principal {
    Principal { sub: sub.parse().unwrap(), table: Some("7".parse().unwrap()), ..insider(Role::Diner) }
}

async fn act(app: &TestApp, order: &Value, action: &str) {
    let path = format!("/api/v1/orders/{}/commands", order["id"].as_str().unwrap());
    let answer = app.send(post(&path), &insider(Role::Staff), command(action)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn visits(app: &TestApp) -> Vec<Value> {
    app.get(&ladle("/visits"), &insider(Role::Staff)).await.json()["visits"].as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_tables_total_covers_all_orders_until_the_table_is_free() {
    let app = TestApp::open().await;
    let (first, second) = (app.place(&guest("a")).await, app.place(&guest("b")).await);
    for action in ["accept", "ready", "serve"] {
        act(&app, &first, action).await;
    }
    let visit = visits(&app).await.pop().unwrap();
    let amount = |order: &Value| order["total"]["amount"].as_i64().unwrap();
    assert_eq!((&visit["table"], &visit["total"]["amount"]), (&json!("7"), &json!(amount(&first) + amount(&second))));
    assert_eq!(visit["orders"][0]["status"], "served");
    assert_eq!((visit["orders"][0]["portions"].as_u64(), visit["orders"][0].get("items")), (Some(2), None));

    let end = ladle(&format!("/visits/{}/end", visit["id"].as_str().unwrap()));
    app.send(post(&end), &insider(Role::Staff), json!({})).await.problem(409, "conflict");
    for who in [insider(Role::Kitchen), insider(Role::Service), guest("a")] {
        app.get(&ladle("/visits"), &who).await.problem(403, "forbidden");
        app.send(post(&end), &who, json!({})).await.problem(403, "forbidden");
    }
    for action in ["accept", "ready", "serve"] {
        act(&app, &second, action).await;
    }
    assert_eq!(app.send(post(&end), &insider(Role::Staff), json!({})).await.status, 204);
    assert!(visits(&app).await.is_empty());
    app.send(post(&end), &insider(Role::Staff), json!({})).await.problem(404, "not_found");
}

#[actix_web::test]
async fn the_staff_can_read_the_tables_but_not_their_keys() {
    let app = TestApp::open().await;
    let table = app.send(post(&ladle("/tables")), &insider(Role::Manager), json!({"label": "Terrace"})).await;
    assert_eq!(table.status, 201);
    let answer = app.get(&ladle("/visits"), &insider(Role::Staff)).await.json();
    let managed = app.get(&ladle("/tables"), &insider(Role::Manager)).await.json();
    let labels: Vec<_> = managed["tables"].as_array().unwrap().iter().map(|table| table["label"].clone()).collect();
    assert!(labels.contains(&json!("Terrace")));
    assert_eq!(answer["tables"], json!(labels));
}

#[actix_web::test]
async fn a_guest_reads_when_the_visit_began_but_nothing_about_other_guests() {
    let app = TestApp::open().await;
    app.place(&guest("a")).await;
    let mine = app.place(&guest("b")).await;
    let current = app.get("/api/v1/diner-sessions/current", &guest("b")).await.json();
    assert_eq!(current["orders"].as_array().unwrap().len(), 1);
    assert_eq!(current["orders"][0]["id"], mine["id"]);
    let members: Vec<_> = current["visit"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["id", "opened_at"]);
}

#[actix_web::test]
async fn a_number_of_a_pos_belongs_to_one_order() {
    let app = TestApp::open().await;
    let pos = |sub: &str| Principal { sub: sub.parse().unwrap(), ..insider(Role::Service) };
    let basket = |quantity: u8| {
        let items = json!([{"menu_item": REZALA, "quantity": quantity}]);
        json!({"service": "delivery", "external_id": "UE-1", "items": items})
    };
    let send = async |who: &Principal, body: Value| app.send(place("ladle").insert_header(new_key()), who, body).await;
    let first = send(&pos("pos-a"), basket(1)).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = send(&pos("pos-a"), basket(1)).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &first.json()["id"]), "sent again with another key");
    let other = send(&pos("pos-a"), basket(2)).await;
    assert!(other.problem(409, "conflict").contains("external_id"));
    assert_eq!(other.json()["document"]["id"], first.json()["id"]);
    let of_another_key = send(&pos("pos-b"), basket(1)).await;
    assert_eq!((of_another_key.status.as_u16(), &of_another_key.json()["id"]), (200, &first.json()["id"]), "one restaurant");
    assert_eq!(send(&pos("pos-b"), basket(2)).await.status, 409, "another basket under the same number");
    let path = ladle(&format!("/menu/items/{REZALA}/availability"));
    app.send(TestRequest::put().uri(&path), &insider(Role::Staff), json!({"available": false})).await;
    assert_eq!(send(&pos("pos-a"), basket(1)).await.status, 200, "the dish has sold out since, but the order exists");
}
