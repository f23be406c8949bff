//! Serves the pages and their files, which are embedded in the binary.

use super::Asset;
use super::moved;
use crate::domain::values::ids::OrderId;
use crate::domain::values::text::Key;
use crate::http::problem::Problem;
use crate::http::state::{Demo, State};
use crate::http::{assets, etag};
use crate::protocol::ErrorCode;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

/// Answers with a file, as brotli if the client prefers that.
fn answer(request: &HttpRequest, asset: Asset) -> HttpResponse {
    let brotli = asset.brotli.filter(|_| prefers_brotli(request));
    let is_brotli = brotli.is_some();
    let mut response = etag::answer(request, etag::tag_of_file(&asset.hash), &asset.kind, brotli.unwrap_or(asset.body));
    if is_brotli && response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, asset.policy);
    response
}

fn prefers_brotli(request: &HttpRequest) -> bool {
    let offered = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|accepted| accepted.negotiate(offered.iter()) == Some(Encoding::brotli()))
}

/// Answers with a file under another media type than that of its name, without a content coding.
pub(crate) fn embedded(request: &HttpRequest, path: &str, kind: &str) -> Result<HttpResponse, Problem> {
    let asset = assets::find(path).ok_or_else(nothing)?;
    Ok(etag::answer(request, etag::tag_of_file(&asset.hash), kind, asset.body))
}

fn page(request: &HttpRequest, name: &str) -> Result<HttpResponse, Problem> {
    Ok(answer(request, assets::find(name).ok_or_else(nothing)?))
}

/// Answers with a page. In an open demonstration, the demonstration's own page may show it in a frame. Elsewhere, no page may
/// be framed.
fn screen(request: &HttpRequest, state: &State, name: &str) -> Result<HttpResponse, Problem> {
    let mut asset = assets::find(name).ok_or_else(nothing)?;
    if !is_open_demo(state) {
        return Ok(answer(request, asset));
    }
    if is_for_frame(request) {
        asset.policy = with_policy(&asset.policy, |policy| policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'"))?;
    }
    let mut response = answer(request, asset);
    response.headers_mut().append(header::VARY, HeaderValue::from_static(FETCH_DESTINATION));
    Ok(response)
}

/// The purpose for which a browser requests a page: `document` for a window, `iframe` for a frame
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header)).
const FETCH_DESTINATION: &str = "sec-fetch-dest";

fn is_for_frame(request: &HttpRequest) -> bool {
    request.headers().get(FETCH_DESTINATION).is_some_and(|destination| destination == "iframe")
}

fn is_open_demo(state: &State) -> bool {
    state.demo.as_deref().is_some_and(Demo::is_open)
}

fn with_policy(policy: &HeaderValue, change: impl Fn(&str) -> String) -> Result<HeaderValue, Problem> {
    let changed = policy.to_str().ok().and_then(|policy| HeaderValue::try_from(change(policy)).ok());
    changed.ok_or_else(|| Problem::new(ErrorCode::Internal, "the page's policy could not be made"))
}

fn nothing() -> Problem {
    Problem::not_found("there is nothing at this address")
}

/// `GET /`: the landing page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "landingPage",
    tag = "pages",
    summary = "Open the landing page",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn landing(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "index.html")
}

/// `GET /t/{table_key}`: a table's page, the same for each key. The page itself checks the key.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/t/{table_key}",
    operation_id = "tablePage",
    tag = "pages",
    summary = "Open a table's page",
    description = "For: everybody.",
    security(()),
    params(("table_key" = Key, Path, description = "The key of a table.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn table(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    screen(&request, &state, "table.html")
}

/// `GET /orders/{id}`: the page of an order, the same for each order.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/orders/{id}",
    operation_id = "orderPage",
    tag = "pages",
    summary = "Open the page of an order",
    description = "For: everybody.",
    security(()),
    params(("id" = OrderId, Path, description = "The id.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn order(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    screen(&request, &state, "order.html")
}

/// `GET /kitchen`: the kitchen's screen.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/kitchen",
    operation_id = "kitchenPage",
    tag = "pages",
    summary = "Open the kitchen's screen",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn kitchen(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    screen(&request, &state, "kitchen.html")
}

/// `GET /staff`: the staff's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/staff",
    operation_id = "staffPage",
    tag = "pages",
    summary = "Open the staff's page",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn staff(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    screen(&request, &state, "staff.html")
}

/// `GET /demo`: the screens of a demonstration side by side, each in a frame.
///
/// # Errors
/// `not_found` unless the server was started with `--demo` on a loopback address.
#[utoipa::path(
    get,
    path = "/demo",
    operation_id = "demoPage",
    tag = "pages",
    summary = "Open the screens of the demonstration side by side",
    description = "For: everybody. Only under `--demo`, on a loopback address.",
    security(()),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn demo(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut asset = assets::find("demo.html").filter(|_| is_open_demo(&state)).ok_or_else(nothing)?;
    asset.policy = with_policy(&asset.policy, |policy| format!("{policy}; frame-src 'self'"))?;
    Ok(answer(&request, asset))
}

/// `GET /manage`: the manager's page.
///
/// # Errors
/// `not_found` if the page is not in the binary.
#[utoipa::path(
    get,
    path = "/manage",
    operation_id = "managePage",
    tag = "pages",
    summary = "Open the manager's page",
    description = "For: everybody.",
    security(()),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 404, response = Problem),
    ),
)]
pub async fn manage(request: HttpRequest) -> Result<HttpResponse, Problem> {
    page(&request, "manage.html")
}

/// `GET` of any other path: a script, a style sheet, a sound, a picture. Pages have their own
/// addresses. The address of a script in an earlier version redirects to its current one.
///
/// # Errors
/// `not_found`.
#[utoipa::path(
    get,
    path = "/{path}",
    operation_id = "asset",
    tag = "pages",
    summary = "Load a file of the pages",
    description = "For: everybody.",
    security(()),
    params(("path" = String, Path, description = "The path of a file; may have slashes.")),
    responses(
        (status = 200, description = "The file.", body = String, content_type = "*/*"),
        (status = 404, response = Problem),
    ),
)]
pub async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    if let Some(now) = moved::to(&path) {
        return Ok(HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, format!("/{now}"))).finish());
    }
    if path.ends_with(".html") {
        return Err(nothing());
    }
    Ok(answer(&request, assets::find(&path).ok_or_else(nothing)?))
}
