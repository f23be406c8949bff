//! The checks before a connection begins, whatever carries it.

use super::Node;
use super::registry::{ConnectionSlot, Refused};
use super::subscription::Subscriptions;
use crate::auth::authenticate::authenticate;
use crate::auth::token::Verified;
use crate::domain::model::history::Epoch;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{Generation, RestaurantId};
use crate::protocol::client_frame::Subscribe;
use crate::protocol::{CloseCode, ErrorCode, Failure};
use crate::store::StoreError;
use crate::telemetry::ByCode;
use actix_http::header::HeaderMap;
use secrecy::SecretString;
use std::net::IpAddr;
use std::time::Duration;

/// The longest wait for the generation of a feed.
const READING: Duration = Duration::from_secs(5);

impl Node {
    /// Whether a request came over TLS, as the operator or a trusted proxy says.
    #[must_use]
    pub fn is_secure(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        self.is_public_over_tls || peer.is_some_and(|peer| self.proxies.says_https(peer, headers))
    }

    /// Checks that the node is not going down.
    ///
    /// # Errors
    /// `unavailable`, while it is.
    pub fn check_open(&self) -> Result<(), Failure> {
        if self.connections.is_draining() {
            return Err(Failure::going_down());
        }
        Ok(())
    }

    /// Authenticates a token.
    ///
    /// # Errors
    /// See [`authenticate`].
    pub fn verify(&self, token: &SecretString) -> Result<Verified, Failure> {
        authenticate(&self.tokens, &self.ended, token).map_err(Failure::from)
    }

    /// Takes a slot for a principal's connection.
    ///
    /// # Errors
    /// When the node, the table or the principal has as many as allowed.
    pub fn take_slot(&self, principal: &Principal) -> Result<ConnectionSlot, Failure> {
        self.connections.admit(principal, &self.limits).map_err(|refused| {
            let (limit, failure) = too_many(refused);
            self.metrics.hit(limit);
            failure
        })
    }

    /// Returns the generation of a restaurant's feed, to which the cursors of a connection belong.
    ///
    /// # Errors
    /// `unavailable`, if the node does not know it and the database does not answer in time.
    pub async fn generation(&self, restaurant: RestaurantId) -> Result<Option<Generation>, Failure> {
        let generation = self.feeds.histories().generation(restaurant);
        match tokio::time::timeout(READING, generation).await {
            Ok(Ok(generation)) => Ok(generation),
            // Its rooms refuse the client.
            Ok(Err(StoreError::Missing)) => Ok(None),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Failure::database_unavailable()),
        }
    }

    /// Admits a connection to these rooms.
    ///
    /// # Errors
    /// As [`Self::check_open`] and [`Self::take_slot`]; `forbidden` for a single room that this principal may not join, and
    /// `too_many_rooms` for more than one connection may follow.
    pub fn admit(
        &self,
        principal: &Principal,
        asked: &[Subscribe],
        generation: Option<Generation>,
    ) -> Result<(Subscriptions, ConnectionSlot), Failure> {
        self.check_open()?;
        if asked.len() > self.limits.rooms as usize {
            self.metrics.hit("rooms");
            return Err(Failure::too_many_rooms());
        }
        let epoch = Epoch { database: self.store.epoch(), generation }.to_string();
        let subscriptions = Subscriptions::of(principal, asked, &epoch).ok_or_else(Failure::forbidden_room)?;
        Ok((subscriptions, self.take_slot(principal)?))
    }

    /// Counts a connection that the server ended.
    pub fn count_close(&self, code: CloseCode) {
        self.metrics.closes.get_or_create(&ByCode { code: code.number() }).inc();
    }
}

/// Returns the limit that refused a connection, and the failure that says so.
fn too_many(refused: Refused) -> (&'static str, Failure) {
    let full = |message| Failure::new(ErrorCode::Unavailable, message).after(Duration::from_secs(2));
    let own = |message| Failure::new(ErrorCode::RateLimited, message).after(Duration::from_secs(5));
    match refused {
        Refused::Full => ("connections", full("this node has no place for more connections; try again")),
        Refused::FullOfDiners => ("connections_of_diners", full("this node has no place for more guests; try again")),
        Refused::TooManyAtTable => ("connections_per_table", own("too many connections from this table; close one")),
        Refused::TooMany => ("connections_per_principal", own("too many connections of one principal; close one")),
    }
}
