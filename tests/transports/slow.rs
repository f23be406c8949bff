//! Readers that read nothing.

use crate::follower::Follower;
use crate::links::Events;
use crate::server::{Server, eventually};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use support::wait::soon;

/// The number of readers.
const SLOW: u64 = 40;

/// Requests a stream on a socket with a small buffer, reads its beginning and then nothing.
fn stalled(server: &Server, token: &str, room: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address: SocketAddr = server.address().parse().unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    let head = format!("GET /api/v1/rooms/{room}/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    stream
}

/// Reads to the end of the connection. Returns the number of bytes.
fn drain(mut stream: TcpStream) -> u64 {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut total, mut piece) = (0_u64, [0; 65_536]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return total,
            Ok(count) => total += count as u64,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return total,
            Err(error) => panic!("the connection was not cut: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_do_not_read_are_closed_with_bounded_memory_and_others_miss_nothing() {
    let server = Server::start(&["--connections-per-principal", "100"]).await;
    let (staff, manager, diner) = (server.sign_in("staff").await, server.sign_in("manager").await, server.sit_down(1).await);
    let room = server.room("kitchen");
    let slow: Vec<_> = (0..SLOW).map(|_| stalled(&server, &staff, &room)).collect();
    let (mut reader, mut follower) = (Events::open(&server, &manager, &room, "").await, Follower::default());
    while follower.cursor.is_none() {
        follower.take(&reader.next().await.unwrap().data).unwrap();
    }
    assert_eq!(server.connections("staff").await, SLOW);
    let before = server.resident_kib();
    let mut peak = before;
    // Each event has about 60 KB; the kernel buffers a few MB for each reader.
    let (mut placed, most) = (Vec::new(), 300);
    while server.connections("staff").await > 0 && placed.len() < most {
        placed.push(server.place(&diner, 100).await["position"].as_u64().unwrap());
        while follower.positions().last() < placed.last() {
            let frame = soon("an event for the active reader", reader.next()).await.unwrap().data;
            follower.take(&frame).unwrap();
        }
        peak = peak.max(server.resident_kib());
    }
    assert!(placed.len() < most, "no reader was cut");
    assert_eq!(follower.positions(), placed);
    assert_eq!(server.metric("orderbell_closes_total{code=\"4409\"}").await, SLOW);
    let (grown, sent) = (peak - before, follower.bytes / 1024);
    assert!(grown < SLOW * sent / 8, "grew by {grown} KiB while {sent} KiB were due to each of {SLOW} readers");
    let got = tokio::task::spawn_blocking(move || slow.into_iter().map(drain).max().unwrap()).await.unwrap();
    assert!(got > 0 && got < follower.bytes, "{got} bytes before the cut");
    assert_eq!(server.connections("manager").await, 1, "the active reader stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_heartbeat_detects_a_stalled_reader_too() {
    let server = Server::start(&["--heartbeat-ms", "300", "--backlog-bytes", "16777216"]).await;
    let (staff, diner, room) = (server.sign_in("staff").await, server.sit_down(1).await, server.room("kitchen"));
    let slow = stalled(&server, &staff, &room);
    // The backlog can hold all of this, so the connection is not closed because of the backlog.
    let mut placed = 0;
    while server.connections("staff").await > 0 && placed < 200 {
        server.place(&diner, 60).await;
        placed += 1;
    }
    eventually("the end of the connection", || async { server.connections("staff").await == 0 }).await;
    let got = tokio::task::spawn_blocking(move || drain(slow)).await.unwrap();
    assert!(got > 0);
}
