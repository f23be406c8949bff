//! Webhooks: servers of integrators that get the restaurant's feed.

use crate::clock;
use crate::domain::model::push::Endpoint;
use crate::domain::model::webhook::{Fault, MOST_OF_A_RESTAURANT, SigningKeys, Webhook, WebhookDetails, WebhookState};
use crate::domain::values::ids::{RestaurantId, WebhookId};
use crate::domain::values::position::Position;
use crate::domain::values::text::Slug;
use crate::domain::values::time::Timestamp;
use crate::http::body::Body;
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::audit::{self, Kind, Note};
use crate::store::{Store, StoreError};
use crate::webhooks::plan::{self, Outcome};
use crate::webhooks::signature;
use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The most attempts to change a webhook between two changes of the node that sends.
const TRIES: u32 = 5;
/// The wait for a manager while the most pings are under way.
const RETRY: Duration = Duration::from_secs(2);

/// A webhook in a manager's answer, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
struct WebhookAnswer {
    id: WebhookId,
    url: Endpoint,
    state: WebhookState,
    /// The receiver has accepted everything up to here.
    position: Position,
    /// The last position of the feed.
    head: Position,
    /// The public key of the signatures `v1a`.
    public_key: String,
    created_at: Timestamp,
    /// The time of the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Timestamp>,
    /// Failed attempts since the last success.
    attempts: u32,
    /// The time of the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    /// The time before which there is no further attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

impl WebhookAnswer {
    fn new(webhook: Webhook, head: Position) -> Self {
        let Webhook { id, state, position, keys, details, due_at, .. } = webhook;
        let waits = state == WebhookState::Active && details.attempts > 0;
        Self {
            id,
            state,
            position,
            head,
            public_key: signature::public_key(&keys),
            url: details.url,
            created_at: details.created_at,
            delivered_at: details.delivered_at,
            attempts: details.attempts,
            failing_since: details.failing_since,
            next_attempt_at: waits.then_some(due_at),
            fault: details.fault,
        }
    }
}

/// An answer with the secret, which no other answer has.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
struct SecretAnswer {
    #[serde(flatten)]
    webhook: WebhookAnswer,
    /// The secret of the signatures `v1`.
    secret: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Webhooks)]
struct WebhookList {
    webhooks: Vec<WebhookAnswer>,
}

/// `GET …/webhooks`: lists the webhooks, without their secrets.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/webhooks",
    operation_id = "listWebhooks",
    tag = "management",
    summary = "List the webhooks, without their secrets",
    description = "For: manager. A restaurant has at most five.",
    params(parts::RestaurantPath),
    responses((status = 200, description = "The webhooks.", body = WebhookList), parts::OfRestaurant),
)]
pub async fn list(state: web::Data<State>, Manager(who): Manager) -> Result<HttpResponse, Problem> {
    let store = &state.node.store;
    let head = store.head(who.restaurant).await?;
    let webhooks = store.webhooks(who.restaurant).await?;
    let webhooks = webhooks.into_iter().map(|webhook| WebhookAnswer::new(webhook, head)).collect();
    Ok(HttpResponse::Ok().json(WebhookList { webhooks }))
}

/// The body of `POST …/webhooks`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// The receiver's address: HTTPS on port 443, with a public name.
    url: Endpoint,
    /// The position after which it gets events; absent for the current one.
    after: Option<Position>,
}

/// `POST …/webhooks`: adds a webhook. 201 with its secret, which is shown only this once.
///
/// # Errors
/// `forbidden`, `confirm_password`; `invalid` for an address that is not public or a position that does not exist yet;
/// `conflict` if the restaurant has five.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks",
    operation_id = "addWebhook",
    tag = "management",
    summary = "Add a webhook; its secret is shown only this once",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). `conflict` if the restaurant \
        has five.",
    params(parts::RestaurantPath),
    request_body = NewWebhook,
    responses(
        (status = 201, description = "The webhook with its secret.", body = SecretAnswer),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn add(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    body: Body<NewWebhook>,
) -> Result<HttpResponse, Problem> {
    let NewWebhook { url, after } = body.0;
    if !state.webhooks.client().allows(&url) {
        return Err(Problem::invalid("url must use https on port 443 and a public name, without a user or a fragment"));
    }
    let store = &state.node.store;
    let heads = store.heads(&[(who.restaurant, Position::ZERO)]).await?;
    let head = heads.get(&who.restaurant).ok_or(StoreError::Missing)?;
    let position = up_to(after.unwrap_or(head.last.position), head.last.position)?;
    let now = clock::now();
    let webhook = Webhook {
        restaurant: who.restaurant,
        id: WebhookId::from_uuid(clock::new_id()),
        version: 1,
        state: WebhookState::Active,
        due_at: now,
        position,
        keys: random_keys(),
        former_keys: None,
        details: WebhookDetails::new(url, now, head.generation),
    };
    let note = note(&webhook, "add_webhook");
    if !audit::recorded(note, store.add_webhook(&webhook, MOST_OF_A_RESTAURANT)).await? {
        let detail = format!("a restaurant has at most {MOST_OF_A_RESTAURANT} webhooks; remove one first");
        return Err(Problem::new(ErrorCode::Conflict, detail));
    }
    log::info!(restaurant:% = who.restaurant, webhook:% = webhook.id, host = webhook.details.url.host(); "webhook added");
    Ok(HttpResponse::Created().json(with_secret(webhook, head.last.position)))
}

/// `GET …/webhooks/{id}`: returns a webhook.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}",
    operation_id = "webhook",
    tag = "management",
    summary = "Read a webhook, without its secret",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses((status = 200, description = "The webhook.", body = WebhookAnswer), parts::OfRestaurant),
)]
pub async fn read(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let store = &state.node.store;
    let webhook = store.webhook(who.restaurant, path.1).await?.ok_or(StoreError::Missing)?;
    answer(&**store, webhook).await
}

/// `DELETE …/webhooks/{id}`: removes a webhook. 204.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}",
    operation_id = "removeWebhook",
    tag = "management",
    summary = "Remove a webhook",
    description = "For: manager. A message that is under way may still arrive.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses((status = 204, description = "Removed."), parts::OfRestaurant),
)]
pub async fn remove(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let store = &state.node.store;
    let webhook = store.webhook(who.restaurant, path.1).await?.ok_or(StoreError::Missing)?;
    audit::recorded(note(&webhook, "remove_webhook"), store.remove_webhook(who.restaurant, path.1)).await?;
    log::info!(restaurant:% = who.restaurant, webhook:% = path.1; "webhook removed");
    Ok(HttpResponse::NoContent().finish())
}

/// `POST …/webhooks/{id}/pause`: sends no more until it is resumed. 200 with the webhook.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}/pause",
    operation_id = "pauseWebhook",
    tag = "management",
    summary = "Pause a webhook; it keeps its position",
    description = "For: manager. A message that is under way may still arrive.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses((status = 200, description = "The webhook.", body = WebhookAnswer), parts::OfRestaurant),
)]
pub async fn pause(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let store = &*state.node.store;
    let webhook = change(store, who.restaurant, path.1, "pause_webhook", plan::pause).await?;
    answer(store, webhook).await
}

/// `POST …/webhooks/{id}/resume`: continues after its position, at once. 200 with the webhook.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}/resume",
    operation_id = "resumeWebhook",
    tag = "management",
    summary = "Resume a webhook after its position, at once",
    description = "For: manager. Also for a webhook that is failing or gone.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses((status = 200, description = "The webhook.", body = WebhookAnswer), parts::OfRestaurant),
)]
pub async fn resume(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let (store, now) = (&*state.node.store, clock::now());
    let webhook = change(store, who.restaurant, path.1, "resume_webhook", |webhook| plan::resume(webhook, now)).await?;
    answer(store, webhook).await
}

/// The body of `POST …/webhooks/{id}/replay`: one of both.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The position after which everything is sent again.
    after: Option<Position>,
    /// The time from which on everything is sent again.
    from: Option<Timestamp>,
}

/// `POST …/webhooks/{id}/replay`: sends everything after a position, or from a time on, again, as new messages. 200 with the
/// webhook.
///
/// # Errors
/// `forbidden`, `not_found`; `invalid` for a position that does not exist yet or a time in the future.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}/replay",
    operation_id = "replayWebhook",
    tag = "management",
    summary = "Send everything after a position, or from a time on, again",
    description = "For: manager. The messages have new ids. A position ahead of the webhook's own skips the events between.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    request_body = Replay,
    responses(
        (status = 200, description = "The webhook.", body = WebhookAnswer),
        parts::OfRestaurant,
        parts::WithBody,
    ),
)]
pub async fn replay(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
    body: Body<Replay>,
) -> Result<HttpResponse, Problem> {
    let (store, now) = (&*state.node.store, clock::now());
    let after = match body.0 {
        Replay { after: Some(after), from: None } => up_to(after, store.head(who.restaurant).await?)?,
        Replay { after: None, from: Some(from) } if from > now => {
            return Err(Problem::invalid("from: this time is in the future"));
        }
        Replay { after: None, from: Some(from) } => store.position_before(who.restaurant, from).await?,
        _ => return Err(Problem::invalid("give either after or from")),
    };
    let webhook = change(store, who.restaurant, path.1, "replay_webhook", |webhook| plan::replay(webhook, after, now)).await?;
    answer(store, webhook).await
}

/// `POST …/webhooks/{id}/secret`: signs with new keys, and for a day with the former ones as well. 200 with the new secret.
///
/// # Errors
/// `forbidden`, `confirm_password`, `not_found`.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}/secret",
    operation_id = "renewWebhookSecret",
    tag = "management",
    summary = "Sign with new keys, and for a day with the former ones as well",
    description = "For: manager, with a recent proof of the password (else `confirm_password`). A second renewal ends the \
        keys before the last at once.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses((status = 200, description = "The webhook with its new secret.", body = SecretAnswer), parts::OfRestaurant),
)]
pub async fn renew_secret(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let (store, now, keys) = (&*state.node.store, clock::now(), random_keys());
    let webhook =
        change(store, who.restaurant, path.1, "renew_webhook_secret", |webhook| plan::rotate(webhook, keys, now)).await?;
    let head = store.head(who.restaurant).await?;
    Ok(HttpResponse::Ok().json(with_secret(webhook, head)))
}

/// The outcome of a test.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookPing)]
struct PingAnswer {
    /// Whether the receiver has accepted the message.
    delivered: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
}

/// `POST …/webhooks/{id}/ping`: sends a message that only tests the receiver. 200 with the outcome.
///
/// # Errors
/// `forbidden`, `not_found`; `unavailable` while this node sends many.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/webhooks/{id}/ping",
    operation_id = "pingWebhook",
    tag = "management",
    summary = "Send a message that only tests the receiver",
    description = "For: manager. Neither state nor position change.",
    params(parts::RestaurantPath, ("id" = WebhookId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The outcome.", body = PingAnswer),
        parts::OfRestaurant,
        (status = 503, response = Problem),
    ),
)]
pub async fn ping(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, WebhookId)>,
) -> Result<HttpResponse, Problem> {
    let webhook = state.node.store.webhook(who.restaurant, path.1).await?.ok_or(StoreError::Missing)?;
    let Ok(_permit) = state.pings.try_acquire() else {
        return Err(Problem::new(ErrorCode::Unavailable, "this node sends many tests; try again").after(RETRY));
    };
    let fault = match state.webhooks.ping(&webhook).await? {
        Outcome::Delivered => None,
        Outcome::Gone => Some(Fault::Refused { status: 410 }),
        Outcome::Failed(fault, _) => Some(fault),
    };
    Ok(HttpResponse::Ok().json(PingAnswer { delivered: fault.is_none(), fault }))
}

/// Changes a webhook, also while a node sends to it. A message that is under way is then sent again under the same id.
async fn change(
    store: &dyn Store,
    restaurant: RestaurantId,
    id: WebhookId,
    action: &'static str,
    change: impl Fn(&mut Webhook),
) -> Result<Webhook, Problem> {
    for _ in 0..TRIES {
        let mut webhook = store.webhook(restaurant, id).await?.ok_or(StoreError::Missing)?;
        change(&mut webhook);
        let note = note(&webhook, action);
        if audit::recorded(note, store.save_webhook(&mut webhook)).await? {
            return Ok(webhook);
        }
    }
    Err(StoreError::Unavailable.into())
}

fn note(webhook: &Webhook, action: &'static str) -> Note {
    Note::new(webhook.restaurant, Kind::Keys, action).about(webhook.id).called(webhook.details.url.host())
}

fn up_to(position: Position, head: Position) -> Result<Position, Problem> {
    if position > head {
        return Err(Problem::invalid(format!("after: the last position is {}", head.number())));
    }
    Ok(position)
}

async fn answer(store: &dyn Store, webhook: Webhook) -> Result<HttpResponse, Problem> {
    let head = store.head(webhook.restaurant).await?;
    Ok(HttpResponse::Ok().json(WebhookAnswer::new(webhook, head)))
}

fn with_secret(webhook: Webhook, head: Position) -> SecretAnswer {
    let secret = signature::secret(&webhook.keys).expose_secret().to_owned();
    SecretAnswer { webhook: WebhookAnswer::new(webhook, head), secret }
}

fn random_keys() -> SigningKeys {
    let mut keys = SigningKeys { secret: [0; 32], seed: [0; 32] };
    rand::fill(&mut keys.secret);
    rand::fill(&mut keys.seed);
    keys
}
