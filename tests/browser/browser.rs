//! One browser: what is seen in it, and what is touched.

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

/// Between two looks.
const PACE: Duration = Duration::from_millis(40);

/// WebSockets of a page that reaches no server.
const UNREACHED: &str = "window.WebSocket = class extends EventTarget {
      constructor() { super(); setTimeout(() => this.onclose?.(new CloseEvent('close', { code: 1006 }))); }
      send() {}
      close() {}
    }";

/// A browser of its own, behind a network of its own.
pub struct Browser {
    /// Who is looking, for messages.
    pub name: &'static str,
    /// What lies between it and the server.
    pub network: Proxy,
    pub client: Client,
    http: reqwest::Client,
    /// Where chromedriver takes what WebDriver does not know.
    session: String,
    taps: AtomicUsize,
}

impl Browser {
    pub async fn open(name: &'static str, driver: &Driver, form: Form, network: Proxy) -> Self {
        Self::of(name, driver.open(form).await, network).await
    }

    /// One that was opened already, with the address of its driver.
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

    /// The path and the fragment it is at.
    pub async fn at(&self) -> String {
        self.ask("return location.pathname + location.hash", vec![]).await.as_str().unwrap().to_owned()
    }

    /// The answer of a script.
    pub async fn ask(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{}: {script}: {error}", self.name))
    }

    /// Waits until a script answers with something, and gives it; fails with what is on the page.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        self.within(PATIENCE, what, script, arguments).await
    }

    /// As [`Self::until`], within a time.
    pub async fn within(&self, time: Duration, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let begun = Instant::now();
        loop {
            // A page on its way to another has no answer: that is not yet, as well.
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

    /// Waits until a script that answers by a callback answers with true.
    pub async fn until_told(&self, what: &str, script: &str) {
        support::eventually(&format!("{}: {what}", self.name), PATIENCE, || async {
            let told = self.client.execute_async(script, vec![]).await;
            matches!(told, Ok(Value::Bool(true))).then_some(())
        })
        .await;
    }

    /// Waits until something that fits a selector can be seen.
    pub async fn sees(&self, selector: &str) {
        self.until(selector, "return document.querySelector(arguments[0])?.checkVisibility()", vec![selector.into()]).await;
    }

    /// Waits for a state of the link.
    pub async fn is(&self, connection: &str) {
        let script = "return document.documentElement.dataset.connection === arguments[0]";
        self.until(&format!("to be {connection}"), script, vec![connection.into()]).await;
    }

    /// Touches what fits a selector, once it is there, enabled and covered by nothing.
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

    /// A click scrolls to what it wants just so far that it is in the window, and a bar may stand there; people scroll on.
    async fn press(&self, selector: &str) -> Result<(), CmdError> {
        let element = self.element(selector).await?;
        let script = "arguments[0].scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'})";
        self.client.execute(script, vec![serde_json::to_value(&element)?]).await?;
        element.click().await
    }

    async fn element(&self, selector: &str) -> Result<Element, CmdError> {
        self.client.find(Locator::Css(&format!("{selector}:not(:disabled)"))).await
    }

    /// Touches twice in one place, as fast as a finger can tremble.
    pub async fn double_tap(&self, selector: &str) {
        self.tap_twice(selector, Duration::from_millis(30)).await;
    }

    /// Touches twice in one place, so long after each other.
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

    /// How often it was touched so far.
    pub fn taps(&self) -> usize {
        self.taps.load(Relaxed)
    }

    /// Writes into a field.
    pub async fn write(&self, selector: &str, text: &str) {
        self.sees(selector).await;
        self.element(selector).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Remembers the page as it is, for [`Self::was_not_reloaded`].
    pub async fn mark(&self) {
        self.ask("window.marked = true", vec![]).await;
    }

    /// Holds that the page is the one that was marked.
    pub async fn was_not_reloaded(&self) {
        assert_eq!(self.ask("return window.marked", vec![]).await, true, "{}: the page was loaded anew", self.name);
    }

    /// Holds that the page has written no error to its console since the last look.
    pub async fn has_no_complaint(&self) {
        let lines = self.log("browser").await;
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "SEVERE").collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", self.name);
    }

    /// Presses a key, on whatever has the focus.
    pub async fn strike(&self, key: impl Into<char>) {
        let value = key.into();
        let keys = KeyActions::new("keys".into()).then(KeyAction::Down { value }).then(KeyAction::Up { value });
        self.client.perform_actions(keys).await.unwrap();
    }

    /// Types a text into what has the focus.
    pub async fn type_in(&self, text: &str) {
        self.client.active_element().await.unwrap().send_keys(text).await.unwrap();
    }

    /// Lines of a log since the last look: `browser` (the console), `performance` (events of the DevTools).
    pub async fn log(&self, kind: &str) -> Vec<Value> {
        self.extension("se/log", json!({"type": kind})).await.as_array().unwrap().clone()
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.extension("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// Makes every connection of later pages fail, and removes what earlier ones kept of their rooms.
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
