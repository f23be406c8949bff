//! Webhooks, from the commit to the receiver, with a real receiver on loopback.

use serde_json::{Value, json};
use support::client::{Answer, text};
use support::push_service::{Posted, PushService};
use support::{Client, Menu, PATIENCE, TestServer, eventually};

const BASE: &str = "/api/v1/restaurants/demo/webhooks";

struct Setup {
    server: TestServer,
    receiver: PushService,
    manager: Client,
    staff: Client,
    menu: Menu,
    /// The last position that the receiver has.
    cursor: u64,
}

impl Setup {
    async fn open() -> Self {
        let server = TestServer::start(&["--webhook-internal-hosts", "127.0.0.1", "--log", "trace"]).await;
        let (receiver, manager, staff) = (PushService::start().await, server.manager().await, server.staff().await);
        let menu = Menu::read(&manager).await;
        Self { server, receiver, manager, staff, menu, cursor: 0 }
    }

    /// Adds a webhook. Its receiver has everything up to now.
    async fn add(&mut self) -> Value {
        let url = format!("{}/hook?key=zzyzx-of-nobody", self.receiver.base);
        let added = self.manager.post(BASE, &json!({"url": url})).await.expect(201);
        self.cursor = added["head"].as_u64().unwrap();
        assert_eq!((&added["position"], text(&added["state"])), (&added["head"], "active"));
        added
    }

    async fn post(&self, webhook: &Value, action: &str, body: Value) -> Answer {
        self.manager.post(&format!("{BASE}/{}/{action}", text(&webhook["id"])), &body).await
    }

    async fn read(&self, webhook: &Value) -> Value {
        self.manager.get(&format!("{BASE}/{}", text(&webhook["id"]))).await.expect(200)
    }

    async fn order(&self) -> Value {
        self.staff.place(&self.menu.basket()).await["id"].clone()
    }

    /// Waits until the webhook shows something.
    async fn until(&self, webhook: &Value, what: &str, shows: impl Fn(&Value) -> bool) -> Value {
        let reads = || async { Some(self.read(webhook).await).filter(|read| shows(read)) };
        eventually(what, PATIENCE, reads).await
    }

    /// Takes messages until the receiver has everything, and returns the orders and kinds of their events.
    async fn catch_up(&mut self, webhook: &Value) -> Vec<(Value, String)> {
        let head = self.read(webhook).await["head"].as_u64().unwrap();
        let mut events = Vec::new();
        while self.cursor < head {
            let posted = self.receiver.next().await;
            events.extend(self.take(&posted, text(&webhook["secret"])));
        }
        events
    }

    /// Takes a message as the documentation says.
    fn take(&mut self, posted: &Posted, secret: &str) -> Vec<(Value, String)> {
        let message = posted.of_webhook(secret);
        assert_eq!((text(&message["type"]), posted.path.starts_with("/hook?")), ("events", true));
        let data = &message["data"];
        if data["through"].as_u64().unwrap() <= self.cursor {
            return Vec::new();
        }
        assert_eq!(data["after"], self.cursor, "no gap");
        let mut events = Vec::new();
        for each in data["events"].as_array().unwrap() {
            self.cursor += 1;
            assert_eq!(each["position"], self.cursor);
            events.push((each["event"]["order"].clone(), text(&each["event"]["kind"]).to_owned()));
        }
        assert_eq!(data["through"], self.cursor);
        events
    }
}

fn has(events: &[(Value, String)], order: &Value, kind: &str) -> bool {
    events.iter().any(|(of, what)| of == order && what == kind)
}

#[tokio::test]
async fn a_receiver_gets_all_events_in_order_signed_and_again_after_failures() {
    let mut setup = Setup::open().await;
    let webhook = setup.add().await;
    assert!(text(&webhook["secret"]).starts_with("whsec_") && text(&webhook["public_key"]).starts_with("whpk_"));
    assert!(setup.read(&webhook).await.get("secret").is_none(), "the secret is shown once");
    let order = setup.order().await;
    setup.staff.act(&order, "accept").await;
    let events = setup.catch_up(&webhook).await;
    assert!(has(&events, &order, "order.placed") && has(&events, &order, "order.accepted"), "{events:?}");
    let read = setup.until(&webhook, "all to be recorded", |read| read["position"] == read["head"]).await;
    assert!(read["delivered_at"].is_string() && read["attempts"] == 0);

    for failure in ["503 Service Unavailable", "307 Temporary Redirect\r\nLocation: /elsewhere"] {
        setup.receiver.answer_next(failure);
        let order = setup.order().await;
        let first = setup.receiver.next().await;
        let again = setup.receiver.next().await;
        assert_eq!(again.header("webhook-id"), first.header("webhook-id"), "{failure}");
        assert_eq!((&again.body, &again.path), (&first.body, &first.path), "the same message, at the same address");
        let mut events = setup.take(&again, text(&webhook["secret"]));
        events.extend(setup.catch_up(&webhook).await);
        assert!(has(&events, &order, "order.placed"), "{events:?}");
    }

    let renewed = setup.post(&webhook, "secret", json!({})).await.expect(200);
    assert_ne!(renewed["secret"], webhook["secret"]);
    setup.order().await;
    let posted = setup.receiver.next().await;
    posted.of_webhook(text(&webhook["secret"]));
    posted.of_webhook(text(&renewed["secret"]));
    let delivered = "orderbell_webhook_messages_total{outcome=\"delivered\"}";
    assert!(setup.server.metric(delivered).await >= 3.0);
    assert_eq!(setup.server.metric("orderbell_webhook_messages_total{outcome=\"redirected\"}").await, 1.0);
    let log = setup.server.log();
    assert!(log.contains("webhook added"), "the control: this is the server's log");
    for secret in ["zzyzx-of-nobody", text(&webhook["secret"]), text(&renewed["secret"])] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
}

#[tokio::test]
async fn a_webhook_can_be_paused_resumed_and_replayed_and_ends_with_410() {
    let mut setup = Setup::open().await;
    let webhook = setup.add().await;
    assert_eq!(setup.post(&webhook, "pause", json!({})).await.expect(200)["state"], "paused");
    let orders = [setup.order().await, setup.order().await];
    // A search comes every second, and this one begins after the orders.
    let pinged = setup.post(&webhook, "ping", json!({})).await.expect(200);
    assert_eq!(pinged, json!({"delivered": true}));
    let ping = setup.receiver.next().await.of_webhook(text(&webhook["secret"]));
    assert_eq!((text(&ping["type"]), &ping["data"]["webhook"]), ("ping", &webhook["id"]));
    setup.receiver.none_came();
    let began = setup.cursor;
    assert_eq!(setup.read(&webhook).await["position"], began, "it stays at its position");
    setup.post(&webhook, "resume", json!({})).await.expect(200);
    let events = setup.catch_up(&webhook).await;
    assert!(orders.iter().all(|order| has(&events, order, "order.placed")), "{events:?}");
    setup.until(&webhook, "all to be recorded", |read| read["position"] == read["head"]).await;

    for replay in [json!({"after": began}), json!({"from": webhook["created_at"]})] {
        setup.post(&webhook, "replay", replay.clone()).await.expect(200);
        let posted = setup.receiver.next().await;
        let after = posted.of_webhook(text(&webhook["secret"]))["data"]["after"].as_u64().unwrap();
        assert!(after <= began, "{replay}");
        setup.cursor = after;
        let mut events = setup.take(&posted, text(&webhook["secret"]));
        events.extend(setup.catch_up(&webhook).await);
        assert!(has(&events, &orders[0], "order.placed"), "{replay}");
        setup.until(&webhook, "all to be recorded", |read| read["position"] == read["head"]).await;
    }
    for wrong in [
        json!({}),
        json!({"after": 0, "from": webhook["created_at"]}),
        json!({"after": 1_000_000}),
        json!({"from": "2999-01-01T00:00:00Z"}),
    ] {
        setup.post(&webhook, "replay", wrong).await.problem(422, "invalid");
    }

    setup.receiver.answer_next("410 Gone");
    let order = setup.order().await;
    setup.receiver.next().await;
    let gone = setup.until(&webhook, "the end", |read| read["state"] == "gone").await;
    assert_eq!((&gone["position"], &gone["fault"]), (&json!(setup.cursor), &json!({"code": "refused", "status": 410})));
    setup.post(&webhook, "resume", json!({})).await.expect(200);
    assert!(has(&setup.catch_up(&webhook).await, &order, "order.placed"), "nothing was skipped");
}

#[tokio::test]
async fn only_a_manager_adds_few_webhooks_at_public_addresses() {
    let mut setup = Setup::open().await;
    for forbidden in [
        "http://pos.example/hook",
        "https://pos.example:8443/hook",
        "https://user@pos.example/hook",
        "https://localhost/hook",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "http://127.0.0.2/hook",
        "https://metadata.google.internal/",
        "ftp://pos.example/",
        &format!("https://pos.example/{}", "x".repeat(1100)),
    ] {
        setup.manager.post(BASE, &json!({"url": forbidden})).await.problem(422, "invalid");
    }
    let url = json!({"url": "https://pos.example/hook"});
    setup.staff.post(BASE, &url).await.problem(403, "forbidden");
    setup.staff.get(BASE).await.problem(403, "forbidden");
    let webhook = setup.add().await;
    for _ in 1..5 {
        setup.manager.post(BASE, &url).await.expect(201);
    }
    setup.manager.post(BASE, &url).await.problem(409, "conflict");
    let listed = setup.manager.get(BASE).await.expect(200);
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 5);
    assert!(!listed.to_string().contains("whsec_"));
    let address = format!("{BASE}/{}", text(&webhook["id"]));
    assert_eq!(setup.manager.delete(&address).await.status, 204);
    setup.manager.get(&address).await.problem(404, "not_found");
    setup.order().await;
    let audit = setup.manager.get("/api/v1/restaurants/demo/audit?kind=keys").await.expect(200).to_string();
    assert!(audit.contains("add_webhook") && audit.contains("remove_webhook") && !audit.contains("zzyzx"), "{audit}");
}
