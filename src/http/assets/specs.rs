//! The two specifications, which are embedded in the binary.

use super::handlers::embedded;
use crate::http::problem::Problem;
use actix_web::{HttpRequest, HttpResponse};

const JSON: &str = "application/json";

/// `GET /api/v1/openapi.json`: the calls over HTTP (OpenAPI 3.1).
///
/// # Errors
/// `not_found` if the document is not in the binary.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "openapi",
    tag = "operations",
    summary = "Read this document",
    description = "For: everybody.",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)),
)]
pub async fn openapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    embedded(&request, "spec/openapi.json", JSON)
}

/// `GET /api/v1/asyncapi.json`: the frames over WebSocket (AsyncAPI 3.0).
///
/// # Errors
/// `not_found` if the document is not in the binary.
#[utoipa::path(
    get,
    path = "/api/v1/asyncapi.json",
    operation_id = "asyncapi",
    tag = "operations",
    summary = "Read the AsyncAPI document of the frames over WebSocket",
    description = "For: everybody.",
    security(()),
    responses((status = 200, description = "AsyncAPI 3.0.", body = Object)),
)]
pub async fn asyncapi(request: HttpRequest) -> Result<HttpResponse, Problem> {
    embedded(&request, "spec/asyncapi.json", JSON)
}
