//! What a demonstration shows of itself.

use crate::http::problem::Problem;
use crate::http::qr;
use crate::http::state::State;
use actix_web::{HttpResponse, web};

fn no_demo() -> Problem {
    Problem::not_found("this server is no demonstration, or does not show its tables")
}

/// `GET /api/v1/demo`: what there is to try.
///
/// # Errors
/// `not_found` unless the server was started with `--demo`.
pub async fn read(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(state.demo.as_deref().ok_or_else(no_demo)?))
}

/// `GET /api/v1/demo/qr.svg`: the address of a table's page as a QR code.
///
/// # Errors
/// `not_found` when there is no table to show.
pub async fn qr(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let url = state.demo.as_deref().and_then(|demo| demo.table_url.as_deref()).ok_or_else(no_demo)?;
    qr::picture(url)
}
