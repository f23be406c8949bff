//! The limits on orders and commands, by name.

use super::schema::{self, wire_schema};
use super::whole_number;
use std::fmt;
use std::str::FromStr;
use utoipa::openapi::schema::Object;

/// The most portions of one line.
pub const MAX_QUANTITY: u16 = 99;

/// Deserializes the quantity of one line.
///
/// # Errors
/// For anything but a whole number from 1 to [`MAX_QUANTITY`].
pub(crate) fn quantity<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    whole_number::within(deserializer, 1..=MAX_QUANTITY)
}

/// Builds the schema of the quantity of one line.
pub(crate) fn quantity_schema() -> Object {
    schema::integer(1, MAX_QUANTITY).build()
}

/// The limits that a refusal can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Commands a second of one guest.
    CommandsByDiner,
    /// Commands a second of one staff member, screen or service.
    CommandsByPrincipal,
    /// Orders a minute of one guest.
    OrdersByDiner,
    /// Orders a minute of one table's guests.
    OrdersByTable,
    /// Orders a minute of all guests of a restaurant.
    OrdersByRestaurant,
    /// Orders a minute of one staff member, screen or service.
    OrdersByPrincipal,
    /// Lines a minute of one guest's orders.
    LinesByDiner,
    /// Lines a minute of the orders of one table's guests.
    LinesByTable,
    /// Lines a minute of the orders of all guests of a restaurant.
    LinesByRestaurant,
    /// Open orders of one guest.
    OpenOrdersByDiner,
    /// Open orders of one table's guests.
    OpenOrdersByTable,
    /// Open orders of all guests of a restaurant.
    OpenOrdersByRestaurant,
    /// Lines of one order.
    OrderLines,
    /// Portions of one order.
    OrderPortions,
    /// Bytes of one order's document.
    OrderBytes,
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 15] = [
        Self::CommandsByDiner,
        Self::CommandsByPrincipal,
        Self::OrdersByDiner,
        Self::OrdersByTable,
        Self::OrdersByRestaurant,
        Self::OrdersByPrincipal,
        Self::LinesByDiner,
        Self::LinesByTable,
        Self::LinesByRestaurant,
        Self::OpenOrdersByDiner,
        Self::OpenOrdersByTable,
        Self::OpenOrdersByRestaurant,
        Self::OrderLines,
        Self::OrderPortions,
        Self::OrderBytes,
    ];

    /// The word on the wire, in metrics and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandsByDiner => "commands_by_diner",
            Self::CommandsByPrincipal => "commands_by_principal",
            Self::OrdersByDiner => "orders_by_diner",
            Self::OrdersByTable => "orders_by_table",
            Self::OrdersByRestaurant => "orders_by_restaurant",
            Self::OrdersByPrincipal => "orders_by_principal",
            Self::LinesByDiner => "lines_by_diner",
            Self::LinesByTable => "lines_by_table",
            Self::LinesByRestaurant => "lines_by_restaurant",
            Self::OpenOrdersByDiner => "open_orders_by_diner",
            Self::OpenOrdersByTable => "open_orders_by_table",
            Self::OpenOrdersByRestaurant => "open_orders_by_restaurant",
            Self::OrderLines => "order_lines",
            Self::OrderPortions => "order_portions",
            Self::OrderBytes => "order_bytes",
        }
    }
}

wire_schema!(
    Limit,
    "Limit",
    schema::word(Self::ALL.map(Self::as_str)).description(Some("The limits on orders and commands. New words may come."))
);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not the name of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such limit")]
pub struct UnknownLimit;

impl FromStr for Limit {
    type Err = UnknownLimit;
    fn from_str(word: &str) -> Result<Self, UnknownLimit> {
        Self::ALL.into_iter().find(|limit| limit.as_str() == word).ok_or(UnknownLimit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_reads_back() {
        for limit in Limit::ALL {
            assert_eq!(limit.as_str().parse(), Ok(limit));
        }
        assert_eq!("orders".parse::<Limit>(), Err(UnknownLimit));
    }
}
