//! The menu of the demo restaurant.

use super::client::{Client, text};
use serde_json::{Value, json};

/// The demo restaurant's id, and its dishes.
pub struct Menu {
    pub restaurant: String,
    document: Value,
}

impl Menu {
    pub async fn read(client: &Client) -> Self {
        let document = client.get("/api/v1/restaurants/demo/menu").await.expect(200);
        Self { restaurant: text(&document["restaurant"]).into(), document }
    }

    /// Returns a dish by its name.
    pub fn dish(&self, name: &str) -> &Value {
        let mut dishes = self.document["items"].as_object().unwrap().values();
        dishes.find(|dish| dish["name"] == name).unwrap_or_else(|| panic!("no {name} on the menu"))
    }

    /// Returns a line of a basket.
    pub fn line(&self, name: &str, quantity: u64) -> Value {
        json!({"menu_item": self.dish(name)["id"], "quantity": quantity})
    }

    /// Returns a basket with two hot dishes and a cold one.
    pub fn basket(&self) -> Value {
        let items = [self.line("Beef rezala", 2), self.line("Chicken roast", 1), self.line("Firni", 1)];
        json!({"service": "dine_in", "items": items})
    }

    /// Returns a basket with one line and a note that identifies it.
    pub fn noted(&self, note: &str) -> Value {
        json!({"service": "takeaway", "items": [self.line("Masala cha", 1)], "note": note})
    }

    /// Returns the largest possible order: a hundred lines with long notes, as a document some 45 KB.
    pub fn banquet(&self) -> Value {
        let mut line = self.line("Kacchi biryani", 1);
        line["note"] = "x".repeat(200).into();
        json!({"service": "takeaway", "items": vec![line; 100]})
    }

    pub fn kitchen(&self) -> String {
        format!("kitchen:{}", self.restaurant)
    }

    pub fn floor(&self) -> String {
        format!("floor:{}", self.restaurant)
    }

    pub fn menu(&self) -> String {
        format!("menu:{}", self.restaurant)
    }
}

/// Changes the price of a dish of the demo menu.
pub async fn reprice(manager: &Client, dish: &str, amount: i64) {
    let menu = manager.get("/api/v1/restaurants/demo/menu").await.expect(200);
    let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
    for item in draft["items"].as_object_mut().unwrap().values_mut() {
        for name in ["available", "until"] {
            item.as_object_mut().unwrap().remove(name);
        }
        if item["name"] == dish {
            item["price"]["amount"] = amount.into();
        }
    }
    manager.put("/api/v1/restaurants/demo/menu", &draft).await.expect(200);
}
