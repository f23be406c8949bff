//! Uploads of pictures of dishes.

use crate::clock;
use crate::domain::model::menu_draft::MAX_ITEMS;
use crate::domain::model::picture::Picture;
use crate::http::body::PictureBody;
use crate::http::extract::Manager;
use crate::http::openapi::parts;
use crate::http::problem::Problem;
use crate::http::rate_limit::too_many;
use crate::http::state::State;
use crate::pictures::Refused;
use crate::protocol::ErrorCode;
use crate::store::audit::{self, Kind, Note};
use crate::store::pictures::{PictureRow, PictureSize};
use actix_web::{HttpResponse, web};
use std::time::Duration;

/// The most pictures of a restaurant, which take about 200 KB each.
const MOST: u32 = MAX_ITEMS as u32;
/// How long to wait before a picture is sent again.
const RETRY: Duration = Duration::from_secs(5);

/// `POST …/pictures`: stores a picture for a dish in several sizes. 201 with the entry for the menu.
///
/// # Errors
/// `forbidden`, `invalid`, `too_large`; `conflict` if the restaurant has too many; `rate_limited`; `unavailable` while other
/// pictures are worked on.
#[utoipa::path(
    post,
    path = "/api/v1/restaurants/{slug}/pictures",
    operation_id = "addPicture",
    tag = "management",
    summary = "Upload a picture of a dish",
    description = "For: manager. The body is a JPEG, PNG or WebP of at most 8 MiB and 25 million pixels. It is turned upright, made \
                   smaller and encoded again, and keeps only its pixels. A picture that the menu does not name is \
                   removed a day after its upload.",
    params(parts::RestaurantPath),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The picture."),
    responses(
        (status = 201, description = "The entry for the dish.", body = Picture),
        parts::OfRestaurant,
        (status = 408, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
    ),
)]
pub async fn add(state: web::Data<State>, Manager(who): Manager, body: PictureBody) -> Result<HttpResponse, Problem> {
    state.limits.upload(&who).map_err(too_many)?;
    let sizes = state.workshop.make(body.0).await.map_err(problem)?;
    let row = PictureRow { id: sizes.id, width: sizes.width(), height: sizes.height };
    let files = sizes.files.into_iter().map(|(width, body)| PictureSize { width, body }).collect();
    let note = Note::new(who.restaurant, Kind::Menu, "add_picture").about(row.id);
    let added = state.node.store.add_picture(who.restaurant, row, files, MOST, clock::now());
    if !audit::recorded(note, added).await? {
        let detail =
            format!("a restaurant has at most {MOST} pictures; those that no dish names are removed a day after their upload");
        return Err(Problem::new(ErrorCode::Conflict, detail));
    }
    Ok(HttpResponse::Created().json(Picture { id: row.id, width: row.width, height: row.height, alt: None }))
}

fn problem(refused: Refused) -> Problem {
    match refused {
        Refused::Busy => Problem::new(ErrorCode::Unavailable, refused.to_string()).after(RETRY),
        Refused::Large => Problem::new(ErrorCode::TooLarge, refused.to_string()),
        Refused::Kind | Refused::Damaged | Refused::Shape => Problem::invalid(refused.to_string()),
    }
}
