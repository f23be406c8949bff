//! The menu as a whole.

use crate::domain::model::menu_draft::MenuDraft;
use crate::domain::model::picture::Picture;
use crate::domain::model::principal::Principal;
use crate::domain::model::refusal::Refusal;
use crate::domain::rules::change_menu::MenuAction;
use crate::domain::values::ids::RestaurantId;
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
    replace_with(&state, &who, body.0, based_on).await
}

/// Replaces the menu, unless it names a picture that the restaurant does not have.
pub(super) async fn replace_with(
    state: &State,
    who: &Principal,
    draft: MenuDraft,
    based_on: BasedOn,
) -> Result<HttpResponse, Problem> {
    check_pictures(state, who.restaurant, &draft).await?.map_err(|refusal| Problem::invalid(refusal.message))?;
    change(state, who, MenuAction::Replace(Box::new(draft)), based_on).await
}

/// Checks that the restaurant has every picture that an edit names.
pub(super) async fn check_pictures(
    state: &State,
    restaurant: RestaurantId,
    draft: &MenuDraft,
) -> Result<Result<(), Refusal>, Problem> {
    if !draft.names_pictures() {
        return Ok(Ok(()));
    }
    let stored = state.node.store.pictures(restaurant).await?;
    let has = |picture: &Picture| {
        stored.iter().any(|row| (row.id, row.width, row.height) == (picture.id, picture.width, picture.height))
    };
    Ok(draft.check_pictures(has))
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
