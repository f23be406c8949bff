//! The listening socket and the server on it.

use super::node::Parts;
use crate::config::Serve;
use crate::connection::sockets::registry::Plain;
use crate::connection::sockets::secure::secure;
use crate::connection::sockets::socket::Socket;
use crate::connection::sockets::stream::Stream;
use crate::tls::TlsServer;
use crate::tls::reload::Reloader;
use crate::{connection, http};
use actix_http::error::DispatchError;
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_rt::net::TcpStream;
use actix_server::Server;
use actix_service::{ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use socket2::SockRef;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

/// The most connections that the kernel holds for the server to accept.
const BACKLOG: i32 = 4096;
/// The longest time in seconds for running requests to finish at shutdown, unless the rest of the
/// drain window is shorter.
const REQUESTS_S: u64 = 2;
/// The most connections queued for a worker.
const AHEAD: usize = 16;
/// The answer to a connection beyond the limit.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// The longest time for a client with an unread body to read its answer. The server discards what
/// it sends in that time, since an immediate close would destroy the answer.
const LINGER: Duration = Duration::from_secs(1);
/// The bytes of an answer after which the dispatcher writes them. It keeps its buffer between requests,
/// so this is memory of each idle connection.
const WRITE_BUFFER: usize = 4096;
/// The longest idle time of a connection between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The most connections to the address of the metrics.
const SCRAPERS: usize = 32;
/// The longest time for a scraper to send the head of a request.
const HEAD_OF_A_SCRAPE: Duration = Duration::from_secs(5);

/// Binds the address that a setting names, with a backlog for all phones of a restaurant at once.
///
/// # Errors
/// An error if the address cannot be bound.
pub fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok::<_, std::io::Error>(socket.into())
    };
    bind().with_context(|| format!("cannot listen on {address}; is another server there? ({setting})"))
}

/// Makes the server. WebSockets leave it after their handshake; everything else is HTTP.
///
/// # Errors
/// An error of the operating system.
pub fn server(parts: &Parts, serve: &Serve, listener: TcpListener) -> anyhow::Result<Server> {
    let Parts { node, state, plain, tls } = parts;
    let gate: connection::websocket::handshake::Gate = state.limits.clone();
    let (node, state, plain) = (node.clone(), web::Data::new(state.clone()), plain.clone());
    let tls = tls.as_ref().map(Reloader::server);
    let workers = serve.workers.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let builder = Server::build()
        .workers(workers)
        .disable_signals()
        .shutdown_timeout((serve.drain_s / 5).min(REQUESTS_S))
        // For each worker, without WebSockets. Further connections wait in the kernel while the
        // registry of sockets frees a place.
        .max_concurrent_connections(plain.bounds().total.div_ceil(workers) + AHEAD);
    let builder = builder.listen("orderbell", listener, move || {
        let (node, gate, plain, tls) = (node.clone(), gate.clone(), plain.clone(), tls.clone());
        let admit = fn_service(move |io: TcpStream| admit(plain.clone(), tls.clone(), io));
        let upgrade = fn_service(move |(request, framed): (Request, actix_codec::Framed<Socket, h1::Codec>)| {
            connection::websocket::handshake::upgrade(node.clone(), gate.clone(), request, framed)
        });
        let http = HttpService::build()
            .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
            // The socket has the deadline: that of the dispatcher would fire before it reads the data that has arrived.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .h1_write_buffer_size(WRITE_BUFFER)
            // A client that has closed its side no longer waits, so its streams and polls leave
            // their rooms immediately.
            .h1_allow_half_closed(false)
            .on_connect_ext(connection::sockets::handle::SocketHandle::keep)
            .upgrade(upgrade)
            .h1(map_config(http::app(state.clone()), |()| AppConfig::default()));
        admit.and_then(http)
    })?;
    Ok(builder.run())
}

/// Makes the server of the metrics alone, for `--metrics-bind`.
///
/// # Errors
/// An error of the operating system.
pub fn metrics(parts: &Parts, listener: TcpListener) -> std::io::Result<Server> {
    let state = web::Data::new(parts.state.clone());
    let app = move || App::new().app_data(state.clone()).configure(http::configure_metrics);
    let server = HttpServer::new(app).workers(1).max_connections(SCRAPERS).disable_signals();
    Ok(server.client_request_timeout(HEAD_OF_A_SCRAPE).listen(listener)?.run())
}

/// Admits a connection, with the address of its peer. One beyond the limit receives [`FULL`], except over TLS.
async fn admit(plain: Plain, tls: Option<TlsServer>, io: TcpStream) -> Result<(Socket, Option<SocketAddr>), DispatchError> {
    let peer = io.peer_addr()?;
    let Some(place) = plain.enter(peer.ip()).map(Rc::new) else {
        if tls.is_none() {
            // Best effort, into the empty buffer of a new socket.
            let _ = SockRef::from(&io).send(FULL.as_bytes());
        }
        return Err(DispatchError::Io(std::io::ErrorKind::ConnectionRefused.into()));
    };
    let stream = match tls {
        None => Stream::Plain(io),
        // Boxed, since otherwise each open connection would reserve memory for it.
        Some(tls) => Box::pin(secure(io, &place, &tls)).await?,
    };
    Ok((Socket::new(stream, place), Some(peer)))
}
