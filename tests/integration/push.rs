//! Push messages to guests' phones, from the commit to the decryption in a browser, through a fake push service.

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use support::push_service::{Browser, PushService};
use support::{Client, Menu, PATIENCE, TestServer, client::text, eventually, new_id};

const PATH: &str = "/api/v1/push/subscription";
const SUBJECT: &str = "mailto:ops@example.com";
/// Not a key, and not part of any other text.
const NO_KEY: &str = "zzyzx-not-a-key-of-anybody";

struct PushSetup {
    server: TestServer,
    service: PushService,
    /// The server's public key.
    key: String,
}

impl PushSetup {
    async fn open() -> Self {
        let service = PushService::start().await;
        let anywhere = TestServer::start(&[]).await;
        let printed = anywhere.tool(&["vapid"]).await;
        let (secret, public) = printed.split_once('\n').unwrap();
        let secret = secret.strip_prefix("ORDERBELL_VAPID_KEY=").unwrap();
        let flags = ["--vapid-key", secret, "--vapid-subject", SUBJECT, "--push-hosts", "127.0.0.1,localhost,push.example"];
        let server = TestServer::start(&[&flags[..], &["--log", "trace"]].concat()).await;
        let key = text(&server.anybody().get("/api/v1/push/key").await.expect(200)["key"]).to_owned();
        assert_eq!(public, format!("public key: {key}"));
        Self { server, service, key }
    }

    /// Returns a guest at a table and a subscribed phone.
    async fn guest(&self, name: &str) -> (Client, Browser) {
        let seat = self.server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-4"})).await.expect(200);
        let guest = Client::new(&self.server.base, text(&seat["access_token"]));
        let browser = Browser::subscribed_at(format!("{}/send/{name}", self.service.base));
        assert_eq!(guest.put(PATH, &browser.subscription()).await.status, 204);
        (guest, browser)
    }

    async fn pushes(&self, fate: &str, count: f64) {
        let name = format!("orderbell_pushes_total{{fate=\"{fate}\"}}");
        eventually(&name, PATIENCE, || async { (self.server.metric(&name).await == count).then_some(()) }).await;
    }
}

async fn unsubscribe(guest: &Client, endpoint: &str) -> u16 {
    Client::send(guest.request(Method::DELETE, PATH).json(&json!({"endpoint": endpoint}))).await.status
}

#[tokio::test]
async fn a_push_reports_the_awaited_status_and_only_the_guests_phone_can_read_it() {
    let mut setup = PushSetup::open().await;
    let (guest, browser) = setup.guest("secret-of-mine").await;
    let (staff, menu) = (setup.server.staff().await, Menu::read(&guest).await);
    let order = guest.place(&menu.basket()).await;
    // Another guest's order, without a phone.
    staff.act(&setup.server.diner("1").await.place(&menu.basket()).await["id"], "accept").await;
    for (action, status) in [("accept", "accepted"), ("start", ""), ("ready", "ready"), ("recall", ""), ("cancel", "cancelled")] {
        let fields = if action == "cancel" { json!({"reason": "other"}) } else { json!({}) };
        let document = staff.command(&order["id"], action, fields).await.expect(200)["document"].clone();
        if status.is_empty() {
            continue;
        }
        let posted = setup.service.next().await;
        let mut expected = json!({"order": order["id"], "number": order["number"], "ticket": order["ticket"], "status": status, "language": "bn"});
        expected["promised_at"] = document["promised_at"].clone();
        assert_eq!(browser.read(&posted), expected, "{status}");
        assert_eq!(posted.path, "/send/secret-of-mine");
        for (name, value) in [("ttl", "3600"), ("urgency", "high"), ("content-encoding", "aes128gcm")] {
            assert_eq!(posted.header(name), value, "{name}");
        }
        let topic = posted.header("topic");
        assert!((1..=32).contains(&topic.len()) && !topic.contains(['+', '/', '=']), "{topic}");
        let claims = posted.verified(&setup.key);
        assert_eq!((text(&claims["aud"]), text(&claims["sub"])), (setup.service.base.as_str(), SUBJECT));
        let left = claims["exp"].as_u64().unwrap() - u64::try_from(orderbell::clock::now().seconds()).unwrap();
        assert!(left > 60 && left < 24 * 60 * 60, "{left}: RFC 8292, section 2");
        assert!(!String::from_utf8_lossy(&posted.body).contains(status), "the body is encrypted");
    }
    let other = guest.place(&menu.noted("to take away")).await;
    staff.command(&other["id"], "reject", json!({"reason": "too_busy"})).await.expect(200);
    let told = browser.read(&setup.service.next().await);
    assert_eq!((text(&told["status"]), text(&told["service"])), ("rejected", "takeaway"));
    let third = guest.place(&menu.basket()).await;
    let line = third["items"].as_object().unwrap().keys().next().unwrap();
    let void = json!({"item": line, "reason": "out_of_stock"});
    staff.command(&third["id"], "void_item", void).await.expect(200);
    let told = browser.read(&setup.service.next().await);
    assert_eq!((&told["order"], text(&told["status"])), (&third["id"], "voided"));
    setup.pushes("sent", 5.0).await;
    setup.service.none_came();
    let log = setup.server.log();
    assert!(log.contains("route=/api/v1/push/subscription"), "the control: this is the server's log");
    for secret in ["secret-of-mine", text(&browser.subscription()["keys"]["auth"]), "vapid t="] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn a_push_is_retried_when_the_service_fails_and_an_expired_subscription_is_removed() {
    let mut setup = PushSetup::open().await;
    let (guest, browser) = setup.guest("x").await;
    let (staff, menu) = (setup.server.staff().await, Menu::read(&guest).await);
    let orders = [guest.place(&menu.basket()).await, guest.place(&menu.basket()).await];
    setup.service.answer_next("503 Service Unavailable");
    setup.service.answer_next("429 Too Many Requests\r\nRetry-After: 1");
    staff.act(&orders[0]["id"], "accept").await;
    for _ in 0..3 {
        let posted = setup.service.next().await;
        assert_eq!(browser.read(&posted)["order"], orders[0]["id"], "the same message");
    }
    setup.pushes("sent", 1.0).await;
    setup.service.answer_next("413 Payload Too Large");
    staff.act(&orders[0]["id"], "ready").await;
    setup.service.next().await;
    setup.pushes("failed", 1.0).await;
    // The redirect is not followed: it counts as a failure, and no further message comes.
    setup.service.answer_next("307 Temporary Redirect\r\nLocation: /elsewhere");
    staff.act(&orders[0]["id"], "recall").await;
    staff.act(&orders[0]["id"], "ready").await;
    setup.service.next().await;
    setup.pushes("failed", 2.0).await;
    for (at, gone) in ["410 Gone", "404 Not Found"].into_iter().enumerate() {
        let (guest, _) = setup.guest("gone").await;
        let order = guest.place(&menu.basket()).await;
        setup.service.answer_next(gone);
        staff.act(&order["id"], "accept").await;
        assert_eq!(setup.service.next().await.path, "/send/gone");
        setup.pushes("gone", 1.0 + at as f64).await;
        staff.act(&order["id"], "ready").await;
    }
    // The next message goes only to the remaining phone.
    staff.act(&orders[1]["id"], "accept").await;
    assert_eq!(browser.read(&setup.service.next().await)["order"], orders[1]["id"]);
    setup.service.none_came();
}

#[tokio::test]
async fn an_outdated_notification_is_not_retried() {
    let mut setup = PushSetup::open().await;
    let (guest, browser) = setup.guest("x").await;
    let (staff, order) = (setup.server.staff().await, guest.place(&Menu::read(&guest).await.basket()).await);
    let late = setup.service.hold_next("503 Service Unavailable");
    staff.act(&order["id"], "accept").await;
    assert_eq!(browser.read(&setup.service.next().await)["status"], "accepted");
    staff.act(&order["id"], "ready").await;
    assert_eq!(browser.read(&setup.service.next().await)["status"], "ready");
    late.send(()).unwrap();
    setup.pushes("overtaken", 1.0).await;
    // A muted phone gets no retry either.
    let quiet = setup.service.hold_next("503 Service Unavailable");
    staff.command(&order["id"], "cancel", json!({"reason": "other"})).await.expect(200);
    assert_eq!(browser.read(&setup.service.next().await)["status"], "cancelled");
    assert_eq!(unsubscribe(&guest, &browser.endpoint).await, 204);
    quiet.send(()).unwrap();
    setup.pushes("overtaken", 2.0).await;
    setup.service.none_came();
}

#[tokio::test]
async fn an_allowed_name_is_called_at_its_resolved_address_and_nothing_waits_for_a_hanging_service() {
    let mut setup = PushSetup::open().await;
    let (guest, mut browser) = setup.guest("hangs").await;
    browser.endpoint = browser.endpoint.replace("127.0.0.1", "localhost").replace("hangs", "by-name");
    assert_eq!(guest.put(PATH, &browser.subscription()).await.status, 204);
    let (staff, order) = (setup.server.staff().await, guest.place(&Menu::read(&guest).await.basket()).await);
    let mut screen = guest.screen().await;
    screen.join(&format!("order:{}", text(&order["id"]))).await;
    let never = (setup.service.hold_next("201 Created"), setup.service.hold_next("201 Created"));
    staff.act(&order["id"], "accept").await;
    let paths = [setup.service.next().await.path, setup.service.next().await.path];
    assert!(paths.contains(&"/send/hangs".into()) && paths.contains(&"/send/by-name".into()), "{paths:?}");
    screen.until("the acceptance, while both hang", |frame| frame["event"]["kind"] == "order.accepted").await;
    assert_eq!(staff.act(&order["id"], "start").await["document"]["status"], "preparing");
    drop(never);
    setup.pushes("sent", 2.0).await;
}

#[tokio::test]
async fn a_phone_that_unsubscribes_or_whose_session_ends_gets_no_more_pushes() {
    let mut setup = PushSetup::open().await;
    let ((quiet, muted), (leaves, _), (stays, browser)) =
        (setup.guest("quiet").await, setup.guest("leaves").await, setup.guest("stays").await);
    let (staff, menu) = (setup.server.staff().await, Menu::read(&quiet).await);
    let mut orders = Vec::new();
    for guest in [&quiet, &leaves, &stays] {
        orders.push(guest.place(&menu.basket()).await["id"].clone());
    }
    assert_eq!(unsubscribe(&stays, &muted.endpoint).await, 204, "another guest's subscription is not found");
    assert_eq!((unsubscribe(&quiet, &muted.endpoint).await, unsubscribe(&quiet, &muted.endpoint).await), (204, 204));
    assert_eq!(leaves.delete("/api/v1/sessions/current").await.status, 204);
    for order in &orders {
        staff.act(order, "accept").await;
    }
    assert_eq!(browser.read(&setup.service.next().await)["order"], orders[2]);
    setup.pushes("sent", 1.0).await;
    setup.service.none_came();
}

#[tokio::test]
async fn only_guests_subscribe_and_only_at_push_services_of_the_list() {
    let setup = PushSetup::open().await;
    let (guest, browser) = setup.guest("x").await;
    let order = guest.place(&Menu::read(&guest).await.basket()).await;
    let share = guest.post(&format!("/api/v1/orders/{}/share", text(&order["id"])), &json!({})).await.expect(200);
    let friend = Client::new(&setup.server.base, text(&share["token"]));
    for nobody in [setup.server.staff().await, setup.server.kitchen("hot").await, friend] {
        nobody.put(PATH, &browser.subscription()).await.problem(403, "forbidden");
        assert_eq!(unsubscribe(&nobody, &browser.endpoint).await, 403);
    }
    setup.server.anybody().put(PATH, &browser.subscription()).await.problem(401, "unauthorized");
    let long = format!("https://push.example/{}", "x".repeat(1100));
    for endpoint in [
        "https://evil.example/x",
        "http://push.example/x",
        "https://push.example:6379/x",
        "http://127.0.0.2:6379/x",
        "http://169.254.169.254/latest/meta-data",
        "https://me@push.example/x",
        "file:///etc/passwd",
        "x",
        &long,
    ] {
        let mut subscription = browser.subscription();
        subscription["endpoint"] = endpoint.into();
        guest.put(PATH, &subscription).await.problem(422, "invalid");
    }
    let no_point = format!("BA{}", "A".repeat(85));
    for (pointer, wrong) in [
        ("/keys/p256dh", json!(no_point)),
        ("/keys/p256dh", json!("AAAA")),
        ("/keys/auth", json!("AAAA")),
        ("/keys/auth", Value::Null),
        ("/language", json!("EN us")),
    ] {
        let mut subscription = browser.subscription();
        *subscription.pointer_mut(pointer).unwrap() = wrong;
        guest.put(PATH, &subscription).await.problem(422, "invalid");
    }
    let mut good = browser.subscription();
    good["endpoint"] = "https://push.example/x".into();
    assert_eq!(guest.put(PATH, &good).await.status, 204);
}

#[tokio::test]
async fn a_server_without_a_key_pushes_nothing_and_one_without_a_subject_does_not_start() {
    let server = TestServer::start(&[]).await;
    let guest = server.diner("4").await;
    assert_eq!(server.anybody().get("/api/v1/push/key").await.expect(200), json!({"key": null}), "no key is not an error");
    let browser = Browser::subscribed_at("https://fcm.googleapis.com/x".into());
    guest.put(PATH, &browser.subscription()).await.problem(404, "not_found");
    assert_eq!(unsubscribe(&guest, &browser.endpoint).await, 204, "deleting what does not exist succeeds");
    for (flags, words) in [
        (vec!["--vapid-key", NO_KEY], "--vapid-subject"),
        (vec!["--vapid-key", NO_KEY, "--vapid-subject", SUBJECT], "orderbell vapid"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join(new_id()).display());
        let mut command = support::server::command(folder.path(), &["--database-url".into(), url]);
        let run = command.args(["serve", "--bind", "127.0.0.1:0"]).args(flags).output();
        let output = tokio::time::timeout(Duration::from_secs(20), run).await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(words) && !told.contains(NO_KEY), "{told}");
    }
}
