//! The URL table.

use super::api::{account, demo, devices, guests, health, manage, menu, orders, push, receipts, rooms, sessions, visits};
use super::assets;
use super::assets::specs;
use super::occupancy::occupy;
use super::problem::{Problem, no_such_path, no_upgrade, wrong_method};
use super::rate_limit::Action;
use super::ration::ration;
use super::request_log::log_request;
use super::state::State;
use super::unread_body::close_unread;
use crate::connection::NodeRole;
use crate::protocol::security_headers;
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
    App::new()
        .app_data(state)
        .wrap(from_fn(occupy))
        .wrap(from_fn(open_scope))
        .wrap(from_fn(keep_to_role))
        .wrap(from_fn(log_request))
        .wrap(from_fn(stay_on_tls))
        .wrap(headers())
        .wrap(from_fn(trim_headers))
        .wrap(from_fn(send_without_chunks))
        .wrap(from_fn(close_unread))
        .configure(configure)
}

/// Removes the headers that browsers use only for documents from what a page loads. A page loads forty files, and a phone pays
/// for each header. HTML keeps them: a service worker may store what it fetched and show it as a page.
async fn trim_headers(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let destination = request.headers().get("sec-fetch-dest").map(HeaderValue::as_bytes);
    let is_part =
        destination.is_some_and(|destination| matches!(destination, b"empty" | b"image" | b"manifest" | b"script" | b"style"));
    let mut response = next.call(request).await?;
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if is_part && !kind.starts_with(b"text/html") {
        for name in security_headers::OF_DOCUMENTS {
            response.headers_mut().remove(name);
        }
    }
    Ok(response)
}

/// Ends an answer of unknown length with its connection for a client of HTTP/1.0, which knows no chunks (RFC 9112, section 6.1).
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

/// Returns the default headers: those for security, and `no-store`, since caches must not store tokens. Assets set their own.
fn headers() -> DefaultHeaders {
    let headers = security_headers::ALWAYS.into_iter().fold(DefaultHeaders::new(), DefaultHeaders::add);
    headers.add((CONTENT_SECURITY_POLICY, assets::policy())).add((CACHE_CONTROL, "no-store"))
}

/// Sends `Strict-Transport-Security` to browsers that came over TLS.
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

/// Answers `not_found` for a path that the role of this node does not serve.
async fn keep_to_role(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_served = request.app_data::<web::Data<State>>().is_none_or(|state| serves(state.node.role, request.path()));
    if is_served {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    // An answer rather than an error, which would bypass the headers of every answer.
    Ok(request.into_response(Problem::elsewhere().error_response()).map_into_right_body())
}

/// Whether a role serves a path. Every role serves health and metrics.
fn serves(role: NodeRole, path: &str) -> bool {
    match path {
        "/healthz" | "/readyz" | "/metrics" => true,
        _ if path.starts_with("/api/v1/rooms/") || path == "/ws" => role.serves_realtime(),
        _ => role.serves_api(),
    }
}

/// Registers all addresses.
pub fn configure(cfg: &mut web::ServiceConfig) {
    let path = web::PathConfig::default().error_handler(|error, _| no_such_thing(&error).into());
    cfg.app_data(path).default_service(web::to(no_such_path));

    operations(cfg);
    sign_in(cfg);
    own_account(cfg);
    restaurants(cfg);
    managers(cfg);
    orders_and_rooms(cfg);
    // Last, since assets are at any other address.
    pages(cfg);
}

/// Returns the problem of an address with an invalid name or id.
fn no_such_thing(error: &PathError) -> Problem {
    match error {
        // The errors of names and ids say what is expected.
        PathError::Deserialize(error) => Problem::not_found(format!("nothing has this address: a name or an id in it {error}")),
        _ => Problem::not_found("nothing has this address"),
    }
}

fn operations(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/healthz", READ).route(read().to(health::alive)))
        .service(at("/readyz", READ).route(read().to(health::ready)))
        .service(at("/metrics", READ).wrap(Compress::default()).route(read().to(health::metrics)))
        .service(compressed("/api/v1/openapi.json", specs::openapi))
        .service(compressed("/api/v1/asyncapi.json", specs::asyncapi));
}

fn sign_in(cfg: &mut web::ServiceConfig) {
    // Requests without a token are counted by address before their body is read.
    let rationed = |attempt| from_fn(move |request, next: Next<_>| ration(attempt, request, next));
    let log_in = rationed(Action::Login);
    let seat = rationed(Action::Seat);
    let refresh = rationed(Action::Refresh);
    cfg.service(at("/api/v1/sessions", "POST").wrap(log_in).route(web::post().to(sessions::sign_in)))
        .service(at("/api/v1/sessions/refresh", "POST").wrap(refresh).route(web::post().to(sessions::refresh)))
        .service(at("/api/v1/sessions/current", "DELETE").route(web::delete().to(sessions::end)))
        .service(at("/api/v1/diner-sessions", "POST").wrap(seat).route(web::post().to(sessions::seat)))
        .service(at("/api/v1/diner-sessions/current/calls", READ).route(read().to(receipts::of_calls)))
        .service(at("/api/v1/diner-sessions/current", READ).route(read().to(sessions::visit)))
        .service(at("/api/v1/devices/pairings", "POST").wrap(rationed(Action::Pair)).route(web::post().to(devices::begin)))
        .service(at("/api/v1/devices/pairings/{user_code}/approval", "POST").route(web::post().to(devices::approve)))
        .service(at("/api/v1/devices/token", "POST").wrap(rationed(Action::Poll)).route(web::post().to(devices::token)))
        .service(at("/api/v1/push/key", READ).route(read().to(push::key)))
        .service(
            at("/api/v1/push/subscription", "PUT, DELETE")
                .route(web::put().to(push::subscribe))
                .route(web::delete().to(push::unsubscribe)),
        );
}

/// A person's own account.
fn own_account(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/api/v1/people/me", READ).route(read().to(account::read)))
        .service(at("/api/v1/people/me/confirmation", "POST").route(web::post().to(account::confirm_password)))
        .service(at("/api/v1/people/me/password", "PUT").route(web::put().to(account::change_password)))
        .service(
            at("/api/v1/people/me/sessions", "GET, HEAD, DELETE")
                .route(read().to(account::sessions))
                .route(web::delete().to(account::end_others)),
        )
        .service(at("/api/v1/people/me/sessions/{id}", "DELETE").route(web::delete().to(account::end_session)))
        .service(at("/api/v1/people/me/totp", "POST").route(web::post().to(account::begin_totp)))
        .service(at("/api/v1/people/me/totp/confirmation", "POST").route(web::post().to(account::confirm_totp)))
        .service(at("/api/v1/people/me/totp/removal", "POST").route(web::post().to(account::remove_totp)));
}

fn restaurants(cfg: &mut web::ServiceConfig) {
    cfg.service(compressed("/api/v1/restaurants/{slug}", menu::profile))
        .service(
            at("/api/v1/restaurants/{slug}/menu", "GET, HEAD, PUT")
                .wrap(Compress::default())
                .route(read().to(menu::menu))
                .route(web::put().to(manage::menu::replace)),
        )
        .service(
            at("/api/v1/restaurants/{slug}/menu/items/{item}/availability", "PUT").route(web::put().to(menu::set_availability)),
        )
        .service(at("/api/v1/restaurants/{slug}/pause", "PUT").route(web::put().to(menu::set_pause)));
}

/// Addresses for managers only.
fn managers(cfg: &mut web::ServiceConfig) {
    use manage::{api_keys, audit, guests, limited, people, reports, screens, tables};
    cfg.service(
        at("/api/v1/restaurants/{slug}/tables", "GET, HEAD, POST")
            .route(read().to(tables::list))
            .route(web::post().to(tables::add)),
    )
    .service(at("/api/v1/restaurants/{slug}/tables/{id}", "DELETE").route(web::delete().to(tables::remove)))
    .service(at("/api/v1/restaurants/{slug}/tables/{id}/key", "POST").route(web::post().to(tables::renew_key)))
    .service(compressed("/api/v1/restaurants/{slug}/tables/{id}/qr.svg", tables::qr))
    .service(
        at("/api/v1/restaurants/{slug}/people", "GET, HEAD, POST")
            .route(read().to(people::list))
            .route(web::post().to(people::add)),
    )
    .service(
        at("/api/v1/restaurants/{slug}/people/{id}", "PATCH, DELETE")
            .route(web::patch().to(people::change))
            .route(web::delete().to(people::remove)),
    )
    .service(at("/api/v1/restaurants/{slug}/people/{id}/totp", "DELETE").route(web::delete().to(people::reset_totp)))
    .service(at("/api/v1/restaurants/{slug}/devices", READ).route(read().to(screens::list)))
    .service(
        at("/api/v1/restaurants/{slug}/devices/{id}", "PATCH, DELETE")
            .route(web::patch().to(screens::change))
            .route(web::delete().to(screens::revoke)),
    )
    .service(
        at("/api/v1/restaurants/{slug}/api-keys", "GET, HEAD, POST")
            .route(read().to(api_keys::list))
            .route(web::post().to(api_keys::add)),
    )
    .service(at("/api/v1/restaurants/{slug}/api-keys/{id}", "DELETE").route(web::delete().to(api_keys::revoke)))
    .service(compressed("/api/v1/restaurants/{slug}/reports/day", reports::day))
    .service(compressed("/api/v1/restaurants/{slug}/audit", audit::list))
    .service(at("/api/v1/restaurants/{slug}/limited", READ).route(read().to(limited::list)))
    .service(at("/api/v1/restaurants/{slug}/guests", READ).route(read().to(guests::find)))
    .service(
        at("/api/v1/restaurants/{slug}/guests/{diner}", "GET, HEAD, DELETE")
            .route(read().to(guests::read))
            .route(web::delete().to(guests::remove)),
    );
}

fn orders_and_rooms(cfg: &mut web::ServiceConfig) {
    cfg.service(
        at("/api/v1/restaurants/{slug}/orders", "GET, HEAD, POST")
            .route(read().to(orders::list))
            .route(web::post().to(orders::place)),
    )
    .service(at("/api/v1/restaurants/{slug}/diner-sessions", READ).route(read().to(guests::list)))
    .service(at("/api/v1/restaurants/{slug}/diner-sessions/{id}", "DELETE").route(web::delete().to(guests::end)))
    .service(compressed("/api/v1/restaurants/{slug}/visits", visits::list))
    .service(at("/api/v1/restaurants/{slug}/visits/{id}/end", "POST").route(web::post().to(visits::end)))
    .service(at("/api/v1/restaurants/{slug}/commands", "POST").route(web::post().to(orders::call)))
    .service(at("/api/v1/orders/{id}", READ).route(read().to(orders::read)))
    .service(at("/api/v1/orders/{id}/receipt", READ).route(read().to(receipts::of_order)))
    .service(at("/api/v1/orders/{id}/share", "POST").route(web::post().to(orders::share)))
    .service(at("/api/v1/orders/{id}/commands", "POST").route(web::post().to(orders::command)))
    // A stream is never compressed: an encoder would hold events back.
    .service(at("/api/v1/rooms/{room}/stream", "GET").route(web::get().to(rooms::stream)))
    .service(at("/api/v1/rooms/{room}/events", "GET").wrap(Compress::default()).route(web::get().to(rooms::events)))
    .service(at("/api/v1/rooms/{room}/seen", "POST").route(web::post().to(rooms::seen)))
    // The connection layer takes handshakes before this. Other requests get an error.
    .service(at(crate::connection::websocket::handshake::PATH, READ).route(read().to(no_upgrade)));
}

fn pages(cfg: &mut web::ServiceConfig) {
    cfg.service(at("/api/v1/demo", READ).route(read().to(demo::read)))
        .service(at("/api/v1/demo/qr.svg", READ).route(read().to(demo::qr)))
        .service(compressed("/", assets::handlers::landing))
        .service(compressed("/t/{table_key}", assets::handlers::table))
        .service(compressed("/orders/{id}", assets::handlers::order))
        .service(compressed("/kitchen", assets::handlers::kitchen))
        .service(compressed("/staff", assets::handlers::staff))
        .service(compressed("/manage", assets::handlers::manage))
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
        for path in ["/healthz", "/readyz", "/metrics"] {
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
