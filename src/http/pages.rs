//! The pages and what they load, out of the binary itself.

use super::etag;
use super::problem::Problem;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};
use std::borrow::Cow;

/// What a page may load and do: from this server alone, and pictures of dishes from where the menu says.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; \
     img-src 'self' data: https:; media-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// The files of `static/`: compiled in, or read from the disk in a debug build.
#[derive(Embed)]
#[folder = "static/"]
struct Static;

fn answer(request: &HttpRequest, file: EmbeddedFile, kind: Option<&str>) -> HttpResponse {
    let tag = etag::tag_of_hash(&file.metadata.sha256_hash());
    let kind = kind.map_or_else(|| kind_of(&file), str::to_owned);
    let body = match file.data {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    etag::answer(request, tag, &kind, body)
}

/// The media type of a file, by its name.
fn kind_of(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    let is_text = kind.starts_with("text/") || kind == "application/json" || kind == "application/manifest+json";
    if is_text { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

/// A file of the binary, under a media type that its name does not tell.
pub(super) fn embedded(request: &HttpRequest, path: &str, kind: Option<&str>) -> Result<HttpResponse, Problem> {
    let found = Static::get(path).map(|file| answer(request, file, kind));
    found.ok_or_else(|| Problem::not_found("there is nothing at this address"))
}

fn file(request: &HttpRequest, path: &str) -> Result<HttpResponse, Problem> {
    embedded(request, path, None)
}

/// `GET /`: the landing page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn landing(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "index.html")
}

/// `GET /t/{table_key}`: a table's page, the same for every key; what the key is worth is asked from the page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn table(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "table.html")
}

/// `GET /orders/{id}`: the page of an order, the same for every order.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn order(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "order.html")
}

/// `GET /kitchen`: the kitchen's screen.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn kitchen(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "kitchen.html")
}

/// `GET /staff`: the staff's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn staff(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "staff.html")
}

/// `GET /manage`: the manager's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn manage(request: HttpRequest) -> Result<HttpResponse, Problem> {
    file(&request, "manage.html")
}

/// `GET` of anything else: a script, a style sheet, a sound, a picture. Pages have addresses of their own.
///
/// # Errors
/// `not_found`.
pub async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let path = if path.ends_with(".html") { "" } else { path.as_str() };
    file(&request, path)
}
