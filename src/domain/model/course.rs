//! Courses: the parts of a meal that are brought one after another.

use crate::domain::values::schema::{self, wire_schema};
use crate::domain::values::text::Name;
use crate::domain::values::whole_number;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The most courses of an order.
pub const MAX_COURSES: u16 = 9;

/// The number of a course; courses are served in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CourseNumber(u16);

wire_schema!(
    CourseNumber,
    "CourseNumber",
    schema::integer(1, MAX_COURSES).description(Some("The number of a course; courses are served in ascending order."))
);

impl CourseNumber {
    /// Returns the number, if it is 1 to [`MAX_COURSES`].
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (1..=MAX_COURSES).contains(&number).then_some(Self(number))
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl<'de> Deserialize<'de> for CourseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        whole_number::within(deserializer, 1..=MAX_COURSES).map(Self)
    }
}

/// A course of a menu or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Its place among the courses.
    pub number: CourseNumber,
    /// The course's name.
    pub name: Name,
}

/// When the courses after the first go to the kitchen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Firing {
    /// With the first.
    #[default]
    Together,
    /// When somebody fires them.
    ByHand,
    /// When all earlier courses were served, or some minutes later.
    AfterServed,
    /// When all of the courses before is done, or some minutes later.
    AfterDone,
}

/// The most minutes between the end of a course and the next one.
pub const MAX_PAUSE: u16 = 120;

/// When the courses after the first go to the kitchen, and how long after the course before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FiringRule {
    /// When.
    pub firing: Firing,
    /// How many minutes later; none for at once.
    pub minutes: Option<u16>,
}

impl Firing {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Together => "together",
            Self::ByHand => "by_hand",
            Self::AfterServed => "after_served",
            Self::AfterDone => "after_done",
        }
    }

    /// Whether courses are fired without anyone's action, one after the other.
    #[must_use]
    pub const fn is_by_itself(self) -> bool {
        matches!(self, Self::AfterServed | Self::AfterDone)
    }

    /// Whether courses go to the kitchen together.
    #[must_use]
    pub fn is_together(&self) -> bool {
        *self == Self::Together
    }
}
