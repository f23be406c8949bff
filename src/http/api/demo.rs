//! The calls that describe a demonstration.

use crate::http::Demo;
use crate::http::problem::Problem;
use crate::http::qr;
use crate::http::state::State;
use actix_web::{HttpResponse, web};

fn no_demo() -> Problem {
    Problem::not_found("this server is not a demonstration, or does not show its tables")
}

/// `GET /api/v1/demo`: returns the pages of the demonstration.
///
/// # Errors
/// `not_found` unless the server was started with `--demo`.
#[utoipa::path(
    get,
    path = "/api/v1/demo",
    operation_id = "demo",
    tag = "demo",
    summary = "Read the pages of the demonstration",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "Only under `--demo`.", body = Demo),
        (status = 404, response = Problem),
    ),
)]
pub async fn read(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.demo.as_deref().ok_or_else(no_demo)?))
}

/// `GET /api/v1/demo/qr.svg`: draws the address of a table's page as a QR code.
///
/// # Errors
/// `not_found` if the demonstration shows no table.
#[utoipa::path(
    get,
    path = "/api/v1/demo/qr.svg",
    operation_id = "demoCode",
    tag = "demo",
    summary = "Draw the address of a table as a QR code",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"),
        (status = 404, response = Problem),
    ),
)]
pub async fn qr(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let url = state.demo.as_deref().and_then(|demo| demo.table_url.as_deref()).ok_or_else(no_demo)?;
    qr::picture(url)
}
