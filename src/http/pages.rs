//! The pages and what they load, out of the binary itself.

use super::etag;
use super::packed;
use super::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{Embed, EmbeddedFile};
use std::borrow::Cow;

/// What a page may load and do: from this server alone, and pictures of dishes from where the menu says.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; \
     img-src 'self' data: https:; media-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// What a script, a style sheet or a picture may do when somebody opens it by itself. Short, since a page loads some thirty
/// of them. A worker's script would need a policy of its own: workers take theirs from the file they are made of.
const ASSET_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The files of `static/`: compiled in, or read from the disk in a debug build.
#[derive(Embed)]
#[folder = "static/"]
struct Static;

fn answer(request: &HttpRequest, file: EmbeddedFile, kind: Option<&str>) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    let kind = kind.map_or_else(|| kind_of(&file), str::to_owned);
    let body = match file.data {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let may_be_packed = kind.ends_with(UTF_8) && packed::is_liked_best(request);
    let packed = if may_be_packed { packed::pack(hash, &body) } else { None };
    let is_packed = packed.is_some();
    let mut response = etag::answer(request, etag::tag_of_hash(&hash), &kind, packed.unwrap_or(body));
    if is_packed && response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// What the media type of a text ends with.
const UTF_8: &str = "; charset=utf-8";

/// The media type of a file, by its name.
fn kind_of(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    let is_text = kind.starts_with("text/") || kind == "application/json" || kind == "application/manifest+json";
    if is_text { format!("{kind}{UTF_8}") } else { kind.to_owned() }
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
    let mut response = file(&request, path)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, ASSET_POLICY);
    Ok(response)
}
