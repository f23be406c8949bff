//! What every handler may need.

use super::api::demo::Demo;
use super::encoded::EncodedMenus;
use super::problem::Problem;
use super::public_url::Base;
use super::rate_limit::Limits;
use crate::auth::ended::EndedSessions;
use crate::auth::session::SessionService;
use crate::auth::token::Verifier;
use crate::commands::Commands;
use crate::connection::Services;
use crate::push::Push;
use crate::store::SharedStore;
use crate::telemetry::Metrics;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

/// The parts of a node that HTTP reaches. Made once in `startup`, shared by every worker.
#[derive(Clone)]
pub struct State {
    /// The database.
    pub store: SharedStore,
    /// Begins, renews and ends sessions; none on a node that serves no calls, which signs nothing.
    pub sessions: Option<SessionService>,
    /// Verifies access tokens.
    pub tokens: Verifier,
    /// Sessions that are over.
    pub ended: Arc<EndedSessions>,
    /// Runs commands.
    pub commands: Commands,
    /// What live connections need.
    pub live: Arc<Services>,
    /// Counts.
    pub metrics: Metrics,
    /// How often one address may try its luck.
    pub limits: Arc<Limits>,
    /// The most bytes of a body: an order of a hundred lines with notes has to fit.
    pub body_bytes: usize,
    /// Menus as they are sent.
    pub menus: Arc<EncodedMenus>,
    /// Where guests reach this service.
    pub base: Base,
    /// What the landing page shows, when this is a demonstration.
    pub demo: Option<Arc<Demo>>,
    /// What messages to phones are signed with and where they may go, when this server sends any.
    pub push: Option<Arc<Push>>,
    /// True from the moment the node is told to stop.
    pub draining: Arc<AtomicBool>,
    /// What this node serves.
    pub faces: Faces,
    /// Whether Redis does its part; never set on a node that has none.
    pub redis: Arc<OnceLock<Probe>>,
}

impl State {
    /// Begins, renews and ends sessions.
    ///
    /// # Errors
    /// `not_found` on a node that serves no calls; nobody gets there ([`Faces`]).
    pub fn sessions(&self) -> Result<&SessionService, Problem> {
        self.sessions.as_ref().ok_or_else(Problem::elsewhere)
    }
}

/// Asks whether something works.
pub type Probe = Box<dyn Fn() -> bool + Send + Sync>;

/// The faces of a node (`--role`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faces {
    /// Pages and HTTP calls.
    pub calls: bool,
    /// Rooms over HTTP: streams and polls.
    pub rooms: bool,
}

impl Faces {
    /// Whether a path is served: health and metrics always are.
    #[must_use]
    pub fn serve(self, path: &str) -> bool {
        match path {
            "/healthz" | "/readyz" | "/metrics" => true,
            _ if path.starts_with("/api/v1/rooms/") || path == "/ws" => self.rooms,
            _ => self.calls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_face_has_its_paths_and_health_is_everywhere() {
        let (api, realtime) = (Faces { calls: true, rooms: false }, Faces { calls: false, rooms: true });
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert!(api.serve(path) && realtime.serve(path), "{path}");
        }
        for path in ["/", "/kitchen", "/api/v1/sessions", "/api/v1/orders/x", "/client/orderbell.js"] {
            assert!(api.serve(path) && !realtime.serve(path), "{path}");
        }
        for path in ["/ws", "/api/v1/rooms/order:x/stream", "/api/v1/rooms/order:x/events"] {
            assert!(!api.serve(path) && realtime.serve(path), "{path}");
        }
    }
}
