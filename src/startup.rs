//! The composition root: makes the parts of a node, joins them, runs them, and lets them go in order.

use crate::auth::ended::{EndedSessions, Notice};
use crate::auth::keyring::Keyring;
use crate::auth::session::{Lifetimes, SessionService};
use crate::auth::token::Tokens;
use crate::commands::Commands;
use crate::config::{Common, Serve};
use crate::connection::{self, Census, Services};
use crate::demo;
use crate::feed::{Directory, FeedRegistry};
use crate::housekeeping;
use crate::http::limits::{Attempt, Rate, Rates};
use crate::http::{self, State};
use crate::store::SharedStore;
use crate::store::open::{Mode, Settings, open};
use crate::telemetry::Metrics;
use actix::Actor;
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_rt::net::TcpStream;
use actix_server::{Server, ServerHandle};
use actix_service::{fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::web;
use anyhow::Context;
use secrecy::ExposeSecret;
use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Connections that the kernel has finished and the server has not yet taken.
const BACKLOG: i32 = 4096;
/// How long a client may take to send a request's head.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest that requests under way may take to finish when the node stops, in seconds: the part of the drain window
/// that the slots leave, or this.
const REQUESTS_S: u64 = 2;
/// How long a connection between two requests is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The keyring: from the configuration, or on SQLite from a file beside the database, which is made when absent.
///
/// # Errors
/// What is wrong with it and what to do, never a secret.
pub fn keyring(common: &Common) -> anyhow::Result<Arc<Keyring>> {
    if let Some(keys) = &common.jwt_keys {
        return Ok(Arc::new(Keyring::parse(keys.expose_secret())?));
    }
    if !common.is_sqlite() {
        return Err(crate::config::Refused::NoKeyring.into());
    }
    Ok(Arc::new(Keyring::load_or_make(&key_file(common.database_url.expose_secret()))?))
}

/// The key file beside a SQLite database: `data/orderbell.db` has `data/orderbell.db.keys`.
fn key_file(url: &str) -> PathBuf {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split(['?', '#']).next().unwrap_or(path);
    PathBuf::from(format!("{path}.keys"))
}

/// Everything a node is made of.
struct Node {
    store: SharedStore,
    ended: Arc<EndedSessions>,
    commands: Commands,
    services: Arc<Services>,
    state: State,
    directory: Directory,
}

impl Node {
    fn new(common: &Common, serve: &Serve, store: SharedStore, demo: Option<http::Demo>) -> anyhow::Result<Self> {
        let metrics = Metrics::new();
        let tokens = Tokens::new(keyring(common)?);
        let ended = Arc::new(EndedSessions::default());
        let directory = Directory::new(store.clone(), metrics.clone());
        let commands = Commands::new(directory.clone());
        let draining = Arc::new(AtomicBool::new(false));
        let access = Duration::from_secs(serve.access_token_minutes * 60);
        let lifetimes = Lifetimes { access, ..Lifetimes::default() };
        let sessions = SessionService::new(store.clone(), tokens.clone(), ended.clone(), lifetimes);
        let services = Arc::new(Services {
            directory: directory.clone(),
            commands: commands.clone(),
            tokens: tokens.clone(),
            ended: ended.clone(),
            census: Census::new(draining.clone()),
            limits: serve.limits.connection(),
            origins: serve.allowed_origins.clone(),
            trust_forwarded_for: serve.trust_forwarded_for,
            metrics: metrics.clone(),
        });
        let state = State {
            store: store.clone(),
            sessions,
            tokens,
            ended: ended.clone(),
            commands: commands.clone(),
            live: services.clone(),
            limits: Arc::new(http::Limits::new(rates(serve), metrics.clone()).behind_proxy(serve.trust_forwarded_for)),
            metrics,
            demo: demo.map(Arc::new),
            body_bytes: serve.limits.body_bytes as usize,
            draining,
        };
        Ok(Self { store, ended, commands, services, state, directory })
    }

    /// Starts what runs beside the connections.
    fn start_background(&self, serve: &Serve) {
        FeedRegistry::new(self.directory.clone(), Duration::from_secs(serve.head_comparison_s)).start();
        housekeeping::start(self.store.clone(), self.commands.clone(), self.ended.clone(), self.state.limits.clone());
        actix_rt::spawn(close_ended(self.services.clone()));
    }
}

fn rates(serve: &Serve) -> Rates {
    let limits = &serve.limits;
    Rates {
        logins: Rate::per_minute(limits.logins_per_minute),
        diners: Rate::new(limits.diner_sessions_per_second.saturating_mul(10), limits.diner_sessions_per_second),
        handshakes: Rate::new(limits.handshake_burst, limits.handshakes_per_second),
        ..Rates::default()
    }
}

/// Closes the connections of sessions that end, on this node or another.
async fn close_ended(services: Arc<Services>) {
    let mut listener = services.ended.listen();
    while let Some(notice) = listener.next().await {
        match notice {
            Notice::Ended(session) => services.census.end_session(&session),
            Notice::Missed => services.census.check_all(),
        }
    }
}

/// Runs a node until it is told to stop.
///
/// # Errors
/// A refused configuration, a database that cannot be opened, an address that cannot be bound.
pub async fn serve(common: &Common, serve: &Serve) -> anyhow::Result<()> {
    serve.check(common)?;
    let settings = Settings { mode: Mode::Serve, connections: common.database_connections };
    let store = open(common.database_url.expose_secret(), settings).await?;
    let listener = listen(serve.bind)?;
    let address = listener.local_addr()?;
    let demo = match serve.demo {
        true => Some(make_demo(&store, serve, address).await?),
        false => None,
    };
    let node = Node::new(common, serve, store, demo)?;
    node.start_background(serve);
    let server = server(&node, serve, listener)?;
    let handle = server.handle();
    // Before anybody is told that it listens: from then on a signal is an orderly stop.
    let signals = Signals::listen()?;
    let running = actix_rt::spawn(server);
    announce(&node, address)?;
    if drain(&node.services.census, &handle, signals, Duration::from_secs(serve.drain_s)).await {
        running.await.context("the server's task")??;
    }
    log::info!(connections = node.services.census.count(); "stopped");
    Ok(())
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
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

fn server(node: &Node, serve: &Serve, listener: TcpListener) -> anyhow::Result<Server> {
    let (services, state) = (node.services.clone(), web::Data::new(node.state.clone()));
    let limits = node.state.limits.clone();
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

async fn make_demo(store: &SharedStore, serve: &Serve, address: SocketAddr) -> anyhow::Result<http::Demo> {
    let is_loopback = address.ip().is_loopback();
    let made = demo::make(store, is_loopback).await?;
    let base = serve.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let base = base.trim_end_matches('/').to_owned();
    print_demo(&made, &base)?;
    // The keys and passwords of a demo that others can reach are for whoever started it.
    let shown = if is_loopback { made } else { demo::Demo::default() };
    Ok(http::Demo::new(&base, shown.table_key.as_ref(), &shown.people))
}

fn print_demo(made: &demo::Demo, base: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "demo restaurant: {base}/")?;
    if let Some(key) = &made.table_key {
        writeln!(out, "  a guest's phone: {base}/t/{key}")?;
    }
    writeln!(out, "  kitchen screen:  {base}/kitchen")?;
    writeln!(out, "  staff:           {base}/staff")?;
    for person in &made.people {
        writeln!(out, "  sign in as {}: {} / {}", person.role, person.username, person.password.expose_secret())?;
    }
    out.flush()
}

fn announce(node: &Node, address: SocketAddr) -> std::io::Result<()> {
    log::info!(address:%, epoch = node.store.epoch(), version = env!("CARGO_PKG_VERSION"); "serving");
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

/// Waits for a signal; then gives every connection its own slot of the window to come back elsewhere, lets requests under
/// way finish, and stops. At a second signal, and when the window is nearly over, it stops as it is. Says whether
/// everything had finished.
async fn drain(census: &Census, handle: &ServerHandle, mut signals: Signals, window: Duration) -> bool {
    signals.next().await;
    log::info!(connections = census.count(), window_s = window.as_secs(); "draining");
    let slots = u64::try_from(window.as_millis()).unwrap_or(u64::MAX) / 10 * 7;
    census.drain(|| rand::random_range(0..=slots));
    let finished = async {
        while census.count() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        handle.stop(true).await;
    };
    tokio::select! {
        () = finished => true,
        () = tokio::time::sleep(window.mul_f32(0.95)) => false,
        () = signals.next() => false,
    }
}

/// The signals that ask a server to stop.
struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Asks a running server whether it is ready: success when it answers 200.
///
/// # Errors
/// When it does not answer.
pub async fn healthcheck(address: SocketAddr) -> anyhow::Result<ExitCode> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut socket = tokio::net::TcpStream::connect(address).await?;
        socket.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut head = [0; 12];
        socket.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head)
    };
    let head = tokio::time::timeout(Duration::from_secs(5), ask).await.context("no answer within 5 s")??;
    Ok(if head.ends_with(b" 200") { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
