//! What rings on the floor, and the screen that has to stay on for it.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::{Value, json};

/// Counts the tones that are heard, and how often the screen is kept awake; before a page's own scripts.
const EARS: &str = "window.tones = 0; window.awake = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...given) { window.tones += 1; return start.apply(this, given); };
    Object.defineProperty(Navigator.prototype, 'wakeLock', { get: () => ({
      request: async () => { window.awake += 1; window.lock = { released: false }; return window.lock; },
    }) });";
const MORE_TONES: &str = "return window.tones > arguments[0] && window.tones";

impl Browser {
    /// Waits until something rings; gives how many tones there were.
    async fn hears(&self, before: &Value) -> Value {
        self.until("to ring", MORE_TONES, vec![before.clone()]).await
    }
}

impl TestRestaurant {
    async fn call(&self, table: u32) {
        let call = json!({"id": support::new_id(), "action": "call_waiter", "reason": "help"});
        self.server.diner(&table.to_string()).await.post("/api/v1/restaurants/demo/commands", &call).await.expect(200);
    }
}

#[tokio::test]
async fn what_rings_rings_until_somebody_answers_or_silences_it() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": EARS})).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    restaurant.call(3).await;
    floor.sees("[data-call]").await;
    let once = floor.hears(&json!(0)).await;
    let again = floor.hears(&once).await;
    floor.tap("[data-do='silence']").await;
    floor.until("to be silent", "return !document.querySelector('[data-do=silence]')", vec![]).await;
    // Nobody has answered: it is there, and silent, and something new is heard.
    floor.sees("[data-call]").await;
    let silent = floor.ask("return window.tones", vec![]).await;
    restaurant.server.diner("4").await.place(&json!({"service": "dine_in", "items": [restaurant.menu.line("Fuchka", 1)]})).await;
    floor.hears(&silent).await;
    assert!(again.as_u64() > once.as_u64());
    floor.tap("[data-action='accept']").await;
    floor.until("nothing to ring", "return !document.querySelector('[data-do=silence]')", vec![]).await;
    floor.has_no_complaint().await;
}

#[tokio::test]
async fn the_floor_says_when_it_cannot_be_heard_and_stays_awake() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": EARS})).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor.until("its screen kept awake", "return window.awake === 1", vec![]).await;
    // Taken away, as by a low battery or another tab; looked at again it is taken again.
    floor.ask("window.lock.released = true; document.dispatchEvent(new Event('visibilitychange'))", vec![]).await;
    floor.until("and again", "return window.awake === 2", vec![]).await;
    // A page that was loaded anew, as by night, has not been touched.
    floor.reload().await;
    floor.is("live").await;
    floor.sees("#unheard").await;
    floor.inspect("staff-unheard").await;
    floor.tap("#unheard [data-do='hear']").await;
    floor.until("to be heard", "return document.querySelector('#unheard').hidden", vec![]).await;
}
