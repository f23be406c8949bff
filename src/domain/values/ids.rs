//! Identifiers: UUIDs in types of their own, so that an order's id cannot stand in for a
//! restaurant's.

use super::as_text::read_as_text;
use super::schema::{self, wire_schema};
use super::time::Timestamp;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat};
use uuid::Uuid;

/// The text is not a UUID in lower-case hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID in lower case with hyphens")]
pub struct InvalidId;

/// The spelling that [`parse_uuid`] reads, as a regular expression.
const PATTERN: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

/// Builds the schema of an id.
fn schema() -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    schema::text(PATTERN).format(Some(format)).description(Some("A UUID in lower case with hyphens."))
}

/// Parses the only spelling on the wire: 36 characters, hyphenated, lower case.
fn parse_uuid(text: &str) -> Result<Uuid, InvalidId> {
    let canonical = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
    if !canonical {
        return Err(InvalidId);
    }
    Uuid::try_parse(text).map_err(|_| InvalidId)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Returns the UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        read_as_text!($name);
        wire_schema!($name, "Id", schema());
    };
}

id!(
    /// A restaurant: the tenant.
    RestaurantId
);
id!(
    /// An order.
    OrderId
);
id!(
    /// The generation of a feed: an id that a rewritten history gets. A feed whose history was never rewritten has no
    /// generation, and sorts before all others.
    Generation
);
id!(
    /// A line of an order.
    ItemId
);
id!(
    /// A dish on the menu.
    MenuItemId
);
id!(
    /// A menu category.
    CategoryId
);
id!(
    /// An option of a dish.
    OptionId
);
id!(
    /// A group of options of a dish.
    OptionGroupId
);
id!(
    /// A picture, by a digest of its content.
    PictureId
);
id!(
    /// An entry of the audit.
    AuditId
);
id!(
    /// A call for the waiter.
    CallId
);
id!(
    /// A webhook.
    WebhookId
);
id!(
    /// An event of the feed.
    EventId
);
id!(
    /// A command, made by the client; safe to send again under the same id.
    CommandId
);
id!(
    /// A member of the staff.
    UserId
);
id!(
    /// A table.
    TableId
);
id!(
    /// A visit of guests to a table, from their first order to their departure.
    VisitId
);
id!(
    /// A change of a visit that can be undone.
    VisitChangeId
);
id!(
    /// A paired kitchen screen.
    DeviceId
);
id!(
    /// A person's PIN: a new id for each that is set.
    PinId
);
id!(
    /// A person's shift on a shared device, made by the device.
    ShiftId
);
id!(
    /// One run of a node.
    NodeId
);

impl AuditId {
    /// Returns the lowest id of entries made at `at`, as [`OrderId::earliest`] does for orders.
    #[must_use]
    pub fn earliest(at: Timestamp) -> Self {
        Self(OrderId::earliest(at).uuid())
    }
}

impl OrderId {
    /// Returns the lowest id of orders made at `at`. Ids are UUIDv7, which begin with the time (RFC
    /// 9562, section 5.7).
    #[must_use]
    pub fn earliest(at: Timestamp) -> Self {
        Self(Uuid::from_u128(u128::try_from(at.millis()).unwrap_or(0) << 80))
    }

    /// Returns an id that sorts before the ids of all orders placed at `at` or later. An order's id is made shortly before its
    /// `placed_at`; no request takes longer than a minute between the two.
    #[must_use]
    pub fn before_placed(at: Timestamp) -> Self {
        Self::earliest(at.minus(Duration::from_secs(60)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_orders_sort_by_the_time_they_were_made() {
        let made: OrderId = "0193a5f0-7c1e-7000-8000-00000000002a".parse().unwrap();
        let at = |millis| OrderId::earliest(Timestamp::from_millis(millis));
        assert!(at(0x0193_a5f0_7c1e) < made && made < at(0x0193_a5f0_7c1f));
    }

    #[test]
    fn only_the_canonical_spelling_is_an_id() {
        let text = "0193a5f0-7c1e-7000-8000-00000000002a";
        assert_eq!(text.parse::<OrderId>().unwrap().to_string(), text);
        for bad in [
            "",
            "42",
            "0193A5F0-7C1E-7000-8000-00000000002A",
            "0193a5f07c1e7000800000000000002a",
            "{0193a5f0-7c1e-7000-8000-00000000002a}",
            "0193a5f0-7c1e-7000-8000-00000000002g",
        ] {
            assert_eq!(bad.parse::<OrderId>(), Err(InvalidId), "{bad}");
        }
    }
}
