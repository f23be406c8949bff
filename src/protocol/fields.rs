//! Deserialization with errors that name the wrong field.

use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};
use serde_path_to_error::Error;

/// Deserializes a JSON text.
///
/// # Errors
/// The path of the field and the error: `lines[0].quantity: invalid type: string "2", expected a
/// whole number from 0 up`.
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
    in_words_of_json(message.strip_suffix(&position).unwrap_or(&message))
}

/// Replaces the names of Rust types in a message of serde (`expected struct Money`, `unknown variant`)
/// by those of JSON.
fn in_words_of_json(message: &str) -> String {
    let message = match message.strip_prefix("unknown variant ") {
        Some(rest) => format!("unknown value {rest}"),
        None => message.replacen("invalid type: map,", "invalid type: object,", 1).replacen(
            "invalid type: sequence,",
            "invalid type: array,",
            1,
        ),
    };
    // The last occurrence, since the client's text before it may contain the same words.
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        "string or map" | "a borrowed string" | "enum" | "variant identifier" => "a string",
        "unit" => "null",
        _ => match expected.split_once(' ') {
            Some(("struct" | "map", _)) => "an object",
            Some(("enum" | "variant" | "unit" | "newtype" | "field", _)) => "a string",
            Some(("tuple", _)) => "an array",
            _ => return message,
        },
    };
    format!("{found}, expected {expected}")
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
            (
                json!({"lines": [{"quantity": "2"}]}),
                "lines[0].quantity: invalid type: string \"2\", expected a whole number from 0 up",
            ),
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
    fn no_word_of_rust_is_said_and_no_word_of_the_sender_is_changed() {
        for (said, expected) in [
            ("invalid type: integer `5`, expected struct Money", "invalid type: integer `5`, expected an object"),
            ("invalid type: map, expected u16", "invalid type: object, expected a whole number from 0 up"),
            ("invalid type: sequence, expected a map", "invalid type: array, expected an object"),
            ("invalid value: integer `-1`, expected u64", "invalid value: integer `-1`, expected a whole number from 0 up"),
            ("invalid type: null, expected enum Role", "invalid type: null, expected a string"),
            ("unknown variant `a, expected u8`, expected `b` or `c`", "unknown value `a, expected u8`, expected `b` or `c`"),
            (
                r#"invalid type: string ", expected u8", expected a boolean"#,
                r#"invalid type: string ", expected u8", expected a boolean"#,
            ),
            ("missing field `lines`", "missing field `lines`"),
        ] {
            assert_eq!(in_words_of_json(said), expected);
        }
    }

    #[test]
    fn trailing_text_is_an_error() {
        assert_eq!(from_text::<Basket>(r#"{"lines": []} {}"#).unwrap_err(), "trailing characters");
    }
}
