//! The weight of the page that a guest waits for.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;

/// The most bytes of a first visit over the wire, headers included.
const HEAVIEST: u64 = 60_000;
/// Slow 4G by two definitions: name, latency in ms, bytes a second down and up. Lighthouse means the round trip of the
/// network. DevTools delay each request, so their latency includes the handshakes.
const SLOW_4G: [(&str, f64, f64, f64); 2] =
    [("Slow 4G of Lighthouse", 150.0, 204_800.0, 93_750.0), ("Slow 4G of the DevTools", 562.5, 180_000.0, 84_375.0)];

/// Returns whether the page has loaded everything that it loads by itself.
const LAST: &str = "const asked = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
    return ['/guest/upkeep.js', '/guest/tell_me.js', '/api/v1/push/key'].every((path) => asked.includes(path))";

/// Returns what the page has requested from rooms over HTTP.
const ASKED_OF_ROOMS: &str = "const asked = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
    return asked.filter((path) => path.startsWith('/api/v1/rooms/'))";

#[tokio::test]
async fn the_tracking_page_is_light() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(6).await;
    phone.add(restaurant.menu.dish("Rasmalai")).await;
    phone.place().await;
    let order = phone.only_order().await;

    phone.goto("/").await;
    phone.devtools("Network.enable", json!({})).await;
    // The service worker's own loads do not count, and on a first visit there is no worker yet.
    phone.devtools("Network.setBypassServiceWorker", json!({"bypass": true})).await;
    phone.devtools("Network.clearBrowserCache", json!({})).await;
    phone.log("performance").await;
    follow(&phone, &order).await;
    phone.until("what it loads last", LAST, vec![]).await;
    let asked = phone.ask(ASKED_OF_ROOMS, vec![]).await;
    assert_eq!(asked, json!([]), "the WebSocket works, so no other transport was used");
    let answers = received(&phone.log("performance").await);
    let bytes: u64 = answers.iter().map(|(bytes, _)| bytes).sum();
    tell(&format!("the tracking page: {bytes} bytes over the wire in {} answers", answers.len()));
    assert!(answers.len() > 5, "the answers were counted");
    assert!(bytes < HEAVIEST, "{bytes} bytes: {answers:#?}");

    for (name, latency, down, up) in SLOW_4G {
        phone.goto("/").await;
        let conditions = json!({"offline": false, "latency": latency, "downloadThroughput": down, "uploadThroughput": up});
        slow_down(&phone, conditions).await;
        follow(&phone, &order).await;
        let paints = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
        let paint = phone.until("the first paint", paints, vec![]).await.as_f64().unwrap();
        tell(&format!("the tracking page at a quarter of this machine's speed, {name}: first paint after {paint:.0} ms"));
    }
}

async fn follow(phone: &Browser, order: &str) {
    phone.goto(&format!("/orders/{order}")).await;
    phone.shows(order, "placed").await;
    phone.is("live").await;
}

async fn slow_down(phone: &Browser, conditions: Value) {
    phone.devtools("Network.clearBrowserCache", json!({})).await;
    phone.devtools("Network.emulateNetworkConditions", conditions).await;
    phone.devtools("Emulation.setCPUThrottlingRate", json!({"rate": 4})).await;
}

/// Returns the bytes and addresses of the completed responses, largest first. Only requests that began in this log count:
/// the previous page may still be loading.
fn received(log: &[Value]) -> Vec<(u64, String)> {
    let (mut asked, mut answers) = (HashMap::new(), Vec::new());
    for line in log {
        let event: Value = serde_json::from_str(line["message"].as_str().unwrap()).unwrap();
        let (method, parameters) = (&event["message"]["method"], &event["message"]["params"]);
        let request = parameters["requestId"].to_string();
        if method == "Network.requestWillBeSent" {
            asked.insert(request, parameters["request"]["url"].to_string());
        } else if method == "Network.loadingFinished"
            && let Some(url) = asked.remove(&request)
        {
            answers.push((parameters["encodedDataLength"].as_f64().unwrap() as u64, url));
        }
    }
    answers.sort_by(|one, other| other.cmp(one));
    answers
}

/// Prints a line past the test harness, which shows only the output of failing tests.
fn tell(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
