//! A TCP proxy that does to connections what networks do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Bytes go through.
    Fine,
    /// Connections are closed, new ones too.
    Cut,
    /// Connections stay open and every byte is swallowed. One that has been through this is dead for good.
    HalfOpen,
    /// Connections on which something was subscribed to hear nothing more; all others are well.
    Deaf,
    /// Whatever is read goes on after this time.
    Delay(Duration),
    /// One byte at a time.
    Dribble,
    /// Nothing is read; senders fill their buffers.
    Stall,
}

/// Listens before a server.
pub struct Proxy {
    address: SocketAddr,
    server: watch::Sender<SocketAddr>,
    network: watch::Sender<Network>,
}

impl Proxy {
    /// Begins to listen on a port of its own; the network is fine.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port must be free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (network, watched) = watch::channel(Network::Fine);
        let (server, aimed) = watch::channel(server);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = *aimed.borrow();
                tokio::spawn(join(client, server, watched.clone()));
            }
        });
        Self { address, server, network }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections elsewhere: the server was started again.
    #[allow(dead_code)] // not every suite that has a proxy restarts what is behind it
    pub fn aim(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// Changes what happens to connections, those that there are and new ones.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

/// Joins a client to the server, until one of them ends or the network is cut.
async fn join(client: TcpStream, server: SocketAddr, network: watch::Receiver<Network>) {
    if *network.borrow() == Network::Cut {
        return;
    }
    let Ok(upstream) = TcpStream::connect(server).await else { return };
    for socket in [&client, &upstream] {
        let _ = socket.set_nodelay(true);
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), upstream.into_split());
    let subscribes = AtomicBool::new(false);
    tokio::select! {
        () = pump(from_client, to_server, network.clone(), |bytes| {
            subscribes.fetch_or(bytes.windows(9).any(|word| word == b"SUBSCRIBE"), Relaxed);
            false
        }) => {}
        () = pump(from_server, to_client, network, |_| subscribes.load(Relaxed)) => {}
    }
}

/// `is_for_listener` looks at what is read, and says whether it is an answer to somebody who subscribed.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
    is_for_listener: impl Fn(&[u8]) -> bool,
) {
    let (mut buffer, mut is_dead) = ([0; 16 * 1024], false);
    loop {
        let mode = *network.borrow_and_update();
        is_dead |= mode == Network::HalfOpen;
        if mode == Network::Cut {
            return;
        }
        let read = tokio::select! {
            changed = network.changed() => if changed.is_ok() { continue } else { return },
            read = from.read(&mut buffer), if mode != Network::Stall => read,
        };
        match read {
            Ok(0) | Err(_) => return,
            Ok(_) if is_dead => {}
            Ok(count) if is_for_listener(&buffer[..count]) && mode == Network::Deaf => {}
            Ok(count) => {
                if pass_on(&buffer[..count], &mut to, mode).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn pass_on(bytes: &[u8], to: &mut OwnedWriteHalf, mode: Network) -> std::io::Result<()> {
    match mode {
        Network::Delay(time) => {
            tokio::time::sleep(time).await;
            to.write_all(bytes).await
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
