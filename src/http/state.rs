//! What every handler may need.

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
use crate::push::Push;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::{Arc, OnceLock};
use utoipa::ToSchema;

/// A node, and what only HTTP has beside it. Made once in `startup`, shared by every worker.
#[derive(Clone)]
pub struct State {
    /// The parts that live connections use as well.
    pub node: Arc<Node>,
    /// Begins, renews and ends sessions; none on a node that serves no calls, which signs nothing.
    pub sessions: Option<Sessions>,
    /// Decides who may sign in.
    pub management: Management,
    /// How often one address may try its luck.
    pub limits: Arc<Limits>,
    /// The most bytes of a body: an order of a hundred lines with notes has to fit.
    pub body_bytes: usize,
    /// Menus as they are sent.
    pub menus: Arc<EncodedMenus>,
    /// Where guests reach this service.
    pub base: PublicUrl,
    /// What the landing page shows, when this is a demonstration.
    pub demo: Option<Arc<Demo>>,
    /// What messages to phones are signed with and where they may go, when this server sends any.
    pub push: Option<Arc<Push>>,
    /// Whether Redis does its part; never set on a node that has none.
    pub redis: Arc<OnceLock<Probe>>,
}

impl State {
    /// Begins, renews and ends sessions.
    ///
    /// # Errors
    /// `not_found` on a node that serves no calls; no request gets there.
    pub fn sessions(&self) -> Result<&Sessions, Problem> {
        self.sessions.as_ref().ok_or_else(Problem::elsewhere)
    }
}

/// Asks whether something works.
pub type Probe = Box<dyn Fn() -> bool + Send + Sync>;

/// Somebody to sign in as. The password is public: a demonstration shows people only when bound to loopback.
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

/// What the landing page shows of a demonstration.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Demo {
    /// The restaurant to sign in at.
    restaurant: &'static str,
    /// The page of one of its tables; only when the keys are the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uri)]
    pub(crate) table_url: Option<String>,
    /// Who can be signed in as; only when the passwords are the public ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    people: Vec<DemoPerson>,
}

impl Demo {
    /// What everybody who asks may see: no table's key and no person but those that are public anyway. `base` is the
    /// server's address, without a slash at its end.
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
