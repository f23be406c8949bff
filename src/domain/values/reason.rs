//! The reasons for rejecting, cancelling, voiding, and for calling a waiter.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// Why an order was rejected or cancelled, or an item voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The dish is sold out.
    OutOfStock,
    /// The kitchen has closed.
    KitchenClosed,
    /// Too many orders at once.
    TooBusy,
    /// Ordered twice by mistake.
    Duplicate,
    /// The guest asked for it.
    CustomerRequest,
    /// Something else; the detail says what.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::OutOfStock, Self::KitchenClosed, Self::TooBusy, Self::Duplicate, Self::CustomerRequest, Self::Other];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::KitchenClosed => "kitchen_closed",
            Self::TooBusy => "too_busy",
            Self::Duplicate => "duplicate",
            Self::CustomerRequest => "customer_request",
            Self::Other => "other",
        }
    }
}

/// Why a guest calls a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallReason {
    /// A question, a spill, a missing fork.
    Help,
    /// The guest wants to pay.
    Bill,
    /// The guest wants water.
    Water,
}

impl CallReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Help, Self::Bill, Self::Water];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Bill => "bill",
            Self::Water => "water",
        }
    }
}

/// The word is not a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("reason must be one of {0}")]
pub struct UnknownReason(&'static str);

impl FromStr for Reason {
    type Err = UnknownReason;
    fn from_str(word: &str) -> Result<Self, UnknownReason> {
        Ok(match word {
            "out_of_stock" => Self::OutOfStock,
            "kitchen_closed" => Self::KitchenClosed,
            "too_busy" => Self::TooBusy,
            "duplicate" => Self::Duplicate,
            "customer_request" => Self::CustomerRequest,
            "other" => Self::Other,
            _ => return Err(UnknownReason("out_of_stock, kitchen_closed, too_busy, duplicate, customer_request, other")),
        })
    }
}

impl FromStr for CallReason {
    type Err = UnknownReason;
    fn from_str(word: &str) -> Result<Self, UnknownReason> {
        Ok(match word {
            "help" => Self::Help,
            "bill" => Self::Bill,
            "water" => Self::Water,
            _ => return Err(UnknownReason("help, bill, water")),
        })
    }
}
