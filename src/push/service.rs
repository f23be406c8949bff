//! What messages to phones are signed with, and where they may go.

use super::hosts::Hosts;
use super::vapid::Vapid;
use crate::domain::model::push::Subscription;
use web_push_native::p256::PublicKey;

/// What a node with a VAPID key knows of pushing.
#[derive(Debug)]
pub struct Push {
    pub(super) vapid: Vapid,
    pub(super) hosts: Hosts,
}

/// Why a subscription is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// Anybody could name any address, and this server would call it.
    #[error("endpoint is not on a push service that this server sends to")]
    Host,
    /// Nothing can be encrypted for it.
    #[error("p256dh is not a point of P-256")]
    Key,
}

impl Push {
    /// Sends under a key, to these hosts alone.
    #[must_use]
    pub const fn new(vapid: Vapid, hosts: Hosts) -> Self {
        Self { vapid, hosts }
    }

    /// What browsers subscribe with: the public key in base64url.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.vapid.public_key()
    }

    /// Looks at a subscription before it is kept.
    ///
    /// # Errors
    /// [`Unacceptable`].
    pub fn examine(&self, subscription: &Subscription) -> Result<(), Unacceptable> {
        if !self.hosts.allow(&subscription.endpoint) {
            return Err(Unacceptable::Host);
        }
        PublicKey::from_sec1_bytes(&subscription.p256dh.0).map(|_| ()).map_err(|_| Unacceptable::Key)
    }
}
