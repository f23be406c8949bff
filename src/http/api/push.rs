//! Push subscriptions: a guest's phone gets notifications while its page is closed.

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
    Err(Problem::new(ErrorCode::Forbidden, "only a guest gets push messages"))
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
    key.description(Some("Null if this server sends no push messages.")).build().into()
}

/// `GET /api/v1/push/key`: returns the public key with which browsers subscribe, or null if the
/// server sends no push messages. That is not a 404, since every guest's page asks and a browser
/// writes each 404 to its console.
#[utoipa::path(
    get,
    path = "/api/v1/push/key",
    operation_id = "pushKey",
    tag = "sessions",
    summary = "Read the key with which browsers subscribe to push messages",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The public VAPID key (RFC 8292): an uncompressed point of P-256 in base64url. Null \
            if this server sends no push messages.", body = KeyAnswer),
    ),
)]
pub async fn key(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(KeyAnswer { key: state.push.as_deref().map(Push::public_key) })
}

/// The body of `PUT /api/v1/push/subscription`: the browser's subscription and the page's language.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushSubscription)]
pub struct Subscribe {
    endpoint: Endpoint,
    keys: Keys,
    /// Each message repeats it.
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

/// `PUT /api/v1/push/subscription`: sends push messages about the guest's orders to this phone
/// until the session ends. 204.
///
/// # Errors
/// `forbidden` unless the caller is a guest, `not_found` if the server has no key, `invalid` for
/// invalid keys and for an endpoint outside the allowed push services.
#[utoipa::path(
    put,
    path = "/api/v1/push/subscription",
    operation_id = "subscribeToPush",
    tag = "sessions",
    summary = "Send push messages about the guest's orders to this phone",
    description = "For: diner. The subscription ends with the session. A guest has at most five; a new one then replaces the oldest.",
    request_body = Subscribe,
    responses(
        (status = 204, description = "Subscribed."),
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
    state.node.commands.admit(&verified.principal)?;
    let Subscribe { endpoint, keys: Keys { p256dh, auth }, language } = body.0;
    let subscription = Subscription { endpoint, p256dh, auth, language };
    configured(&state)?.examine(&subscription).map_err(|error| Problem::invalid(error.to_string()))?;
    let expires_at = state.sessions()?.end_of(&verified).await?;
    let Principal { restaurant, sub: diner, session, .. } = verified.principal;
    let row = PushRow { restaurant, diner, session, subscription, expires_at };
    state.node.store.add_push(&row, clock::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `DELETE /api/v1/push/subscription`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushEndpoint)]
pub struct Unsubscribe {
    endpoint: Endpoint,
}

/// `DELETE /api/v1/push/subscription`: ends this phone's subscription. 204, even if there is none.
///
/// # Errors
/// `forbidden` unless the caller is a guest.
#[utoipa::path(
    delete,
    path = "/api/v1/push/subscription",
    operation_id = "unsubscribeFromPush",
    tag = "sessions",
    summary = "Send no more push messages to this phone",
    description = "For: diner.",
    request_body = Unsubscribe,
    responses(
        (status = 204, description = "Removed, if it existed."),
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
    state.node.commands.admit(&who)?;
    state.node.store.remove_push(who.restaurant, &who.sub, &body.0.endpoint).await?;
    Ok(HttpResponse::NoContent().finish())
}
