//! Tickets, which the staff call out for orders.

use super::as_text::serde_as_text;
use super::schema::{self, wire_schema};
use std::fmt;
use std::str::FromStr;

/// The text is not a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ticket is a letter and a number, like A12")]
pub struct InvalidTicket;

/// The letter of a series and a number that begins with 1 each day; on the wire `A12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    series: char,
    number: u32,
}

impl Ticket {
    /// Returns the ticket of a series, a capital letter, with a number from 1.
    pub(in crate::domain) const fn new(series: char, number: u32) -> Self {
        Self { series, number }
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.series, self.number)
    }
}

impl FromStr for Ticket {
    type Err = InvalidTicket;
    fn from_str(text: &str) -> Result<Self, InvalidTicket> {
        let series = text.chars().next().filter(char::is_ascii_uppercase).ok_or(InvalidTicket)?;
        let digits = &text[1..];
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let number = digits.parse().ok().filter(|_| is_plain).ok_or(InvalidTicket)?;
        Ok(Self { series, number })
    }
}

serde_as_text!(Ticket);
wire_schema!(
    Ticket,
    "Ticket",
    schema::text("^[A-Z][1-9][0-9]{0,9}$")
        .description(Some("The ticket that the staff call out: a letter and a number. It is unique within the restaurant's day."))
        .examples(["A12"])
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        for wrong in ["", "A", "12", "a12", "A0", "A012", "A-1", "A1x", "AA1", "É1", "A4294967296"] {
            assert_eq!(wrong.parse::<Ticket>(), Err(InvalidTicket), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn tickets_round_trip(series in prop::char::range('A', 'Z'), number in 1..=u32::MAX) {
            let ticket = Ticket::new(series, number);
            prop_assert_eq!(ticket.to_string().parse(), Ok(ticket));
        }
    }
}
