//! The URL table.

use super::api::{
    account, deliveries, demo, devices, guests, health, manage, menu, order_lists, orders, pictures, problems, push, receipts,
    rooms, sessions, shifts, story, visits,
};
use super::assets;
use super::assets::specs;
use super::cors::{self, check_preflight};
use super::occupancy::occupy;
use super::problem::{Problem, no_such_path, no_upgrade, wrong_method};
use super::quota::report_quota;
use super::rate_limit::Action;
use super::ration::ration;
use super::request_log::{REQUEST_ID, identify_request, log_request};
use super::state::State;
use super::unread_body::close_unread;
use crate::connection::NodeRole;
use crate::protocol::{problem_body, security_headers};
use crate::store::audit;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::PathError;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Version};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::{App, Error, Resource, ResponseError, Route, guard, web};

/// Builds the application: the URL table, a log line for each request, and the headers of every answer.
#[must_use]
pub fn app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let origins = state.node.origins.clone();
    App::new()
        .app_data(state)
        .wrap(from_fn(occupy))
        .wrap(from_fn(open_scope))
        .wrap(from_fn(keep_to_role))
        .wrap(from_fn(log_request))
        .wrap(from_fn(identify_request))
        .wrap(from_fn(stay_on_tls))
        .wrap(headers())
        .wrap(from_fn(trim_headers))
        .wrap(from_fn(send_without_chunks))
        .wrap(from_fn(close_unread))
        .configure(|cfg| configure(cfg, &origins))
}

/// Removes some headers from the files that a page loads: the id of the request, and those that browsers use only for
/// documents. A page loads forty files, and a phone pays for each header. HTML keeps them, since a service worker may store it
/// and show it as a page later.
async fn trim_headers(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let destination = request.headers().get("sec-fetch-dest").map(HeaderValue::as_bytes).unwrap_or_default();
    let is_file = matches!(destination, b"image" | b"manifest" | b"script" | b"style");
    let is_part = is_file || destination == b"empty";
    let mut response = next.call(request).await?;
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is_page = kind.starts_with(b"text/html");
    if is_part && !is_page {
        for name in security_headers::OF_DOCUMENTS {
            response.headers_mut().remove(name);
        }
    }
    // Calls of a page have the destination "empty", and keep their id.
    if is_file || is_page {
        response.headers_mut().remove(REQUEST_ID);
    }
    Ok(response)
}

/// Closes the connection after an answer of unknown length to a client of HTTP/1.0, which does not know chunks (RFC 9112,
/// "Transfer-Encoding").
async fn send_without_chunks(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_old = request.version() < Version::HTTP_11;
    let mut response = next.call(request).await?;
    if is_old && response.response().body().size() == BodySize::Stream {
        let head = response.response_mut().head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Returns the default headers: those for security, and `no-store`, since caches must not store tokens. Assets replace
/// `no-store` with their own.
fn headers() -> DefaultHeaders {
    let headers = security_headers::ALWAYS.into_iter().fold(DefaultHeaders::new(), DefaultHeaders::add);
    headers.add((CONTENT_SECURITY_POLICY, assets::policy())).add((CACHE_CONTROL, "no-store"))
}

/// Sends `Strict-Transport-Security` to browsers that connect over TLS.
async fn stay_on_tls(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_secure =
        request.app_data::<web::Data<State>>().is_some_and(|state| state.base.is_secure(request.peer_addr(), request.headers()));
    let mut response = next.call(request).await?;
    if is_secure {
        let (name, value) = security_headers::TLS;
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Opens the audit's scope for a request.
async fn open_scope(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let state = request.app_data::<web::Data<State>>().filter(|state| state.node.keep_addresses);
    let address = state.map(|state| state.limits.client(request.peer_addr(), request.headers()));
    audit::scope(address, next.call(request)).await
}

/// Registers the address of the metrics alone, for a listener of their own.
pub fn configure_metrics(cfg: &mut web::ServiceConfig) {
    cfg.service(compressed("/metrics", health::metrics)).default_service(web::to(no_such_path));
}

/// Answers `not_found` for a path that this listener or the role of this node does not serve.
async fn keep_to_role(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    // Returns an answer and not an error, which would bypass the default headers.
    let refuse = |problem: Problem| problem.error_response();
    let refusal = request.app_data::<web::Data<State>>().and_then(|state| match request.path() {
        "/metrics" if state.has_metrics_address => Some(refuse(Problem::not_found("the metrics have an address of their own"))),
        path => (!serves(state.node.role, path)).then(|| refuse(Problem::elsewhere())),
    });
    match refusal {
        None => Ok(next.call(request).await?.map_into_left_body()),
        Some(refusal) => Ok(request.into_response(refusal).map_into_right_body()),
    }
}

/// Whether a role serves a path. Every role serves health, metrics and explanations of problems.
fn serves(role: NodeRole, path: &str) -> bool {
    match path {
        "/healthz" | "/readyz" | "/metrics" => true,
        // Each role answers with problems, whose types are here.
        _ if path.starts_with(problem_body::TYPES) => true,
        _ if path.starts_with("/api/v1/rooms/") || path == "/ws" => role.serves_realtime(),
        _ => role.serves_api(),
    }
}

/// Registers all addresses. Pages of these origins may make calls.
fn configure(cfg: &mut web::ServiceConfig, origins: &[String]) {
    let path = web::PathConfig::default().error_handler(|error, _| no_such_thing(&error).into());
    cfg.app_data(path).default_service(web::to(no_such_path));

    // The router tries one address after another, each by a regular expression if it contains a name. A scope is one try for
    // all addresses in it. The scopes that are called most come first.
    let calls = web::scope("/api/v1").configure(api);
    cfg.service(calls.wrap(from_fn(report_quota)).wrap(cors::layer(origins)).wrap(from_fn(check_preflight)));
    operations(cfg);
    // Comes last, since it serves assets at any other address.
    pages(cfg);
}

/// The calls of version 1.
fn api(cfg: &mut web::ServiceConfig) {
    cfg.service(web::scope("/orders").configure(orders))
        .service(web::scope("/rooms").configure(rooms))
        .service(web::scope("/restaurants/{slug}").configure(restaurant))
        .service(web::scope("/people/me").configure(own_account))
        .service(compressed("/openapi.json", specs::openapi))
        .service(compressed("/asyncapi.json", specs::asyncapi))
        .service(at("/demo", READ).route(read().to(demo::read)))
        .service(at("/demo/qr.svg", READ).route(read().to(demo::qr)));
    sign_in(cfg);
}

/// Returns the problem of an address with an invalid name or id.
fn no_such_thing(error: &PathError) -> Problem {
    match error {
        // The errors of names and ids say what they must look like.
        PathError::Deserialize(error) => Problem::not_found(format!("nothing has this address: a name or an id in it {error}")),
        _ => Problem::not_found("nothing has this address"),
    }
}

fn operations(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/healthz", READ).route(read().to(health::alive)))
        .service(at("/readyz", READ).route(read().to(health::ready)))
        .service(compressed("/metrics", health::metrics))
        .service(at("/problems/{code}", READ).route(read().to(problems::read)))
        // The connection layer takes handshakes before this. Other requests get an error.
        .service(at(crate::connection::websocket::handshake::PATH, READ).route(read().to(no_upgrade)));
}

fn orders(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/{id}/commands", "POST").route(web::post().to(orders::command)))
        .service(at("/{id}", READ).route(read().to(orders::read)))
        .service(at("/{id}/receipt", READ).route(read().to(receipts::of_order)))
        .service(
            at("/{id}/delivery", "GET, HEAD, PUT, DELETE")
                .route(read().to(deliveries::read))
                .route(web::put().to(deliveries::set))
                .route(web::delete().to(deliveries::erase)),
        )
        .service(at("/{id}/story", READ).route(read().to(story::read)))
        .service(at("/{id}/share", "POST").route(web::post().to(orders::share)));
}

fn rooms(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/{room}/events", "GET").wrap(Compress::default()).route(web::get().to(rooms::events)))
        // A stream is never compressed: an encoder would hold events back.
        .service(at("/{room}/stream", "GET").route(web::get().to(rooms::stream)))
        .service(at("/{room}/seen", "POST").route(web::post().to(rooms::seen)));
}

fn sign_in(cfg: &mut web::ServiceConfig) {
    // Requests without a token are counted by address before their body is read.
    let rationed = |attempt| from_fn(move |request, next: Next<_>| ration(attempt, request, next));
    let log_in = rationed(Action::Login);
    let seat = rationed(Action::Seat);
    let refresh = rationed(Action::Refresh);
    cfg.service(at("/sessions", "POST").wrap(log_in).route(web::post().to(sessions::sign_in)))
        .service(at("/sessions/refresh", "POST").wrap(refresh).route(web::post().to(sessions::refresh)))
        .service(at("/sessions/current", "DELETE").route(web::delete().to(sessions::end)))
        .service(at("/diner-sessions", "POST").wrap(seat).route(web::post().to(sessions::seat)))
        .service(at("/diner-sessions/current/calls", READ).route(read().to(receipts::of_calls)))
        .service(at("/diner-sessions/current", READ).route(read().to(sessions::visit)))
        .service(at("/devices/pairings", "POST").wrap(rationed(Action::Pair)).route(web::post().to(devices::begin)))
        .service(at("/devices/token", "POST").wrap(rationed(Action::Poll)).route(web::post().to(devices::token)))
        .service(at("/devices/current/people", READ).route(read().to(shifts::people)))
        .service(at("/devices/current/shifts", "POST").route(web::post().to(shifts::begin)))
        .service(at("/push/key", READ).route(read().to(push::key)))
        .service(
            at("/push/subscription", "PUT, DELETE")
                .route(web::put().to(push::subscribe))
                .route(web::delete().to(push::unsubscribe)),
        )
        .service(at("/devices/pairings/{user_code}/approval", "POST").route(web::post().to(devices::approve)));
}

/// A person's own account.
fn own_account(cfg: &mut web::ServiceConfig) {
    cfg.service(at("", READ).route(read().to(account::read)))
        .service(at("/confirmation", "POST").route(web::post().to(account::confirm_password)))
        .service(at("/password", "PUT").route(web::put().to(account::change_password)))
        .service(
            at("/sessions", "GET, HEAD, DELETE").route(read().to(account::sessions)).route(web::delete().to(account::end_others)),
        )
        .service(
            at("/pin", "PUT, DELETE").route(web::put().to(shifts::set_own_pin)).route(web::delete().to(shifts::remove_own_pin)),
        )
        .service(at("/totp", "POST").route(web::post().to(account::begin_totp)))
        .service(at("/totp/confirmation", "POST").route(web::post().to(account::confirm_totp)))
        .service(at("/totp/removal", "POST").route(web::post().to(account::remove_totp)))
        .service(at("/sessions/{id}", "DELETE").route(web::delete().to(account::end_session)));
}

/// A restaurant, by its slug or by its id.
fn restaurant(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/orders", "GET, HEAD, POST").route(read().to(order_lists::list)).route(web::post().to(orders::place)))
        .service(compressed("", menu::profile))
        .service(
            at("/menu", "GET, HEAD, PUT")
                .wrap(Compress::default())
                .route(read().to(menu::menu))
                .route(web::put().to(manage::menu::replace)),
        )
        .service(at("/commands", "POST").route(web::post().to(orders::call)))
        .service(compressed("/visits", visits::list))
        .service(at("/diner-sessions", READ).route(read().to(guests::list)))
        .service(at("/pause", "PUT").route(web::put().to(menu::set_pause)))
        .service(at("/guest-rounds", "PUT").route(web::put().to(menu::set_guest_rounds)))
        .service(at("/firing", "PUT").route(web::put().to(menu::set_firing)));
    managers(cfg);
    cfg.service(at("/menu/names", "PUT").route(web::put().to(manage::menu::set_names)))
        .service(at("/menu/export", READ).wrap(Compress::default()).route(read().to(manage::menu_files::export)))
        .service(at("/menu/preview", "POST").route(web::post().to(manage::menu_files::preview)))
        .service(at("/menu/import", "POST").route(web::post().to(manage::menu_files::import)))
        .service(at("/pictures/{id}/{width}", READ).route(read().to(pictures::read)))
        .service(at("/menu/items/{item}/availability", "PUT").route(web::put().to(menu::set_availability)))
        .service(at("/visits/{id}/end", "POST").route(web::post().to(visits::end)))
        .service(at("/diner-sessions/{id}", "DELETE").route(web::delete().to(guests::end)));
}

/// Addresses of a restaurant that are only for managers, except reading its rules.
fn managers(cfg: &mut web::ServiceConfig) {
    use manage::{api_keys, audit, guests, hours, limited, people, pictures, reports, rules, screens, tables, webhooks};
    cfg.service(at("/tables", "GET, HEAD, POST").route(read().to(tables::list)).route(web::post().to(tables::add)))
        .service(at("/people", "GET, HEAD, POST").route(read().to(people::list)).route(web::post().to(people::add)))
        .service(at("/devices", READ).route(read().to(screens::list)))
        .service(at("/api-keys", "GET, HEAD, POST").route(read().to(api_keys::list)).route(web::post().to(api_keys::add)))
        .service(at("/webhooks", "GET, HEAD, POST").route(read().to(webhooks::list)).route(web::post().to(webhooks::add)))
        .service(web::scope("/webhooks/{id}").configure(webhook))
        .service(compressed("/reports/day", reports::day))
        .service(compressed("/audit", audit::list))
        .service(at("/limited", READ).route(read().to(limited::list)))
        .service(at("/pictures", "POST").route(web::post().to(pictures::add)))
        .service(at("/hours", "PUT").route(web::put().to(hours::set)))
        .service(at("/rules", "GET, HEAD, PUT").route(read().to(rules::read)).route(web::put().to(rules::set)))
        .service(at("/guests", READ).route(read().to(guests::find)))
        .service(at("/tables/{id}", "DELETE").route(web::delete().to(tables::remove)))
        .service(at("/tables/{id}/key", "POST").route(web::post().to(tables::renew_key)))
        .service(compressed("/tables/{id}/qr.svg", tables::qr))
        .service(
            at("/people/{id}", "PATCH, DELETE").route(web::patch().to(people::change)).route(web::delete().to(people::remove)),
        )
        .service(
            at("/people/{id}/pin", "PUT, DELETE")
                .route(web::put().to(people::set_pin))
                .route(web::delete().to(people::remove_pin)),
        )
        .service(at("/people/{id}/totp", "DELETE").route(web::delete().to(people::reset_totp)))
        .service(
            at("/devices/{id}", "PATCH, DELETE").route(web::patch().to(screens::change)).route(web::delete().to(screens::revoke)),
        )
        .service(at("/api-keys/{id}", "DELETE").route(web::delete().to(api_keys::revoke)))
        .service(
            at("/guests/{diner}", "GET, HEAD, DELETE").route(read().to(guests::read)).route(web::delete().to(guests::remove)),
        );
}

/// A webhook of a restaurant.
fn webhook(cfg: &mut web::ServiceConfig) {
    use manage::webhooks;
    cfg.service(at("", "GET, HEAD, DELETE").route(read().to(webhooks::read)).route(web::delete().to(webhooks::remove)))
        .service(at("/pause", "POST").route(web::post().to(webhooks::pause)))
        .service(at("/resume", "POST").route(web::post().to(webhooks::resume)))
        .service(at("/replay", "POST").route(web::post().to(webhooks::replay)))
        .service(at("/secret", "POST").route(web::post().to(webhooks::renew_secret)))
        .service(at("/ping", "POST").route(web::post().to(webhooks::ping)));
}

fn pages(cfg: &mut web::ServiceConfig) {
    cfg.service(compressed("/", assets::handlers::landing))
        .service(compressed("/kitchen", assets::handlers::kitchen))
        .service(compressed("/staff", assets::handlers::staff))
        .service(compressed("/manage", assets::handlers::manage))
        .service(compressed("/demo", assets::handlers::demo))
        .service(compressed("/t/{table_key}", assets::handlers::table))
        .service(compressed("/orders/{id}", assets::handlers::order))
        .service(
            web::resource("/{path:.+}")
                .wrap(Compress::default())
                .route(read().to(assets::handlers::asset))
                .default_service(web::to(no_such_path)),
        );
}

const READ: &str = "GET, HEAD";

/// Returns an address with these methods. A request with another method gets `Allow`.
fn at(path: &str, methods: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move { Err::<&'static str, _>(wrong_method(methods)) }))
}

/// Returns an address for reading, compressed as the client prefers.
fn compressed<F, Args>(
    path: &str,
    handler: F,
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<F, Args>>,
        Error = Error,
        InitError = (),
    > + use<F, Args>,
>
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    at(path, READ).wrap(Compress::default()).route(read().to(handler))
}

/// Returns a route for GET and for HEAD, whose body the server omits.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_serves_its_paths_and_health() {
        let (api, realtime) = (NodeRole::Api, NodeRole::Realtime);
        for path in ["/healthz", "/readyz", "/metrics", "/problems/invalid"] {
            assert!(serves(api, path) && serves(realtime, path), "{path}");
        }
        for path in ["/", "/kitchen", "/api/v1/sessions", "/api/v1/orders/x", "/client/orderbell.js"] {
            assert!(serves(api, path) && !serves(realtime, path) && serves(NodeRole::All, path), "{path}");
        }
        for path in ["/ws", "/api/v1/rooms/order:x/stream", "/api/v1/rooms/order:x/events"] {
            assert!(!serves(api, path) && serves(realtime, path) && serves(NodeRole::All, path), "{path}");
        }
    }
}
