//! How often one address may try its luck. All the phones of a restaurant sit behind one address, so diners get room
//! for a full house at once; passwords get little.

use super::problem::Problem;
use crate::connection::Proxies;
use crate::connection::address::household;
use crate::protocol::ErrorCode;
use crate::telemetry::Metrics;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// So many at once, and one more each time a while has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: NonZeroU32,
    pace: Duration,
}

impl Rate {
    /// So many at once, and so many per second in the long run. Zeros count as one, since a limit of zero would be a
    /// closed door.
    #[must_use]
    pub fn new(burst: u32, per_second: u32) -> Self {
        Self { burst: at_least_one(burst), pace: Duration::from_secs(1) / at_least_one(per_second).get() }
    }

    /// So many at once, and as many per minute in the long run.
    #[must_use]
    pub fn per_minute(count: u32) -> Self {
        let burst = at_least_one(count);
        Self { burst, pace: Duration::from_secs(60) / burst.get() }
    }

    fn quota(self) -> Quota {
        // A pace that rounds to nothing is faster than any burst.
        Quota::with_period(self.pace).unwrap_or(Quota::per_second(self.burst)).allow_burst(self.burst)
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// The rates of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Sign-ins by password or API key.
    pub logins: Rate,
    /// Diner sessions begun.
    pub diners: Rate,
    /// Refresh tokens presented.
    pub refreshes: Rate,
    /// Pairings begun, polled and approved.
    pub pairings: Rate,
    /// WebSockets opened.
    pub handshakes: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            logins: Rate::new(100, 1),
            diners: Rate::new(500, 50),
            refreshes: Rate::new(500, 50),
            pairings: Rate::new(100, 10),
            handshakes: Rate::new(1000, 100),
        }
    }
}

type ByAddress = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>;

struct Gate {
    name: &'static str,
    limiter: ByAddress,
}

impl Gate {
    fn new(name: &'static str, rate: Rate) -> Self {
        Self { name, limiter: RateLimiter::dashmap(rate.quota()) }
    }
}

/// The address of a request that came over no socket.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// To sign in by password or API key.
    Login,
    /// To sit down at a table.
    Seat,
    /// To renew tokens.
    Refresh,
    /// To pair a screen.
    Pair,
    /// To open a WebSocket.
    Handshake,
}

/// The limits of a node, in memory: each address is counted on the node it comes to.
pub struct Limits {
    logins: Gate,
    diners: Gate,
    refreshes: Gate,
    pairings: Gate,
    handshakes: Gate,
    proxies: Arc<Proxies>,
    metrics: Metrics,
}

impl Limits {
    /// Limits of these rates; refusals are counted in `metrics`.
    #[must_use]
    pub fn new(rates: Rates, metrics: Metrics) -> Self {
        Self {
            logins: Gate::new("logins", rates.logins),
            diners: Gate::new("diner_sessions", rates.diners),
            refreshes: Gate::new("refreshes", rates.refreshes),
            pairings: Gate::new("pairings", rates.pairings),
            handshakes: Gate::new("handshakes", rates.handshakes),
            proxies: Arc::new(Proxies::none(metrics.clone())),
            metrics,
        }
    }

    /// With proxies in front, which say who the client is.
    #[must_use]
    pub fn behind(self, proxies: Arc<Proxies>) -> Self {
        Self { proxies, ..self }
    }

    const fn gate(&self, attempt: Attempt) -> &Gate {
        match attempt {
            Attempt::Login => &self.logins,
            Attempt::Seat => &self.diners,
            Attempt::Refresh => &self.refreshes,
            Attempt::Pair => &self.pairings,
            Attempt::Handshake => &self.handshakes,
        }
    }

    /// Returns the client's address, for the audit.
    #[must_use]
    pub fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> IpAddr {
        let peer = peer.map_or(UNKNOWN, |peer| peer.ip());
        self.proxies.find(peer, headers).unwrap_or(peer)
    }

    /// Counts an attempt of the request's peer.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check(&self, attempt: Attempt, request: &HttpRequest) -> Result<(), Problem> {
        let peer = request.peer_addr().map_or(UNKNOWN, |peer| peer.ip());
        let peer = self.proxies.client_address(peer, request.headers());
        let problem = || Problem::new(ErrorCode::RateLimited, "too many tries from this address; wait a little");
        self.count(attempt, peer).map_err(|wait| problem().after(wait))
    }

    /// Counts an attempt of an address.
    ///
    /// # Errors
    /// The whole seconds to wait, one at least.
    pub fn pass(&self, attempt: Attempt, address: IpAddr) -> Result<(), u64> {
        self.count(attempt, address).map_err(|wait| u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1))
    }

    fn count(&self, attempt: Attempt, address: IpAddr) -> Result<(), Duration> {
        let gate = self.gate(attempt);
        gate.limiter.check_key(&household(address)).map_err(|refused| {
            self.metrics.hit(gate.name);
            refused.wait_time_from(DefaultClock::default().now())
        })
    }

    /// Forgets addresses that have been quiet for long enough to start afresh. To be called every minute or so; without
    /// it every address ever seen would stay in memory.
    pub fn tidy(&self) {
        for gate in [&self.logins, &self.diners, &self.refreshes, &self.pairings, &self.handshakes] {
            gate.limiter.retain_recent();
            gate.limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(burst: u32, per_second: u32) -> Limits {
        Limits::new(Rates { diners: Rate::new(burst, per_second), ..Rates::default() }, Metrics::new())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_passes_and_what_follows_waits_about_a_second() {
        let limits = limits(500, 1);
        for guest in 0..500 {
            assert!(limits.pass(Attempt::Seat, address("203.0.113.1")).is_ok(), "guest {guest}");
        }
        assert_eq!(limits.pass(Attempt::Seat, address("203.0.113.1")), Err(1));
        assert!(limits.pass(Attempt::Seat, address("203.0.113.2")).is_ok(), "a neighbour");
        assert!(limits.pass(Attempt::Login, address("203.0.113.1")).is_ok(), "another door");
        assert!(limits.metrics.scrape().contains("orderbell_limit_hits_total{limit=\"diner_sessions\"} 1"));
    }

    #[test]
    fn an_address_is_a_household() {
        let limits = limits(1, 1);
        assert!(limits.pass(Attempt::Seat, address("2001:db8:0:1::1")).is_ok());
        assert!(limits.pass(Attempt::Seat, address("2001:db8:0:1:ffff::2")).is_err());
        assert!(limits.pass(Attempt::Seat, address("2001:db8:0:2::1")).is_ok());
        assert!(limits.pass(Attempt::Seat, address("203.0.113.1")).is_ok());
        assert!(limits.pass(Attempt::Seat, address("::ffff:203.0.113.1")).is_err());
    }

    #[test]
    fn quiet_addresses_are_forgotten_and_busy_ones_are_not() {
        let limits = limits(1, 4);
        assert!(limits.pass(Attempt::Seat, address("203.0.113.1")).is_ok());
        limits.tidy();
        assert!(limits.pass(Attempt::Seat, address("203.0.113.1")).is_err());
        assert_eq!(limits.diners.limiter.len(), 1);
        std::thread::sleep(Duration::from_millis(600));
        limits.tidy();
        assert_eq!(limits.diners.limiter.len(), 0);
    }
}
