//! Deserialization with errors that name the wrong field.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};
use serde_path_to_error::Error;

/// Deserializes a JSON text.
///
/// # Errors
/// The path of the field and its fault: `lines[0].quantity: invalid type: string "2", expected
/// u16`.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut input = Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut input).map_err(with_path)?;
    input.end().map_err(|error| without_position(&error))?;
    Ok(value)
}

/// Deserializes a JSON value.
///
/// # Errors
/// As [`from_text`].
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(with_path)
}

fn with_path(error: Error<serde_json::Error>) -> String {
    let message = without_position(error.inner());
    match error.path().to_string().as_str() {
        "." => message,
        path => format!("{path}: {message}"),
    }
}

/// Returns the message without line and column, which mean nothing to a client that serializes
/// objects.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).map(str::to_owned).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Basket {
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Line {
        quantity: u16,
    }

    #[test]
    fn an_error_names_its_field_and_no_column() {
        for (basket, message) in [
            (json!({"lines": [{"quantity": "2"}]}), "lines[0].quantity: invalid type: string \"2\", expected u16"),
            (json!({"lines": [{"quantity": 1, "note": ""}]}), "lines[0].note: unknown field `note`, expected `quantity`"),
            (json!({"lines": [{}]}), "lines[0]: missing field `quantity`"),
            (json!({}), "missing field `lines`"),
        ] {
            assert_eq!(from_text::<Basket>(&basket.to_string()).unwrap_err(), message);
            assert_eq!(from_value::<Basket>(basket).unwrap_err(), message);
        }
        assert_eq!(from_text(r#"{"lines": [{"quantity": 2}]}"#), Ok(Basket { lines: vec![Line { quantity: 2 }] }));
    }

    #[test]
    fn trailing_text_is_an_error() {
        assert_eq!(from_text::<Basket>(r#"{"lines": []} {}"#).unwrap_err(), "trailing characters");
    }
}
