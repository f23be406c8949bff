//! A TCP proxy that injects the faults of networks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The state of the network between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Bytes pass.
    Fine,
    /// Existing and new connections are closed.
    Cut,
    /// Connections stay open, but every byte is lost, even after a later change of the network. New connections work then.
    HalfOpen,
    /// Redis connections with a subscription receive nothing more. All others work.
    Deaf,
    /// Redis connections with a subscription still receive, but what they send is lost. All others work.
    Mute,
    /// Bytes pass after a delay.
    Delay(Duration),
    /// Bytes pass after a delay, and three in ten segments are lost, including repeated ones.
    Lossy(Duration),
    /// Bytes pass one at a time.
    Dribble,
    /// Nothing is read, so the senders' buffers fill.
    Stall,
    /// Existing and new WebSockets are closed. All other connections work.
    NoWebSockets,
    /// WebSockets and streams of server-sent events are closed.
    NoStreams,
    /// Renewals of tokens reach the server, but their answers are lost. All other connections work.
    LosesRenewals,
}

impl Network {
    fn lets_through(self, used: Use) -> bool {
        match self {
            Self::Cut => false,
            Self::NoWebSockets => used != Use::WebSocket,
            Self::NoStreams => !matches!(used, Use::WebSocket | Use::Stream),
            _ => true,
        }
    }
}

/// The use of a connection, by its client's last request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// None of the uses below.
    Other,
    /// Redis with a subscription.
    Subscriptions,
    /// A WebSocket.
    WebSocket,
    /// A room over server-sent events.
    Stream,
    /// A room over long polls.
    Poll,
    /// A renewal of tokens.
    Renewal,
}

impl Use {
    /// Returns the use that begins with these bytes, if any. A request is assumed to arrive in one piece.
    fn begun_by(bytes: &[u8]) -> Option<Self> {
        let says = |word: &[u8]| bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        if says(b"\r\nupgrade: websocket") {
            return Some(Self::WebSocket);
        }
        if says(b"POST /api/v1/sessions/refresh ") {
            return Some(Self::Renewal);
        }
        let is_for = |path: &[u8]| says(&[path, b"?"].concat()) || says(&[path, b" "].concat());
        match says(b" HTTP/1.1\r\n") {
            true if is_for(b"/stream") => Some(Self::Stream),
            true if is_for(b"/events") => Some(Self::Poll),
            true => Some(Self::Other),
            false => says(b"SUBSCRIBE").then_some(Self::Subscriptions),
        }
    }
}

/// The open connections by number.
type Uses = Arc<Mutex<BTreeMap<usize, Use>>>;

/// An open connection, and the number of lost answers. Dropping it removes the connection.
struct Used(Uses, usize, Arc<AtomicUsize>);

impl Used {
    fn begin(uses: &Uses, lost: &Arc<AtomicUsize>) -> Self {
        let mut those = uses.lock().unwrap();
        let number = those.last_key_value().map_or(0, |(last, _)| last + 1);
        those.insert(number, Use::Other);
        Self(uses.clone(), number, lost.clone())
    }

    fn lose(&self) {
        self.2.fetch_add(1, Relaxed);
    }

    fn is(&self) -> Use {
        self.0.lock().unwrap()[&self.1]
    }

    fn look(&self, bytes: &[u8]) {
        if let Some(used) = Use::begun_by(bytes) {
            self.0.lock().unwrap().insert(self.1, used);
        }
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}

/// A proxy that listens in front of a server.
pub struct Proxy {
    address: SocketAddr,
    server: watch::Sender<SocketAddr>,
    network: watch::Sender<Network>,
    uses: Uses,
    lost: Arc<AtomicUsize>,
}

impl Proxy {
    /// Starts listening on a new port, with a working network.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port must be free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (network, watched) = watch::channel(Network::Fine);
        let (server, aimed) = watch::channel(server);
        let (uses, lost) = (Uses::default(), Arc::<AtomicUsize>::default());
        let (begun, losing) = (uses.clone(), lost.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = *aimed.borrow();
                tokio::spawn(join(client, server, watched.clone(), Used::begin(&begun, &losing)));
            }
        });
        Self { address, server, network, uses, lost }
    }

    /// Returns its own address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends new connections to another address, such as that of a restarted server.
    pub fn aim(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// Returns the number of connections with this use.
    pub fn carries(&self, what: Use) -> usize {
        self.uses.lock().unwrap().values().filter(|used| **used == what).count()
    }

    /// Returns the number of lost answers.
    pub fn lost(&self) -> usize {
        self.lost.load(Relaxed)
    }

    /// Changes the state of the network, for existing and new connections.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

/// Forwards between a client and the server until one of them closes or the network is cut.
async fn join(client: TcpStream, server: SocketAddr, network: watch::Receiver<Network>, used: Used) {
    if *network.borrow() == Network::Cut {
        return;
    }
    let Ok(upstream) = TcpStream::connect(server).await else { return };
    for socket in [&client, &upstream] {
        let _ = socket.set_nodelay(true);
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), upstream.into_split());
    tokio::select! {
        () = pump(from_client, to_server, network.clone(), &used, Side::Client) => {}
        () = pump(from_server, to_client, network, &used, Side::Server) => {}
    }
}

/// The sender of the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: watch::Receiver<Network>, used: &Used, side: Side) {
    let (mut buffer, mut is_dead) = ([0; 16 * 1024], false);
    loop {
        let mode = *network.borrow_and_update();
        is_dead |= mode == Network::HalfOpen;
        if !mode.lets_through(used.is()) {
            return;
        }
        let read = tokio::select! {
            changed = network.changed() => if changed.is_ok() { continue } else { return },
            read = from.read(&mut buffer), if mode != Network::Stall => read,
        };
        let bytes = match read {
            Ok(0) | Err(_) => return,
            Ok(count) => &buffer[..count],
        };
        if side == Side::Client {
            used.look(bytes);
        }
        if (mode, side, used.is()) == (Network::LosesRenewals, Side::Server, Use::Renewal) {
            used.lose();
            return;
        }
        let is_swallowed = matches!((mode, side), (Network::Deaf, Side::Server) | (Network::Mute, Side::Client));
        let is_unheard = is_swallowed && used.is() == Use::Subscriptions;
        if !mode.lets_through(used.is()) {
            return;
        }
        if !is_dead && !is_unheard && pass_on(bytes, &mut to, mode).await.is_err() {
            return;
        }
    }
}

/// The most bytes of a segment.
const SEGMENT: usize = 1448;
/// The longest wait before a segment is sent again.
const LAST_TRY: Duration = Duration::from_secs(10);

fn is_lost() -> bool {
    // The last bits of an id are random.
    orderbell::clock::new_id().as_u128() % 10 < 3
}

async fn pass_on(bytes: &[u8], to: &mut OwnedWriteHalf, mode: Network) -> std::io::Result<()> {
    match mode {
        Network::Delay(time) => {
            tokio::time::sleep(time).await;
            to.write_all(bytes).await
        }
        Network::Lossy(time) => {
            tokio::time::sleep(time).await;
            for segment in bytes.chunks(SEGMENT) {
                // TCP repeats a lost segment after a timeout that doubles, and later segments wait for it.
                let mut again = 2 * time;
                while is_lost() && again < LAST_TRY {
                    tokio::time::sleep(again).await;
                    again *= 2;
                }
                to.write_all(segment).await?;
            }
            Ok(())
        }
        Network::Dribble => {
            for byte in bytes {
                to.write_all(&[*byte]).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        }
        _ => to.write_all(bytes).await,
    }
}
