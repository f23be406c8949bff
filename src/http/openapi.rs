//! The OpenAPI document, made from the handlers, bodies and values that the server itself uses.
//!
//! `static/spec/openapi.json` is this document as text, so that a server neither builds it nor contains the code for it. A test
//! compares the file with [`document`], and writes it with `ORDERBELL_UPDATE_SPEC=1`
//! ([why](../../docs/decisions/0022-openapi-from-the-code.md)).

pub mod parts;
pub mod shapes;

use super::api::{
    account, deliveries, demo, devices, guests, health, manage, menu, order_lists, orders, pictures, problems, push, receipts,
    rooms, sessions, shifts, story, visits,
};
use super::assets::{handlers, specs};
use super::problem::{self, Problem};
use crate::domain::model::basket::Line;
use crate::domain::model::dish_option::OptionGroup;
use crate::domain::model::menu::Category;
use crate::domain::model::menu_draft::{CategoryDraft, ItemDraft, OptionDraft};
use crate::domain::model::picture::Picture;
use crate::domain::model::webhook::{Fault, WebhookState};
use crate::domain::values::day::{Offset, Weekday};
use crate::domain::values::hours::Span;
use crate::domain::values::money::Currency;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Name, Sku, Slug};
use crate::protocol::ErrorCode;
use crate::protocol::problem_body::ProblemBody;
use crate::store::audit::Kind;
use serde_json::{Map, Value, json};
use shapes::{Poll, PollOfRooms};
use utoipa::OpenApi;

/// Bodies and answers of a demonstration, shortened: one for each operation with JSON.
const EXAMPLES: &str = include_str!("openapi/examples.json");
/// The statuses that every operation may answer with, besides its own.
const ANYWHERE: [u16; 2] = [500, 503];
/// The stored documents. An older node refuses unknown fields in them, so that it never writes a document back without these.
/// Readers must accept more fields, since a later version has more.
const STORED: [&str; 7] = ["Choice", "DishOption", "Item", "Menu", "MenuItem", "Order", "Picture"];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Orderbell",
        version = "1",
        description = "The rules behind these calls (roles, commands, rooms, cursors) are in the protocol document. Every \
            GET answers HEAD too. A method that the address does not accept is answered 405 with `Allow`. A node of \
            another role (`--role`) answers 404. Errors are RFC 9457 problems with a `code`. A field without a value is \
            absent, and never null unless its schema says so.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/")),
    security(("bearer" = [])),
    tags(
        (name = "sessions", description = "Signing in, sitting down, renewing, leaving"),
        (name = "devices", description = "Pairing kitchen screens"),
        (name = "restaurants", description = "The profile and the menu"),
        (name = "orders", description = "Orders and commands"),
        (name = "rooms", description = "Following what happens"),
        (name = "management", description = "What managers administer"),
        (name = "operations", description = "For machines that monitor the server"),
        (name = "demo", description = "The demonstration"),
        (name = "pages", description = "The pages")
    ),
    paths(
        sessions::sign_in, sessions::refresh, sessions::end, sessions::seat, sessions::visit,
        receipts::of_calls, receipts::of_order, story::read,
        account::read, account::confirm_password, account::change_password, account::sessions, account::end_others,
        account::end_session, account::begin_totp, account::confirm_totp, account::remove_totp,
        devices::begin, devices::approve, devices::token, shifts::people, shifts::begin, shifts::set_own_pin, shifts::remove_own_pin,
        manage::people::set_pin, manage::people::remove_pin,
        push::key, push::subscribe, push::unsubscribe,
        menu::profile, menu::menu, menu::set_availability, menu::set_pause, menu::set_guest_rounds, menu::set_firing,
        order_lists::list, orders::place, orders::read, orders::share, orders::command, orders::call,
        deliveries::read, deliveries::set, deliveries::erase,
        rooms::stream, rooms::events, rooms::seen, problem::no_upgrade,
        visits::list, visits::end, guests::list, guests::end,
        manage::menu::replace, manage::menu::set_names, manage::hours::set, manage::rules::read, manage::rules::set,
        manage::pictures::add, pictures::read,
        manage::menu_files::export, manage::menu_files::preview, manage::menu_files::import,
        manage::tables::list, manage::tables::add, manage::tables::remove, manage::tables::renew_key, manage::tables::qr,
        manage::people::list, manage::people::add, manage::people::change, manage::people::remove, manage::people::reset_totp,
        manage::screens::list, manage::screens::change, manage::screens::revoke,
        manage::api_keys::list, manage::api_keys::add, manage::api_keys::revoke,
        manage::webhooks::list, manage::webhooks::add, manage::webhooks::read, manage::webhooks::remove,
        manage::webhooks::pause, manage::webhooks::resume, manage::webhooks::replay, manage::webhooks::renew_secret,
        manage::webhooks::ping,
        manage::reports::day, manage::audit::list, manage::limited::list,
        manage::guests::find, manage::guests::read, manage::guests::remove,
        health::alive, health::ready, health::metrics, problems::read, specs::openapi, specs::asyncapi,
        demo::read, demo::qr,
        handlers::landing, handlers::table, handlers::order, handlers::kitchen, handlers::staff, handlers::manage, handlers::demo,
        handlers::asset,
    ),
    components(
        // A schema that only another schema refers to.
        schemas(Category, CategoryDraft, Currency, ErrorCode, Fault, ItemDraft, Kind, Line, Name, Offset, OptionDraft, OptionGroup, Picture, Poll, PollOfRooms, Position,
            ProblemBody, Sku, Slug, Span, WebhookState, Weekday),
        responses(Problem)
    )
)]
struct Derived;

/// Makes the document.
#[must_use]
pub fn document() -> Value {
    // A document of strings and numbers always serializes.
    let mut document = serde_json::to_value(Derived::openapi()).unwrap_or_default();
    simplify(&mut document);
    document["jsonSchemaDialect"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["info"]["summary"] = json!("Live order updates for restaurants: the calls over HTTP.");
    document["components"]["securitySchemes"] = json!({"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}});
    for schema in STORED {
        if let Some(schema) = document["components"]["schemas"][schema].as_object_mut() {
            schema.remove("additionalProperties");
        }
    }
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        complete(operation);
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        illustrate(operation, &examples[id]);
    }
    document
}

/// Adds to an operation the examples of its body and of its answers.
fn illustrate(operation: &mut Value, examples: &Value) {
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") {
        body["example"] = examples["request"].clone();
    }
    let answers = operation["responses"].as_object_mut().into_iter().flatten();
    for (status, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
        if let Some(body) = answer.pointer_mut("/content/application~1json") {
            body["example"] = examples["responses"][status].clone();
        }
    }
}

/// Adds to an operation what all operations have in common.
fn complete(operation: &mut Value) {
    for (status, problem) in parts::problems(&ANYWHERE) {
        operation["responses"][status] = json!(problem);
    }
    // No token is an empty list. A list of one empty requirement would make the token optional.
    if operation["security"] == json!([{}]) {
        operation["security"] = json!([]);
    }
}

/// Removes the parts of derived schemas that describe Rust's types and not the wire: the width of integers, and null for what
/// may be absent.
fn simplify(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(simplify),
        Value::Object(members) => {
            members.values_mut().for_each(simplify);
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("int")) {
                members.remove("format");
            }
            drop_null(members);
        }
        _ => {}
    }
}

fn drop_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get("type") {
        let kept: Vec<_> = types.iter().filter(|kind| **kind != "null").cloned().collect();
        if let [only] = &kept[..] {
            schema.insert("type".to_owned(), only.clone());
        }
    }
    // A `oneOf` with null is the derived schema of an `Option`. An intended one is an `anyOf`.
    let null = json!({"type": "null"});
    let parts = schema.get("oneOf").and_then(Value::as_array).filter(|parts| parts.len() == 2 && parts.contains(&null));
    let other = parts.and_then(|parts| parts.iter().find(|part| **part != null)).cloned();
    if let Some(Value::Object(other)) = other {
        schema.remove("oneOf");
        for (name, value) in other {
            schema.entry(name).or_insert(value);
        }
    }
}
