//! Groups of options: required choices on every transport, sold-out options, and clients that know no groups.

use serde_json::{Value, json};
use support::{Client, Menu, TestServer, client::text, new_id};

const MENU: &str = "/api/v1/restaurants/demo/menu";

/// The ids of a dish with a required side. The side "fries" requires a sauce.
struct Steak {
    dish: String,
    side: String,
    rice: String,
    fries: String,
    mayonnaise: String,
}

impl Steak {
    /// Replaces a dish of the demo by this one.
    async fn serve(manager: &Client) -> Self {
        let [side, sauce, rice, fries, mayonnaise] = [(); 5].map(|()| new_id());
        let menu = manager.get(MENU).await.expect(200);
        let (dish, item) = menu["items"].as_object().unwrap().iter().find(|(_, item)| item["name"] == "Beef rezala").unwrap();
        let mut item = item.clone();
        let option = |name: &str, group: &str, amount: i64| json!({"name": name, "group": group, "price": {"amount": amount, "currency": "BDT"}});
        item["options"] = json!({&rice: option("rice", &side, 0), &fries: option("fries", &side, 5000), &mayonnaise: option("mayonnaise", &sauce, 0)});
        item["groups"] = json!({
            &side: {"name": "Side", "sort": 1, "min": 1, "max": 1},
            &sauce: {"name": "Sauce", "sort": 1, "min": 1, "max": 1, "under": &fries},
        });
        let mut items = menu["items"].clone();
        items[dish] = item.take();
        manager.put(MENU, &json!({"categories": menu["categories"], "items": items})).await.expect(200);
        Self { dish: dish.clone(), side, rice, fries, mayonnaise }
    }

    fn basket(&self, options: &[&String]) -> Value {
        json!({"service": "dine_in", "items": [{"menu_item": self.dish, "quantity": 1, "options": options}]})
    }
}

#[tokio::test]
async fn a_required_choice_cannot_be_skipped_on_any_transport() {
    let server = TestServer::start(&[]).await;
    let steak = Steak::serve(&server.client(&["manager"]).await).await;
    for client in [server.diner("7").await, server.staff().await, server.client(&["service"]).await] {
        let mut socket = client.screen().await;
        for (options, says) in [
            (vec![], "Side: choose at least 1"),
            (vec![&steak.fries], "Sauce: choose at least 1"),
            (vec![&steak.rice, &steak.mayonnaise], "Sauce belongs to an option that is not chosen"),
            (vec![&steak.rice, &steak.fries, &steak.mayonnaise], "Side: choose at most 1"),
        ] {
            let basket = steak.basket(&options);
            let refused = Client::send(client.placing(&new_id(), &basket)).await.problem(422, "invalid");
            assert!(text(&refused["detail"]).contains(says), "{refused}");
            let refused = socket.ask(json!({"type": "place", "order": basket})).await;
            assert_eq!(refused["code"], "invalid", "{refused}");
            assert!(text(&refused["message"]).contains(says), "{refused}");
        }
        client.place(&steak.basket(&[&steak.rice])).await;
        let ack = socket.ask(json!({"type": "place", "order": steak.basket(&[&steak.mayonnaise, &steak.fries])})).await;
        let items = ack["document"]["items"].as_object().unwrap();
        let item = items.values().next().unwrap();
        assert_eq!(item["options"], json!(["fries", "mayonnaise"]), "in the order of the menu");
        assert_eq!(item["choices"], json!([{"id": steak.fries, "group": "Side"}, {"id": steak.mayonnaise, "group": "Sauce"}]));
    }
}

#[tokio::test]
async fn a_sold_out_option_is_seen_by_guests_and_refused() {
    let server = TestServer::start(&[]).await;
    let steak = Steak::serve(&server.client(&["manager"]).await).await;
    let (guest, staff) = (server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let mut phone = guest.screen().await;
    phone.join(&menu.menu()).await;
    let mark = format!("{MENU}/items/{}/availability", steak.dish);
    let sold_out = staff.put(&mark, &json!({"available": false, "option": steak.rice})).await.expect(200);
    let position = sold_out["position"].as_u64().unwrap();
    let seen = phone.see(&menu.menu(), position).await.documents.values().next().unwrap().clone();
    assert_eq!(seen["items"][&steak.dish]["options"][&steak.rice]["available"], false);
    assert_eq!(seen["items"][&steak.dish]["available"], true);
    let refused = Client::send(guest.placing(&new_id(), &steak.basket(&[&steak.rice]))).await.problem(422, "invalid");
    assert!(text(&refused["detail"]).contains("rice is sold out"), "{refused}");
    staff.put(&mark, &json!({"available": true, "option": steak.rice})).await.expect(200);
    guest.place(&steak.basket(&[&steak.rice])).await;
    staff.put(&mark, &json!({"available": false, "option": new_id()})).await.problem(404, "not_found");
    guest.put(&mark, &json!({"available": false, "option": steak.rice})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_editor_that_knows_no_groups_keeps_them() {
    let server = TestServer::start(&[]).await;
    let manager = server.client(&["manager"]).await;
    let steak = Steak::serve(&manager).await;
    let before = manager.get(MENU).await.expect(200);
    let mut items = before["items"].clone();
    for item in items.as_object_mut().unwrap().values_mut() {
        let item = item.as_object_mut().unwrap();
        item.remove("groups");
        for option in item["options"].as_object_mut().unwrap().values_mut() {
            *option = json!({"name": option["name"], "price": option["price"]});
        }
    }
    items[&steak.dish]["price"]["amount"] = 1234.into();
    let after = manager.put(MENU, &json!({"categories": before["categories"], "items": items})).await.expect(200);
    let mut expected = before["items"].clone();
    expected[&steak.dish]["price"]["amount"] = 1234.into();
    assert_eq!(after["document"]["items"], expected);
    let mut without = after["document"]["items"].clone();
    without[&steak.dish]["groups"] = json!({});
    let refused = manager.put(MENU, &json!({"categories": before["categories"], "items": without.clone()})).await;
    assert!(text(&refused.problem(422, "invalid")["detail"]).contains("the group of the option"));
    for option in without[&steak.dish]["options"].as_object_mut().unwrap().values_mut() {
        option.as_object_mut().unwrap().remove("group");
    }
    let flat = manager.put(MENU, &json!({"categories": before["categories"], "items": without})).await.expect(200);
    assert_eq!(flat["document"]["items"][&steak.dish].get("groups"), None);
    assert!(!flat["document"].to_string().contains(&steak.side));
}

/// Older nodes would refuse to read the menu.
#[tokio::test]
async fn groups_wait_for_the_feature_level() {
    let server = TestServer::start(&["--feature-level", "1"]).await;
    let manager = server.client(&["manager"]).await;
    let menu = manager.get(MENU).await.expect(200);
    let mut items = menu["items"].clone();
    let dish = items.as_object().unwrap().keys().next().unwrap().clone();
    manager.put(MENU, &json!({"categories": menu["categories"], "items": items.clone()})).await.expect(200);
    items[&dish]["groups"] = json!({});
    let refused = manager.put(MENU, &json!({"categories": menu["categories"], "items": items})).await.problem(422, "invalid");
    assert!(text(&refused["detail"]).contains("feature level"), "{refused}");
    let mark = format!("{MENU}/items/{dish}/availability");
    manager.put(&mark, &json!({"available": false, "option": new_id()})).await.problem(422, "invalid");
}
