//! Events: committed changes, as the feed numbers them.

use super::history::Mark;
use super::principal::{Person, Principal, Role};
use crate::domain::values::ids::{CommandId, DeviceId, EventId, OrderId, RestaurantId};
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// The topic of an event, which decides the rooms that carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An order or one of its items.
    Order,
    /// A waiter call.
    Call,
    /// A kitchen screen.
    Display,
    /// The menu, availability, pause.
    Menu,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 4] = [Self::Order, Self::Call, Self::Display, Self::Menu];

    /// Returns the topic's number in the database.
    #[must_use]
    pub const fn column(self) -> i16 {
        match self {
            Self::Order => 1,
            Self::Call => 2,
            Self::Display => 3,
            Self::Menu => 4,
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $word:literal $topic:ident,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)] // the wire's own words, explained in docs/protocol.md
        pub enum EventKind {
            $(#[serde(rename = $word)] $variant,)*
        }

        impl EventKind {
            /// Every kind of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Returns the kind's topic.
            #[must_use]
            pub const fn topic(self) -> Topic {
                match self { $(Self::$variant => Topic::$topic,)* }
            }
        }
    };
}

kinds! {
    OrderPlaced "order.placed" Order,
    OrderAccepted "order.accepted" Order,
    OrderRejected "order.rejected" Order,
    OrderStarted "order.started" Order,
    OrderReady "order.ready" Order,
    OrderRecalled "order.recalled" Order,
    OrderServed "order.served" Order,
    OrderCancelled "order.cancelled" Order,
    OrderPromised "order.promised" Order,
    OrderRushed "order.rushed" Order,
    OrderMoved "order.moved" Order,
    OrderDue "order.due" Order,
    OrderRescheduled "order.rescheduled" Order,
    ItemStarted "item.started" Order,
    ItemFinished "item.finished" Order,
    ItemRecalled "item.recalled" Order,
    ItemVoided "item.voided" Order,
    ItemAdded "item.added" Order,
    ItemChanged "item.changed" Order,
    ItemFired "item.fired" Order,
    ItemHeld "item.held" Order,
    ItemServed "item.served" Order,
    ItemMoved "item.moved" Order,
    CallRaised "call.raised" Call,
    CallAnswered "call.answered" Call,
    CallMoved "call.moved" Call,
    DisplayConnected "display.connected" Display,
    DisplayLost "display.lost" Display,
    MenuChanged "menu.changed" Menu,
    MenuAvailability "menu.availability" Menu,
    MenuPaused "menu.paused" Menu,
    MenuResumed "menu.resumed" Menu,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is not an event kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event kind")]
pub struct UnknownKind;

impl FromStr for EventKind {
    type Err = UnknownKind;
    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// The originator of an event. Every reader may see the role; guests never see the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The role of the principal.
    pub role: Role,
    /// The person on the staff, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// The paired screen, if the principal acted on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<DeviceId>,
    /// The rule of the restaurant, if nobody acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
}

/// A rule of a restaurant by which the server acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Orders that fit are accepted.
    AutoAccept,
    /// A course is fired some time after the one before.
    Firing,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::AutoAccept, Self::Firing];

    /// Returns the word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AutoAccept => "auto_accept",
            Self::Firing => "firing",
        }
    }
}

/// The word is not a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rule")]
pub struct UnknownRule;

impl FromStr for Rule {
    type Err = UnknownRule;
    fn from_str(word: &str) -> Result<Self, UnknownRule> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word).ok_or(UnknownRule)
    }
}

impl By {
    /// Returns the originator of an event that a principal causes.
    #[must_use]
    pub fn of(who: &Principal) -> Self {
        Self { role: who.role, person: who.person(), screen: who.device, rule: None }
    }

    /// Returns an originator of whom only the role is known.
    #[must_use]
    pub const fn role(role: Role) -> Self {
        Self { role, person: None, screen: None, rule: None }
    }

    /// Returns the originator of what the server does by a rule: no person, and no client.
    #[must_use]
    pub const fn rule(rule: Rule) -> Self {
        Self { role: Role::Service, person: None, screen: None, rule: Some(rule) }
    }
}

/// One committed change.
#[derive(Debug, Clone)]
pub struct Event {
    /// The restaurant, and so the feed.
    pub restaurant: RestaurantId,
    /// The position in the feed.
    pub position: Position,
    /// The event's own id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// The order it changed, for kinds of [`Topic::Order`].
    pub order: Option<OrderId>,
    /// The time of the commit's decision.
    pub at: Timestamp,
    /// The originator.
    pub by: By,
    /// The command that caused it, if a command did.
    pub command: Option<CommandId>,
    /// An RFC 7396 merge patch, kept as JSON text, which every frame repeats.
    pub patch: Box<RawValue>,
}

impl Event {
    /// Returns its place in the history.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        Mark { position: self.position, event: Some(self.id) }
    }
}
