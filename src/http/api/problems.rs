//! The explanations to which the `type` of a problem leads.

use crate::http::problem::Problem;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};

/// A section for each code, with the code as its heading.
pub const EXPLANATIONS: &str = include_str!("problems.md");

/// Returns the explanation of a code.
#[must_use]
pub fn explanation(code: &str) -> Option<&'static str> {
    let mut sections = EXPLANATIONS.split("\n## ").skip(1);
    sections.find(|section| section.split_once('\n').is_some_and(|(heading, _)| heading == code))
}

/// `GET /problems/{code}`: says what a code means, and what to do.
///
/// # Errors
/// `not_found` for a code that does not exist.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    operation_id = "explainProblem",
    tag = "operations",
    summary = "Read what a problem's code means and what to do",
    description = "For: everybody. The `type` of each problem is this address.",
    security(()),
    params(("code" = String, Path, description = "The code.")),
    responses(
        (status = 200, description = "Plain text.", body = String, content_type = "text/plain"),
        (status = 404, response = Problem),
    ),
)]
pub async fn read(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let text = explanation(&code).ok_or_else(|| Problem::not_found("there is no problem with this code"))?;
    Ok(HttpResponse::Ok().content_type(ContentType::plaintext()).body(text))
}
