//! The text of an answer that is remembered under a command's id.

use super::log::{Ack, Committed};
use super::{Result, columns};
use crate::domain::model::refusal::Refusal;
use crate::domain::values::position::Position;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The column's JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Remembered {
    Ack { position: Position, changed: bool, document: Box<RawValue> },
    Refusal(Refusal),
}

/// Returns the text for the column; `None` for a refusal that is not remembered.
pub fn write(answer: &std::result::Result<Ack, Refusal>) -> Result<Option<String>> {
    let remembered = match answer {
        Ok(ack) => Remembered::Ack { position: ack.position, changed: ack.changed, document: ack.document.clone() },
        Err(refusal) if refusal.is_remembered() => Remembered::Refusal(refusal.clone()),
        Err(_) => return Ok(None),
    };
    columns::write(&remembered).map(Some)
}

/// Reads an answer from the column, marked as repeated.
pub fn repeat(json: &str) -> Result<Committed> {
    let answer = match columns::document(json)? {
        Remembered::Ack { position, changed, document } => Ok(Ack { position, changed, document }),
        Remembered::Refusal(refusal) => Err(refusal),
    };
    Ok(Committed { answer, events: Arc::from([]), link: None, repeated: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::refusal::RefusalKind;
    use crate::domain::values::limit::Limit;
    use serde_json::json;

    #[test]
    fn a_remembered_ack_is_returned_byte_for_byte() {
        let document = RawValue::from_string(r#"{"b":1, "a":[2,"é"]}"#.into()).unwrap();
        let ack = Ack { position: Position::new(7).unwrap(), changed: true, document };
        let json = write(&Ok(ack.clone())).unwrap().unwrap();
        let again = repeat(&json).unwrap();
        let repeated = again.answer.unwrap();
        assert_eq!((repeated.position, repeated.changed), (ack.position, ack.changed));
        assert_eq!(repeated.document.get(), ack.document.get());
        assert!(again.repeated && again.events.is_empty());
    }

    #[test]
    fn decisions_by_state_are_remembered_and_those_by_permission_are_not() {
        let stale = Refusal { document: Some(json!({"a": 1})), ..Refusal::new(RefusalKind::Stale, "moved on") };
        let json = write(&Err(stale.clone())).unwrap().unwrap();
        assert_eq!(repeat(&json).unwrap().answer.unwrap_err(), stale);
        for kind in [RefusalKind::Forbidden, RefusalKind::RateLimited, RefusalKind::TooLarge, RefusalKind::Conflict] {
            assert!(write(&Err(Refusal::new(kind, "no"))).unwrap().is_none(), "{kind:?}");
        }
        let full = Refusal { limit: Some(Limit::OrderPortions), ..Refusal::new(RefusalKind::Invalid, "too many") };
        assert!(write(&Err(full)).unwrap().is_none(), "it may fit later");
    }
}
