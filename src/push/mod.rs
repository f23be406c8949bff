//! Messages to the phones of diners whose page is closed (Web Push: RFC 8030, 8291, 8292).
//!
//! The [`pusher`] hears of what this node commits, beside the feeds and never before them, makes a [`notice`] of what a guest
//! waits for, and hands it to the [`post`], which encrypts it, signs it with the [`vapid`] key and sends it to a push service
//! on the list of [`hosts`], at one of its public [`addresses`]. Best effort: what is lost is lost, and the page shows the
//! truth when it is opened.

pub mod addresses;
pub mod hosts;
pub mod notice;
pub mod post;
pub mod pusher;
pub mod vapid;

use crate::domain::model::push::Subscription;
use crate::feed::Directory;
use actix::Actor;
use hosts::Hosts;
use post::Post;
use pusher::Pusher;
use std::sync::Arc;
use vapid::Vapid;
use web_push_native::p256::PublicKey;

/// What a node with a VAPID key knows of pushing.
#[derive(Debug)]
pub struct Push {
    vapid: Vapid,
    hosts: Hosts,
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

/// Sends what this node commits from now on, on this thread.
///
/// # Errors
/// When there can be no HTTP client.
pub fn start(push: Arc<Push>, directory: &Directory) -> anyhow::Result<()> {
    let post = Post::new(push, directory.store().clone(), directory.metrics().clone())?;
    directory.add_relay(Pusher::new(post).start().recipient());
    Ok(())
}
