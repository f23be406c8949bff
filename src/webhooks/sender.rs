//! Sends messages to the receiver of one webhook.

use super::message::{self, Message};
use super::plan::{self, Next, Outcome};
use super::signature;
use crate::clock;
use crate::domain::model::webhook::{Fault, Webhook};
use crate::domain::values::ids::{RestaurantId, WebhookId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::outbound::client::{Client, Unreached};
use crate::store::{Result, SharedStore, StoreError};
use crate::telemetry::webhooks::WebhookMetrics;

/// The most messages to a receiver before others have their turn.
const MOST_IN_A_TURN: u32 = 50;

/// The sender, one for each node.
pub struct Sender {
    client: Client,
    store: SharedStore,
    metrics: WebhookMetrics,
}

impl Sender {
    /// Makes a sender.
    #[must_use]
    pub const fn new(client: Client, store: SharedStore, metrics: WebhookMetrics) -> Self {
        Self { client, store, metrics }
    }

    /// Returns the client, which knows the allowed addresses.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns webhooks that are due.
    pub(super) async fn due(&self, limit: usize) -> Vec<(RestaurantId, WebhookId)> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.store.due_webhooks(clock::now(), limit).await.unwrap_or_else(|error| {
            log::warn!(error:%; "cannot read webhooks that are due; will try again");
            Vec::new()
        })
    }

    /// Counts the webhooks of all restaurants, for the metrics.
    pub(super) async fn count(&self) {
        match self.store.count_webhooks().await {
            Ok(counts) => counts.into_iter().for_each(|count| self.metrics.set(count)),
            Err(error) => log::warn!(error:%; "cannot count webhooks; will try again"),
        }
    }

    /// Sends a webhook what it has to get, unless another node does.
    pub(super) async fn serve(&self, restaurant: RestaurantId, id: WebhookId) {
        if let Err(error) = self.take_turn(restaurant, id).await {
            log::warn!(restaurant:%, webhook:% = id, error:%; "cannot serve a webhook; will try again");
        }
    }

    async fn take_turn(&self, restaurant: RestaurantId, id: WebhookId) -> Result<()> {
        let Some(mut webhook) = self.store.webhook(restaurant, id).await? else { return Ok(()) };
        if !plan::claim(&mut webhook, clock::now()) {
            return Ok(());
        }
        for _ in 0..MOST_IN_A_TURN {
            let Some(message) = self.next(&mut webhook).await? else { break };
            // Written before it is sent, so that the node that sends it again uses the same id. Fails if another node or a
            // manager was faster.
            plan::lease(&mut webhook, clock::now());
            if !self.store.save_webhook(&mut webhook).await? {
                return Ok(());
            }
            let outcome = self.attempt(&webhook, &message, clock::now()).await;
            self.count_outcome(&webhook, outcome);
            plan::record(&mut webhook, outcome, clock::now(), rand::random());
            if outcome != Outcome::Delivered {
                return self.store.save_webhook(&mut webhook).await.map(|_| ());
            }
        }
        plan::release(&mut webhook, clock::now());
        self.store.save_webhook(&mut webhook).await.map(|_| ())
    }

    /// Makes the next message; `None` if the webhook has everything.
    async fn next(&self, webhook: &mut Webhook) -> Result<Option<Message>> {
        let restaurant = webhook.restaurant;
        let heads = self.store.heads(&[(restaurant, Position::ZERO)]).await?;
        let head = heads.get(&restaurant).ok_or(StoreError::Missing)?;
        let message = match plan::next(webhook, head.generation, head.last.position) {
            Next::Nothing => return Ok(None),
            Next::History => message::history(webhook, self.store.epoch(), clock::now()),
            Next::Events(through) => {
                let mut events = self.store.events(restaurant, None, webhook.position, through, message::MOST_EVENTS).await?;
                if webhook.details.through.is_none() {
                    let last = message::last_that_fits(&events).ok_or(StoreError::Internal)?.position;
                    events.retain(|event| event.position <= last);
                    plan::begin(webhook, last);
                }
                message::events(webhook, self.store.epoch(), &events)
            }
        };
        message.map(Some).map_err(|error| {
            log::error!(restaurant:%, webhook:% = webhook.id, error:%; "an event cannot be encoded for a webhook");
            StoreError::Internal
        })
    }

    /// Sends a message that only tests the receiver. Changes nothing.
    ///
    /// # Errors
    /// `Internal` if the message cannot be encoded.
    pub async fn ping(&self, webhook: &Webhook) -> Result<Outcome> {
        let now = clock::now();
        let message = message::ping(webhook, clock::new_id(), now).map_err(|_| StoreError::Internal)?;
        Ok(self.attempt(webhook, &message, now).await)
    }

    async fn attempt(&self, webhook: &Webhook, message: &Message, now: Timestamp) -> Outcome {
        let signature = signature::signatures(plan::keys(webhook, now), &message.id, now, &message.body);
        let headers = [
            ("content-type", "application/json"),
            ("user-agent", "orderbell"),
            ("webhook-id", &*message.id),
            ("webhook-timestamp", &now.seconds().to_string()),
            ("webhook-signature", &signature),
        ];
        let answer = match self.client.post(&webhook.details.url, &headers, message.body.clone()).await {
            Ok(answer) => answer,
            Err(Unreached::NotPublic) => return Outcome::Failed(Fault::NotPublic, None),
            Err(Unreached::TimedOut) => return Outcome::Failed(Fault::TimedOut, None),
            Err(Unreached::Failed) => return Outcome::Failed(Fault::Unreachable, None),
        };
        match answer.status {
            _ if answer.is_success() => Outcome::Delivered,
            410 => Outcome::Gone,
            300..400 => Outcome::Failed(Fault::Redirected, None),
            status => Outcome::Failed(Fault::Refused { status }, answer.retry_after),
        }
    }

    fn count_outcome(&self, webhook: &Webhook, outcome: Outcome) {
        let host = webhook.details.url.host();
        let word = match outcome {
            Outcome::Delivered => "delivered",
            Outcome::Gone => {
                log::warn!(restaurant:% = webhook.restaurant, webhook:% = webhook.id, host; "a webhook's receiver wants no more");
                "gone"
            }
            Outcome::Failed(fault, _) => {
                log::debug!(restaurant:% = webhook.restaurant, webhook:% = webhook.id, host, fault:?; "a webhook's receiver failed");
                fault.as_str()
            }
        };
        self.metrics.delivered(word);
    }
}
