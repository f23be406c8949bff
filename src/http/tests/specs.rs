//! The specifications agree with the code: with the URL table, the frames and the words of the protocol.

use super::*;
use crate::domain::model::event::EventKind;
use crate::domain::model::status::OrderStatus;
use crate::domain::values::action::ActionName;
use crate::protocol::{ClientFrame, CloseCode, ErrorCode, FrameKind};
use actix_web::http::Method;
use std::collections::BTreeSet;

async fn spec(name: &str) -> Value {
    let app = TestApp::open().await;
    let answer = app.call(TestRequest::get().uri(&format!("/api/v1/{name}.json"))).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

fn words<'a>(list: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    list.into_iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn members(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

fn set<'a>(list: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    list.into_iter().map(str::to_owned).collect()
}

/// Returns the quoted text after each occurrence of `opening`, with what follows it.
fn quoted<'a>(source: &'a str, opening: &str) -> Vec<(&'a str, &'a str)> {
    let rests = source.match_indices(opening).map(|(at, _)| source[at + opening.len()..].trim_start());
    rests.filter_map(|rest| rest.strip_prefix('"')?.split_once('"')).collect()
}

/// Reads the paths of the URL table from its source. A function of the table has paths relative to
/// the scope that is configured with it.
fn table_paths() -> BTreeSet<String> {
    let source = include_str!("../routes.rs");
    assert!(source.contains("at(crate::connection::websocket::handshake::PATH"));
    let mut paths = BTreeSet::from([crate::connection::websocket::handshake::PATH.to_owned()]);
    let functions = source.split("\nfn ").skip(1).map(|text| (text.split('(').next().unwrap(), text));
    for (name, text) in functions.map(|(name, text)| (name, text.split("\n}").next().unwrap())) {
        let own = ["at(", "compressed(", "web::resource("].into_iter().flat_map(|opening| quoted(text, opening));
        let scope = scope_of(source, name);
        paths.extend(own.map(|(path, _)| format!("{scope}{}", path.replace("{path:.+}", "{path}"))));
    }
    paths
}

/// Returns the path of the scope that is configured with a function of the URL table.
fn scope_of(source: &str, name: &str) -> String {
    let is_configured = |rest: &str| rest.starts_with(&format!(").configure({name})"));
    let scope = quoted(source, "web::scope(").into_iter().find(|(_, rest)| is_configured(rest)).map(|(scope, _)| scope);
    let caller = source.split("\nfn ").skip(1).find(|text| {
        let text = text.split("\n}").next().unwrap();
        text.contains(&format!(".configure({name})")) || text.contains(&format!("    {name}(cfg);"))
    });
    let caller = caller.map(|text| scope_of(source, text.split('(').next().unwrap())).unwrap_or_default();
    format!("{caller}{}", scope.unwrap_or_default())
}

#[actix_web::test]
async fn the_openapi_document_has_exactly_the_addresses_of_the_url_table() {
    let document = spec("openapi").await;
    let documented = members(&document["paths"]);
    assert!(documented.len() > 40);
    assert_eq!(documented, table_paths());
}

/// A request with a method that no address has is answered with the allowed methods.
#[actix_web::test]
async fn the_openapi_document_has_exactly_the_methods_of_each_address() {
    let (app, document) = (TestApp::open().await, spec("openapi").await);
    for (path, operations) in document["paths"].as_object().unwrap() {
        let address = path.replace("{slug}", "ladle").replace(['{', '}'], "");
        let answer = app.call(TestRequest::with_uri(&address).method(Method::TRACE)).await;
        if path == "/{path}" {
            assert_eq!((answer.status.as_u16(), members(operations)), (404, set(["get"])), "any other address can only be read");
            continue;
        }
        answer.problem(405, "bad_frame");
        let allowed = answer.header("allow").split(", ").filter(|method| *method != "HEAD").map(str::to_lowercase);
        assert_eq!(allowed.collect::<BTreeSet<_>>(), members(operations), "{path}");
    }
}

#[actix_web::test]
async fn operations_have_unique_ids_and_the_parameters_of_their_paths() {
    let document = spec("openapi").await;
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let named: BTreeSet<_> = path.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect();
        for operation in operations.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").map(|parameter| &parameter["name"]);
            assert_eq!(words(in_path), named, "{path}");
            assert!(operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{path}");
            // Without a description of its own, an operation shows the headings of its handler's
            // comment.
            assert!(operation["description"].as_str().is_some_and(|text| !text.contains("# Errors")), "{path}");
        }
    }
}

#[actix_web::test]
async fn every_frame_kind_of_event_and_code_is_in_the_asyncapi_document() {
    let document = spec("asyncapi").await;
    let messages = |operation: &str| {
        let list = document["operations"][operation]["messages"].as_array().unwrap().iter();
        list.map(|message| message["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    let (sent, received) = (messages("fromServer"), messages("fromClient"));
    assert_eq!(sent, set(FrameKind::ALL.iter().map(|kind| kind.as_str())));
    assert_eq!(received, set(ClientFrame::TYPES));
    assert_eq!(members(&document["components"]["messages"]), &sent | &received);
    let schemas = &document["components"]["schemas"];
    let kinds = schemas["EventKind"]["oneOf"].as_array().unwrap().iter().flat_map(|group| group["enum"].as_array().unwrap());
    assert_eq!(words(kinds), set(EventKind::ALL.iter().map(|kind| kind.as_str())));
    let closes: Vec<_> = document["channels"]["socket"]["x-close-codes"].as_array().unwrap().clone();
    let closes: BTreeSet<_> =
        closes.iter().map(|close| (close["code"].as_u64().unwrap(), close["reason"].as_str().unwrap())).collect();
    assert_eq!(closes, CloseCode::ALL.iter().map(|code| (u64::from(code.number()), code.reason())).collect());
}

#[actix_web::test]
async fn the_words_of_the_wire_are_the_same_in_both_documents() {
    for name in ["openapi", "asyncapi"] {
        let document = spec(name).await;
        let schemas = &document["components"]["schemas"];
        let words_of = |schema: &str| words(schemas[schema]["enum"].as_array().unwrap());
        assert_eq!(words_of("ErrorCode"), set(ErrorCode::ALL.iter().map(|code| code.as_str())), "{name}");
        assert_eq!(words_of("OrderStatus"), set(OrderStatus::ALL.iter().map(|status| status.as_str())), "{name}");
        assert_eq!(words_of("Role"), set(Role::ALL.iter().map(|role| role.as_str())), "{name}");
    }
    let (open, own) = (spec("openapi").await, spec("asyncapi").await);
    let actions = |document: &Value, pointer: &str| words(document.pointer(pointer).unwrap().as_array().unwrap());
    let expected = set(ActionName::ALL.iter().map(|action| action.as_str()));
    assert_eq!(actions(&open, "/components/schemas/CommandBody/properties/action/enum"), expected);
    assert_eq!(actions(&own, "/components/messages/command/payload/properties/action/enum"), expected);
}

/// The server accepts the examples of frames from a client.
#[actix_web::test]
async fn the_examples_are_frames() {
    let document = spec("asyncapi").await;
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        let example = &message["examples"][0]["payload"];
        assert_eq!(&example["type"], name);
        assert_eq!(message["payload"]["properties"]["type"]["const"], **name);
        let known = members(&message["payload"]["properties"]);
        assert!(members(example).is_subset(&known), "{name}");
        assert!(words(message["payload"]["required"].as_array().unwrap()).is_subset(&members(example)), "{name}");
        if ClientFrame::TYPES.contains(&name.as_str()) {
            assert!(ClientFrame::parse(&example.to_string()).is_ok(), "{name}: {:?}", ClientFrame::parse(&example.to_string()));
        }
    }
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value {
            Value::String(target) if name == "$ref" => found.push(target),
            value => references(value, found),
        }),
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[actix_web::test]
async fn every_reference_leads_somewhere_and_every_schema_is_used() {
    for name in ["openapi", "asyncapi"] {
        let document = spec(name).await;
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50, "{name}");
        for target in &found {
            let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {target} points outside the document"));
            assert!(document.pointer(pointer).is_some(), "{name}: {target}");
        }
        for schema in members(&document["components"]["schemas"]) {
            assert!(found.contains(&format!("#/components/schemas/{schema}").as_str()), "{name}: {schema} is not used");
        }
    }
}
