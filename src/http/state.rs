//! What every handler may need.

use super::demo::Demo;
use super::limits::Limits;
use crate::auth::ended::EndedSessions;
use crate::auth::session::SessionService;
use crate::auth::token::Tokens;
use crate::commands::Commands;
use crate::connection::Services;
use crate::store::SharedStore;
use crate::telemetry::Metrics;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The parts of a node that HTTP reaches. Made once in `startup`, shared by every worker.
#[derive(Clone)]
pub struct State {
    /// The database.
    pub store: SharedStore,
    /// Begins, renews and ends sessions.
    pub sessions: SessionService,
    /// Verifies access tokens.
    pub tokens: Tokens,
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
    /// What the landing page shows, when this is a demonstration.
    pub demo: Option<Arc<Demo>>,
    /// True from the moment the node is told to stop.
    pub draining: Arc<AtomicBool>,
}
