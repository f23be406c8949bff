//! Rooms, to which clients subscribe. Each is a filter over one feed.

use super::event::{Event, EventKind, Topic};
use crate::domain::values::as_text::serde_as_text;
use crate::domain::values::ids::{OrderId, RestaurantId};
use std::fmt;
use std::str::FromStr;

/// The parsed name of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoomId {
    /// The events of one order.
    Order(OrderId),
    /// Every order event of a restaurant.
    Kitchen(RestaurantId),
    /// Every order event of a restaurant, its waiter calls and its kitchen screens.
    Floor(RestaurantId),
    /// Changes of a menu, of availability and of the pause.
    Menu(RestaurantId),
}

/// The kind of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// `order:…`
    Order,
    /// `kitchen:…`
    Kitchen,
    /// `floor:…`
    Floor,
    /// `menu:…`
    Menu,
}

impl RoomKind {
    /// The word before the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Kitchen => "kitchen",
            Self::Floor => "floor",
            Self::Menu => "menu",
        }
    }

    /// Whether only kitchen, staff and services may join. The events of such a room name the staff who acted.
    #[must_use]
    pub const fn is_of_staff(self) -> bool {
        matches!(self, Self::Kitchen | Self::Floor)
    }
}

impl RoomId {
    /// Returns the room's kind.
    #[must_use]
    pub const fn kind(self) -> RoomKind {
        match self {
            Self::Order(_) => RoomKind::Order,
            Self::Kitchen(_) => RoomKind::Kitchen,
            Self::Floor(_) => RoomKind::Floor,
            Self::Menu(_) => RoomKind::Menu,
        }
    }

    /// Returns the topics of the events it carries.
    #[must_use]
    pub const fn topics(self) -> &'static [Topic] {
        match self {
            Self::Order(_) | Self::Kitchen(_) => &[Topic::Order],
            Self::Floor(_) => &[Topic::Order, Topic::Call, Topic::Display],
            Self::Menu(_) => &[Topic::Menu],
        }
    }

    /// Whether the room carries an event of its restaurant's feed.
    #[must_use]
    pub fn carries(self, event: &Event) -> bool {
        self.carries_kind(event.kind, event.order)
    }

    fn carries_kind(self, kind: EventKind, order: Option<OrderId>) -> bool {
        match self {
            Self::Order(id) => kind.topic() == Topic::Order && order == Some(id),
            _ => self.topics().contains(&kind.topic()),
        }
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        f.write_str(":")?;
        match self {
            Self::Order(id) => id.fmt(f),
            Self::Kitchen(id) | Self::Floor(id) | Self::Menu(id) => id.fmt(f),
        }
    }
}

/// The text is not the name of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a room's name")]
pub struct InvalidRoom;

impl FromStr for RoomId {
    type Err = InvalidRoom;
    fn from_str(text: &str) -> Result<Self, InvalidRoom> {
        let (kind, id) = text.split_once(':').ok_or(InvalidRoom)?;
        let restaurant = || id.parse::<RestaurantId>().map_err(|_| InvalidRoom);
        Ok(match kind {
            "order" => Self::Order(id.parse().map_err(|_| InvalidRoom)?),
            "kitchen" => Self::Kitchen(restaurant()?),
            "floor" => Self::Floor(restaurant()?),
            "menu" => Self::Menu(restaurant()?),
            _ => return Err(InvalidRoom),
        })
    }
}

serde_as_text!(RoomId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let id = "0193a5f0-7c1e-7000-8000-00000000002a";
        for kind in ["order", "kitchen", "floor", "menu"] {
            let name = format!("{kind}:{id}");
            assert_eq!(name.parse::<RoomId>().unwrap().to_string(), name);
        }
        for bad in ["", "order", "order:", "order:42", "cellar:0193a5f0-7c1e-7000-8000-00000000002a", "floor:*"] {
            assert_eq!(bad.parse::<RoomId>(), Err(InvalidRoom), "{bad}");
        }
    }

    #[test]
    fn each_kind_of_event_is_in_the_rooms_of_the_contract() {
        let (order, restaurant) =
            ("0193a5f0-7c1e-7000-8000-00000000002a".parse().unwrap(), RestaurantId::from_uuid(uuid::Uuid::nil()));
        for &kind in EventKind::ALL {
            let word = kind.as_str();
            let of_order = word.starts_with("order.") || word.starts_with("item.");
            let subject = of_order.then_some(order);
            assert_eq!(RoomId::Order(order).carries_kind(kind, subject), of_order, "{word}");
            assert!(!RoomId::Order(OrderId::from_uuid(uuid::Uuid::nil())).carries_kind(kind, subject), "{word}");
            assert_eq!(RoomId::Kitchen(restaurant).carries_kind(kind, subject), of_order, "{word}");
            assert_eq!(RoomId::Floor(restaurant).carries_kind(kind, subject), !word.starts_with("menu."), "{word}");
            assert_eq!(RoomId::Menu(restaurant).carries_kind(kind, subject), word.starts_with("menu."), "{word}");
            assert_eq!(word.parse::<EventKind>(), Ok(kind));
        }
    }
}
