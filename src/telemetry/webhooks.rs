//! The figures of webhooks.

use crate::domain::model::webhook::{WebhookCount, WebhookState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The label `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDelivery {
    outcome: &'static str,
}

/// The label `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

/// Counts of messages of this node, and of the webhooks of all restaurants. Cheap to clone; clones share their content.
#[derive(Debug, Clone, Default)]
pub struct WebhookMetrics {
    messages: Family<ByDelivery, Counter>,
    webhooks: Family<ByState, Gauge>,
    lag: Family<ByState, Gauge>,
}

impl WebhookMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("webhook_messages", "Messages to webhooks, by outcome", self.messages.clone());
        registry.register("webhooks", "Webhooks of all restaurants, by state", self.webhooks.clone());
        registry.register("webhook_lag_events", "The most events that one webhook has yet to get, by state", self.lag.clone());
        for state in WebhookState::ALL {
            self.set(WebhookCount { state, count: 0, lag: 0 });
        }
        drop(self.messages.get_or_create(&ByDelivery { outcome: "delivered" }));
    }

    /// Counts an attempt to deliver a message.
    pub fn delivered(&self, outcome: &'static str) {
        self.messages.get_or_create(&ByDelivery { outcome }).inc();
    }

    /// Sets the figures of a state.
    pub fn set(&self, WebhookCount { state, count, lag }: WebhookCount) {
        let label = ByState { state: state.as_str() };
        self.webhooks.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
        self.lag.get_or_create(&label).set(i64::try_from(lag).unwrap_or(i64::MAX));
    }
}
