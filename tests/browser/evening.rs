//! A busy evening: orders in every state, created over plain HTTP.

use crate::restaurant::TestRestaurant;
use orderbell::domain::values::time::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;
use support::client::text;
use support::{Client, eventually};

/// Orders of the evening, by their state.
pub struct Evening {
    /// Being cooked at table 7, with an allergy and one dish done.
    pub cooking: Value,
    /// Waiting to be accepted.
    pub incoming: Value,
    /// Ready to be served.
    pub ready: Value,
}

/// Returns a line of a basket, with options and a note.
fn line(restaurant: &TestRestaurant, quantity: u64, dish: &str, options: &[&str], note: &str) -> Value {
    let mut line = restaurant.menu.line(dish, quantity);
    line["options"] = json!(options);
    if !note.is_empty() {
        line["note"] = note.into();
    }
    line
}

/// Places an order at a table and returns its id.
async fn placed(guest: &Client, lines: &[Value], note: &str) -> Value {
    let mut basket = json!({"service": "dine_in", "items": lines});
    if !note.is_empty() {
        basket["note"] = note.into();
    }
    guest.place(&basket).await["id"].clone()
}

impl TestRestaurant {
    /// Creates the evening. The first half of the orders is placed `age` before the second half.
    pub async fn evening(&self, age: Duration) -> Evening {
        let cooking = self.earlier().await;
        eventually("older orders", age + Duration::from_secs(5), || async {
            let order = self.staff.order(&cooking).await;
            (age_of(&order) >= age).then_some(())
        })
        .await;
        let (incoming, ready) = self.later().await;
        Evening { cooking, incoming, ready }
    }

    async fn accepted(&self, table: &str, lines: &[Value], note: &str, minutes: u64) -> Value {
        let order = placed(&self.server.diner(table).await, lines, note).await;
        self.staff.command(&order, "accept", json!({"minutes": minutes})).await.expect(200);
        order
    }

    async fn bump(&self, order: &Value, dish: &str) {
        let item = self.item(text(order), dish).await;
        self.staff.command(order, "finish_item", json!({"item": item})).await.expect(200);
    }

    /// Creates the earlier orders: one being cooked, one with a birthday, one for a guest in a hurry.
    async fn earlier(&self) -> Value {
        let allergy = [
            line(self, 2, "Beef rezala", &["extra spicy"], "nut allergy"),
            line(self, 1, "Vegetable bhuna", &["no chilli"], ""),
            line(self, 1, "Firni", &["no nuts"], ""),
        ];
        let cooking = self.accepted("7", &allergy, "", 20).await;
        self.bump(&cooking, "Vegetable bhuna").await;
        let birthday = [line(self, 1, "Shorshe ilish", &["less mustard"], ""), line(self, 4, "Rasmalai", &[], "")];
        self.accepted("5", &birthday, "Birthday: sweets with a candle", 30).await;
        let hurry = [line(self, 3, "Kacchi biryani", &["boiled egg", "extra meat"], ""), line(self, 3, "Borhani", &[], "")];
        let hurry = self.accepted("3", &hurry, "", 10).await;
        self.staff.command(&hurry, "rush", json!({"rush": true})).await.expect(200);
        self.staff.act(&hurry, "start").await;
        self.bump(&hurry, "Borhani").await;
        cooking
    }

    async fn later(&self) -> (Value, Value) {
        let snacks = [
            line(self, 2, "Fuchka", &["extra sour", "no onion"], ""),
            line(self, 1, "Shingara", &["tamarind dip"], ""),
            line(self, 2, "Masala cha", &["oat milk"], ""),
        ];
        self.accepted("11", &snacks, "", 15).await;
        let roast = [line(self, 2, "Chicken roast", &["leg piece"], ""), line(self, 2, "Lemon soda", &["salted", "no ice"], "")];
        self.accepted("2", &roast, "", 20).await;
        let ready = self.accepted("1", &[line(self, 2, "Mishti doi", &[], "")], "", 10).await;
        self.staff.act(&ready, "ready").await;
        let eaten = self.accepted("8", &[line(self, 2, "Masala cha", &[], "")], "", 10).await;
        self.staff.act(&eaten, "ready").await;
        self.staff.act(&eaten, "serve").await;
        let guest = self.server.diner("9").await;
        let roast = [line(self, 1, "Chicken roast", &["breast piece"], ""), line(self, 1, "Cucumber raita", &[], "")];
        let incoming = placed(&guest, &roast, "").await;
        placed(&self.server.diner("4").await, &[line(self, 1, "Beef rezala", &[], "")], "No garlic, allergic").await;
        call(&guest, "water").await;
        call(&self.server.diner("6").await, "bill").await;
        self.sold_out("Shorshe ilish").await;
        (incoming, ready)
    }

    async fn sold_out(&self, dish: &str) {
        let path = format!("/api/v1/restaurants/demo/menu/items/{}/availability", text(&self.menu.dish(dish)["id"]));
        assert!((200..300).contains(&self.staff.put(&path, &json!({"available": false})).await.status));
    }
}

async fn call(guest: &Client, reason: &str) {
    let body = json!({"id": support::new_id(), "action": "call_waiter", "reason": reason});
    guest.post("/api/v1/restaurants/demo/commands", &body).await.expect(200);
}

fn age_of(order: &Value) -> Duration {
    let placed: Timestamp = serde_json::from_value(order["placed_at"].clone()).unwrap();
    orderbell::clock::now().since(placed)
}
