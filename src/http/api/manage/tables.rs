//! Tables and their QR codes.

use super::page::{self, PageQuery};
use crate::auth::secret::random_secret;
use crate::clock;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::TableId;
use crate::domain::values::text::{Key, Slug, TableLabel};
use crate::http::body::{Body, OptionalBody};
use crate::http::etag::{self, BasedOn};
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::qr;
use crate::http::query::Query;
use crate::http::state::State;
use crate::protocol::ErrorCode;
use crate::store::accounts::Table;
use crate::store::audit::{self, Kind, Note};
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A table in a manager's answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Table)]
struct TableAnswer {
    id: TableId,
    label: TableLabel,
    key: Key,
    /// The address in the table's code.
    #[schema(format = Uri)]
    url: String,
    /// The version, for `If-Match`.
    version: String,
}

impl TableAnswer {
    fn new(table: Table, base: &str) -> Self {
        let url = format!("{base}/t/{}", table.key);
        let version = table.version().into_string();
        Self { id: table.id, label: table.label, key: table.key, url, version }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = Tables)]
struct TableList {
    tables: Vec<TableAnswer>,
    /// The `after` of the next page; absent on the last page. A page has at most 500 entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<TableId>,
}

fn new_key() -> Result<Key, Problem> {
    let made = random_secret().expose_secret().parse();
    made.map_err(|_| Problem::new(ErrorCode::Internal, "no key could be made"))
}

fn note(table: &Table, action: &'static str) -> Note {
    Note::new(table.restaurant, Kind::Tables, action).about(table.id).called(&table.label)
}

async fn find(state: &State, who: &Principal, id: TableId) -> Result<Table, Problem> {
    state.node.store.table(who.restaurant, id).await?.ok_or_else(|| Problem::not_found("no such table"))
}

/// `GET …/tables?after=`: lists the tables in the sequence in which they were made, each with the
/// address in its code; `next` is the `after` of the next page.
///
/// # Errors
/// `forbidden`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/tables",
    operation_id = "listTables",
    tag = "management",
    summary = "List the tables",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::After),
    responses((status = 200, description = "The tables.", body = TableList), parts::OfRestaurant, (status = 422, response = Problem)),
)]
pub async fn list(
    state: web::Data<State>,
    Manager(who): Manager,
    request: HttpRequest,
    Query(query): Query<PageQuery<TableId>>,
) -> Result<HttpResponse, Problem> {
    let base = state.base.of(&request)?;
    let mut tables = state.node.store.page_of_tables(who.restaurant, query.after, page::LIMIT).await?;
    let next = page::cut(&mut tables, |table| table.id);
    let tables = tables.into_iter().map(|table| TableAnswer::new(table, &base)).collect();
    Ok(HttpResponse::Ok().json(TableList { tables, next }))
}

/// The body of `POST …/tables`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTable {
    label: TableLabel,
}

/// `POST …/tables`: adds a table with a random key. 201.
///
/// # Errors
/// `forbidden`, `conflict` if another table has the label.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/tables",
    operation_id = "addTable",
    tag = "management",
    summary = "Add a table with a random key",
    description = "For: manager.",
    params(parts::RestaurantPath),
    request_body = NewTable,
    responses(
        (status = 201, description = "The table.", body = TableAnswer),
        parts::OfRestaurant,
        parts::WithBody,
        (status = 409, response = Problem),
    ),
)]
pub async fn add(
    state: web::Data<State>,
    Manager(who): Manager,
    request: HttpRequest,
    body: Body<NewTable>,
) -> Result<HttpResponse, Problem> {
    let base = state.base.of(&request)?;
    let id = TableId::from_uuid(clock::new_id());
    let table = Table { id, restaurant: who.restaurant, label: body.0.label, key: new_key()? };
    audit::recorded(note(&table, "add_table"), state.node.store.add_table(&table)).await?;
    Ok(HttpResponse::Created().json(TableAnswer::new(table, &base)))
}

/// `DELETE …/tables/{id}`: removes a table, which invalidates its code. The sessions of its guests
/// end. 204.
///
/// # Errors
/// `forbidden`, `not_found`, `stale` (412).
#[utoipa::path(
    delete,
    path = "/api/v1/restaurants/{slug}/tables/{id}",
    operation_id = "removeTable",
    tag = "management",
    summary = "Remove a table; its code becomes invalid, and the sessions of its guests end",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = TableId, Path, description = "The id."), parts::IfMatch),
    responses((status = 204, description = "Removed."), parts::OfRestaurant, parts::OnVersion),
)]
pub async fn remove(
    state: web::Data<State>,
    Manager(who): Manager,
    path: web::Path<(Slug, TableId)>,
    based_on: BasedOn,
) -> Result<HttpResponse, Problem> {
    let table = find(&state, &who, path.1).await?;
    state.management.remove_table(note(&table, "remove_table"), who.restaurant, table.id, based_on.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The body of `POST …/tables/{id}/key`, which is optional.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TableKeyRenewal)]
pub struct NewKey {
    /// Whether the sessions of the table's guests end.
    #[schema(default = true)]
    end_sessions: Option<bool>,
}

/// `POST …/tables/{id}/key`: makes a new key, which invalidates the old code. The sessions of the
/// table's guests end, unless the body has `"end_sessions":false`. 200 with the table.
///
/// # Errors
/// `forbidden`, `not_found`, `invalid`, `stale` (412).
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/tables/{id}/key",
    operation_id = "renewTableKey",
    tag = "management",
    summary = "Make a new code for a table; the old one becomes invalid",
    description = "For: manager. The sessions of the table's guests end, unless `end_sessions` is false. The body is \
        optional.",
    params(parts::RestaurantPath, ("id" = TableId, Path, description = "The id."), parts::IfMatch),
    request_body = Option<NewKey>,
    responses(
        (status = 200, description = "The table.", body = TableAnswer),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn renew_key(
    state: web::Data<State>,
    Manager(who): Manager,
    request: HttpRequest,
    path: web::Path<(Slug, TableId)>,
    based_on: BasedOn,
    body: OptionalBody<NewKey>,
) -> Result<HttpResponse, Problem> {
    let base = state.base.of(&request)?;
    let table = Table { key: new_key()?, ..find(&state, &who, path.1).await? };
    let end_sessions = body.0?.end_sessions.unwrap_or(true);
    let note = note(&table, "change_key");
    state.management.renew_table_key(note, &table, end_sessions, based_on.0).await?;
    let version = table.version();
    Ok(etag::versioned(HttpResponse::Ok().json(TableAnswer::new(table, &base)), version))
}

/// `GET …/tables/{id}/qr.svg`: draws the table's address as a QR code.
///
/// # Errors
/// `forbidden`, `not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/tables/{id}/qr.svg",
    operation_id = "tableCode",
    tag = "management",
    summary = "Draw a table's address as a QR code",
    description = "For: manager.",
    params(parts::RestaurantPath, ("id" = TableId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"),
        parts::OfRestaurant,
    ),
)]
pub async fn qr(
    state: web::Data<State>,
    Manager(who): Manager,
    request: HttpRequest,
    path: web::Path<(Slug, TableId)>,
) -> Result<HttpResponse, Problem> {
    let table = TableAnswer::new(find(&state, &who, path.1).await?, &state.base.of(&request)?);
    qr::picture(&table.url)
}
