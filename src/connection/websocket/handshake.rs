//! The handshake of a WebSocket. Everything that can be refused is refused before the upgrade.

use super::actor;
use crate::auth::authenticate::bearer_token;
use crate::auth::token::Verified;
use crate::connection::Node;
use crate::connection::failures;
use crate::connection::registry::ConnectionSlot;
use crate::connection::sockets::socket::Socket;
use crate::domain::model::principal::Principal;
use crate::protocol::problem_body::{PROBLEM_JSON, ProblemBody};
use crate::protocol::{BEARER_PREFIX, ErrorCode, Failure, SUBPROTOCOL, security_headers};
use actix_codec::Framed;
use actix_http::body::{BodySize, MessageBody};
use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{HttpMessage, Method, Request, Response, ResponseBuilder, StatusCode, Version, h1, ws};
use bytes::Bytes;
use futures_util::SinkExt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

/// Limits handshakes: those with a valid token by principal, the others by address. So a valid token is admitted, whatever else
/// comes from its address.
pub trait Gatekeeper: Send + Sync {
    /// Counts a handshake with a valid token.
    ///
    /// # Errors
    /// `rate_limited`, with the wait.
    fn admit(&self, principal: &Principal) -> Result<(), Failure>;

    /// Counts a handshake that is refused.
    ///
    /// # Errors
    /// `rate_limited`, with the wait.
    fn fail(&self, address: IpAddr) -> Result<(), Failure>;
}

/// The gatekeeper of a node.
pub type Gate = Arc<dyn Gatekeeper>;

/// The path of the WebSocket.
pub const PATH: &str = "/ws";

/// A refused handshake. Its status is that of the failure's code, except for another version of WebSocket.
struct Rejection {
    failure: Failure,
    status: StatusCode,
}

/// The outcome of a handshake that became a connection, in the metrics.
const ACCEPTED: &str = "accepted";

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self { status: failures::status(&failure), failure }
    }
}

/// Upgrades a request, or answers it with a problem and closes the socket.
///
/// # Errors
/// Never: a socket that breaks is dropped.
pub async fn upgrade(
    node: Arc<Node>,
    gate: Gate,
    request: Request,
    mut framed: Framed<Socket, h1::Codec>,
) -> Result<(), actix_http::Error> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    let is_secure = node.is_secure(peer, request.headers());
    let accepted = peer.ok_or_else(|| Failure::new(ErrorCode::BadFrame, "no peer address").into());
    let accepted = accepted.and_then(|peer| admit(&node, &*gate, &request, peer));
    let (address, verified, slot) = match accepted {
        Ok(accepted) => accepted,
        Err(rejection) => return refuse(&node, &mut framed, &rejection, is_secure).await,
    };
    let generation = match node.generation(verified.principal.restaurant).await {
        Ok(generation) => generation,
        Err(failure) => return refuse(&node, &mut framed, &failure.into(), is_secure).await,
    };
    let mut response = ws::handshake_response(request.head());
    response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL));
    protect(&mut response, is_secure);
    let response = response.finish().drop_body();
    if Pin::new(&mut framed).write(h1::Message::Item((response, BodySize::None))).is_err() {
        return Ok(());
    }
    drop(request);
    node.metrics.handshake(ACCEPTED);
    let parts = framed.into_parts();
    // The answer leaves with the actor's first frame, in one write.
    let (first, answer) = (parts.read_buf, parts.write_buf.freeze());
    actix_rt::spawn(actor::run(node, (slot, address, generation), verified, parts.io.upgrade(), (first, answer)));
    Ok(())
}

/// Examines a handshake, counts it by its result, and takes the slot of its connection.
fn admit(
    node: &Node,
    gate: &dyn Gatekeeper,
    request: &Request,
    peer: IpAddr,
) -> Result<(IpAddr, Verified, ConnectionSlot), Rejection> {
    if request.path() != PATH || !node.role.serves_realtime() {
        return Err(Failure::new(ErrorCode::NotFound, "the WebSocket is at /ws, on nodes that take connections").into());
    }
    node.check_open()?;
    let address = node.proxies.client_address(peer, request.headers());
    match examine(node, request) {
        Ok(verified) => {
            gate.admit(&verified.principal)?;
            let slot = node.take_slot(&verified.principal)?;
            Ok((address, verified, slot))
        }
        // It is not the sender's fault.
        Err(rejection) if rejection.failure.code() == ErrorCode::Unavailable => Err(rejection),
        Err(rejection) => {
            gate.fail(address)?;
            Err(rejection)
        }
    }
}

/// Checks all requirements of a handshake, cheapest first.
fn examine(node: &Node, request: &Request) -> Result<Verified, Rejection> {
    let bad = |message| Rejection::from(Failure::new(ErrorCode::BadFrame, message));
    if request.method() != Method::GET {
        return Err(bad("a WebSocket handshake is a GET (RFC 6455)"));
    }
    // The library checks neither of these.
    let keys = request.headers().get_all(header::SEC_WEBSOCKET_KEY).count();
    if request.version() != Version::HTTP_11 || keys > 1 {
        return Err(bad("a WebSocket handshake is HTTP/1.1 with one key (RFC 6455)"));
    }
    match ws::handshake(request.head()) {
        Ok(_) => {}
        Err(ws::HandshakeError::UnsupportedVersion | ws::HandshakeError::NoVersionHeader) => {
            let status = StatusCode::UPGRADE_REQUIRED;
            return Err(Rejection { status, ..bad("Sec-WebSocket-Version must be 13") });
        }
        Err(_) => return Err(bad("not a WebSocket handshake (RFC 6455)")),
    }
    let protocols = subprotocols(request.headers());
    check_origin(node, request.headers())?;
    let verified = authenticate(node, request.headers(), &protocols)?;
    if !protocols.contains(&SUBPROTOCOL) {
        return Err(bad("ask for the subprotocol orderbell.v1 in Sec-WebSocket-Protocol"));
    }
    Ok(verified)
}

fn subprotocols(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).collect()
}

/// Checks the origin of a page: it must be this server's, or one that the configuration allows. Other clients send no origin.
fn check_origin(node: &Node, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or("");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    let is_own = !host.is_empty() && origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    if is_own || node.origins.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    node.metrics.hit("origin");
    Err(Failure::new(ErrorCode::Forbidden, "pages of this origin may not connect"))
}

fn authenticate(node: &Node, headers: &HeaderMap, protocols: &[&str]) -> Result<Verified, Failure> {
    let of_header = headers.get(header::AUTHORIZATION).and_then(|value| bearer_token(value.to_str().ok()?));
    let of_protocol = || protocols.iter().find_map(|protocol| protocol.strip_prefix(BEARER_PREFIX)).map(Into::into);
    let token = of_header.or_else(of_protocol).ok_or_else(|| {
        let detail = "a token is required: Authorization: Bearer, or bearer.<jwt> as a second subprotocol";
        Failure::new(ErrorCode::Unauthorized, detail)
    })?;
    node.verify(&token)
}

/// The headers of every answer.
static HEADERS: LazyLock<Vec<(HeaderName, HeaderValue)>> = LazyLock::new(|| {
    let headers = security_headers::ALWAYS.into_iter().chain([security_headers::NO_PAGE]);
    headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
});

/// Adds the headers of every answer.
fn protect(response: &mut ResponseBuilder, is_secure: bool) {
    for header in HEADERS.iter().cloned() {
        response.insert_header(header);
    }
    if is_secure {
        response.insert_header(security_headers::TLS);
    }
}

async fn refuse(
    node: &Node,
    framed: &mut Framed<Socket, h1::Codec>,
    rejection: &Rejection,
    is_secure: bool,
) -> Result<(), actix_http::Error> {
    let Rejection { failure, status } = rejection;
    node.metrics.handshake(failure.code().as_str());
    let problem = ProblemBody::new(failure, status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let mut response = Response::build(*status);
    response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON)).insert_header((header::CONNECTION, "close"));
    protect(&mut response, is_secure);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    for header in problem.headers() {
        response.insert_header(header);
    }
    if *status == StatusCode::UPGRADE_REQUIRED {
        response
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    let body = Bytes::from(problem.to_bytes());
    let size = body.size();
    let head = response.finish().drop_body();
    // A socket that breaks now needs no answer.
    let _ = framed.send(h1::Message::Item((head, size))).await;
    let _ = framed.send(h1::Message::Chunk(Some(body))).await;
    let _ = framed.send(h1::Message::Chunk(None)).await;
    let _ = framed.close().await;
    Ok(())
}
