//! Whether a connection may begin, whatever carries it.

use super::Services;
use super::complaint::FORBIDDEN;
use super::registry::{ConnectionSlot, Refused};
use super::subscription::Wishes;
use crate::auth::authenticate::{Denied, authenticate};
use crate::auth::token::Verified;
use crate::domain::model::principal::Principal;
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{CloseCode, ErrorCode};
use crate::telemetry::ByCode;
use actix_http::StatusCode;
use actix_http::header::HeaderMap;
use secrecy::SecretString;
use std::borrow::Cow;
use std::net::IpAddr;

/// Why a connection does not begin. It is answered as a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The code.
    pub code: ErrorCode,
    /// What is wrong and what to do.
    pub detail: Cow<'static, str>,
    /// Seconds to wait.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal under the status that the contract gives its code.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, detail: detail.into(), retry_after: None }
    }

    /// A room that may not be joined, or does not exist.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(ErrorCode::Forbidden, FORBIDDEN)
    }

    /// A room that cannot be read now.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::new(ErrorCode::Unavailable, "the room cannot be read now; ask again").after(1)
    }

    /// The node goes down.
    #[must_use]
    pub fn going_down() -> Self {
        Self::new(ErrorCode::Unavailable, "this node is going down; connect again").after(1)
    }

    /// Under another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With seconds to wait.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        let detail = denied.to_string();
        match denied.retry_after() {
            Some(wait) => Self::new(ErrorCode::Unavailable, detail).after(wait.as_secs()),
            None => Self::new(ErrorCode::Unauthorized, detail),
        }
    }
}

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
    pub fn check_open(&self) -> Result<(), Refusal> {
        if self.census.is_draining() {
            return Err(Refusal::going_down());
        }
        Ok(())
    }

    /// Authenticates a token.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn verify(&self, token: &SecretString) -> Result<Verified, Refusal> {
        authenticate(&self.tokens, &self.ended, token).map_err(Refusal::from)
    }

    /// Takes a place for a principal's connection.
    ///
    /// # Errors
    /// When the node or the principal has as many as allowed.
    pub fn seat(&self, who: &Principal) -> Result<ConnectionSlot, Refusal> {
        self.census.admit(who, &self.limits).map_err(|why| match why {
            Refused::Full => {
                self.metrics.hit("connections");
                Refusal::new(ErrorCode::Unavailable, "this node has as many connections as it takes; try again").after(2)
            }
            Refused::FullOfDiners => {
                self.metrics.hit("connections_of_diners");
                Refusal::new(ErrorCode::Unavailable, "this node has as many guests as it takes; try again").after(2)
            }
            Refused::TooManyAtTable => {
                self.metrics.hit("connections_per_table");
                Refusal::new(ErrorCode::RateLimited, "too many connections from this table; close one").after(5)
            }
            Refused::TooMany => {
                self.metrics.hit("connections_per_principal");
                Refusal::new(ErrorCode::RateLimited, "too many connections of one principal; close one").after(5)
            }
        })
    }

    /// Decides everything about a connection to these rooms before it begins.
    ///
    /// # Errors
    /// As [`Self::check_open`] and [`Self::seat`]; `forbidden` for a single room that is not for this principal, and
    /// `too_many_rooms` for more than one connection may have.
    pub fn admit(&self, who: &Principal, asked: &[Subscribe]) -> Result<(Wishes, ConnectionSlot), Refusal> {
        self.check_open()?;
        if asked.len() > self.limits.rooms as usize {
            self.metrics.hit("rooms");
            return Err(Refusal::new(ErrorCode::TooManyRooms, "one connection may follow fewer rooms"));
        }
        let wishes = Wishes::of(who, asked, self.directory.store().epoch()).ok_or_else(Refusal::forbidden)?;
        Ok((wishes, self.seat(who)?))
    }

    /// Counts a connection that the server ended.
    pub fn count_close(&self, code: CloseCode) {
        self.metrics.closes.get_or_create(&ByCode { code: code.number() }).inc();
    }
}
