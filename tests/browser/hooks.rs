//! Orders on a page, found by the pages' hooks (`data-order` and the related attributes).

use crate::browser::Browser;
use serde_json::{Map, Value};
use std::time::Duration;

/// An order as a page shows it: its status and that of each visible item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub status: String,
    pub items: Map<String, Value>,
}

const SHOWN: &str = "const order = document.querySelector(`[data-order='${arguments[0]}']`);
    const items = [...order?.querySelectorAll('[data-item]') ?? []];
    return order && [order.dataset.status, Object.fromEntries(items.map((item) => [item.dataset.item, item.dataset.status]))]";
const STANDS: &str = "const order = document.querySelector(`[data-order='${arguments[0]}']`);
    return order?.checkVisibility() && order.dataset.status === arguments[1]";
const ITEM_STANDS: &str = "return document.querySelector(`[data-order='${arguments[0]}'] [data-item='${arguments[1]}']`)?.dataset.status === arguments[2]";

/// The pause after which a second tap counts as intended.
pub const APART: Duration = Duration::from_millis(600);

impl Browser {
    /// Cancels an order as its guest, who taps twice to confirm.
    pub async fn cancel(&self, order: &str) {
        self.tap_twice(&format!("[data-order='{order}'] [data-action='cancel']"), APART).await;
    }

    /// Waits until the page shows an order with a status.
    pub async fn shows(&self, order: &str, status: &str) {
        self.until(&format!("order {order} {status}"), STANDS, vec![order.into(), status.into()]).await;
    }

    /// Waits until the page shows an item with a status.
    pub async fn shows_item(&self, order: &str, item: &str, status: &str) {
        let arguments = vec![order.into(), item.into(), status.into()];
        self.until(&format!("item {item} of {order} {status}"), ITEM_STANDS, arguments).await;
    }

    /// Returns an order as the page shows it now.
    pub async fn shown(&self, order: &str) -> Shown {
        let shown = self.until(&format!("order {order}"), SHOWN, vec![order.into()]).await;
        Shown { status: shown[0].as_str().unwrap().into(), items: shown[1].as_object().unwrap().clone() }
    }

    /// Opens the recall list of a kitchen screen. Taps again when needed: a tap may miss while the bar above still moves.
    pub async fn open_recall(&self) {
        let open = "return document.querySelector('#recall-sheet').open";
        let begun = std::time::Instant::now();
        while self.ask(open, vec![]).await != Value::Bool(true) {
            assert!(begun.elapsed() < support::PATIENCE, "the recall list does not open");
            self.tap("[data-do='recall']").await;
        }
    }

    /// Taps the control of an order.
    pub async fn act(&self, order: &str, action: &str) {
        self.tap(&format!("[data-order='{order}'] [data-action='{action}']")).await;
    }

    /// Taps the control of an item.
    pub async fn act_on_item(&self, order: &str, item: &str, action: &str) {
        self.tap(&format!("[data-order='{order}'] [data-item='{item}'] [data-action='{action}']")).await;
    }

    /// Adds a dish to the basket.
    pub async fn add(&self, dish: &Value) {
        self.tap(&format!("[data-menu-item='{}'] [data-action='add']", dish["id"].as_str().unwrap())).await;
    }

    /// Opens the basket and places the order.
    pub async fn place(&self) {
        self.tap("[data-action='basket']").await;
        self.tap("[data-action='place']").await;
    }

    /// Returns the ids of the orders on the page, from the top.
    pub async fn orders(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('[data-order]')].map((order) => order.dataset.order)";
        let orders = self.ask(script, vec![]).await;
        orders.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// Waits for the only order on the page and returns its id.
    pub async fn only_order(&self) -> String {
        self.sees("[data-order]").await;
        let orders = self.orders().await;
        assert_eq!(orders.len(), 1, "{}: {orders:?}", self.name);
        orders[0].clone()
    }
}
