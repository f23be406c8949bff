//! The listening socket and what answers on it.

use crate::config::Serve;
use crate::connection::{self, Services};
use crate::http::limits::Attempt;
use crate::http::{self, State};
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_rt::net::TcpStream;
use actix_server::Server;
use actix_service::{fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web;
use anyhow::Context;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Connections that the kernel has finished and the server has not yet taken.
const BACKLOG: i32 = 4096;
/// How long a client may take to send a request's head.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that requests under way may take to finish when the node stops, in seconds: the part of the drain window
/// that the slots leave, or this.
const REQUESTS_S: u64 = 2;
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
pub fn server(services: &Arc<Services>, state: &State, serve: &Serve, listener: TcpListener) -> anyhow::Result<Server> {
    let limits = state.limits.clone();
    let (services, state) = (services.clone(), web::Data::new(state.clone()));
    let gate: connection::handshake::Gate = Arc::new(move |peer: IpAddr| limits.pass(Attempt::Handshake, peer));
    let workers = serve.workers.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let builder = Server::build()
        .workers(workers)
        .disable_signals()
        .shutdown_timeout((serve.drain_s / 5).min(REQUESTS_S))
        .max_concurrent_connections(serve.limits.connections as usize + 1024);
    let builder = builder.listen("orderbell", listener, move || {
        let (services, gate) = (services.clone(), gate.clone());
        let upgrade = fn_service(move |(request, framed): (Request, actix_codec::Framed<TcpStream, h1::Codec>)| {
            connection::handshake::upgrade(services.clone(), gate.clone(), request, framed)
        });
        HttpService::build()
            .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
            .client_request_timeout(REQUEST_TIMEOUT)
            // A client that has closed its side waits for no stream and no poll: they leave their rooms at once.
            .h1_allow_half_closed(false)
            .on_connect_ext(connection::line::Line::keep)
            .upgrade(upgrade)
            .h1(map_config(http::app(state.clone()), |()| AppConfig::default()))
            .tcp()
    })?;
    Ok(builder.run())
}
