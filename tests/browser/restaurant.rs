//! A restaurant: a server, and browsers at its tables, in its kitchen and on its floor.

use crate::browser::Browser;
use crate::driver::{Driver, Engine, Form};
use crate::hooks::Shown;
use serde_json::Value;
use support::client::text;
use support::proxy::Proxy;
use support::{Client, Menu, TestServer};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most browsers open at a time. With more, a small machine spends its time on starting them.
const SEATS: u32 = 4;
static FREE: Semaphore = Semaphore::const_new(SEATS as usize);

/// The server of one test, with its browsers.
pub struct TestRestaurant {
    pub server: TestServer,
    pub driver: Driver,
    pub menu: Menu,
    /// A client of the staff over plain HTTP: reads the state that pages must show.
    pub staff: Client,
    _seats: SemaphorePermit<'static>,
}

impl TestRestaurant {
    /// Waits until the given number of browsers may be opened, and starts the server with flags.
    pub async fn open(browsers: u32, flags: &[&str]) -> Self {
        Self::open_in(Engine::Chromium, browsers, flags).await
    }

    /// Opens a restaurant as [`Self::open`] does, with browsers of an engine.
    pub async fn open_in(engine: Engine, browsers: u32, flags: &[&str]) -> Self {
        let seats = FREE.acquire_many(browsers).await.unwrap();
        let (server, driver) = tokio::join!(TestServer::start(flags), Driver::start(engine));
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        Self { server, driver, menu, staff, _seats: seats }
    }

    /// Opens a browser with an empty page.
    pub async fn browser(&self, name: &'static str, form: Form) -> Browser {
        let proxy = Proxy::before(self.server.authority().parse().unwrap()).await;
        Browser::open(name, &self.driver, form, proxy).await
    }

    /// Opens a browser with an empty page and all cookies blocked: it stores nothing.
    pub async fn cookieless(&self, name: &'static str, form: Form) -> Browser {
        let proxy = Proxy::before(self.server.authority().parse().unwrap()).await;
        Browser::of(name, self.driver.open_cookieless(form).await, proxy).await
    }

    /// Opens a guest's phone that has just scanned a table's code.
    pub async fn phone(&self, table: u32) -> Browser {
        let phone = self.browser("the phone", Form::Phone).await;
        phone.goto(&format!("/t/demo-table-{table}")).await;
        phone.is("live").await;
        phone
    }

    /// Opens a kitchen screen with a token. Without a station it shows all of them.
    pub async fn kitchen(&self, name: &'static str, station: Option<&str>) -> Browser {
        let screen = self.browser(name, Form::Wall).await;
        screen.goto(&format!("/kitchen#token={}", self.kitchen_token(station, "1h").await)).await;
        screen.is("live").await;
        assert_eq!(screen.at().await, "/kitchen", "{name}: the token is taken out of the address");
        screen
    }

    pub async fn kitchen_token(&self, station: Option<&str>, life: &str) -> String {
        let mut arguments = vec!["token", "--restaurant", "demo", "--role", "kitchen", "--expires", life];
        arguments.extend(station.iter().flat_map(|station| ["--station", station]));
        self.server.tool(&arguments).await
    }

    /// Opens the floor, with a waiter signed in.
    pub async fn floor(&self) -> Browser {
        let floor = self.browser("the floor", Form::Wall).await;
        floor.goto("/staff").await;
        sign_in(&floor, "staff").await;
        floor
    }

    /// Opens a phone, the kitchen screens of the hot line and of the expo, and the floor's page.
    pub async fn four_pages(&self) -> (Browser, Browser, Browser, Browser) {
        tokio::join!(self.phone(7), self.kitchen("the hot line", Some("hot")), self.kitchen("the expo", None), self.floor())
    }

    /// Returns an order from the server.
    pub async fn order(&self, id: &str) -> Value {
        self.staff.order(&id.into()).await
    }

    /// Returns the id of an order's item by its dish.
    pub async fn item(&self, order: &str, dish: &str) -> String {
        let document = self.order(order).await;
        let mut items = document["items"].as_object().unwrap().iter();
        items.find(|(_, item)| item["name"] == dish).unwrap_or_else(|| panic!("no {dish} in {document}")).0.clone()
    }

    /// Returns all orders of the restaurant.
    pub async fn orders(&self) -> Vec<Value> {
        let page = self.staff.get("/api/v1/restaurants/demo/orders?status=all&limit=100").await.expect(200);
        page["orders"].as_array().unwrap().clone()
    }

    /// Waits until each screen shows the server's state of an order, or of the part that the screen shows.
    pub async fn agree(&self, order: &str, screens: &[&Browser]) {
        for screen in screens {
            support::eventually(&format!("{}: {order} as on the server", screen.name), support::PATIENCE, || async {
                (self.truth_of(order, &screen.shown(order).await).await).then_some(())
            })
            .await;
        }
    }

    async fn truth_of(&self, order: &str, shown: &Shown) -> bool {
        let document = self.order(order).await;
        shown.status == text(&document["status"])
            && shown.items.iter().all(|(id, status)| document["items"][id]["status"] == *status)
    }

    /// Kills the server.
    pub async fn kill(&mut self) {
        self.server.kill().await;
    }

    /// Restarts the server on the same database, behind the same addresses.
    pub async fn restart(&mut self, screens: &[&Browser]) {
        self.server.restart().await;
        self.staff = self.staff.at(&self.server.base);
        for screen in screens {
            screen.network.aim(self.server.authority().parse().unwrap());
        }
    }
}

/// Fills in the sign-in form for a person of the demo; the restaurant is already filled in.
pub async fn sign_in(floor: &Browser, person: &str) {
    is_filled_in(floor).await;
    floor.write("[name=username]", person).await;
    floor.write("[name=password]", &format!("{person}-demo")).await;
    floor.tap("#sign-in-form [type=submit]").await;
    floor.is("live").await;
}

/// Waits until the form is there with the demo's restaurant.
pub async fn is_filled_in(floor: &Browser) {
    let filled = "return document.querySelector('[name=restaurant]')?.value === 'demo'";
    floor.until("the restaurant filled in", filled, vec![]).await;
}
