//! The files of pictures, for everybody who reads the menu.

use crate::domain::model::picture::MAX_WIDTH;
use crate::domain::values::ids::{PictureId, RestaurantId};
use crate::http::extract::Tenant;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::security_headers;
use actix_web::http::header::{self, ETag, EntityTag, Header, IfNoneMatch};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Deserialize;

/// Caches may keep a file forever: another picture has another id.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The path of a file.
#[derive(Debug, Deserialize)]
pub struct FilePath {
    slug: String,
    id: PictureId,
    width: u16,
}

/// `GET …/pictures/{id}/{width}`: returns a picture of the menu as JPEG, in one of its widths.
///
/// # Errors
/// `not_found`.
#[utoipa::path(
    get,
    path = "/api/v1/restaurants/{slug}/pictures/{id}/{width}",
    operation_id = "picture",
    tag = "restaurants",
    summary = "Read a picture of a dish",
    description = "For: everybody. The widths are the picture's own, and those of 160, 480 and 960 that are smaller.",
    security(()),
    params(
        parts::RestaurantPath,
        ("id" = PictureId, Path, description = "The id of the picture on the menu."),
        ("width" = u16, Path, description = "One of its widths.", minimum = 1, maximum = 960),
    ),
    responses(
        (status = 200, description = "The picture. It never changes.", content_type = "image/jpeg"),
        (status = 304, description = "The client has it."),
        (status = 404, response = Problem),
    ),
)]
pub async fn read(state: web::Data<State>, request: HttpRequest, path: web::Path<FilePath>) -> Result<HttpResponse, Problem> {
    let FilePath { slug, id, width } = path.into_inner();
    let tag = EntityTag::new_strong(format!("{id}-{width}"));
    let is_known =
        matches!(IfNoneMatch::parse(&request), Ok(IfNoneMatch::Items(known)) if known.iter().any(|other| other.weak_eq(&tag)));
    if is_known {
        return Ok(HttpResponse::NotModified().insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, FOREVER)).finish());
    }
    // Pages name the restaurant by its id, which needs no look into the database.
    let restaurant = match slug.parse::<RestaurantId>() {
        Ok(id) => id,
        Err(_) => Tenant::extract(&request).await?.0.id,
    };
    let body = if width > MAX_WIDTH { None } else { state.node.store.picture_body(restaurant, id, width).await? };
    let body = body.ok_or_else(|| Problem::not_found("no such picture, or not in this width"))?;
    let mut response = HttpResponse::Ok();
    response.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, FOREVER)).insert_header(security_headers::NO_PAGE);
    Ok(response.content_type("image/jpeg").body(body))
}
