//! API keys of a POS or an aggregator.

use super::page::{self, PageQuery};
use crate::domain::values::text::{Key, Name, Slug};
use crate::http::body::Body;
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key in a manager's answer, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
struct ApiKeyAnswer {
    id: Key,
    name: Name,
}

/// The answer to adding a key, the only one with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedApiKey)]
struct AddedApiKeyAnswer {
    #[serde(flatten)]
    key: ApiKeyAnswer,
    /// The secret.
    api_key: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeys)]
struct ApiKeyList {
    api_keys: Vec<ApiKeyAnswer>,
    /// The `after` of the next page; absent on the last page. A page has at most 500 entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Key>,
}

/// `GET …/api-keys?after=`: lists the keys by age, without their secrets; `next` is the `after` of
/// the next page.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/api-keys",
    operation_id = "listApiKeys",
    tag = "management",
    summary = "List the API keys, without their secrets",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::After),
    responses((status = 200, description = "The keys.", body = ApiKeyList), parts::OfRestaurant, (status = 422, response = Problem)),
)]
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<PageQuery<Key>>,
) -> Result<HttpResponse, Problem> {
    let mut keys = state.node.store.api_keys(who.restaurant, query.after.as_ref(), page::LIMIT).await?;
    let next = page::cut(&mut keys, |key| key.id.clone());
    let api_keys = keys.into_iter().map(|key| ApiKeyAnswer { id: key.id, name: key.name }).collect();
    Ok(HttpResponse::Ok().json(ApiKeyList { api_keys, next }))
}

/// The body of `POST …/api-keys`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    name: Name,
}

/// `POST …/api-keys`: adds a key. 201 with its secret, which is shown only this once.
///
/// # Errors
/// `forbidden`, `confirm_password`.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/api-keys",
    operation_id = "addApiKey",
    tag = "management",
    summary = "Add an API key; its secret is shown only this once",
    description = "For: manager, with a recent proof of the password (else `confirm_password`).",
    params(parts::RestaurantPath),
    request_body = NewApiKey,
    responses(
        (status = 201, description = "The key with its secret.", body = AddedApiKeyAnswer),
        parts::OfRestaurant,
        parts::WithBody,
    ),
)]
pub async fn add(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    body: Body<NewApiKey>,
) -> Result<HttpResponse, Problem> {
    let (key, secret) = state.management.add_api_key(who.restaurant, body.0.name).await?;
    let (key, api_key) = (ApiKeyAnswer { id: key.id, name: key.name }, secret.expose_secret().to_owned());
    Ok(HttpResponse::Created().json(AddedApiKeyAnswer { key, api_key }))
}

/// `DELETE …/api-keys/{id}`: revokes a key. The sessions that it began end on every node. 204.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/api-keys/{id}",
    operation_id = "revokeApiKey",
    tag = "management",
    summary = "Revoke an API key; its sessions end",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = Key, Path, description = "The id.")),
    responses((status = 204, description = "Revoked."), parts::OfRestaurant),
)]
pub async fn revoke(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    state.management.revoke_api_key(who.restaurant, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
