//! The settings of push messages: the signing key and the allowed hosts.

use super::vapid::Vapid;
use crate::domain::model::push::Subscription;
use crate::outbound::hosts::Hosts;
use web_push_native::p256::PublicKey;

/// The push services of Chrome, Firefox, Safari and Edge.
pub const WELL_KNOWN_HOSTS: [&str; 4] =
    ["fcm.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com", "*.notify.windows.com"];

/// The push settings of a node with a VAPID key.
#[derive(Debug)]
pub struct Push {
    pub(super) vapid: Vapid,
    pub(super) hosts: Hosts,
}

/// Why a subscription is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unacceptable {
    /// The endpoint's host is not on the list.
    #[error("endpoint is not at a push service on this server's list")]
    Host,
    /// The public key is invalid, so nothing can be encrypted for it.
    #[error("p256dh is not a point of P-256")]
    Key,
}

impl Push {
    /// Signs with a key, and allows only these hosts.
    #[must_use]
    pub const fn new(vapid: Vapid, hosts: Hosts) -> Self {
        Self { vapid, hosts }
    }

    /// Returns the public key for subscriptions of browsers, in base64url.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.vapid.public_key()
    }

    /// Checks a subscription before it is stored.
    ///
    /// # Errors
    /// [`Unacceptable`], with the reason.
    pub fn examine(&self, subscription: &Subscription) -> Result<(), Unacceptable> {
        if !self.hosts.allow(&subscription.endpoint) {
            return Err(Unacceptable::Host);
        }
        PublicKey::from_sec1_bytes(&subscription.p256dh.0).map(|_| ()).map_err(|_| Unacceptable::Key)
    }
}
