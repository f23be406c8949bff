//! Authentication of a request's bearer token, the same for a call and a handshake.

use super::ended::{Barred, EndedSessions};
use super::token::{TokenError, Verified, Verifier};
use crate::clock;
use secrecy::SecretString;
use std::time::Duration;

/// How long to wait before repeating a request that this node could not decide.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why a token is refused. The message tells the holder what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The token is not valid.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token's session has ended.
    #[error("the session has ended; sign in again")]
    Ended,
    /// This node cannot tell whether the session has ended.
    #[error("this node cannot tell which sessions have ended; try again")]
    Unknown,
}

impl Denied {
    /// Returns whether the token was once valid. Its holder needs a new one, and is not guessing.
    #[must_use]
    pub const fn was_valid(self) -> bool {
        matches!(self, Self::Token(TokenError::Expired) | Self::Ended)
    }

    /// Returns how long to wait before sending the same token again, if that can help.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Unknown => Some(RETRY_AFTER),
            Self::Token(_) | Self::Ended => None,
        }
    }
}

/// Verifies a token and that its session has not ended.
///
/// # Errors
/// See [`Denied`].
pub fn authenticate(tokens: &Verifier, ended: &EndedSessions, token: &SecretString) -> Result<Verified, Denied> {
    let verified = tokens.verify(token, clock::now())?;
    match ended.admit(&verified.principal.session, clock::uptime()) {
        Ok(()) => Ok(verified),
        Err(Barred::Ended) => Err(Denied::Ended),
        Err(Barred::Unknown) => Err(Denied::Unknown),
    }
}

/// Returns the token of an `Authorization` header. Accepts the scheme in any case (RFC 9110,
/// "Authentication Scheme").
#[must_use]
pub fn bearer_token(header: &str) -> Option<SecretString> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keyring::Keyring;
    use crate::auth::token::Issuer;
    use crate::domain::model::principal::{Principal, Role};
    use crate::domain::values::ids::RestaurantId;
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    /// The cache finds a token by its bytes; its session is checked on every call.
    #[test]
    fn a_token_that_was_accepted_is_refused_as_soon_as_its_session_has_ended() {
        let keyring = Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap();
        let (tokens, ended) = (Verifier::of(&keyring), EndedSessions::default());
        let principal = Principal {
            sub: "me".parse().unwrap(),
            role: Role::Manager,
            restaurant: RestaurantId::from_uuid(Uuid::nil()),
            session: "s".parse().unwrap(),
            station: None,
            table: None,
            device: None,
            share: None,
            name: None,
        };
        let token = Issuer::of(&keyring).unwrap().issue(&principal, Duration::from_secs(60), clock::now()).unwrap();
        for _ in 0..2 {
            assert_eq!(authenticate(&tokens, &ended, &token), Err(Denied::Unknown), "nothing is known about sessions yet");
        }
        assert_eq!(tokens.verify(&token, clock::now()).map(|verified| verified.principal), Ok(principal.clone()));
        ended.insert(principal.session, clock::now());
        for _ in 0..2 {
            assert_eq!(authenticate(&tokens, &ended, &token), Err(Denied::Ended));
        }
    }

    #[test]
    fn the_scheme_of_a_bearer_token_may_be_in_any_case() {
        for header in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c "] {
            assert_eq!(bearer_token(header).unwrap().expose_secret(), "a.b.c", "{header}");
        }
        for header in ["Basic a.b.c", "Bearer", "a.b.c", ""] {
            assert!(bearer_token(header).is_none(), "{header}");
        }
    }
}
