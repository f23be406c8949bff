//! Push subscriptions: a guest's phone that wants to be told while its page is closed.

use crate::auth::policy;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::model::push::{AuthSecret, Endpoint, Language, PeerKey, Subscription};
use crate::domain::values::schema;
use crate::http::body::Body;
use crate::http::extract::{AuthUser, Bearer};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::push::Push;
use crate::store::pushes::PushRow;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};

fn configured(state: &State) -> Result<&Push, Problem> {
    state.push.as_deref().ok_or_else(|| Problem::not_found("this server sends no push messages (--vapid-key)"))
}

fn check_guest(who: &Principal) -> Result<(), Problem> {
    if policy::is_guest(who) {
        return Ok(());
    }
    Err(Problem::new(ErrorCode::Forbidden, "only a guest is told by push"))
}

#[derive(Serialize, ToSchema)]
#[schema(as = PushKey)]
struct KeyAnswer {
    #[schema(schema_with = key_schema, required)]
    key: Option<String>,
}

fn key_schema() -> Schema {
    let none = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
    let key = AnyOfBuilder::new().item(schema::text("^[A-Za-z0-9_-]{87}$")).item(none);
    key.description(Some("Null when this server sends no push messages.")).build().into()
}

/// `GET /api/v1/push/key`: the public key that browsers subscribe with; null when the server sends nothing. Having none is no
/// error: every guest's page asks, and a browser writes each 404 to its console.
#[utoipa::path(
    get,
    path = "/api/v1/push/key",
    operation_id = "pushKey",
    tag = "sessions",
    summary = "Read the key that browsers subscribe to push messages with",
    description = "For: anybody.",
    security(()),
    responses(
        (status = 200, description = "The public VAPID key (RFC 8292): an uncompressed point of P-256 in base64url. Null \
            when this server sends no push messages.", body = KeyAnswer),
    ),
)]
pub async fn key(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(KeyAnswer { key: state.push.as_deref().map(Push::public_key) })
}

/// The body of `PUT /api/v1/push/subscription`, as the browser's subscription says it, with the page's language.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushSubscription)]
pub struct Subscribe {
    endpoint: Endpoint,
    keys: Keys,
    /// Told back with each message.
    language: Language,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushKeys)]
struct Keys {
    /// An uncompressed point of P-256.
    p256dh: PeerKey,
    auth: AuthSecret,
}

/// `PUT /api/v1/push/subscription`: tells this guest's phone of their orders, until the session ends. 204.
///
/// # Errors
/// `forbidden` for who is no guest, `not_found` when the server has no key, `invalid` for an endpoint that is on no push
/// service of the list and for keys that are none.
#[utoipa::path(
    put,
    path = "/api/v1/push/subscription",
    operation_id = "subscribeToPush",
    tag = "sessions",
    summary = "Send push messages about the guest's orders to this phone",
    description = "For: diner. Until the session ends. Five phones of one guest at most; the oldest gives way.",
    request_body = Subscribe,
    responses(
        (status = 204, description = "Kept."),
        parts::WithLink,
        parts::WithBody,
        (status = 403, response = Problem),
        (status = 404, response = Problem),
    ),
)]
pub async fn subscribe(
    state: web::Data<State>,
    Bearer(verified): Bearer,
    body: Body<Subscribe>,
) -> Result<HttpResponse, Problem> {
    check_guest(&verified.principal)?;
    state.commands.admit(&verified.principal)?;
    let Subscribe { endpoint, keys: Keys { p256dh, auth }, language } = body.0;
    let subscription = Subscription { endpoint, p256dh, auth, language };
    configured(&state)?.examine(&subscription).map_err(|error| Problem::invalid(error.to_string()))?;
    let expires_at = state.sessions()?.end_of(&verified).await?;
    let Principal { restaurant, sub: diner, session, .. } = verified.principal;
    let row = PushRow { restaurant, diner, session, subscription, expires_at };
    state.store.add_push(&row, clock::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `DELETE /api/v1/push/subscription`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushEndpoint)]
pub struct Unsubscribe {
    endpoint: Endpoint,
}

/// `DELETE /api/v1/push/subscription`: tells this phone no more. One that was not told already is fine. 204.
///
/// # Errors
/// `forbidden` for who is no guest.
#[utoipa::path(
    delete,
    path = "/api/v1/push/subscription",
    operation_id = "unsubscribeFromPush",
    tag = "sessions",
    summary = "Send no more push messages to this phone",
    description = "For: diner.",
    request_body = Unsubscribe,
    responses(
        (status = 204, description = "Gone, if it was there."),
        parts::WithToken,
        parts::WithBody,
    ),
)]
pub async fn unsubscribe(
    state: web::Data<State>,
    AuthUser(who): AuthUser,
    body: Body<Unsubscribe>,
) -> Result<HttpResponse, Problem> {
    check_guest(&who)?;
    state.commands.admit(&who)?;
    state.store.remove_push(who.restaurant, &who.sub, &body.0.endpoint).await?;
    Ok(HttpResponse::NoContent().finish())
}
