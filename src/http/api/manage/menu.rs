//! The menu as a whole.

use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::rules::change_menu::MenuAction;
use crate::http::api::menu::{Changed, change};
use crate::http::body::{Body, LargeBody};
use crate::http::etag::BasedOn;
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

/// `PUT …/menu`: replaces the categories and dishes of the menu. A sold-out dish stays sold out
/// unless the body says otherwise. 200 with the menu.
///
/// # Errors
/// `forbidden`, `invalid`, `too_large`; `stale` (412) with the current menu if its version is not
/// the one in `If-Match`.
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/menu",
    operation_id = "replaceMenu",
    tag = "management",
    summary = "Replace the categories and dishes of the menu",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::IfMatch),
    request_body = MenuDraft,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn replace(
    state: web::Data<State>,
    Manager(who): Manager,
    based_on: BasedOn,
    body: LargeBody<MenuDraft>,
) -> Result<HttpResponse, Problem> {
    change(&state, &who, MenuAction::Replace(Box::new(body.0)), based_on).await
}

/// The body of `PUT …/menu/names`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Names {
    required: bool,
}

/// `PUT …/menu/names`: sets whether takeaway orders need a name for the pickup. 200 with the menu.
///
/// # Errors
/// `forbidden`, `stale` (412); `invalid` below feature level 2.
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/menu/names",
    operation_id = "setNames",
    tag = "management",
    summary = "Set whether takeaway orders need a name for the pickup",
    description = "For: manager.",
    params(parts::RestaurantPath, parts::IfMatch),
    request_body = Names,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set_names(
    state: web::Data<State>,
    Manager(who): Manager,
    based_on: BasedOn,
    body: Body<Names>,
) -> Result<HttpResponse, Problem> {
    change(&state, &who, MenuAction::NamesRequired(body.0.required), based_on).await
}
