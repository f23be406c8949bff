//! The time zone of the restaurant, and its hours.

use crate::domain::model::opening::HoursDraft;
use crate::domain::rules::change_menu::MenuAction;
use crate::http::api::menu::{Changed, change};
use crate::http::body::Body;
use crate::http::etag::BasedOn;
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use actix_web::{HttpResponse, web};

/// `PUT …/hours`: sets the time zone and all hours, of the restaurant and of its categories. 200
/// with the menu.
///
/// # Errors
/// `forbidden`, `invalid`; `stale` (412) with the current menu if its version is not the one in
/// `If-Match`.
#[utoipa::path(
    put,
    path = "/api/v1/restaurants/{slug}/hours",
    operation_id = "setHours",
    tag = "management",
    summary = "Set the time zone and the hours of the restaurant and of its categories",
    description = "For: manager. From feature level 2 on.",
    params(parts::RestaurantPath, parts::IfMatch),
    request_body = HoursDraft,
    responses(
        (status = 200, description = "The menu.", body = Changed),
        parts::OfRestaurant,
        parts::WithBody,
        parts::OnVersion,
    ),
)]
pub async fn set(
    state: web::Data<State>,
    Manager(who): Manager,
    based_on: BasedOn,
    body: Body<HoursDraft>,
) -> Result<HttpResponse, Problem> {
    change(&state, &who, MenuAction::Hours(Box::new(body.0)), based_on).await
}
