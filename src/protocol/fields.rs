//! Deserializes clients' requests, with errors in plain words: the field or parameter, what is wrong with it, and what would be
//! right. Every body, frame and query is read here.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::{Deserializer, Value};
use serde_path_to_error::{Error, Path, Segment};
use std::borrow::Cow;
use std::fmt;
use url::form_urlencoded;

/// The most characters of a client's own words (a field's name) in an error.
const MAX_NAME: usize = 80;
/// The most bytes of a pointer, which contains such words too.
const MAX_POINTER: usize = 200;
/// The names of parameters with a token. The server ignores a token in an address, and so these parameters.
const TOKENS: [&str; 2] = ["access_token", "token"];

/// What is wrong with a request, in plain words. As text, it begins with the field, if one is wrong: `lines[0].quantity:
/// expected a whole number from 1 to 99, found a string`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field as people write it.
    path: Option<String>,
    /// The field as a JSON pointer (RFC 6901). `None` if no field is wrong, or its name is very long.
    pub pointer: Option<String>,
    /// What is wrong with it.
    pub message: String,
}

impl FieldError {
    fn whole(message: String) -> Self {
        Self { path: None, pointer: None, message }
    }

    fn of<E>(error: &Error<E>, message: String) -> Self {
        let path = Some(error.path().to_string()).filter(|path| path != ".");
        Self { path: path.map(|path| shortened(&path).into_owned()), pointer: pointer(error.path(), &message), message }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Returns the JSON pointer of a field; of a missing one, the pointer that it would have.
fn pointer(path: &Path, message: &str) -> Option<String> {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    let segments = path.iter().map_while(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    let names = segments.chain(missing.map(str::to_owned));
    let pointer: String = names.flat_map(|name| ["/".to_owned(), name.replace('~', "~0").replace('/', "~1")]).collect();
    Some(pointer).filter(|pointer| (1..=MAX_POINTER).contains(&pointer.len()))
}

/// Deserializes a JSON text.
///
/// # Errors
/// The field and what is wrong with it.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, FieldError> {
    // Finding the path of each field takes as long again, and only an error needs it.
    serde_json::from_str(text).or_else(|_| from_text_with_path(text))
}

fn from_text_with_path<T: DeserializeOwned>(text: &str) -> Result<T, FieldError> {
    let mut input = Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| of_json(&error))?;
    input.end().map_err(|error| FieldError::whole(json_message(&error)))?;
    Ok(value)
}

/// Deserializes a JSON value.
///
/// # Errors
/// As [`from_text`].
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| of_json(&error))
}

fn of_json(error: &Error<serde_json::Error>) -> FieldError {
    FieldError::of(error, json_message(error.inner()))
}

/// Deserializes the query of an address.
///
/// # Errors
/// As [`from_text`], with the parameter's name.
pub fn from_query<T: DeserializeOwned>(query: &str) -> Result<T, String> {
    let is_token = |pair: &&str| TOKENS.contains(&pair.split('=').next().unwrap_or_default());
    let pairs: Vec<_> = query.split('&').filter(|pair| !is_token(pair)).collect();
    let pairs = pairs.join("&");
    let input = serde_urlencoded::Deserializer::new(form_urlencoded::parse(pairs.as_bytes()));
    serde_path_to_error::deserialize(input).map_err(|error| {
        let message = in_plain_words(&error.inner().to_string());
        let about = ["unknown", "missing", "duplicate"].into_iter().find(|about| message.starts_with(&format!("{about} field")));
        let message = about.map_or_else(|| message.clone(), |_| message.replacen("field", "parameter", 1));
        FieldError::of(&error, message).to_string()
    })
}

/// Returns an error of a JSON text in plain words: where the text is no longer JSON, or what is wrong with its value.
#[must_use]
pub fn json_error(error: &serde_json::Error) -> String {
    match error.classify() {
        // Line and column mean nothing to a client that serializes objects.
        Category::Data => {
            let message = error.to_string();
            let position = format!(" at line {} column {}", error.line(), error.column());
            in_plain_words(message.strip_suffix(&position).unwrap_or(&message))
        }
        Category::Eof if (error.line(), error.column()) <= (1, 0) => "it is empty".to_owned(),
        Category::Eof => format!("it ends too early, at line {} column {}", error.line(), error.column()),
        _ => format!("there is a mistake at line {} column {}", error.line(), error.column()),
    }
}

fn json_message(error: &serde_json::Error) -> String {
    let message = json_error(error);
    if error.is_data() { message } else { format!("not JSON: {message}") }
}

/// Rewrites a message of serde, which names types of Rust (`expected struct Money`, `unknown variant`) and repeats the sent
/// value. Messages of this crate's own types do not change.
fn in_plain_words(message: &str) -> String {
    // The last occurrence, since the client's text before it may contain the same words.
    let split = |prefix: &str| message.strip_prefix(prefix)?.rsplit_once(", expected ");
    if let Some((found, expected)) = split("invalid type: ").or_else(|| split("invalid value: ")) {
        let expected = expected_in_json(expected);
        // A password that was sent as a number is not repeated.
        let found = if expected.starts_with("a string") { kind_in_json(found) } else { found_in_json(found) };
        return format!("expected {expected}, found {found}");
    }
    if let Some((_, words)) = split("unknown variant ") {
        return format!("expected {words}, found another word");
    }
    if let Some((name, names)) = split("unknown field ") {
        return format!("unknown field `{}`, expected {names}", shortened(name.trim_matches('`')));
    }
    if let Some((_, expected)) = split("invalid length ") {
        return format!("expected {}", expected_in_json(expected));
    }
    message.to_owned()
}

/// Returns a number that was sent, or the kind of another value.
fn found_in_json(found: &str) -> String {
    match found.split(' ').next() {
        Some("integer" | "floating") => format!("the number {}", found.split('`').nth(1).unwrap_or_default()),
        _ => kind_in_json(found),
    }
}

/// Returns the kind of a value that was sent.
fn kind_in_json(found: &str) -> String {
    let kind = found.split([' ', ',']).next().unwrap_or_default();
    match kind {
        "integer" | "floating" => "a number".to_owned(),
        "boolean" => "a boolean".to_owned(),
        "null" | "unit" => "null".to_owned(),
        "sequence" => "an array".to_owned(),
        "map" => "an object".to_owned(),
        _ => "a string".to_owned(),
    }
}

/// Returns a type of Rust in words of JSON.
fn expected_in_json(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 up",
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
            _ => expected,
        },
    }
}

/// Returns the first [`MAX_NAME`] characters.
fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]).into(),
        None => name.into(),
    }
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

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Page {
        after: Option<String>,
        order: String,
    }

    #[test]
    fn an_error_names_its_field_and_no_column() {
        for (basket, message) in [
            (json!({"lines": [{"quantity": "2"}]}), "lines[0].quantity: expected a whole number from 0 to 65535, found a string"),
            (json!({"lines": [{"quantity": 1, "note": ""}]}), "lines[0].note: unknown field `note`, expected `quantity`"),
            (json!({"lines": [{}]}), "lines[0]: missing field `quantity`"),
            (json!({}), "missing field `lines`"),
        ] {
            assert_eq!(from_text::<Basket>(&basket.to_string()).unwrap_err().to_string(), message);
            assert_eq!(from_value::<Basket>(basket).unwrap_err().to_string(), message);
        }
        assert_eq!(from_text(r#"{"lines": [{"quantity": 2}]}"#), Ok(Basket { lines: vec![Line { quantity: 2 }] }));
    }

    #[test]
    fn an_error_has_the_pointer_of_its_field() {
        for (basket, pointer) in [
            (json!({"lines": [{"quantity": 1}, {"quantity": "2"}]}), Some("/lines/1/quantity")),
            (json!({"lines": [{"quantity": 1, "a/b~c": ""}]}), Some("/lines/0/a~1b~0c")),
            (json!({"lines": [{}]}), Some("/lines/0/quantity")),
            (json!({}), Some("/lines")),
            (json!([]), None),
        ] {
            assert_eq!(from_text::<Basket>(&basket.to_string()).unwrap_err().pointer.as_deref(), pointer, "{basket}");
        }
    }

    #[test]
    fn an_error_names_its_parameter() {
        for (query, message) in [
            ("", "missing parameter `order`"),
            ("order=1&colour=red", "colour: unknown parameter `colour`, expected `after` or `order`"),
            ("order=1&order=2", "duplicate parameter `order`"),
        ] {
            assert_eq!(from_query::<Page>(query).unwrap_err(), message);
        }
        let page = Page { after: Some("a b".to_owned()), order: "1".to_owned() };
        assert_eq!(from_query("order=1&access_token=x&after=a+b&token=y"), Ok(page), "a token in an address is ignored");
    }

    #[test]
    fn errors_name_no_rust_type_and_repeat_no_value_except_numbers() {
        for (said, expected) in [
            ("invalid type: integer `5`, expected struct Money", "expected an object, found the number 5"),
            ("invalid type: map, expected u16", "expected a whole number from 0 to 65535, found an object"),
            ("invalid type: sequence, expected a map", "expected an object, found an array"),
            ("invalid value: integer `-1`, expected u64", "expected a whole number from 0 up, found the number -1"),
            ("invalid type: null, expected enum Role", "expected a string, found null"),
            ("unknown variant `a, expected u8`, expected `b` or `c`", "expected `b` or `c`, found another word"),
            (r#"invalid type: string ", expected u8", expected a boolean"#, "expected a boolean, found a string"),
            ("missing field `lines`", "missing field `lines`"),
            ("must not be empty", "must not be empty"),
        ] {
            assert_eq!(in_plain_words(said), expected);
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let long = "x".repeat(10_000);
        let refused = from_value::<Basket>(json!({long.clone(): 1})).unwrap_err();
        assert!(refused.to_string().len() < 300 && refused.pointer.is_none());
        assert!(from_query::<Page>(&format!("{long}=1")).unwrap_err().len() < 300);
    }

    #[test]
    fn malformed_json_is_reported_with_its_place() {
        for (text, message) in [
            (r#"{"lines": []} {}"#, "not JSON: there is a mistake at line 1 column 15"),
            (r#"{"lines": ["#, "lines: not JSON: it ends too early, at line 1 column 11"),
            ("", "not JSON: it is empty"),
        ] {
            assert_eq!(from_text::<Basket>(text).unwrap_err().to_string(), message);
        }
    }
}
