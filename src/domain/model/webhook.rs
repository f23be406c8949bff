//! Webhooks: servers of integrators that get a restaurant's feed, each from a position of its own.

use super::push::Endpoint;
use crate::domain::values::ids::{Generation, RestaurantId, WebhookId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// The most webhooks of a restaurant.
pub const MOST_OF_A_RESTAURANT: u32 = 5;

/// Whether a webhook gets events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// It gets events.
    Active,
    /// A manager has paused it.
    Paused,
    /// Its receiver has failed for a day.
    Failing,
    /// Its receiver has answered that it wants no more (410).
    Gone,
}

impl WebhookState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Failing, Self::Gone];

    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Failing => "failing",
            Self::Gone => "gone",
        }
    }
}

/// The word is not the state of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the state of a webhook")]
pub struct UnknownState;

impl FromStr for WebhookState {
    type Err = UnknownState;
    fn from_str(word: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownState)
    }
}

/// Why the last attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = WebhookFault)]
pub enum Fault {
    /// The host has no public address.
    NotPublic,
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The receiver answered with a redirect, which is not followed.
    Redirected,
    /// The receiver answered with another status than 2xx.
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

impl Fault {
    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotPublic => "not_public",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Redirected => "redirected",
            Self::Refused { .. } => "refused",
        }
    }
}

/// The keys with which the messages of a webhook are signed. Debug output does not show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SigningKeys {
    /// The secret that the receiver shares.
    pub secret: [u8; 32],
    /// The private key of Ed25519, of which the receiver knows the public half.
    pub seed: [u8; 32],
}

impl SigningKeys {
    /// Returns the bytes for the database.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [self.secret, self.seed].concat()
    }

    /// Reads the bytes of the database.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (secret, seed) = bytes.split_at_checked(32)?;
        Some(Self { secret: secret.try_into().ok()?, seed: seed.try_into().ok()? })
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys")
    }
}

/// A webhook, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The restaurant.
    pub restaurant: RestaurantId,
    /// Its id.
    pub id: WebhookId,
    /// Counts changes of the row. A change is written only if nobody else has made one meanwhile.
    pub version: u64,
    /// Whether it gets events.
    pub state: WebhookState,
    /// When a node may send next: after the current node's lease, and after the wait between two attempts.
    pub due_at: Timestamp,
    /// The position up to which the receiver has accepted everything.
    pub position: Position,
    /// The keys that sign.
    pub keys: SigningKeys,
    /// The keys before, which sign as well for a while.
    pub former_keys: Option<SigningKeys>,
    /// The other fields.
    pub details: WebhookDetails,
}

/// The part of a webhook that no query reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDetails {
    /// The receiver's address.
    pub url: Endpoint,
    /// When it was made.
    pub created_at: Timestamp,
    /// The generation of the feed to which the position belongs.
    pub generation: Option<Generation>,
    /// Increases when the same positions are sent again as new messages.
    pub run: u32,
    /// The last position of the message that was begun, until it is accepted.
    pub through: Option<Position>,
    /// Whether the receiver has yet to learn that the history was rewritten.
    pub owes_history: bool,
    /// Failed attempts since the last success.
    pub attempts: u32,
    /// The time of the first of them.
    pub failing_since: Option<Timestamp>,
    /// Why the last attempt failed.
    pub fault: Option<Fault>,
    /// The time of the last success.
    pub delivered_at: Option<Timestamp>,
    /// When the former keys end.
    pub former_until: Option<Timestamp>,
}

impl WebhookDetails {
    /// Returns the details of a new webhook, of which nothing was sent yet.
    #[must_use]
    pub const fn new(url: Endpoint, created_at: Timestamp, generation: Option<Generation>) -> Self {
        Self {
            url,
            created_at,
            generation,
            run: 1,
            through: None,
            owes_history: false,
            attempts: 0,
            failing_since: None,
            fault: None,
            delivered_at: None,
            former_until: None,
        }
    }
}

/// The webhooks in one state, over all restaurants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookCount {
    /// The state.
    pub state: WebhookState,
    /// Their number.
    pub count: u64,
    /// The most events that one of them has yet to get.
    pub lag: u64,
}
