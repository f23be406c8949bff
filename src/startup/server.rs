//! The listening socket and what answers on it.

use super::node::Node;
use crate::config::Serve;
use crate::connection::sockets::registry::Plain;
use crate::connection::sockets::socket::Socket;
use crate::{connection, http};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_rt::net::TcpStream;
use actix_server::Server;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web;
use anyhow::Context;
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// Connections that the kernel has finished and the server has not yet taken.
const BACKLOG: i32 = 4096;
/// How long a client may take to send a request's head.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that requests under way may take to finish when the node stops, in seconds: the part of the drain window
/// that the slots leave, or this.
const REQUESTS_S: u64 = 2;
/// Connections that a worker is handed before it has looked at those before.
const AHEAD: usize = 16;
/// What a connection is told that finds no place.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// How long a client whose body is not read may take to read the answer. What it sends meanwhile is thrown away: to close
/// at once would take the answer from it.
const LINGER: Duration = Duration::from_secs(1);
/// How long a connection between two requests is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Binds the address; a backlog that takes a restaurant's phones at once.
///
/// # Errors
/// When it cannot be bound.
pub fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok::<_, std::io::Error>(socket.into())
    };
    bind().with_context(|| format!("cannot listen on {address}; is another server there? (--bind)"))
}

/// The server: connections leave it after their handshake, everything else is HTTP.
///
/// # Errors
/// The system's.
pub fn server(node: &Node, serve: &Serve, listener: TcpListener) -> anyhow::Result<Server> {
    let Node { services, state, plain, .. } = node;
    let gate: connection::websocket::handshake::Gate = state.limits.clone();
    let (services, state, plain) = (services.clone(), web::Data::new(state.clone()), plain.clone());
    let workers = serve.workers.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let builder = Server::build()
        .workers(workers)
        .disable_signals()
        .shutdown_timeout((serve.drain_s / 5).min(REQUESTS_S))
        // Of one worker, and WebSockets do not count. What comes beyond waits in the kernel while the registry of sockets
        // makes place.
        .max_concurrent_connections(plain.bounds().total.div_ceil(workers) + AHEAD);
    let builder = builder.listen("orderbell", listener, move || {
        let (services, gate, plain) = (services.clone(), gate.clone(), plain.clone());
        let admit = fn_service(move |io: TcpStream| std::future::ready(admit(&plain, io)));
        let upgrade = fn_service(move |(request, framed): (Request, actix_codec::Framed<Socket, h1::Codec>)| {
            connection::websocket::handshake::upgrade(services.clone(), gate.clone(), request, framed)
        });
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
            .client_request_timeout(REQUEST_TIMEOUT)
            .client_disconnect_timeout(LINGER)
            // A client that has closed its side waits for no stream and no poll: they leave their rooms at once.
            .h1_allow_half_closed(false)
            .on_connect_ext(connection::sockets::handle::SocketHandle::keep)
            .upgrade(upgrade)
            .h1(map_config(http::app(state.clone()), |()| AppConfig::default()));
        admit.and_then(http)
    })?;
    Ok(builder.run())
}

/// A connection that has found a place, with the address of its peer. One that has not is told to come again.
fn admit(plain: &Plain, io: TcpStream) -> Result<(Socket, Option<SocketAddr>), DispatchError> {
    let peer = io.peer_addr()?;
    match plain.enter(peer.ip()) {
        Some(place) => Ok((Socket::new(io, place), Some(peer))),
        None => {
            // Best effort, into the empty buffer of a new socket.
            let _ = SockRef::from(&io).send(FULL.as_bytes());
            Err(DispatchError::Io(std::io::ErrorKind::ConnectionRefused.into()))
        }
    }
}
