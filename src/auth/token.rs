//! Access tokens: JWTs of one issuer and one audience, under a key of the keyring and by that key's
//! algorithm. [`Issuer`] signs and [`Verifier`] verifies, since not every node may do both.
//!
//! The time is an argument. The JWT library would read the clock, with a minute of grace for `exp`;
//! here a token expires at its `exp`, and only `iat` and `nbf` have the grace that the clocks of
//! two nodes need.

use super::device_mark::MarkKeys;
use super::keyring::{Keyring, KeyringError};
use super::successors::Successors;
use super::token_cache::{TokenCache, TokenDigest};
use crate::clock;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::{DeviceId, OrderId, RestaurantId};
use crate::domain::values::schema;
use crate::domain::values::text::{Key, Station, TableLabel};
use crate::domain::values::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

const ISSUER: &str = "orderbell";
const AUDIENCE: &str = "orderbell";
/// The longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// The longest life of a token. Nodes remember ended sessions for this time, so no token outlives the end of its session.
pub const MAX_TOKEN_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How far in the future `iat` and `nbf` may be, in seconds, since the clocks of two nodes differ.
const LEEWAY_SECONDS: i64 = 60;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Key,
    role: Role,
    restaurant: RestaurantId,
    sid: Key,
    iat: i64,
    exp: i64,
    jti: Key,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    station: Option<Station>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<TableLabel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Key>,
    /// The kind of token. Some issuers write it; this server does not.
    #[serde(default, rename = "typ", alias = "token_type", alias = "token_use", skip_serializing)]
    kind: Option<String>,
}

/// Why a token was refused. On the wire each is `unauthorized`; the text is for the log and the
/// developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is too long")]
    TooLong,
    /// It is not a JWT of this issuer and audience, or its claims are invalid.
    #[error("the token is not one of ours")]
    Malformed,
    /// Its header or a claim says that it is not an access token.
    #[error("the token is not an access token")]
    WrongType,
    /// Its key is not, or no longer, in the keyring.
    #[error("the token's key is unknown; get a new token")]
    UnknownKey,
    /// Its header does not name the algorithm of its key.
    #[error("the token's algorithm is not that of its key")]
    WrongAlgorithm,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// Its `exp` has passed.
    #[error("the token has expired; get a new one")]
    Expired,
    /// Its `iat` or `nbf` is more than a minute in the future.
    #[error("the token is not valid yet; check the clocks")]
    NotYet,
    /// Its life, or the requested one, is longer than [`MAX_TOKEN_LIFE`], or less than a second.
    #[error("a token lives for 1 second to 90 days")]
    Life,
}

/// A verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The principal of the token.
    pub principal: Principal,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// Signs access tokens and derives refresh tokens. Only nodes that issue tokens have one. Cheap to
/// clone. Its debug output shows only the key's id.
#[derive(Clone)]
pub struct Issuer(Arc<Signer>);

struct Signer {
    header: Header,
    key: EncodingKey,
    successors: Successors,
    mark_keys: MarkKeys,
}

impl Issuer {
    /// Makes an issuer that signs with the keyring's first key.
    ///
    /// # Errors
    /// [`KeyringError::CannotSign`] if that key only verifies.
    pub fn of(keyring: &Keyring) -> Result<Self, KeyringError> {
        let (kid, algorithm, key) = keyring.signing()?;
        let header = Header { kid: Some(kid.as_str().to_owned()), ..Header::new(algorithm) };
        Ok(Self(Arc::new(Signer { header, key, successors: Successors::of(keyring), mark_keys: MarkKeys::of(keyring) })))
    }

    /// Issues a token for a principal, valid from `now` for `life` in whole seconds.
    ///
    /// # Errors
    /// [`TokenError::Life`] for a life of less than a second or more than [`MAX_TOKEN_LIFE`].
    pub fn issue(&self, principal: &Principal, life: Duration, now: Timestamp) -> Result<SecretString, TokenError> {
        if life.as_secs() < 1 || life > MAX_TOKEN_LIFE {
            return Err(TokenError::Life);
        }
        let claims = Claims::of(principal, now.seconds(), now.plus(life).seconds())?;
        let Signer { header, key, .. } = &*self.0;
        encode(header, &claims, key).map(Into::into).map_err(|_| TokenError::Malformed)
    }

    /// Returns the keys that derive refresh tokens.
    pub(super) fn successors(&self) -> &Successors {
        &self.0.successors
    }

    /// Returns the keys that sign and verify marks of devices.
    pub(super) fn mark_keys(&self) -> &MarkKeys {
        &self.0.mark_keys
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issuer").field(&self.0.header.kid).finish()
    }
}

/// A known key, and the rules for tokens under it.
struct KnownKey {
    kid: Key,
    algorithm: Algorithm,
    key: DecodingKey,
    validation: Validation,
}

/// Verifies access tokens, and cannot issue one. Cheap to clone; clones share the cache of verified
/// tokens. Its debug output shows only the keys' ids.
#[derive(Clone)]
pub struct Verifier(Arc<Known>);

struct Known {
    keys: Box<[KnownKey]>,
    verified: TokenCache<Arc<Grant>>,
}

impl Verifier {
    /// Makes a verifier with all keys of the keyring, each only for its own algorithm.
    #[must_use]
    pub fn of(keyring: &Keyring) -> Self {
        let known = keyring.verifying().map(|(kid, algorithm, key)| {
            let mut validation = Validation::new(algorithm);
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
            validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
            validation.validate_exp = false; // checked below, against the caller's `now`
            KnownKey { kid: kid.clone(), algorithm, key, validation }
        });
        Self(Arc::new(Known { keys: known.collect(), verified: TokenCache::new() }))
    }

    /// Verifies a token. It expires at its `exp`, without grace. The signature of a token is verified
    /// once while the token is cached, its times on each call.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &SecretString, now: Timestamp) -> Result<Verified, TokenError> {
        let token = token.expose_secret();
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        let digest = TokenDigest::of(token);
        if let Some(grant) = self.0.verified.get(&digest) {
            let verified = grant.at(now);
            if verified == Err(TokenError::Expired) {
                self.0.verified.remove(&digest);
            }
            return verified;
        }
        let grant = self.decode(token)?;
        let verified = grant.at(now)?;
        self.0.verified.insert(digest, Arc::new(grant));
        Ok(verified)
    }

    /// Verifies all of a token except its times.
    fn decode(&self, token: &str) -> Result<Grant, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let known = self.0.keys.iter().find(|known| Some(known.kid.as_str()) == header.kid.as_deref());
        let known = known.ok_or(TokenError::UnknownKey)?;
        // The key decides on the algorithm, not the token. Otherwise a public key could serve as the
        // secret of another algorithm.
        if header.alg != known.algorithm {
            return Err(TokenError::WrongAlgorithm);
        }
        // Explicit typing (RFC 8725, section 3.11): this server issues `JWT`, and RFC 9068 names
        // `at+jwt`.
        if !header.typ.as_deref().is_some_and(|typ| ["JWT", "at+jwt"].iter().any(|name| typ.eq_ignore_ascii_case(name))) {
            return Err(TokenError::WrongType);
        }
        let decoded = decode::<Claims>(token, &known.key, &known.validation).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => TokenError::BadSignature,
            _ => TokenError::Malformed,
        })?;
        decoded.claims.grant()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys.iter().map(|known| &known.kid)).finish()
    }
}

impl Claims {
    fn of(principal: &Principal, iat: i64, exp: i64) -> Result<Self, TokenError> {
        Ok(Self {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: principal.sub.clone(),
            role: principal.role,
            restaurant: principal.restaurant,
            sid: principal.session.clone(),
            iat,
            exp,
            jti: clock::new_id().to_string().parse().map_err(|_| TokenError::Malformed)?,
            nbf: None,
            station: principal.station.clone(),
            table: principal.table.clone(),
            device: principal.device,
            share: principal.share,
            name: principal.name.clone(),
            kind: None,
        })
    }

    /// Returns false if a claim says that this is not an access token.
    fn is_of_access(&self) -> bool {
        let is_access = |kind: &str| ["access", "bearer"].iter().any(|name| kind.eq_ignore_ascii_case(name));
        self.kind.as_deref().is_none_or(is_access)
    }

    fn grant(self) -> Result<Grant, TokenError> {
        if !self.is_of_access() {
            return Err(TokenError::WrongType);
        }
        let Self { sub, role, restaurant, sid, station, table, device, share, name, iat, nbf, exp, .. } = self;
        let principal = Principal { sub, role, restaurant, session: sid, station, table, device, share, name };
        Ok(Grant { principal, iat, nbf, exp })
    }
}

/// What a token of this issuer grants, and when.
struct Grant {
    principal: Principal,
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
}

impl Grant {
    fn at(&self, now: Timestamp) -> Result<Verified, TokenError> {
        let latest = now.seconds() + LEEWAY_SECONDS;
        if self.iat > latest || self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(TokenError::NotYet);
        }
        let expires_at = Timestamp::from_millis(self.exp.saturating_mul(1000));
        if expires_at <= now {
            return Err(TokenError::Expired);
        }
        let life = u64::try_from(self.exp.saturating_sub(self.iat)).map_err(|_| TokenError::Life)?;
        if life > MAX_TOKEN_LIFE.as_secs() {
            return Err(TokenError::Life);
        }
        Ok(Verified { principal: self.principal.clone(), expires_at })
    }
}

/// The answer to each call that issues tokens (RFC 6749, section 5.1). Its debug output shows no
/// token.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(schema_with = token_type_schema)]
    pub token_type: &'static str,
    /// The access token's life in seconds.
    #[schema(minimum = 1)]
    pub expires_in: u64,
    /// The token that gets the next pair, once.
    pub refresh_token: String,
}

fn token_type_schema() -> Object {
    schema::word(["Bearer"]).build()
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "tests/token.rs"]
mod tests;
