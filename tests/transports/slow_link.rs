//! A proxy with a limited rate to the client and small buffers.

use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The bytes that the proxy buffers.
const HOLDS: usize = 64 * 1024;
/// The bytes forwarded at once.
const PIECE: usize = 8 * 1024;

/// The proxy. Dropping it cuts its connections.
pub struct SlowLink {
    pub address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl SlowLink {
    /// Starts a proxy to an address, with a rate in bytes a second for each connection.
    pub async fn to(server: &str, bytes_per_second: usize) -> Self {
        let server: SocketAddr = server.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            let mut carried = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                carried.spawn(carry(client, server, bytes_per_second));
            }
        });
        Self { address, accepting }
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, server: SocketAddr, bytes_per_second: usize) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.set_recv_buffer_size(HOLDS).unwrap();
    let Ok(upstream) = TcpSocket::from_std_stream(socket.into()).connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let down = async {
        let mut buffer = vec![0; PIECE];
        let mut due = Instant::now();
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            // Time in which nothing arrives does not permit a higher rate afterwards.
            due = due.max(Instant::now()) + Duration::from_secs_f64(count as f64 / bytes_per_second as f64);
            tokio::time::sleep_until(due.into()).await;
            if to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = down => {}
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}
