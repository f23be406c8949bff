//! Accepted orders that no kitchen screen shows: the floor is notified, and notified again once a screen shows them.

use crate::restaurant::TestRestaurant;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::client::text;
use support::{Client, PATIENCE, eventually};

const ALARM: [&str; 2] = ["--display-alarm-s", "1"];
/// Longer than a busy machine needs to show, begin or cancel an order after its acceptance.
const LATE_ALARM: [&str; 2] = ["--display-alarm-s", "5"];
/// Longer than the late alarm.
const LONGER: Duration = Duration::from_secs(9);
/// Several times as long as an alarm takes.
const LONG: Duration = Duration::from_secs(5);

impl TestRestaurant {
    async fn placed(&self, dishes: &[&str]) -> Value {
        let items: Vec<_> = dishes.iter().map(|dish| self.menu.line(dish, 1)).collect();
        self.staff.place(&json!({"service": "takeaway", "items": items})).await
    }

    /// Places and accepts an order of some dishes, and returns its document.
    async fn accepted(&self, dishes: &[&str]) -> Value {
        let order = self.placed(dishes).await;
        self.staff.act(&order["id"], "accept").await["document"].clone()
    }

    /// Returns the next event about a station whose orders no screen shows.
    async fn told_of(&mut self, station: &str) -> (String, Value) {
        let key = format!("station:{station}");
        let told = self.floor.until("an event about the station", |frame| frame["event"]["patch"].get(&key).is_some()).await;
        (text(&told["event"]["kind"]).to_owned(), told["event"]["patch"][&key].clone())
    }

    /// Returns the displays of a fresh snapshot.
    async fn displays(&self) -> Value {
        self.staff.screen().await.join(&self.menu.floor()).await.displays.clone()
    }

    fn seen(&self, position: &Value) -> Value {
        json!({"type": "seen", "room": self.menu.kitchen(), "position": position})
    }
}

fn of_a_station(frame: &Value) -> bool {
    frame["event"]["patch"].to_string().contains("station:")
}

fn entry(station: &str, orders: &[&Value]) -> Value {
    let undrawn: serde_json::Map<_, _> =
        orders.iter().map(|order| (text(&order["id"]).to_owned(), order["number"].clone())).collect();
    json!({"id": format!("station:{station}"), "station": station, "connected": false, "undrawn": undrawn})
}

fn lost() -> String {
    "display.lost".into()
}

fn connected() -> String {
    "display.connected".into()
}

#[tokio::test]
async fn the_floor_is_notified_of_an_order_until_a_screen_of_its_station_draws_it() {
    let mut restaurant = TestRestaurant::open(&ALARM).await;
    let placed = restaurant.placed(&["Beef rezala"]).await;
    // Take the time before the request: the server's alarm counts from its commit, not from the answer.
    let accepted = Instant::now();
    let order = restaurant.staff.act(&placed["id"], "accept").await["document"].clone();
    assert_eq!(restaurant.told_of("hot").await, (lost(), entry("hot", &[&order])));
    println!("told {:?} after it was accepted, with an alarm after 1 s", accepted.elapsed());
    assert!(accepted.elapsed() >= Duration::from_secs(1));
    // A second order is added, and a snapshot has both.
    let second = restaurant.accepted(&["Beef rezala"]).await;
    assert_eq!(restaurant.told_of("hot").await, (lost(), entry("hot", &[&second])));
    assert_eq!(restaurant.displays().await, json!({"station:hot": entry("hot", &[&order, &second])}));

    // A screen of another station does not help, even if it shows everything; one of the right station does.
    let (bar, hot) = (restaurant.server.kitchen("bar").await, restaurant.server.kitchen("hot").await);
    let (mut bar, mut hot) = (restaurant.kitchen(&bar).await, restaurant.kitchen(&hot).await);
    bar.send(&restaurant.seen(&second["position"])).await;
    restaurant.silence(LONG, of_a_station).await;
    hot.send(&restaurant.seen(&order["position"])).await;
    let gone = json!({"id": "station:hot", "station": "hot", "connected": false, "undrawn": {text(&order["id"]): null}});
    assert_eq!(restaurant.told_of("hot").await, (connected(), gone));
    hot.send(&restaurant.seen(&second["position"])).await;
    assert_eq!(restaurant.told_of("hot").await, (connected(), Value::Null));
    let (displays, followed) = (restaurant.displays().await, &restaurant.floor.room(&restaurant.menu.floor()).displays);
    let keys = |displays: &Value| displays.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&displays), keys(followed), "the snapshot is the fold of the events");
    assert_eq!(displays.as_object().unwrap().len(), 2, "two screens");
}

#[tokio::test]
async fn tickets_that_are_shown_in_time_begun_or_closed_raise_no_alarm() {
    let mut restaurant = TestRestaurant::open(&LATE_ALARM).await;
    let pass = restaurant.server.client(&["kitchen"]).await;
    let mut pass = restaurant.kitchen(&pass).await;
    let drawn = restaurant.accepted(&["Beef rezala", "Firni"]).await;
    pass.send(&restaurant.seen(&drawn["position"])).await;
    eventually("the receipt", PATIENCE, || async {
        let displays = restaurant.displays().await;
        (displays.as_object()?.values().next()?["position"] == drawn["position"]).then_some(())
    })
    .await;
    drop(pass);
    let (begun, over) = (restaurant.accepted(&["Beef rezala"]).await, restaurant.accepted(&["Beef rezala"]).await);
    restaurant.staff.act(&begun["id"], "start").await;
    restaurant.staff.command(&over["id"], "cancel", json!({"reason": "other"})).await.expect(200);
    restaurant.silence(LONGER, of_a_station).await;
    // The control: the same order, but nobody shows or begins it.
    let order = restaurant.accepted(&["Firni"]).await;
    let station = restaurant.menu.dish("Firni")["station"].clone();
    assert_eq!(restaurant.told_of(text(&station)).await, (lost(), entry(text(&station), &[&order])));
    restaurant.staff.command(&order["id"], "cancel", json!({"reason": "other"})).await.expect(200);
    assert_eq!(restaurant.told_of(text(&station)).await, (connected(), Value::Null));
}

#[tokio::test]
async fn a_screen_that_may_show_all_stations_counts_only_for_those_it_reports() {
    let mut restaurant = TestRestaurant::open(&ALARM).await;
    let pass = restaurant.server.client(&["kitchen"]).await;
    let mut pass = restaurant.kitchen(&pass).await;
    let order = restaurant.accepted(&["Beef rezala"]).await;
    let mut seen = restaurant.seen(&order["position"]);
    seen["station"] = "bar".into();
    pass.send(&seen).await;
    // A report for another room than the kitchen's has no effect.
    pass.join(&restaurant.menu.menu()).await;
    pass.send(&json!({"type": "seen", "room": restaurant.menu.menu(), "position": order["position"]})).await;
    assert_eq!(restaurant.told_of("hot").await, (lost(), entry("hot", &[&order])));
    pass.send(&restaurant.seen(&order["position"])).await;
    assert_eq!(restaurant.told_of("hot").await, (connected(), Value::Null));
}

/// A screen without a WebSocket reports what it shows by calls, once its requests have registered it.
#[tokio::test]
async fn a_screen_that_polls_reports_what_it_draws_by_calls() {
    let mut restaurant = TestRestaurant::open(&ALARM).await;
    let pass = restaurant.server.client(&["kitchen"]).await;
    let order = restaurant.accepted(&["Beef rezala"]).await;
    assert_eq!(restaurant.told_of("hot").await, (lost(), entry("hot", &[&order])));
    let (kitchen, menu) = (restaurant.menu.kitchen(), restaurant.menu.menu());
    let seen = |room: &str| format!("/api/v1/rooms/{room}/seen");
    let receipt = json!({"position": order["position"]});
    pass.post(&seen(&kitchen), &receipt).await.problem(503, "unavailable");

    // A held poll registers the screen.
    let cursor = pass.get(&format!("/api/v1/rooms/{kitchen}/events?wait=0")).await.expect(200)["position"].clone();
    let held = format!("/api/v1/rooms/{kitchen}/events?wait=30&since={cursor}");
    let (held, ()) = tokio::join!(pass.get(&held), async {
        restaurant.floor.until("the screen", |frame| frame["event"]["patch"].to_string().contains("\"connected\":true")).await;
        // Invalid reports are refused. A report from staff or for the menu's room has no effect.
        pass.post(&seen(&kitchen), &json!({"position": 1, "stations": []})).await.problem(422, "invalid");
        pass.post(&seen("kitchen:nowhere"), &receipt).await.problem(403, "forbidden");
        for (who, room) in [(&restaurant.staff, &kitchen), (&pass, &menu)] {
            assert_eq!(who.post(&seen(room), &receipt).await.status, 204);
        }
        let shown = json!({"position": order["position"], "station": "bar"});
        assert_eq!(pass.post(&seen(&kitchen), &shown).await.status, 204);
        restaurant.silence(Duration::from_secs(2), of_a_station).await;
        assert_eq!(pass.post(&seen(&kitchen), &receipt).await.status, 204);
        assert_eq!(restaurant.told_of("hot").await, (connected(), Value::Null));
        // This ends the poll.
        restaurant.accepted(&["Firni"]).await;
    });
    assert_eq!(held.expect(200)["frames"][0]["event"]["kind"], "order.placed");
}

#[tokio::test]
async fn without_the_alarm_the_floor_is_not_notified() {
    let mut restaurant = TestRestaurant::open(&["--display-alarm-s", "0"]).await;
    restaurant.accepted(&["Beef rezala"]).await;
    restaurant.silence(LONG, of_a_station).await;
}

/// Head checks are far apart here, so an event that arrives was announced.
#[tokio::test]
async fn the_floor_is_notified_at_once_of_a_renamed_or_revoked_screen() {
    let restaurant = TestRestaurant::open(&["--head-comparison-s", "3600"]).await;
    let pairing = restaurant.server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approve = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    restaurant.staff.post(&approve, &json!({"name": "Pass"})).await.expect(200);
    let poll = json!({"device_code": pairing["device_code"]});
    let paired = restaurant.server.anybody().post("/api/v1/devices/token", &poll).await.expect(200);
    let mut screen = restaurant.kitchen(&Client::new(&restaurant.server.base, text(&paired["access_token"]))).await;
    let TestRestaurant { server, menu, mut floor, .. } = restaurant;
    let told = floor.until("the screen", |frame| frame["event"]["kind"] == "display.connected").await;
    let device = told["event"]["patch"].as_object().unwrap().keys().next().unwrap().clone();

    let manager = server.client(&["manager"]).await;
    let path = format!("/api/v1/restaurants/demo/devices/{device}");
    let renamed = manager.request(Method::PATCH, &path).json(&json!({"name": "Grill"}));
    Client::send(renamed).await.expect(200);
    floor.until("its new name", |frame| frame["event"]["patch"][&device]["name"] == "Grill").await;
    assert_eq!(manager.delete(&path).await.status, 204);
    let gone = floor.until("its end", |frame| frame["event"]["kind"] == "display.lost").await;
    assert_eq!(gone["event"]["patch"], json!({device: null}));
    assert_eq!(floor.room(&menu.floor()).displays, json!({}));
    screen.until_close().await;
}
