//! Sends notices to each subscription of the order's diner, encrypted for its browser, with
//! retries.

use super::notice::{Notice, holds, payload, topic};
use super::service::Push;
use crate::backoff::Backoff;
use crate::clock;
use crate::domain::model::order::Order;
use crate::domain::model::push::{Endpoint, Subscription};
use crate::outbound::client::{Answer, Client};
use crate::outbound::targets::Targets;
use crate::store::{SharedStore, StoreError};
use crate::telemetry::{ByFate, Metrics};
use bytes::Bytes;
use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use web_push_native::p256::PublicKey;
use web_push_native::{Auth, encrypt};

/// The seconds for which a push service may keep a message for a phone that is off. Nobody waits
/// longer for a meal.
const TTL: &str = "3600";
/// The longest first delay between attempts, with full jitter.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest delay between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The time after which no further attempt begins.
const DEADLINE: Duration = Duration::from_secs(110);

/// The outcome of an attempt.
enum Outcome {
    Sent,
    /// The push service no longer knows the subscription.
    Gone,
    /// Another attempt may succeed, after a delay if the push service named one.
    Later(Option<Duration>),
    /// Another attempt is useless.
    Refused(u16),
}

/// An encrypted and signed message.
struct Message<'a> {
    endpoint: &'a Endpoint,
    authorization: SecretString,
    topic: String,
    body: Bytes,
}

/// The sender of notices.
pub struct Post {
    push: Arc<Push>,
    client: Client,
    store: SharedStore,
    metrics: Metrics,
}

impl Post {
    /// Makes a sender. Its client calls only public addresses and follows no redirects, which push
    /// services do not need.
    ///
    /// # Errors
    /// An error if the HTTP client cannot be made.
    pub fn new(push: Arc<Push>, store: SharedStore, metrics: Metrics) -> anyhow::Result<Self> {
        let client = Client::new(Targets::Listed(push.hosts.clone()))?;
        Ok(Self { push, client, store, metrics })
    }

    /// Counts the fate of a message.
    pub fn count(&self, fate: &'static str) {
        self.metrics.pushes.get_or_create(&ByFate { fate }).inc();
    }

    /// Sends a notice to each subscribed phone. Takes at most two minutes.
    pub async fn send_notice(&self, notice: Notice) {
        match self.audience(notice).await {
            Ok(Some((order, subscriptions))) => {
                join_all(subscriptions.iter().map(|one| self.deliver(notice, &order, one))).await;
            }
            Ok(None) => {}
            Err(error) => {
                self.count("failed");
                log::warn!(order:% = notice.order, error:%; "cannot read the subscriptions of an order");
            }
        }
    }

    /// Returns the order and its subscriptions. `None` if there are no subscriptions, as for most
    /// orders, or if the notice is no longer true.
    async fn audience(&self, notice: Notice) -> Result<Option<(Order, Vec<Subscription>)>, StoreError> {
        let Notice { restaurant, order, .. } = notice;
        let subscriptions = self.store.pushes_of_order(restaurant, order, clock::now()).await?;
        if subscriptions.is_empty() {
            return Ok(None);
        }
        let order = self.store.order(restaurant, order).await?.filter(|order| holds(notice.status, order.status));
        Ok(order.map(|order| (order, subscriptions)))
    }

    /// Whether another attempt is still useful. True if the store fails.
    async fn is_wanted(&self, notice: Notice, endpoint: &Endpoint) -> bool {
        match self.audience(notice).await {
            Ok(audience) => audience.is_some_and(|(_, subscriptions)| subscriptions.iter().any(|one| one.endpoint == *endpoint)),
            Err(_) => true,
        }
    }

    async fn deliver(&self, notice: Notice, order: &Order, subscription: &Subscription) {
        let Some(message) = self.seal(notice, order, subscription) else {
            self.count("failed");
            return log::warn!(order:% = notice.order, host = subscription.endpoint.host(); "cannot push to a subscription");
        };
        let fate = self.send(notice, &message).await;
        if fate == "gone"
            && let Err(error) = self.store.remove_endpoint(notice.restaurant, &subscription.endpoint).await
        {
            log::warn!(order:% = notice.order, error:%; "cannot remove a dead subscription; the next push will try");
        }
        self.count(fate);
    }

    /// Encrypts and signs a message. `None` if the subscription is unusable, for example because
    /// the list of hosts has changed.
    fn seal<'a>(&self, notice: Notice, order: &Order, subscription: &'a Subscription) -> Option<Message<'a>> {
        let Subscription { endpoint, p256dh, auth, language } = subscription;
        self.push.examine(subscription).ok()?;
        let peer = PublicKey::from_sec1_bytes(&p256dh.0).ok()?;
        let body = encrypt(payload(order, notice.status, language), &peer, &Auth::from(auth.0)).ok()?;
        let authorization = self.push.vapid.authorization(endpoint, clock::now()).ok()?;
        Some(Message { endpoint, authorization, topic: topic(order.id), body: body.into() })
    }

    /// Attempts to send until success, refusal or the deadline, or until the notice is outdated.
    /// Returns the fate of the message.
    async fn send(&self, notice: Notice, message: &Message<'_>) -> &'static str {
        let begun = clock::uptime();
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            let delay = match self.attempt(message).await {
                Outcome::Sent => return "sent",
                Outcome::Gone => return "gone",
                Outcome::Refused(status) => {
                    log::warn!(host = message.endpoint.host(), status; "push service refuses a message");
                    return "failed";
                }
                Outcome::Later(delay) => delay,
            };
            let wait = delay.unwrap_or_default().saturating_add(backoff.next(rand::random()));
            if clock::uptime().since(begun).saturating_add(wait) > DEADLINE {
                log::warn!(host = message.endpoint.host(); "push message dropped after the deadline");
                return "failed";
            }
            tokio::time::sleep(wait).await;
            if !self.is_wanted(notice, message.endpoint).await {
                return "overtaken";
            }
        }
    }

    async fn attempt(&self, message: &Message<'_>) -> Outcome {
        let headers = [
            ("ttl", TTL),
            ("urgency", "high"),
            ("topic", &message.topic),
            ("content-encoding", "aes128gcm"),
            ("content-type", "application/octet-stream"),
            ("authorization", message.authorization.expose_secret()),
        ];
        match self.client.post(message.endpoint, &headers, message.body.clone()).await {
            Ok(answer) => interpret(answer),
            Err(error) => {
                log::debug!(host = message.endpoint.host(), error:%; "push service not reached");
                Outcome::Later(None)
            }
        }
    }
}

/// Interprets an answer without its body (RFC 8030, "Requesting Push Message Delivery" and
/// "Denial-of-Service Considerations").
fn interpret(answer: Answer) -> Outcome {
    match answer.status {
        _ if answer.is_success() => Outcome::Sent,
        404 | 410 => Outcome::Gone,
        429 | 500..600 => Outcome::Later(answer.retry_after),
        status => Outcome::Refused(status),
    }
}
