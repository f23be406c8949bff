//! API keys of a POS or an aggregator.

use super::page::{self, PageQuery};
use crate::domain::values::text::{Key, Name, Slug};
use crate::http::body::Body;
use crate::http::extract::{ConfirmedManager, Manager};
use crate::http::problem::Problem;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

/// A key as its manager sees it. Its secret is shown by the answer that makes it, and by no other.
#[derive(Serialize)]
struct ApiKeyAnswer {
    id: Key,
    name: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

#[derive(Serialize)]
struct ApiKeyList {
    api_keys: Vec<ApiKeyAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Key>,
}

/// `GET …/api-keys?after=`: the keys in the order they were made, without their secrets; `next` is the `after` of the next page.
///
/// # Errors
/// `forbidden`.
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    query: web::Query<PageQuery<Key>>,
) -> Result<HttpResponse, Problem> {
    let mut keys = state.store.api_keys(who.restaurant, query.after.as_ref(), page::LIMIT).await?;
    let next = page::cut(&mut keys, |key| key.id.clone());
    let api_keys = keys.into_iter().map(|key| ApiKeyAnswer { id: key.id, name: key.name, api_key: None }).collect();
    Ok(HttpResponse::Ok().json(ApiKeyList { api_keys, next }))
}

/// The body of `POST …/api-keys`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    name: Name,
}

/// `POST …/api-keys`: a new key. 201 with its secret, which is shown this once.
///
/// # Errors
/// `forbidden`, `confirm_password`.
pub async fn add(
    state: web::Data<State>,
    ConfirmedManager(who): ConfirmedManager,
    body: Body<NewApiKey>,
) -> Result<HttpResponse, Problem> {
    let (key, secret) = state.sessions()?.add_api_key(who.restaurant, body.0.name).await?;
    let answer = ApiKeyAnswer { id: key.id, name: key.name, api_key: Some(secret.expose_secret().to_owned()) };
    Ok(HttpResponse::Created().json(answer))
}

/// `DELETE …/api-keys/{id}`: the key begins nothing any more, and what it has begun ends, on every node. 204.
///
/// # Errors
/// `forbidden`, `not_found`.
pub async fn revoke(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, Key)>,
) -> Result<HttpResponse, Problem> {
    state.sessions()?.revoke_api_key(who.restaurant, &path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
