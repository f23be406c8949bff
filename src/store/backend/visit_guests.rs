//! The guests of a visit: their sessions follow it to another table.

use super::{Connection, Database};
use crate::domain::model::visit::VisitWrite;
use crate::domain::values::ids::RestaurantId;
use crate::domain::values::text::Key;
use crate::store::columns::text;
use crate::store::{Result, columns};
use sqlx::{query, query_scalar};

/// Moves guests from the table `$3` with the visit `$4`, whose orders are at the table `$2` already: those with an order of it,
/// and (`OR`) or but (`AND`) those without one of another bill at the table.
macro_rules! move_guests {
    ($connective:literal) => {
        concat!(
            "UPDATE sessions SET table_label = $2 WHERE restaurant = $1 AND table_label = $3 AND role = 'diner' ",
            "AND (sub IN (SELECT o.diner FROM orders o WHERE o.restaurant = $1 AND o.visit = $4 AND o.diner IS NOT NULL) ",
            $connective,
            " sub NOT IN (SELECT o.diner FROM orders o WHERE o.restaurant = $1 AND o.at_table = $3 AND o.diner IS NOT NULL ",
            "AND o.visit IN (SELECT v.id FROM visits v WHERE v.restaurant = $1 AND v.closed_at IS NULL))) RETURNING id"
        )
    };
}

/// Moves back the sessions that a query names, and those of guests with an order of the visit `$4`.
macro_rules! return_guests {
    ($sessions:literal) => {
        concat!(
            "UPDATE sessions SET table_label = $2 WHERE restaurant = $1 AND table_label = $3 AND role = 'diner' AND (id IN (",
            $sessions,
            ") OR sub IN (SELECT diner FROM orders WHERE restaurant = $1 AND visit = $4))"
        )
    };
}

statements! {
    /// Moves the guests at the table with its first bill: all but those who have ordered only on another one.
    MOVE_GUESTS = move_guests!("OR");
    /// Moves the guests who have ordered on the bill, and on no other one at the table.
    MOVE_GUESTS_OF = move_guests!("AND");
    /// Moves guests back who came with the visit (the JSON array `$5`), or have ordered in it. Who was at the table already stays.
    RETURN_GUESTS = by_database! {
        sqlite: return_guests!("SELECT value FROM json_each($5)"),
        postgres: return_guests!("SELECT json_array_elements_text($5::json)"),
    };
}

/// Moves the guests of a visit. Returns the sessions of those who have come with it.
pub async fn follow(connection: &mut Connection, restaurant: RestaurantId, write: &VisitWrite) -> Result<Vec<Key>> {
    let (change, (from, to)) = (&write.change, write.tables());
    if from == to {
        return Ok(change.guests.clone());
    }
    if change.is_undone {
        let back = query::<Database>(RETURN_GUESTS).bind(restaurant.uuid()).bind(to.as_str()).bind(from.as_str());
        let visit = change.merged.as_ref().map_or(change.visit, |merged| merged.visit);
        let back = back.bind(visit.uuid()).bind(columns::write(&change.guests)?);
        back.execute(connection).await?;
        return Ok(change.guests.clone());
    }
    // Of several bills at a table, each takes its own guests.
    let (statement, visit) = match (&change.split, change.bill) {
        (Some(split), _) => (MOVE_GUESTS_OF, split.visit),
        (None, Some(_)) => (MOVE_GUESTS_OF, change.visit),
        (None, None) => (MOVE_GUESTS, change.visit),
    };
    let moved = query_scalar::<Database, String>(statement).bind(restaurant.uuid()).bind(to.as_str()).bind(from.as_str());
    let moved = moved.bind(visit.uuid());
    moved.fetch_all(connection).await?.iter().map(|id| text("id", id)).collect()
}
