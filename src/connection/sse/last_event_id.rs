//! The ids of messages in an event stream, pure: `EPOCH.POSITION`. Lists of updated orders begin at one too.

use crate::domain::values::position::Position;
use std::fmt;
use std::str::FromStr;

/// A position and its epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch of the position.
    pub epoch: String,
    /// The last position that the reader has.
    pub position: Position,
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Last-Event-ID is EPOCH.POSITION, as the stream wrote it")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (epoch, number) = text.rsplit_once('.').ok_or(InvalidCursor)?;
        if epoch.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidCursor);
        }
        let position = number.parse().ok().and_then(Position::new).ok_or(InvalidCursor)?;
        Ok(Self { epoch: epoch.to_owned(), position })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_texts_are_refused() {
        for text in ["", ".", "7", "epoch", "epoch.", ".7", "epoch.-1", "epoch.+1", "epoch. 1", "epoch.9007199254740992", "e.1x"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text}");
        }
    }

    proptest! {
        #[test]
        fn cursors_round_trip(epoch in "[a-z0-9.-]{1,40}", number in 0_u64..=Position::MAX.number()) {
            let cursor = Cursor { epoch, position: Position::new(number).unwrap() };
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = text.parse::<Cursor>();
        }
    }
}
