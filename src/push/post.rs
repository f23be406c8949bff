//! Sending one notice: to each subscription of the order's diner, encrypted for its browser, again while that may help.

use super::addresses::Guarded;
use super::notice::{Notice, holds, payload, topic};
use super::service::Push;
use crate::backoff::Backoff;
use crate::clock;
use crate::domain::model::order::Order;
use crate::domain::model::push::{Endpoint, Subscription};
use crate::store::{SharedStore, StoreError};
use crate::telemetry::{ByFate, Metrics};
use bytes::Bytes;
use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use web_push_native::p256::PublicKey;
use web_push_native::{Auth, encrypt};

/// How long a push service may keep a message for a phone that is off, in seconds: nobody waits longer for a meal.
const TTL: &str = "3600";
/// How long a push service may take to let one in, and to answer it.
const CONNECTING: Duration = Duration::from_secs(5);
const ANSWERING: Duration = Duration::from_secs(10);
/// Waits between tries, with full jitter, and after how long it is too late for another.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const DEADLINE: Duration = Duration::from_secs(110);

/// What one try came to.
enum Tried {
    Sent,
    /// The push service does not know the subscription any more.
    Gone,
    /// Another try may do; after so long, if the push service said.
    Later(Option<Duration>),
    /// Another try will not.
    Refused(StatusCode),
}

/// A message, ready to go.
struct Message<'a> {
    endpoint: &'a Endpoint,
    authorization: SecretString,
    topic: String,
    body: Bytes,
}

/// What sends.
pub struct Post {
    push: Arc<Push>,
    client: Client,
    store: SharedStore,
    metrics: Metrics,
}

impl Post {
    /// A client that follows no redirect, since a push service has no reason to send it elsewhere, and that calls public
    /// addresses alone.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(push: Arc<Push>, store: SharedStore, metrics: Metrics) -> anyhow::Result<Self> {
        let resolver = Arc::new(Guarded(push.hosts.clone()));
        let client = Client::builder().redirect(Policy::none()).dns_resolver(resolver);
        let client = client.connect_timeout(CONNECTING).timeout(ANSWERING).build()?;
        Ok(Self { push, client, store, metrics })
    }

    /// Counts what became of a message.
    pub fn count(&self, fate: &'static str) {
        self.metrics.pushes.get_or_create(&ByFate { fate }).inc();
    }

    /// Tells a notice to every phone that wants it. Takes two minutes at most.
    pub async fn tell(&self, notice: Notice) {
        match self.audience(notice).await {
            Ok(Some((order, subscriptions))) => {
                join_all(subscriptions.iter().map(|one| self.deliver(notice, &order, one))).await;
            }
            Ok(None) => {}
            Err(error) => {
                self.count("failed");
                log::warn!(order:% = notice.order, error:%; "cannot read whom to push to");
            }
        }
    }

    /// The order and who wants to be told of it; none when that is nobody, as for most orders, or when the order has moved on.
    async fn audience(&self, notice: Notice) -> Result<Option<(Order, Vec<Subscription>)>, StoreError> {
        let Notice { restaurant, order, .. } = notice;
        let subscriptions = self.store.pushes_of_order(restaurant, order, clock::now()).await?;
        if subscriptions.is_empty() {
            return Ok(None);
        }
        let order = self.store.order(restaurant, order).await?.filter(|order| holds(notice.status, order.status));
        Ok(order.map(|order| (order, subscriptions)))
    }

    /// Whether another try would still tell somebody something that holds. When that cannot be read, it is tried.
    async fn is_wanted(&self, notice: Notice, endpoint: &Endpoint) -> bool {
        match self.audience(notice).await {
            Ok(audience) => audience.is_some_and(|(_, wanting)| wanting.iter().any(|one| one.endpoint == *endpoint)),
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
            log::warn!(order:% = notice.order, error:%; "cannot remove a subscription that is gone, the next push will try");
        }
        self.count(fate);
    }

    /// Encrypts a message; none when the subscription cannot be sent to (any more): the list of hosts may have changed.
    fn seal<'a>(&self, notice: Notice, order: &Order, subscription: &'a Subscription) -> Option<Message<'a>> {
        let Subscription { endpoint, p256dh, auth, language } = subscription;
        self.push.examine(subscription).ok()?;
        let peer = PublicKey::from_sec1_bytes(&p256dh.0).ok()?;
        let body = encrypt(payload(order, notice.status, language), &peer, &Auth::from(auth.0)).ok()?;
        let authorization = self.push.vapid.authorization(endpoint, clock::now()).ok()?;
        Some(Message { endpoint, authorization, topic: topic(order.id), body: body.into() })
    }

    /// Tries until it is sent, will not be, or it is too late or pointless. Gives what became of it.
    async fn send(&self, notice: Notice, message: &Message<'_>) -> &'static str {
        let begun = clock::uptime();
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            let asked = match self.attempt(message).await {
                Tried::Sent => return "sent",
                Tried::Gone => return "gone",
                Tried::Refused(status) => {
                    log::warn!(host = message.endpoint.host(), status = status.as_u16(); "push service refuses a message");
                    return "failed";
                }
                Tried::Later(asked) => asked,
            };
            let wait = asked.unwrap_or_default().saturating_add(backoff.next(rand::random()));
            if clock::uptime().since(begun).saturating_add(wait) > DEADLINE {
                log::warn!(host = message.endpoint.host(); "push message given up");
                return "failed";
            }
            tokio::time::sleep(wait).await;
            if !self.is_wanted(notice, message.endpoint).await {
                return "overtaken";
            }
        }
    }

    async fn attempt(&self, message: &Message<'_>) -> Tried {
        let request = self
            .client
            .post(message.endpoint.as_str())
            .header("TTL", TTL)
            .header("Urgency", "high")
            .header("Topic", &message.topic)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(AUTHORIZATION, message.authorization.expose_secret())
            .body(message.body.clone());
        match request.send().await {
            Ok(response) => judge(&response),
            // An error's words have the address in them.
            Err(error) => {
                log::debug!(host = message.endpoint.host(), error:% = error.without_url(); "push service not reached");
                Tried::Later(None)
            }
        }
    }
}

/// What an answer means (RFC 8030, sections 5 and 8.4). Its body is not read.
fn judge(response: &Response) -> Tried {
    match response.status() {
        status if status.is_success() => Tried::Sent,
        StatusCode::NOT_FOUND | StatusCode::GONE => Tried::Gone,
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Tried::Later(seconds.map(Duration::from_secs))
        }
        status => Tried::Refused(status),
    }
}
