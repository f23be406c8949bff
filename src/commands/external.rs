//! Orders that a POS or an aggregator knows by a number of its own.

use crate::domain::model::draft::to_json;
use crate::domain::model::refusal::{Refusal, RefusalKind};
use crate::domain::rules::decision::Decision;
use crate::store::log::ExternalOrder;

/// The number has its order already: the same basket gives that order, another one is refused.
pub(super) fn again(known: &ExternalOrder, fingerprint: &[u8]) -> Result<Decision, Refusal> {
    if known.fingerprint == fingerprint {
        return Ok(Decision::Keep { document: to_json(&known.order), position: known.order.position });
    }
    let number = known.order.number;
    let message = format!("external_id is that of order {number}, which has other contents; cancel it, or use another one");
    Err(Refusal { document: Some(to_json(&known.order)), ..Refusal::new(RefusalKind::Conflict, message) })
}
