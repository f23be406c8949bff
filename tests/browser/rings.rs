//! Alarms on the floor, and the wake lock that keeps its screen on.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use serde_json::{Value, json};

/// Counts the tones that are played and the wake locks that are taken; runs before the page's own scripts.
const EARS: &str = "window.tones = 0; window.awake = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...given) { window.tones += 1; return start.apply(this, given); };
    Object.defineProperty(Navigator.prototype, 'wakeLock', { get: () => ({
      request: async () => { window.awake += 1; window.lock = { released: false }; return window.lock; },
    }) });";
const MORE_TONES: &str = "return window.tones > arguments[0] && window.tones";

impl Browser {
    /// Waits until an alarm rings, and returns the number of tones so far.
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
async fn an_alarm_rings_until_somebody_answers_or_silences_it() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": EARS})).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    restaurant.call(3).await;
    floor.sees("[data-call]").await;
    let once = floor.hears(&json!(0)).await;
    let again = floor.hears(&once).await;
    // An alarm may not shift the page by a line, since a finger may be on its way.
    let height = "return document.querySelector('.bar').offsetHeight";
    let ringing = floor.ask(height, vec![]).await;
    floor.tap("[data-do='silence']").await;
    floor.until("to be silent", "return !document.querySelector('[data-do=silence]')", vec![]).await;
    assert_eq!(floor.ask(height, vec![]).await, ringing);
    // Nobody has answered: the call stays visible but silent, and a new call rings.
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
async fn the_floor_says_when_it_has_no_sound_and_keeps_its_screen_awake() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": EARS})).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    floor.until("its screen kept awake", "return window.awake === 1", vec![]).await;
    // The browser released the lock, as it does on a low battery or for another tab. The page takes it again once it is
    // visible.
    floor.ask("window.lock.released = true; document.dispatchEvent(new Event('visibilitychange'))", vec![]).await;
    floor.until("and again", "return window.awake === 2", vec![]).await;
    // A page that reloaded by itself, as at night, has not been tapped yet.
    floor.reload().await;
    floor.is("live").await;
    floor.sees("#unheard").await;
    floor.inspect("staff-unheard").await;
    floor.tap("#unheard [data-do='hear']").await;
    floor.until("to be heard", "return document.querySelector('#unheard').hidden", vec![]).await;
}
