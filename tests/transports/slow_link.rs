//! A way to the server that carries so many bytes a second to the client, and holds little of what waits.

use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What the way holds, in bytes.
const HOLDS: usize = 64 * 1024;
/// Bytes that go on together.
const PIECE: usize = 8 * 1024;

/// The way. Dropping it cuts it.
pub struct SlowLink {
    pub address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl SlowLink {
    /// A way to an address, of so many bytes a second for each connection.
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
            // What was not used of the time before is gone.
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
