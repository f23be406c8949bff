//! The pages and what they load, out of the binary itself.

use super::etag;
use super::packed;
use super::page::{self, Page};
use super::problem::Problem;
use super::version::Static;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use rust_embed::EmbeddedFile;
use std::borrow::Cow;

/// What a script, a style sheet or a picture may do when somebody opens it by itself. Short, since a page loads some thirty
/// of them.
const ASSET_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What the service worker may do: load its own parts, and ask this server.
const WORKER_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'");

/// Where the service worker is: at the root, since a worker keeps the pages below its own address.
const WORKER: &str = "service-worker.js";

/// What is served under a media type, whose SHA-256 is known: packed if the client likes that, once and for all.
fn answer(request: &HttpRequest, hash: [u8; 32], kind: &str, body: Bytes) -> HttpResponse {
    let may_be_packed = is_text(kind) && packed::is_liked_best(request);
    let packed = if may_be_packed { packed::pack(hash, kind, &body) } else { None };
    let is_packed = packed.is_some();
    let mut response = etag::answer(request, etag::tag_of_hash(&hash), kind, packed.unwrap_or(body));
    if is_packed && response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

/// The hash, the media type and the bytes of a file that is no page.
fn contents(file: EmbeddedFile) -> ([u8; 32], String, Bytes) {
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    (file.metadata.sha256_hash(), kind_of(file.metadata.mimetype()), bytes)
}

/// Packs every file as small as it gets, so that no request has to wait for it. Takes some seconds of one thread.
pub fn pack_all() {
    for path in Static::iter() {
        if let Some(Page { hash, body, .. }) = page::of(&path) {
            packed::pack_well(hash, HTML, &body);
        } else if let Some((hash, kind, body)) = Static::get(&path).map(contents).filter(|(_, kind, _)| is_text(kind)) {
            packed::pack_well(hash, &kind, &body);
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";
/// What the media type of a text ends with.
const UTF_8: &str = "; charset=utf-8";

fn is_text(kind: &str) -> bool {
    kind.ends_with(UTF_8)
}

/// The media type of a file, as its name tells it, with the encoding where it is text.
fn kind_of(kind: &str) -> String {
    let is_text = kind.starts_with("text/") || kind == "application/json" || kind == "application/manifest+json";
    if is_text { format!("{kind}{UTF_8}") } else { kind.to_owned() }
}

/// A file of the binary that is no page, under a media type that its name does not tell.
pub(super) fn embedded(request: &HttpRequest, path: &str, kind: Option<&str>) -> Result<HttpResponse, Problem> {
    let (hash, own_kind, body) = Static::get(path).map(contents).ok_or_else(nothing)?;
    Ok(answer(request, hash, kind.unwrap_or(&own_kind), body))
}

fn page(request: &HttpRequest, name: &str) -> Result<HttpResponse, Problem> {
    let Page { hash, body, policy } = page::of(name).ok_or_else(nothing)?;
    let mut response = answer(request, hash, HTML, body);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn nothing() -> Problem {
    Problem::not_found("there is nothing at this address")
}

/// `GET /`: the landing page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn landing(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "index.html")
}

/// `GET /t/{table_key}`: a table's page, the same for every key; what the key is worth is asked from the page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn table(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "table.html")
}

/// `GET /orders/{id}`: the page of an order, the same for every order.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn order(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "order.html")
}

/// `GET /kitchen`: the kitchen's screen.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn kitchen(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "kitchen.html")
}

/// `GET /staff`: the staff's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn staff(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "staff.html")
}

/// `GET /manage`: the manager's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
pub async fn manage(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "manage.html")
}

/// `GET` of anything else: a script, a style sheet, a sound, a picture. Pages have addresses of their own.
///
/// # Errors
/// `not_found`.
pub async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let path = if path.ends_with(".html") { "" } else { path.as_str() };
    let mut response = embedded(&request, path, None)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy_of(path));
    Ok(response)
}

/// What a file that is no page may do.
fn policy_of(path: &str) -> HeaderValue {
    if path == WORKER { WORKER_POLICY } else { ASSET_POLICY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_worker_may_ask_this_server_and_what_is_no_worker_may_nothing() {
        assert_eq!(policy_of("service-worker.js"), WORKER_POLICY);
        for path in ["pages/service-worker.js", "client/orderbell.js", "manifest.webmanifest"] {
            assert_eq!(policy_of(path), ASSET_POLICY, "{path}");
        }
    }

    #[test]
    fn text_is_said_to_be_utf_8_whatever_it_is_for() {
        for (kind, expected) in [
            ("text/css", "text/css; charset=utf-8"),
            ("application/manifest+json", "application/manifest+json; charset=utf-8"),
            ("image/png", "image/png"),
        ] {
            assert_eq!(kind_of(kind), expected);
        }
    }
}
