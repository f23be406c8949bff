//! Notifications on a guest's phone: enabled with a tap, registered at the server, encrypted for the phone, shown in the
//! guest's language. Headless Chromium reaches no push service, so the page gets a subscription made by the test; the test
//! decrypts what is sent there and hands it to the worker as the browser would.

use crate::browser::Browser;
use crate::restaurant::TestRestaurant;
use orderbell::push::vapid::VapidKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;
use support::push_service::{self, PushService};
use support::{PATIENCE, client::text, eventually};

/// Replaces the page's push manager, and records what the page does with it.
const STUB: &str = "let kept = null;
    window.did = { asked: 0, keys: [], ended: 0 };
    const ask = Notification.requestPermission;
    Notification.requestPermission = () => { did.asked += 1; return ask.call(Notification); };
    const toJSON = () => (SUBSCRIPTION);
    PushManager.prototype.subscribe = async ({ applicationServerKey: key }) => {
      did.keys.push(key);
      return kept ??= { toJSON, unsubscribe: async () => { kept = null; did.ended += 1; } };
    };
    PushManager.prototype.getSubscription = async () => kept;";
/// Returns the titles of the notifications that the worker shows.
const TOLD: &str = "const done = arguments[arguments.length - 1];
    navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
      .then((told) => done(told.map(({ title }) => title).sort()), () => done([]))";
const SWITCH: &str = ".tell [data-do='tell-me']";
/// Returns the text of the switch, once it is settled in the wanted state and language.
const SWITCHED: &str = "const [tell, { on, language }] = [document.querySelector('.tell'), arguments[0]];
    return document.documentElement.lang === language && tell?.classList.contains('tell--on') === on
      && tell.querySelector('[data-do]:not([aria-busy])') && tell.innerText.trim()";
/// Longer than a notification takes to appear.
const SHOWING: Duration = Duration::from_millis(300);
const SENT: &str = "orderbell_pushes_total{fate=\"sent\"}";

/// Starts a restaurant that sends notifications.
async fn open(key: &VapidKey) -> TestRestaurant {
    let (key, subject) = (key.secret(), "mailto:ops@example.com");
    let flags = ["--vapid-key", key.expose_secret(), "--vapid-subject", subject, "--push-hosts", "127.0.0.1"];
    TestRestaurant::open(1, &flags).await
}

impl Browser {
    fn origin(&self) -> String {
        format!("http://{}", self.network.address())
    }

    /// Grants the notification permission to the page and its worker, which then accepts what is delivered to it.
    async fn allow(&self) {
        let permissions = json!({"origin": self.origin(), "permissions": ["notifications"]});
        self.devtools("Browser.grantPermissions", permissions).await;
        self.devtools("ServiceWorker.enable", json!({})).await;
    }

    async fn permit(&self, setting: &str) {
        let permission = json!({"origin": self.origin(), "permission": {"name": "notifications"}, "setting": setting});
        self.devtools("Browser.setPermission", permission).await;
    }

    /// Runs a script before the scripts of each page.
    async fn begin_with(&self, source: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
    }

    /// Places an order and opens its page.
    async fn order_and_follow(&self, restaurant: &TestRestaurant) -> String {
        self.add(restaurant.menu.dish("Firni")).await;
        self.place().await;
        let order = self.only_order().await;
        self.goto(&format!("/orders/{order}")).await;
        self.is("live").await;
        order
    }

    async fn switched(&self, on: bool, language: &str) -> Value {
        self.until("notifications switched", SWITCHED, vec![json!({"on": on, "language": language})]).await
    }

    /// Delivers a push message to the worker and waits until its notification is shown. Chromium can lose a notification that
    /// is queried while it appears, so this waits before each query, and delivers a missing one again. Both have the same
    /// tag, so they are one notification.
    async fn deliver(&self, data: &Value, titles: Value) {
        // A new profile numbers its registrations from 0, and this is its only one.
        let message = json!({"origin": self.origin(), "registrationId": "0", "data": data.to_string()});
        eventually(&format!("{titles}"), PATIENCE, || async {
            self.devtools("ServiceWorker.deliverPushMessage", message.clone()).await;
            tokio::time::sleep(SHOWING).await;
            (self.client.execute_async(TOLD, vec![]).await.ok()? == titles).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn pushes_come_in_the_guests_language_until_they_are_switched_off() {
    let (mut service, key) = (PushService::start().await, VapidKey::random());
    let subscribed = push_service::Browser::subscribed_at(format!("{}/send/phone", service.base));
    let (restaurant, subscription) = (open(&key).await, subscribed.subscription());
    let phone = restaurant.phone(5).await;
    phone.allow().await;
    let given = json!({"endpoint": subscription["endpoint"], "expirationTime": null, "keys": subscription["keys"]});
    phone.begin_with(&STUB.replace("SUBSCRIPTION", &given.to_string())).await;
    let order = phone.order_and_follow(&restaurant).await;

    phone.switched(false, "en").await;
    assert_eq!(phone.ask("return did", vec![]).await, json!({"asked": 0, "keys": [], "ended": 0}), "nothing before a tap");
    phone.tap(SWITCH).await;
    phone.switched(true, "en").await;
    assert_eq!(phone.ask("return did", vec![]).await, json!({"asked": 1, "keys": [key.public_key()], "ended": 0}));
    let focus = "return document.activeElement.matches(arguments[0])";
    assert_eq!(phone.ask(focus, vec![SWITCH.into()]).await, true, "the focus stays on the control");

    phone.reload().await;
    phone.switched(true, "en").await;
    assert_eq!(phone.ask("return did.asked", vec![]).await, 0, "remembered without asking again");
    phone.tap("[data-language='bn']").await;
    phone.switched(true, "bn").await;
    phone.inspect("notifications-on").await;

    let accepted = restaurant.staff.act(&order.as_str().into(), "accept").await["document"].clone();
    let posted = service.next().await;
    posted.verified(&key.public_key());
    let told = subscribed.read(&posted);
    let (number, ticket, promised) = (&accepted["number"], &accepted["ticket"], &accepted["promised_at"]);
    let expected = json!({"order": order, "number": number, "ticket": ticket, "status": "accepted", "promised_at": promised, "language": "bn"});
    assert_eq!(told, expected);
    phone.deliver(&told, json!(["অর্ডার A১ নেওয়া হয়েছে"])).await;

    phone.tap(SWITCH).await;
    phone.switched(false, "bn").await;
    assert_eq!(phone.ask("return did.ended", vec![]).await, 1);
    restaurant.staff.act(&order.as_str().into(), "ready").await;
    phone.shows(&order, "ready").await;
    assert_eq!(restaurant.server.metric(SENT).await, 1.0);
    service.none_came();
    phone.has_no_complaint().await;
}

/// Pushes arrive while no page of the order is open: the worker shows what happened, in the guest's language.
#[tokio::test]
async fn a_push_becomes_a_notification_and_a_later_one_replaces_it() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let phone = restaurant.phone(5).await;
    phone.until_told("the worker", crate::guest::KEPT).await;
    phone.allow().await;
    for (number, status, language, titles) in [
        (41, "accepted", "en", json!(["Order 41 is accepted"])),
        (41, "ready", "en", json!(["Order 41 is ready"])),
        (42, "ready", "bn", json!(["Order 41 is ready", "অর্ডার ৪২ তৈরি"])),
        (42, "cancelled", "bn", json!(["Order 41 is ready", "অর্ডার ৪২ বাতিল হয়েছে"])),
        (42, "voided", "bn", json!(["Order 41 is ready", "অর্ডার ৪২: কিছু বাদ দেওয়া হয়েছে"])),
        (42, "voided", "en", json!(["Order 41 is ready", "Order 42: something was taken off"])),
        (42, "of tomorrow", "en", json!(["Order 41 is ready", "Your order has changed"])),
    ] {
        let push = json!({"order": format!("order-{number}"), "number": number, "status": status, "language": language});
        phone.deliver(&push, titles).await;
    }
}

/// Without support by the server or the browser, or without the guest's permission, the page offers no switch and says what
/// to do instead.
#[tokio::test]
async fn a_guest_without_notifications_reads_why() {
    let restaurant = open(&VapidKey::random()).await;
    let phone = restaurant.phone(5).await;
    phone.permit("prompt").await;
    phone.order_and_follow(&restaurant).await;
    phone.switched(false, "en").await;
    phone.inspect("notifications-off").await;

    phone.permit("denied").await;
    phone.reload().await;
    let note = "return document.documentElement.lang === arguments[0] && document.querySelector('.tell--note')?.innerText";
    let blocked = phone.until("why: blocked", note, vec!["en".into()]).await;
    phone.begin_with("delete window.PushManager").await;
    phone.reload().await;
    let unsupported = phone.until("why: no notifications", note, vec!["en".into()]).await;
    phone.begin_with("navigator.standalone = false").await;
    phone.reload().await;
    let install = phone.until("why: not installed", note, vec!["en".into()]).await;
    assert!(text(&install).contains("Home Screen") && blocked != unsupported && unsupported != install);
    phone.tap("[data-language='bn']").await;
    phone.until("why, in Bengali", note, vec!["bn".into()]).await;
    phone.inspect("notifications-install").await;
    phone.has_no_complaint().await;
}
