//! The menu as a file: exported, previewed and imported, as CSV or JSON (docs/menu-files.md).

use super::menu::replace_with;
use crate::clock;
use crate::domain::menu_sheet::preview::{Differences, between};
use crate::domain::menu_sheet::{Fault, Missing, reader, writer};
use crate::domain::model::draft::{Moment, to_json};
use crate::domain::model::menu::Menu;
use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::values::ids::RestaurantId;
use crate::http::api::menu::{Changed, menu_of};
use crate::http::body::FileBody;
use crate::http::etag::{self, BasedOn};
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::http::state::State;
use crate::protocol::fields;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Json,
}

/// The query of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` for a spreadsheet, or `json`.
    #[param(inline)]
    format: Format,
}

/// The treatment of dishes that are not in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum MissingQuery {
    #[default]
    Keep,
    Remove,
}

/// The query of a preview and of an import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The treatment of categories and dishes that are not in the file: `keep` or `remove`. When absent, `keep`.
    #[serde(default)]
    #[param(inline, required = false)]
    missing: MissingQuery,
}

impl ImportQuery {
    const fn missing(&self) -> Missing {
        match self.missing {
            MissingQuery::Keep => Missing::Keep,
            MissingQuery::Remove => Missing::Remove,
        }
    }
}

/// The changes that an import would make.
#[derive(Debug, Serialize, ToSchema)]
pub struct MenuPreview {
    /// The version of the menu that the file was compared with, for `If-Match` of the import.
    version: String,
    /// The faults of the file. If there are any, nothing can be imported, and the differences are empty.
    errors: Vec<Fault>,
    categories: Differences,
    items: Differences,
}

/// `GET …/menu/export?format=`: returns the menu as a file.
///
/// # Errors
/// `forbidden`, `invalid`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/menu/export",
    operation_id = "exportMenu",
    tag = "management",
    summary = "Export the menu as CSV or JSON",
    description = "For: manager. An import of the file changes nothing. The file has no sold-out marks and no hours.",
    params(parts::RestaurantPath, ExportQuery),
    responses(
        (status = 200, description = "The file.", content((Value = "application/json"), (String = "text/csv"))),
        parts::OfRestaurant,
        (status = 422, response = Problem),
    ),
)]
pub async fn export(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<ExportQuery>,
) -> Result<HttpResponse, Problem> {
    let encoded = menu_of(&state, who.restaurant).await?;
    let menu = &encoded.menu;
    let (kind, name, body) = match query.format {
        Format::Csv => ("text/csv; charset=utf-8", "menu.csv", writer::write(menu)),
        Format::Json => ("application/json", "menu.json", as_json(menu).to_string()),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))).content_type(kind);
    Ok(etag::versioned(response.body(body), menu.version()))
}

/// Returns the menu in the form of an edit. Sold-out marks and hours are left out, since they change by themselves.
fn as_json(menu: &Menu) -> Value {
    let (mut categories, mut items) = (to_json(&menu.categories), to_json(&menu.items));
    let drop = |things: &mut Value, fields: &[&str]| {
        for thing in things.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut).filter_map(Value::as_object_mut) {
            thing.retain(|name, _| !fields.contains(&name.as_str()));
        }
    };
    drop(&mut categories, &["opening", "hours"]);
    for item in items.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        drop(&mut item["options"], &["available", "until"]);
    }
    drop(&mut items, &["available", "until"]);
    json!({"categories": categories, "items": items})
}

/// `POST …/menu/preview?missing=`: reports what an import of the file would change. Changes nothing.
///
/// # Errors
/// `forbidden`, `too_large`. The faults of the file are in the answer.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/menu/preview",
    operation_id = "previewMenu",
    tag = "management",
    summary = "Report what an import of a file would change",
    description = "For: manager. Changes nothing.",
    params(parts::RestaurantPath, ImportQuery),
    request_body(content((String = "text/csv"), (MenuDraft = "application/json")), description = "The file, in UTF-8."),
    responses(
        (status = 200, description = "The changes, or the faults of the file.", body = MenuPreview),
        parts::OfRestaurant,
        parts::WithBody,
    ),
)]
pub async fn preview(
    state: web::Data<State>,
    Manager(who): Manager,
    Query(query): Query<ImportQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let encoded = menu_of(&state, who.restaurant).await?;
    let menu = &encoded.menu;
    let version = menu.version().into_string();
    let answer = match compare(&state, who.restaurant, &body, menu, query.missing()).await? {
        Ok((categories, items)) => MenuPreview { version, errors: Vec::new(), categories, items },
        Err(errors) => MenuPreview { version, errors, categories: Differences::default(), items: Differences::default() },
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// Returns the changes that a file would make in the menu, in categories and in dishes, or the faults of the file.
async fn compare(
    state: &State,
    restaurant: RestaurantId,
    body: &FileBody,
    menu: &Menu,
    missing: Missing,
) -> Result<Result<(Differences, Differences), Vec<Fault>>, Problem> {
    let draft = match read(body, menu, missing) {
        Ok(draft) => draft,
        Err(faults) => return Ok(Err(faults)),
    };
    let whole = |message: String| vec![Fault { line: None, column: None, message }];
    if let Err(refusal) = super::menu::check_pictures(state, restaurant, &draft).await? {
        return Ok(Err(whole(refusal.message)));
    }
    let after = draft.applied_to(menu, moment(menu));
    Ok(after.map(|after| between(menu, &after)).map_err(|refusal| whole(refusal.message)))
}

fn moment(menu: &Menu) -> Moment {
    Moment { now: clock::now(), head: menu.position }
}

/// Reads a file as an edit of the menu.
fn read(body: &FileBody, menu: &Menu, missing: Missing) -> Result<MenuDraft, Vec<Fault>> {
    if body.is_csv {
        return reader::read(&body.text, menu, missing, moment(menu), &mut clock::new_id);
    }
    let draft = fields::from_text::<MenuDraft>(&body.text);
    let mut draft = draft.map_err(|error| vec![Fault { line: None, column: None, message: error.to_string() }])?;
    if missing == Missing::Keep {
        draft.keep_others(menu);
    }
    Ok(draft)
}

/// `POST …/menu/import?missing=`: replaces the menu by the content of a file. 200 with the menu.
///
/// # Errors
/// `forbidden`, `too_large`; `invalid` with the first fault of the file; `stale` (412) with the current menu if its version is
/// not the one in `If-Match`.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/menu/import",
    operation_id = "importMenu",
    tag = "management",
    summary = "Import a menu from a file",
    description = "For: manager. With the `version` of the preview in `If-Match`, the import makes exactly the changes of the preview.",
    params(parts::RestaurantPath, ImportQuery, parts::IfMatch),
    request_body(content((String = "text/csv"), (MenuDraft = "application/json")), description = "The file, in UTF-8."),
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn import(
    state: web::Data<State>,
    Manager(who): Manager,
    based_on: BasedOn,
    Query(query): Query<ImportQuery>,
    body: FileBody,
) -> Result<HttpResponse, Problem> {
    let encoded = menu_of(&state, who.restaurant).await?;
    let draft = read(&body, &encoded.menu, query.missing()).map_err(|faults| refused(&faults))?;
    replace_with(&state, &who, draft, based_on).await
}

/// Returns the problem of a file, by its first fault.
fn refused(faults: &[Fault]) -> Problem {
    let Some(first) = faults.first() else { return Problem::invalid("the file cannot be read") };
    let place = match (first.line, &first.column) {
        (Some(line), Some(column)) => format!("line {line}, {column}: "),
        (Some(line), None) => format!("line {line}: "),
        (None, _) => String::new(),
    };
    let others = if faults.len() > 1 { format!(" (and {} more; see the preview)", faults.len() - 1) } else { String::new() };
    Problem::invalid(format!("{place}{}{others}", first.message))
}
