//! Links that show one order to anyone who has them, until the session of the guest who shared it
//! ends.

use super::session::{SessionError, Sessions};
use super::token::Verified;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::OrderId;
use crate::domain::values::schema;
use crate::domain::values::time::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::fmt;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

/// The longest life of a link.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// The token of a link. Its debug output does not show the token.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SharedOrder)]
pub struct Shared {
    /// An access token that reads one order. It cannot be renewed.
    pub token: String,
    /// The token's life in seconds: twelve hours, or the rest of the session.
    #[schema(schema_with = life_schema)]
    pub expires_in: u64,
}

fn life_schema() -> Object {
    let life = schema::integer(1, LIFE.as_secs());
    life.description(Some("The token's life in seconds: twelve hours, or the rest of the session.")).build()
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl Sessions {
    /// Returns when a session ends by itself. A session without a row ends with its token.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_of(&self, verified: &Verified) -> Result<Timestamp, SessionError> {
        let who = &verified.principal;
        Ok(self.store.session_end(who.restaurant, &who.session).await?.unwrap_or(verified.expires_at))
    }

    /// Makes a link to an order. The caller checks that the order is this guest's. The link ends
    /// when the guest's session ends, for whatever reason.
    ///
    /// # Errors
    /// `Over` for a session in its last second; the store's.
    pub async fn share(&self, owner: &Verified, order: OrderId) -> Result<Shared, SessionError> {
        let (who, now) = (&owner.principal, clock::now());
        let life = LIFE.min(self.end_of(owner).await?.since(now));
        if life.as_secs() < 1 {
            return Err(SessionError::Over);
        }
        let reader = Principal { share: Some(order), table: None, ..who.clone() };
        let token = self.issuer.issue(&reader, life, now)?;
        Ok(Shared { token: token.expose_secret().to_owned(), expires_in: life.as_secs() })
    }
}
