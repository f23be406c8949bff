//! A browser under test: reads its page and operates it.

use crate::driver::{Driver, Form};
use fantoccini::actions::{InputSource, KeyAction, KeyActions, PointerAction, TouchActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use support::proxy::Proxy;
use support::wait::PATIENCE;

/// The pause between two polls of a condition.
const PACE: Duration = Duration::from_millis(40);
/// The order for which a page asks to learn whether the server answers.
const NO_ORDER: &str = "/api/v1/orders/00000000-0000-7000-8000-000000000000";

/// Replaces WebSocket with one that reaches no server.
const UNREACHED: &str = "window.WebSocket = class extends EventTarget {
      constructor() { super(); setTimeout(() => this.onclose?.(new CloseEvent('close', { code: 1006 }))); }
      send() {}
      close() {}
    }";

/// Scrolls an element to the middle and waits until it stays where it is, as on a page whose fonts are there. Waits for half
/// a second at most, since a network may be cut and some elements always move.
const INTO_SIGHT: &str = "const [element, done] = arguments;
    element.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
    let last = null;
    let looks = 0;
    const look = () => {
      const { x, y } = element.getBoundingClientRect();
      const now = `${x} ${y} ${document.fonts.status}`;
      if ((now === last && document.fonts.status === 'loaded') || (looks += 1) > 25) return done(true);
      last = now;
      setTimeout(look, 20);
    };
    look();";

/// A browser with its own profile and its own network.
pub struct Browser {
    /// Names the browser in messages.
    pub name: &'static str,
    /// The proxy between the browser and the server.
    pub network: Proxy,
    pub client: Client,
    http: reqwest::Client,
    /// The session's URL at chromedriver, for commands outside WebDriver.
    session: String,
    taps: AtomicUsize,
}

impl Browser {
    pub async fn open(name: &'static str, driver: &Driver, form: Form, network: Proxy) -> Self {
        Self::of(name, driver.open(form).await, network).await
    }

    /// Wraps a browser that is already open. `url` is the address of its driver.
    pub async fn of(name: &'static str, (client, url): (Client, String), network: Proxy) -> Self {
        let id = client.session_id().await.unwrap().expect("a new session has an id");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let session = format!("{url}/session/{id}");
        Self { name, network, client, http, session, taps: AtomicUsize::new(0) }
    }

    pub async fn goto(&self, path: &str) {
        self.client.goto(&format!("http://{}{path}", self.network.address())).await.unwrap();
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// Returns the path and fragment of the page.
    pub async fn at(&self) -> String {
        self.ask("return location.pathname + location.hash", vec![]).await.as_str().unwrap().to_owned()
    }

    /// Runs a script and returns its result.
    pub async fn ask(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{}: {script}: {error}", self.name))
    }

    /// Waits until a script returns something other than null or false, and returns that. On timeout, panics with the text
    /// of the page.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        self.within(PATIENCE, what, script, arguments).await
    }

    /// Waits as [`Self::until`] does, with a given deadline.
    pub async fn within(&self, time: Duration, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let begun = Instant::now();
        loop {
            // A page that is navigating cannot answer: try again.
            let answer = self.client.execute(script, arguments.clone()).await;
            if let Ok(answer) = &answer
                && !matches!(answer, Value::Null | Value::Bool(false))
            {
                return answer.clone();
            }
            if begun.elapsed() > time {
                let page = self.client.execute("return document.body?.innerText", vec![]).await;
                panic!("{}: {what}: not within {time:?}: {answer:?}; the page says: {page:?}", self.name);
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Waits until an asynchronous script reports true to its callback.
    pub async fn until_told(&self, what: &str, script: &str) {
        support::eventually(&format!("{}: {what}", self.name), PATIENCE, || async {
            let told = self.client.execute_async(script, vec![]).await;
            matches!(told, Ok(Value::Bool(true))).then_some(())
        })
        .await;
    }

    /// Waits until an element that matches the selector is visible.
    pub async fn sees(&self, selector: &str) {
        self.until(selector, "return document.querySelector(arguments[0])?.checkVisibility()", vec![selector.into()]).await;
    }

    /// Waits for a connection state.
    pub async fn is(&self, connection: &str) {
        let script = "return document.documentElement.dataset.connection === arguments[0]";
        self.until(&format!("to be {connection}"), script, vec![connection.into()]).await;
    }

    /// Taps the matching element, once it is present, enabled and not covered.
    pub async fn tap(&self, selector: &str) {
        let begun = Instant::now();
        loop {
            match self.press(selector).await {
                Ok(()) => break,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{}: tap {selector}: {error}", self.name),
            }
            tokio::time::sleep(PACE).await;
        }
        self.taps.fetch_add(1, Relaxed);
    }

    /// Clicks the matching element. WebDriver scrolls just far enough to bring it into the window, where a bar may cover
    /// it. People scroll further and wait until the page is still, and so does this: a click on what moves may hit what
    /// is beside it.
    async fn press(&self, selector: &str) -> Result<(), CmdError> {
        let element = self.element(selector).await?;
        self.client.execute_async(INTO_SIGHT, vec![serde_json::to_value(&element)?]).await?;
        element.click().await
    }

    async fn element(&self, selector: &str) -> Result<Element, CmdError> {
        self.client.find(Locator::Css(&format!("{selector}:not(:disabled)"))).await
    }

    /// Taps twice in one place, as fast as an unsteady finger.
    pub async fn double_tap(&self, selector: &str) {
        self.tap_twice(selector, Duration::from_millis(30)).await;
    }

    /// Taps twice in one place, with a pause between the taps.
    pub async fn tap_twice(&self, selector: &str, apart: Duration) {
        self.sees(selector).await;
        let element = self.element(selector).await.unwrap();
        let (down, up) = (|| PointerAction::Down { button: 0 }, || PointerAction::Up { button: 0 });
        let place = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let finger = TouchActions::new("finger".into()).then(place);
        let finger = finger.then(down()).then(up()).pause(apart).then(down()).then(up());
        self.client.perform_actions(finger).await.unwrap();
        self.taps.fetch_add(2, Relaxed);
    }

    /// Returns the number of taps so far.
    pub fn taps(&self) -> usize {
        self.taps.load(Relaxed)
    }

    /// Types into a field.
    pub async fn write(&self, selector: &str, text: &str) {
        self.sees(selector).await;
        self.element(selector).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Marks the loaded page, for [`Self::was_not_reloaded`].
    pub async fn mark(&self) {
        self.ask("window.marked = true", vec![]).await;
    }

    /// Asserts that the marked page is still loaded.
    pub async fn was_not_reloaded(&self) {
        assert_eq!(self.ask("return window.marked", vec![]).await, true, "{}: the page was reloaded", self.name);
    }

    /// Asserts that the console has no error since the last call. A page whose touch takes long asks for an order that no server
    /// has, to learn whether the server answers.
    pub async fn has_no_complaint(&self) {
        let lines = self.log("browser").await;
        let is_probe = |line: &Value| line["message"].as_str().is_some_and(|message| message.contains(NO_ORDER));
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "SEVERE" && !is_probe(line)).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", self.name);
    }

    /// Presses a key on the focused element.
    pub async fn strike(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keys".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Types a text into the focused element.
    pub async fn type_in(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Returns the lines of a log since the last call: `browser` is the console, `performance` the DevTools events.
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        self.extension("se/log", json!({"type": kind})).await.as_array().unwrap().clone()
    }

    /// Sends a DevTools command.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.extension("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Makes every WebSocket of later pages fail, and removes the rooms that earlier pages stored.
    pub async fn reaches_nothing(&self) {
        let origin = self.ask("return location.origin", vec![]).await;
        self.devtools("Storage.clearDataForOrigin", json!({"origin": origin, "storageTypes": "indexeddb"})).await;
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({"urls": ["*/api/*"]})).await;
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": UNREACHED})).await;
    }

    async fn extension(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}/{path}", self.session)).json(&body).send().await.unwrap();
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{}: {path}: {body}", self.name);
        body["value"].clone()
    }
}
