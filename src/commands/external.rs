//! Orders with a number of the POS or the aggregator that placed them. In a restaurant, a number belongs to one order.

use crate::domain::model::draft::to_json;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::rules::decision::Decision;
use crate::domain::values::text::Key;
use crate::store::log::ExternalOrder;

/// Returns the order that has the number already. If there are several, which an earlier version allowed, returns the one that
/// the principal placed, or else the first.
pub(super) fn known<'a>(orders: &'a [ExternalOrder], sub: &Key) -> Option<&'a ExternalOrder> {
    orders.iter().find(|known| known.source == *sub).or_else(|| orders.first())
}

/// Answers an order whose number belongs to a known order: with the known order if the basket is the
/// same, and otherwise with a refusal.
pub(super) fn answer_repeat(known: &ExternalOrder, fingerprint: &[u8]) -> Result<Decision, Refusal> {
    if known.fingerprint == fingerprint {
        return Ok(Decision::Keep { document: to_json(&known.order), position: known.order.position });
    }
    let number = known.order.number;
    let message = format!(
        "external_id belongs to order {number}, which has other contents; correct that order, or use another external_id"
    );
    Err(Refusal { document: Some(to_json(&known.order)), ..Refusal::new(RefusalKind::Conflict, message) })
}
