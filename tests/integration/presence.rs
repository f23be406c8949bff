//! Presence of kitchen screens: the floor is notified of a screen that connects, disconnects or loses its node, but not of
//! a reload.

use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{Followed, PATIENCE, eventually};

/// Longer than anything a test does on a busy machine while a screen is disconnected on purpose.
const GRACE: Duration = Duration::from_secs(4);
const PATIENT: [&str; 4] = ["--display-grace-ms", "4000", "--display-lease-ms", "1500"];
const PROMPT: [&str; 4] = ["--display-grace-ms", "0", "--display-lease-ms", "1500"];
/// Three times the lease that these tests use.
const THREE_LEASES: Duration = Duration::from_millis(4500);

impl TestRestaurant {
    fn followed(&self) -> &Followed {
        self.floor.room(&self.menu.floor())
    }

    /// Returns the next event about a screen on the floor.
    async fn told(&mut self) -> Value {
        self.floor.until("an event about a screen", of_a_screen).await
    }

    /// Returns the entry of the only screen as folded from the events, after checking that a snapshot has the same.
    async fn display(&self) -> Value {
        let mut fresh = self.staff.screen().await;
        let snapshot = fresh.join(&self.menu.floor()).await;
        assert_eq!(snapshot.displays, self.followed().displays, "the snapshot is the fold of the events");
        let displays = snapshot.displays.as_object().unwrap();
        assert_eq!(displays.len(), 1);
        let (id, display) = displays.iter().next().unwrap();
        assert_eq!(display["id"], id.as_str());
        display.clone()
    }
}

fn kind(frame: &Value) -> &str {
    frame["event"]["kind"].as_str().unwrap_or_default()
}

fn of_a_screen(frame: &Value) -> bool {
    kind(frame).starts_with("display.")
}

#[tokio::test]
async fn a_new_screen_is_reported_at_once_and_a_lost_one_after_the_grace_period() {
    let mut restaurant = TestRestaurant::open(&PATIENT).await;
    let cook = restaurant.server.kitchen("hot").await;
    assert_eq!(restaurant.followed().displays, json!({}));
    let screen = restaurant.kitchen(&cook).await;
    let told = restaurant.told().await;
    assert_eq!((kind(&told), &told["event"]["by"]["role"], &told["prev"]), ("display.connected", &json!("kitchen"), &json!(0)));
    let display = restaurant.display().await;
    assert_eq!((&display["connected"], &display["station"], &display["name"]), (&json!(true), &json!("hot"), &json!("hot")));
    // What the screen shows is in the next snapshot, without an event.
    let order = restaurant.staff.place(&restaurant.menu.basket()).await;
    let mut screen = screen;
    screen.see(&restaurant.menu.kitchen(), order["position"].as_u64().unwrap()).await;
    screen.send(&json!({"type": "seen", "room": restaurant.menu.kitchen(), "position": order["position"]})).await;
    let (staff, room) = (&restaurant.staff, restaurant.menu.floor());
    eventually("the receipt", PATIENCE, || async {
        let displays = staff.screen().await.join(&room).await.displays.clone();
        (displays.as_object()?.values().next()?["position"] == order["position"]).then_some(())
    })
    .await;

    let gone = Instant::now();
    drop(screen);
    let told = restaurant.told().await;
    assert_eq!((kind(&told), &told["prev"]), ("display.lost", &order["position"]));
    assert!(gone.elapsed() >= GRACE && gone.elapsed() < GRACE + PATIENCE / 3, "after {:?}", gone.elapsed());
    let display = restaurant.display().await;
    assert_eq!((&display["connected"], &display["position"]), (&json!(false), &order["position"]));
}

#[tokio::test]
async fn a_reload_or_the_loss_of_one_of_two_connections_is_not_reported() {
    let mut restaurant = TestRestaurant::open(&PATIENT).await;
    let cook = restaurant.server.kitchen("hot").await;
    let first = restaurant.kitchen(&cook).await;
    restaurant.told().await;
    drop(first);
    restaurant.silence(Duration::from_secs(1), of_a_screen).await;
    let (one, two) = (restaurant.kitchen(&cook).await, restaurant.kitchen(&cook).await);
    drop(one);
    restaurant.silence(GRACE + Duration::from_secs(1), of_a_screen).await;
    assert_eq!(restaurant.display().await["connected"], true);
    drop(two);
    assert_eq!(kind(&restaurant.told().await), "display.lost");
    assert_eq!(restaurant.followed().kinds(), ["display.connected", "display.lost"]);
}

/// The control: without a grace period the same absence is reported.
#[tokio::test]
async fn without_a_grace_period_a_reload_would_be_reported() {
    let mut restaurant = TestRestaurant::open(&PROMPT).await;
    let cook = restaurant.server.kitchen("hot").await;
    let screen = restaurant.kitchen(&cook).await;
    // Wait for the report that the screen is connected: a screen that leaves earlier is never reported.
    assert_eq!(kind(&restaurant.told().await), "display.connected");
    drop(screen);
    assert_eq!(kind(&restaurant.told().await), "display.lost");
    let _again = restaurant.kitchen(&cook).await;
    assert_eq!(kind(&restaurant.told().await), "display.connected");
}

#[tokio::test]
async fn a_screen_whose_node_is_killed_is_reported_lost_only_once_its_lease_has_expired() {
    let mut restaurant = TestRestaurant::open(&PATIENT).await;
    let cook = restaurant.server.kitchen("hot").await;
    let screen = restaurant.kitchen(&cook).await;
    restaurant.told().await;
    restaurant.silence(THREE_LEASES, of_a_screen).await;
    restaurant.server.kill().await;
    drop(screen);
    while restaurant.floor.next().await.is_ok() {}
    let restarted = Instant::now();
    restaurant.server.restart().await;
    restaurant.staff = restaurant.staff.at(&restaurant.server.base);
    restaurant.floor = restaurant.floor.resume_on(&restaurant.staff).await;
    if restaurant.followed().kinds().last() != Some(&"display.lost") {
        restaurant.told().await;
    }
    println!("lost {:?} after the restart, with a lease of 1.5 s", restarted.elapsed());
    assert_eq!(restaurant.followed().kinds(), ["display.connected", "display.lost"]);
    assert_eq!(restaurant.display().await["connected"], false);
    assert_eq!(restaurant.followed().events[1]["event"]["by"]["role"], "service");
    // The screen comes back.
    let cook = cook.at(&restaurant.server.base);
    let _screen = restaurant.kitchen(&cook).await;
    assert_eq!(kind(&restaurant.told().await), "display.connected");
    restaurant.silence(THREE_LEASES, of_a_screen).await;
}

/// The control: a valid lease stays, and a screen that returns before its end is never reported lost.
#[tokio::test]
async fn a_screen_that_returns_before_its_lease_expires_is_never_reported_lost() {
    let mut restaurant = TestRestaurant::open(&["--display-lease-ms", "60000"]).await;
    let cook = restaurant.server.kitchen("hot").await;
    let screen = restaurant.kitchen(&cook).await;
    restaurant.told().await;
    restaurant.server.kill().await;
    drop(screen);
    while restaurant.floor.next().await.is_ok() {}
    restaurant.server.restart().await;
    restaurant.staff = restaurant.staff.at(&restaurant.server.base);
    restaurant.floor = restaurant.floor.resume_on(&restaurant.staff).await;
    restaurant.silence(THREE_LEASES, of_a_screen).await;
    let _screen = restaurant.kitchen(&cook.at(&restaurant.server.base)).await;
    restaurant.silence(Duration::from_secs(2), of_a_screen).await;
    assert_eq!(restaurant.followed().kinds(), ["display.connected"]);
    assert_eq!(restaurant.display().await["connected"], true);
}

#[tokio::test]
async fn a_stream_of_the_kitchens_room_counts_as_a_screen_and_other_rooms_and_roles_do_not() {
    let mut restaurant = TestRestaurant::open(&PROMPT).await;
    let cook = restaurant.server.kitchen("hot").await;
    let _waiter = restaurant.kitchen(&restaurant.staff).await;
    let mut menu = cook.screen().await;
    menu.join(&restaurant.menu.menu()).await;
    restaurant.silence(Duration::from_secs(2), of_a_screen).await;
    let path = format!("/api/v1/rooms/{}/stream", restaurant.menu.kitchen());
    let stream = cook.request(reqwest::Method::GET, &path).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    assert_eq!(kind(&restaurant.told().await), "display.connected");
    drop(stream);
    assert_eq!(kind(&restaurant.told().await), "display.lost");
    menu.join(&restaurant.menu.kitchen()).await;
    assert_eq!(kind(&restaurant.told().await), "display.connected");
    menu.send(&json!({"type": "unsubscribe", "room": restaurant.menu.kitchen()})).await;
    assert_eq!(kind(&restaurant.told().await), "display.lost");
    assert_eq!(restaurant.display().await["connected"], false);
}
