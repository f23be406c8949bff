//! Whether a connection may begin, whatever carries it.

use super::Services;
use super::registry::{ConnectionSlot, Refused};
use super::subscription::Wishes;
use crate::auth::authenticate::authenticate;
use crate::auth::token::Verified;
use crate::domain::model::principal::Principal;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{CloseCode, ErrorCode, Failure};
use crate::telemetry::ByCode;
use actix_http::header::HeaderMap;
use secrecy::SecretString;
use std::net::IpAddr;
use std::time::Duration;

impl Services {
    /// Whether a request came over TLS, by the operator's word or by that of a trusted proxy.
    #[must_use]
    pub fn is_secure(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        self.is_public_over_tls || peer.is_some_and(|peer| self.proxies.says_https(peer, headers))
    }

    /// Whether new connections are taken at all.
    ///
    /// # Errors
    /// While the node goes down.
    pub fn check_open(&self) -> Result<(), Failure> {
        if self.census.is_draining() {
            return Err(Failure::going_down());
        }
        Ok(())
    }

    /// Authenticates a token.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn verify(&self, token: &SecretString) -> Result<Verified, Failure> {
        authenticate(&self.tokens, &self.ended, token).map_err(Failure::from)
    }

    /// Takes a place for a principal's connection.
    ///
    /// # Errors
    /// When the node or the principal has as many as allowed.
    pub fn seat(&self, who: &Principal) -> Result<ConnectionSlot, Failure> {
        self.census.admit(who, &self.limits).map_err(|refused| {
            let (limit, failure) = too_many(refused);
            self.metrics.hit(limit);
            failure
        })
    }

    /// Decides everything about a connection to these rooms before it begins.
    ///
    /// # Errors
    /// As [`Self::check_open`] and [`Self::seat`]; `forbidden` for a single room that is not for this principal, and
    /// `too_many_rooms` for more than one connection may have.
    pub fn admit(&self, who: &Principal, asked: &[Subscribe]) -> Result<(Wishes, ConnectionSlot), Failure> {
        self.check_open()?;
        if asked.len() > self.limits.rooms as usize {
            self.metrics.hit("rooms");
            return Err(Failure::too_many_rooms());
        }
        let wishes = Wishes::of(who, asked, self.store.epoch()).ok_or_else(Failure::forbidden_room)?;
        Ok((wishes, self.seat(who)?))
    }

    /// Counts a connection that the server ended.
    pub fn count_close(&self, code: CloseCode) {
        self.metrics.closes.get_or_create(&ByCode { code: code.number() }).inc();
    }
}

/// Returns the limit that refused a connection, and the failure that says so.
fn too_many(refused: Refused) -> (&'static str, Failure) {
    let node = |message| Failure::new(ErrorCode::Unavailable, message).after(Duration::from_secs(2));
    let own = |message| Failure::new(ErrorCode::RateLimited, message).after(Duration::from_secs(5));
    match refused {
        Refused::Full => ("connections", node("this node has as many connections as it takes; try again")),
        Refused::FullOfDiners => ("connections_of_diners", node("this node has as many guests as it takes; try again")),
        Refused::TooManyAtTable => ("connections_per_table", own("too many connections from this table; close one")),
        Refused::TooMany => ("connections_per_principal", own("too many connections of one principal; close one")),
    }
}
