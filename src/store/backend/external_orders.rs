//! Orders by the numbers that they have in a POS or at an aggregator.

use super::script::{Outcome, Script, Value};
use super::{Connection, Database};
use crate::domain::model::order::Order;
use crate::domain::values::ids::RestaurantId;
use crate::store::Result;
use crate::store::columns::{document, text};
use crate::store::group::{External, ExternalKey, Reading};
use crate::store::order_write::OrderWrite;
use sqlx::query_scalar;
use std::collections::BTreeSet;
use uuid::Uuid;

statements! {
    EXTERNAL = on_rows!(
        "SELECT e.restaurant, e.source, e.external_id, e.fingerprint, o.document FROM ", ("$1" "uuid", "$2" "text"),
        " AS k CROSS JOIN external_orders e JOIN orders o ON o.restaurant = e.restaurant AND o.id = e.order_id \
         WHERE e.restaurant = k.column1 AND e.external_id = k.column2"
    );
    OF_EXTERNAL = "SELECT o.document FROM external_orders e CROSS JOIN orders o WHERE e.restaurant = $1 AND e.external_id = $2 \
        AND o.restaurant = e.restaurant AND o.id = e.order_id ORDER BY e.order_id LIMIT $3";
    ADD_EXTERNAL = "INSERT INTO external_orders (restaurant, source, external_id, order_id, fingerprint) \
        VALUES ($1, $2, $3, $4, $5)";
}

/// Reads the orders that were placed under external numbers.
pub fn read(script: &mut Script, keys: &BTreeSet<ExternalKey>) {
    let row = |(restaurant, id): &ExternalKey| [restaurant.uuid().into(), id.as_str().into()];
    script.read(EXTERNAL, keys.iter().map(row).collect());
}

/// Returns the orders of an external number, the first one first.
pub async fn of_external(
    connection: &mut Connection,
    restaurant: RestaurantId,
    external_id: String,
    limit: u32,
) -> Result<Vec<Order>> {
    let query = query_scalar::<Database, String>(OF_EXTERNAL).bind(restaurant.uuid()).bind(external_id).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(|json| document(json)).collect()
}

/// Adds the orders that were found to a reading.
pub fn add_found(outcome: &Outcome, reading: &mut Reading) -> Result<()> {
    for (restaurant, source, id, fingerprint, json) in outcome.read::<(Uuid, String, String, Vec<u8>, String)>()? {
        let (restaurant, order) = (RestaurantId::from_uuid(restaurant), document::<Order>(&json)?);
        let external = External { order: order.id, source: text("source", &source)?, fingerprint };
        let known = reading.external.entry((restaurant, text("external_id", &id)?)).or_default();
        // A read repeats its last row.
        if !known.contains(&external) {
            known.push(external);
            known.sort_by_key(|external| external.order);
        }
        reading.orders.insert((restaurant, order.id), order);
    }
    Ok(())
}

/// Records the numbers under which sources have placed orders.
pub fn add<'a>(script: &mut Script, orders: impl Iterator<Item = &'a OrderWrite>) {
    let row = |write: &OrderWrite| {
        let (order, key) = (&write.order, write.source.as_ref()?);
        let id = order.external_id.as_ref()?.as_str().into();
        let fingerprint = Value::Bytes(key.fingerprint.to_vec());
        Some([order.restaurant.uuid().into(), key.sub.as_str().into(), id, order.id.uuid().into(), fingerprint])
    };
    script.write(ADD_EXTERNAL, orders.filter_map(row).collect());
}
