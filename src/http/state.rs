//! The state that all handlers share.

use super::encoded::EncodedMenus;
use super::problem::Problem;
use super::public_url::PublicUrl;
use super::rate_limit::Limits;
use crate::auth::management::Management;
use crate::auth::session::Sessions;
use crate::connection::Node;
use crate::demo::{Person, SLUG};
use crate::domain::model::principal::Role;
use crate::domain::values::text::Key;
use crate::pictures::Workshop;
use crate::push::Push;
use crate::webhooks::sender::Sender;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// A node, and the parts that only HTTP uses. Made once in `startup`, and shared by all workers.
#[derive(Clone)]
pub struct State {
    /// The parts that live connections use, too.
    pub node: Arc<Node>,
    /// Begins, renews and ends sessions. `None` on a realtime node, which signs nothing.
    pub sessions: Option<Sessions>,
    /// Decides who may sign in.
    pub management: Management,
    /// Rate limits of addresses, sessions and tables.
    pub limits: Arc<Limits>,
    /// The most bytes of a body. An order of a hundred lines with notes must fit.
    pub body_bytes: usize,
    /// Encoded menus.
    pub menus: Arc<EncodedMenus>,
    /// Makes the files of uploaded pictures.
    pub workshop: Workshop,
    /// Limits the uploads of pictures that run at the same time.
    pub uploads: Arc<Semaphore>,
    /// The address for guests.
    pub base: PublicUrl,
    /// The demonstration that the landing page shows, if there is one.
    pub demo: Option<Arc<Demo>>,
    /// Whether `/metrics` has an address of its own.
    pub has_metrics_address: bool,
    /// The settings of push messages; `None` without a VAPID key.
    pub push: Option<Arc<Push>>,
    /// Sends messages to webhooks.
    pub webhooks: Arc<Sender>,
    /// Limits the tests of webhooks that run at the same time.
    pub pings: Arc<Semaphore>,
    /// Whether Redis is healthy. Not set on a node without Redis.
    pub redis: Arc<OnceLock<Probe>>,
}

impl State {
    /// Begins, renews and ends sessions.
    ///
    /// # Errors
    /// `not_found` on a realtime node. Such a node has no address that calls this.
    pub fn sessions(&self) -> Result<&Sessions, Problem> {
        self.sessions.as_ref().ok_or_else(Problem::elsewhere)
    }
}

/// The most uploads of pictures at the same time on a node.
pub const UPLOADS: usize = 8;

/// The most tests of webhooks at the same time on a node.
pub const PINGS: usize = 8;

/// A check whether something works.
pub type Probe = Box<dyn Fn() -> bool + Send + Sync>;

/// A person to sign in as. The password is public: a demonstration shows people only on a loopback address.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
struct DemoPerson {
    username: Key,
    password: String,
    role: Role,
}

impl From<&Person> for DemoPerson {
    fn from(person: &Person) -> Self {
        let password = person.password.expose_secret().to_owned();
        Self { username: person.username.clone(), password, role: person.role }
    }
}

/// A demonstration, as the landing page shows it.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Demo {
    /// The restaurant to sign in at.
    restaurant: &'static str,
    /// The page of a table. Absent unless the keys are the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uri)]
    pub(crate) table_url: Option<String>,
    /// People to sign in as. Absent unless the passwords are the public ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    people: Vec<DemoPerson>,
}

impl Demo {
    /// Makes the public description of a demonstration. It contains only table keys and people that are public anyway. `base`
    /// is the server's address, without a slash at its end.
    #[must_use]
    pub fn new(base: &str, table_key: Option<&Key>, people: &[Person]) -> Self {
        let table_url = table_key.map(|key| format!("{base}/t/{key}"));
        Self { restaurant: SLUG, table_url, people: people.iter().map(DemoPerson::from).collect() }
    }

    /// Whether everybody may sign in, so that one page can open all screens.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.table_url.is_some() && !self.people.is_empty()
    }
}
