//! Rate limits on attempts: by principal with a valid token, otherwise by address. Failed attempts
//! have a limit of their own, so that someone who guesses behind a restaurant's address cannot use
//! up the limit on good ones. All phones of a restaurant share one address, so the limit on diner
//! sessions lets in a full restaurant at once; the limit on passwords is low.

pub mod gate;
pub mod guess;
pub mod guesses;

use crate::connection::Proxies;
use crate::connection::websocket::handshake::Gatekeeper;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::UserId;
use crate::domain::values::text::Key;
use crate::protocol::{ErrorCode, Failure};
use crate::telemetry::Metrics;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use gate::{KeyedLimiter, Rate, Subject};
use guesses::Guesses;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The rates of an address, a session or a table. Failed attempts of an address have a second limit
/// of the same rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Sign-ins by password or API key.
    pub logins: Rate,
    /// Diner sessions begun.
    pub diners: Rate,
    /// Refresh tokens presented.
    pub refreshes: Rate,
    /// Pairings begun and approved.
    pub pairings: Rate,
    /// WebSockets and streams opened; preflights of pages of other origins.
    pub handshakes: Rate,
    /// Wrong passwords for one account.
    pub guesses: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            logins: Rate::new(100, 1),
            diners: Rate::new(500, 50),
            refreshes: Rate::new(500, 50),
            pairings: Rate::new(100, 10),
            handshakes: Rate::new(1000, 100),
            guesses: Rate::per_hour(20),
        }
    }
}

/// The rate of renewals of one session, which needs one each time an access token expires.
const RENEWALS: Rate = Rate { burst: NonZeroU32::MIN.saturating_add(59), pace: Duration::from_secs(1) };

/// The rate of one session's picture uploads: enough for a whole menu, one picture after another.
const UPLOADS: Rate = Rate { burst: NonZeroU32::MIN.saturating_add(59), pace: Duration::from_secs(1) };

/// The address of a request without a socket.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The kind of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To sign in by password or API key.
    Login,
    /// To begin a diner session at a table.
    Seat,
    /// To renew tokens.
    Refresh,
    /// To pair a screen.
    Pair,
    /// To ask whether a screen is paired yet.
    Poll,
    /// To open a WebSocket or a stream.
    Handshake,
}

impl Action {
    /// Returns whether good attempts of this kind count against their address. Renewals, polls and
    /// handshakes do not, so that nobody can use up the limit of others behind the same address.
    const fn counts_by_address(self) -> bool {
        matches!(self, Self::Login | Self::Seat | Self::Pair)
    }
}

/// The limiters of one kind of attempt: for good ones, and separately for failed ones.
struct Door {
    good: KeyedLimiter,
    failed: KeyedLimiter,
}

impl Door {
    fn new(good: &'static str, failed: &'static str, rate: Rate) -> Self {
        Self { good: KeyedLimiter::new(good, rate.quota()), failed: KeyedLimiter::new(failed, rate.quota()) }
    }
}

/// The limits of a node, in memory. Each node counts its own attempts.
pub struct Limits {
    logins: Door,
    diners: Door,
    refreshes: Door,
    pairings: Door,
    polls: Door,
    handshakes: Door,
    preflights: KeyedLimiter,
    renewals: KeyedLimiter,
    uploads: KeyedLimiter,
    guesses: Guesses,
    proxies: Arc<Proxies>,
    metrics: Metrics,
}

impl Limits {
    /// Makes limits with these rates. They count refusals in `metrics`.
    #[must_use]
    pub fn new(rates: Rates, metrics: Metrics) -> Self {
        Self {
            logins: Door::new("logins", "failed_logins", rates.logins),
            diners: Door::new("diner_sessions", "failed_diner_sessions", rates.diners),
            refreshes: Door::new("refreshes", "failed_refreshes", rates.refreshes),
            pairings: Door::new("pairings", "failed_pairings", rates.pairings),
            polls: Door::new("pairing_polls", "failed_pairing_polls", rates.pairings),
            handshakes: Door::new("handshakes", "failed_handshakes", rates.handshakes),
            preflights: KeyedLimiter::new("preflights", rates.handshakes.quota()),
            renewals: KeyedLimiter::new("renewals", RENEWALS.quota()),
            uploads: KeyedLimiter::new("uploads", UPLOADS.quota()),
            guesses: Guesses::new(rates.guesses),
            proxies: Arc::new(Proxies::none(metrics.clone())),
            metrics,
        }
    }

    /// Sets the proxies in front, which report the client's address.
    #[must_use]
    pub fn behind(self, proxies: Arc<Proxies>) -> Self {
        Self { proxies, ..self }
    }

    /// Returns the address against which a request counts.
    #[must_use]
    pub fn address_of(&self, request: &HttpRequest) -> IpAddr {
        self.proxies.client_address(request.peer_addr().map_or(UNKNOWN, |peer| peer.ip()), request.headers())
    }

    /// Returns the client's address, for the audit.
    #[must_use]
    pub fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        let peer = peer.map_or(UNKNOWN, |peer| peer.ip());
        self.proxies.find(peer, headers).unwrap_or(peer)
    }

    const fn door(&self, attempt: Action) -> &Door {
        match attempt {
            Action::Login => &self.logins,
            Action::Seat => &self.diners,
            Action::Refresh => &self.refreshes,
            Action::Pair => &self.pairings,
            Action::Poll => &self.polls,
            Action::Handshake => &self.handshakes,
        }
    }

    fn take(&self, gate: &KeyedLimiter, subject: &Subject) -> Result<(), Duration> {
        gate.take(subject).inspect_err(|_| self.metrics.hit(gate.name))
    }

    /// Counts an attempt without a token, before its body is read.
    ///
    /// # Errors
    /// The time to wait.
    pub fn enter(self: &Arc<Self>, attempt: Action, address: IpAddr) -> Result<Ticket, Duration> {
        self.enter_as(attempt, Subject::address(address))
    }

    /// Counts an attempt of a device that carries a person's mark. It counts against the person, so
    /// nobody else behind the address can use up this limit.
    ///
    /// # Errors
    /// The time to wait.
    pub fn enter_marked(self: &Arc<Self>, attempt: Action, person: UserId) -> Result<Ticket, Duration> {
        self.enter_as(attempt, Subject::MarkedFor(person))
    }

    fn enter_as(self: &Arc<Self>, attempt: Action, subject: Subject) -> Result<Ticket, Duration> {
        self.take(&self.door(attempt).good, &subject)?;
        Ok(Ticket { limits: self.clone(), attempt, subject, is_over: false })
    }

    /// Counts a failed attempt of an address.
    ///
    /// # Errors
    /// The time to wait.
    pub fn fail(&self, attempt: Action, address: IpAddr) -> Result<(), Duration> {
        self.take(&self.door(attempt).failed, &Subject::address(address))
    }

    /// Counts an attempt with a valid token, from any address.
    ///
    /// # Errors
    /// The time to wait.
    pub fn admit(&self, attempt: Action, who: &Principal) -> Result<(), Duration> {
        self.take(&self.door(attempt).good, &Subject::holder(who))
    }

    /// Counts a preflight of a page of another origin.
    ///
    /// # Errors
    /// The time to wait.
    pub fn preflight(&self, address: IpAddr) -> Result<(), Duration> {
        self.take(&self.preflights, &Subject::address(address))
    }

    /// Counts a renewal of a session.
    ///
    /// # Errors
    /// The time to wait.
    pub fn renew(&self, session: &Key) -> Result<(), Duration> {
        self.take(&self.renewals, &Subject::Session(session.clone()))
    }

    /// Counts an upload of a picture.
    ///
    /// # Errors
    /// The time to wait.
    pub fn upload(&self, who: &Principal) -> Result<(), Duration> {
        self.take(&self.uploads, &Subject::holder(who))
    }

    /// Drops subjects whose limits have recovered. Call it about every minute; otherwise all
    /// subjects stay in memory, up to the bound of a limiter.
    pub fn tidy(&self) {
        let doors = [&self.logins, &self.diners, &self.refreshes, &self.pairings, &self.polls, &self.handshakes];
        let others = [&self.preflights, &self.renewals, &self.uploads];
        for gate in doors.into_iter().flat_map(|door| [&door.good, &door.failed]).chain(others) {
            gate.tidy();
        }
        self.guesses.tidy();
    }
}

/// Returns the failure of an attempt over a limit. The wait is rounded up to whole seconds, as in
/// `Retry-After`.
#[must_use]
pub fn too_many(wait: Duration) -> Failure {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    Failure::new(ErrorCode::RateLimited, "too many attempts; wait a moment").after(Duration::from_secs(seconds.max(1)))
}

impl Gatekeeper for Limits {
    fn admit(&self, who: &Principal) -> Result<(), Failure> {
        Self::admit(self, Action::Handshake, who).map_err(too_many)
    }

    fn fail(&self, address: IpAddr) -> Result<(), Failure> {
        Self::fail(self, Action::Handshake, address).map_err(too_many)
    }
}

/// An attempt in progress. It counts against its subject until it ends.
pub struct Ticket {
    limits: Arc<Limits>,
    attempt: Action,
    subject: Subject,
    is_over: bool,
}

impl Ticket {
    /// Records success. A good attempt of a kind that counts by address stays counted; any other
    /// attempt is given back when it ends.
    pub fn succeed(mut self) {
        self.is_over = self.attempt.counts_by_address();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_over {
            self.limits.door(self.attempt).good.give_back(&self.subject);
        }
    }
}

#[cfg(test)]
#[path = "tests/rate_limit.rs"]
mod tests;
