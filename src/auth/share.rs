//! Links that show one order to whoever holds them, for as long as the session of the guest who gave them out.

use super::session::{SessionError, SessionService};
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

/// The longest that a link is good for.
const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// What a link is made of. Its debug output shows no token.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SharedOrder)]
pub struct Shared {
    /// An access token that reads one order. Nothing renews it.
    pub token: String,
    /// The seconds that it lives: twelve hours, or what is left of the session.
    #[schema(schema_with = life_schema)]
    pub expires_in: u64,
}

fn life_schema() -> Object {
    let life = schema::integer(1, LIFE.as_secs());
    life.description(Some("The seconds that it lives: twelve hours, or what is left of the session.")).build()
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl SessionService {
    /// When a session ends by itself. One without a row ends with its token.
    ///
    /// # Errors
    /// The store's.
    pub async fn end_of(&self, verified: &Verified) -> Result<Timestamp, SessionError> {
        let who = &verified.principal;
        Ok(self.store.session_end(who.restaurant, &who.session).await?.unwrap_or(verified.expires_at))
    }

    /// A link to an order, which the caller has seen to be this guest's. It is of the guest's session and ends with it: when
    /// that is ended, and when it would have ended by itself.
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
