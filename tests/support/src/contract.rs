//! Checks each answer of a server against its OpenAPI document, and each frame against its AsyncAPI document.

use super::client::Answer;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

/// An operation's id, and a status of its answers.
pub type Seen = (String, u16);

thread_local! {
    /// The statuses that this test has seen. Each test runs in its own thread.
    static SEEN: RefCell<BTreeSet<Seen>> = RefCell::default();
}
static OPENAPI: LazyLock<Document> = LazyLock::new(|| Document::read("openapi"));
static ASYNCAPI: LazyLock<Document> = LazyLock::new(|| Document::read("asyncapi"));

/// A document, and the validators of its schemas by JSON pointer.
struct Document {
    value: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

impl Document {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../static/spec/{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap();
        Self { value: serde_json::from_str(&text).unwrap(), validators: Mutex::default() }
    }

    /// Returns how a value violates the schema at a JSON pointer.
    fn faults(&self, pointer: &str, value: &Value) -> Vec<String> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(pointer.to_owned()).or_insert_with(|| Arc::new(self.validator(pointer))).clone();
        drop(validators);
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn validator(&self, pointer: &str) -> Validator {
        let mut schema = self.value.pointer(pointer).unwrap_or_else(|| panic!("no schema at {pointer}")).clone();
        // References point into the document's components, so they are copied along.
        schema["components"] = self.value["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|error| panic!("{pointer}: {error}"))
    }
}

/// Returns every operation of the document with the statuses that it lists.
pub fn operations() -> BTreeMap<String, BTreeSet<u16>> {
    let paths = OPENAPI.value["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let statuses = |operation: &Value| members(&operation["responses"]).iter().map(|status| status.parse().unwrap()).collect();
    paths.map(|operation| (operation["operationId"].as_str().unwrap().to_owned(), statuses(operation))).collect()
}

/// Returns what this test has seen so far.
pub fn seen() -> BTreeSet<Seen> {
    SEEN.with_borrow(Clone::clone)
}

/// Checks an answer against the document.
pub fn check_answer(method: &str, path: &str, answer: &Answer) {
    let method = method.to_lowercase();
    // A proxy in front answers with its own statuses.
    if answer.header("server").starts_with("nginx") {
        return;
    }
    // A layer above the operations answers preflights.
    if method == "options" && answer.status == 200 {
        return;
    }
    let Some((template, item)) = find(&method, path) else { return };
    // HEAD is GET without a body. A method without an operation is answered with a problem.
    let asked = if method == "head" { "get" } else { &method };
    let Some(operation) = item.get(asked) else {
        let what = format!("{method} {path}: {}", answer.status);
        assert!(matches!(answer.status, 405 | 503) || method == "options", "{what}");
        return check_problem(&what, answer);
    };
    let id = operation["operationId"].as_str().unwrap();
    let what = format!("{id} ({method} {path}): {} {}", answer.status, answer.text.chars().take(2000).collect::<String>());
    // These have no body: the client's copy is current, or the address of an earlier version redirects.
    if matches!(answer.status, 304 | 307) {
        return;
    }
    // The document describes a node with all roles. A node with fewer has only some of its operations.
    if answer.status == 404 && answer.text.contains("(--role)") {
        return check_problem(&what, answer);
    }
    SEEN.with_borrow_mut(|seen| seen.insert((id.to_owned(), answer.status)));
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "the document does not list this status: {what}");
    if method != "head" && response["$ref"] == "#/components/responses/Problem" {
        check_problem(&what, answer);
    } else if method != "head" {
        let pointer = format!("/paths/{}/{asked}/responses/{}", escape(template), answer.status);
        check_body(&what, response, &pointer, answer);
    }
}

/// Returns how examples in the OpenAPI document violate their schemas. A missing example is a violation too.
pub fn check_examples() -> Vec<String> {
    let mut faults = Vec::new();
    for (path, item) in OPENAPI.value["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = members(&operation["responses"]).into_iter().filter(|status| status.starts_with('2'));
            let answers = answers.map(|status| format!("responses/{status}"));
            for part in answers.chain(["requestBody".to_owned()]) {
                let at = format!("/paths/{}/{method}/{part}/content/application~1json", escape(path));
                let Some(body) = OPENAPI.value.pointer(&at) else { continue };
                if body["schema"] == json!({"type": "object"}) {
                    continue;
                }
                let found = OPENAPI.faults(&format!("{at}/schema"), &body["example"]);
                faults.extend(found.into_iter().map(|fault| format!("{method} {path} {part}: {fault}")));
            }
        }
    }
    faults
}

fn check_problem(what: &str, answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let faults = OPENAPI.faults("/components/schemas/Problem", &answer.json());
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

fn check_body(what: &str, response: &Value, pointer: &str, answer: &Answer) {
    let kinds = members(&response["content"]);
    // An answer may have one of several kinds, such as a file.
    let named = answer.header("content-type");
    let Some(kind) = kinds.iter().find(|kind| named.starts_with(kind.as_str())).or(kinds.first()) else {
        return assert!(answer.text.is_empty(), "the document has no body: {what}");
    };
    if *kind == "*/*" {
        return;
    }
    assert!(answer.header("content-type").starts_with(*kind), "{}: {what}", answer.header("content-type"));
    if *kind == "application/json" {
        let faults = OPENAPI.faults(&format!("{pointer}/content/application~1json/schema"), &answer.json());
        assert!(faults.is_empty(), "{what}: {faults:#?}");
    }
}

/// Checks a frame of the server against the document.
pub(crate) fn check_frame(frame: &Value) {
    let kind = frame["type"].as_str().unwrap_or_else(|| panic!("a frame without a type: {frame}"));
    let sent = ASYNCAPI.value["operations"]["fromServer"]["messages"].as_array().unwrap();
    let reference = json!({"$ref": format!("#/channels/socket/messages/{kind}")});
    assert!(sent.contains(&reference), "the document has no such frame of the server: {frame}");
    let faults = ASYNCAPI.faults(&format!("/components/messages/{kind}/payload"), frame);
    assert!(faults.is_empty(), "{frame}: {faults:#?}");
}

/// Finds the document's path for an address: of all that match, the one with the fewest parameters. An address that matches
/// no path is a file, which can only be read.
fn find(method: &str, path: &str) -> Option<(&'static str, &'static Map<String, Value>)> {
    const FILES: &str = "/{path}";
    let paths = OPENAPI.value["paths"].as_object().unwrap();
    let fitting = paths.iter().filter(|(template, _)| *template != FILES && fits(template, path));
    let nearest = fitting.min_by_key(|(template, _)| template.matches('{').count());
    let file = paths.get_key_value(FILES).filter(|_| matches!(method, "get" | "head"));
    let (template, item) = nearest.or(file)?;
    Some((template, item.as_object().unwrap()))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let part_fits = |(part, own): (&&str, &&str)| part == own || (part.starts_with('{') && !own.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(part_fits)
}

fn members(object: &Value) -> Vec<&String> {
    object.as_object().map_or_else(Vec::new, |object| object.keys().collect())
}

fn escape(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}
