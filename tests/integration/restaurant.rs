//! A restaurant with a screen that follows the floor.

use serde_json::Value;
use std::time::{Duration, Instant};
use support::{Client, Menu, Screen, TestServer};

pub struct TestRestaurant {
    pub server: TestServer,
    pub staff: Client,
    pub menu: Menu,
    pub floor: Screen,
}

impl TestRestaurant {
    pub async fn open(flags: &[&str]) -> Self {
        let server = TestServer::start(flags).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        let mut floor = staff.screen().await;
        floor.join(&menu.floor()).await;
        Self { server, staff, menu, floor }
    }

    /// Connects a cook's screen and joins its room.
    pub async fn kitchen(&self, cook: &Client) -> Screen {
        let mut screen = cook.screen().await;
        screen.join(&self.menu.kitchen()).await;
        screen
    }

    /// Reads the floor for `span`, and asserts that no event matches.
    pub async fn silence(&mut self, span: Duration, is_of_it: fn(&Value) -> bool) {
        let until = Instant::now() + span;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Some(frame) = self.floor.next_within(left).await {
                let frame = frame.expect("the floor stays open");
                assert!(!is_of_it(&frame), "{frame}");
            }
        }
    }
}
