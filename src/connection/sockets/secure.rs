//! The TLS handshake of an accepted socket, with a deadline. It runs in a task of its own, so others do not wait for it.

use super::registry::Place;
use super::stream::Stream;
use crate::tls::TlsServer;
use actix_rt::net::TcpStream;
use socket2::SockRef;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

/// The longest time for a handshake, or that of a head if it is shorter. A phone on a bad network needs three round trips.
const DEADLINE: Duration = Duration::from_secs(10);
/// The answer to a client that speaks plain HTTP.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 62\r\n\r\n\
                       This address takes only HTTPS: write https:// in front of it.\n";

/// Does the handshake. Counts its outcome.
///
/// # Errors
/// An error if the client does not complete it in time, breaks it off, or speaks plain HTTP, and if its place is given to
/// another connection.
pub async fn secure(io: TcpStream, place: &Place, tls: &TlsServer) -> io::Result<Stream> {
    // A handshake is several writes. Best effort: without it, handshakes are only slower.
    let _ = io.set_nodelay(true);
    let _counted = place.shake_hands();
    let deadline = DEADLINE.min(place.plain().bounds().head_timeout);
    let evicted = poll_fn(|cx| if place.is_evicted(cx) { Poll::Ready(()) } else { Poll::Pending });
    let outcome = tokio::select! {
        outcome = timeout(deadline, accept(io, tls)) => outcome.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())),
        () = evicted => Err(ErrorKind::ConnectionAborted.into()),
    };
    place.plain().count_tls_handshake(match &outcome {
        Ok(_) => "accepted",
        Err(error) if error.kind() == ErrorKind::TimedOut => "late",
        Err(error) if error.kind() == ErrorKind::ConnectionAborted => "evicted",
        Err(_) => "failed",
    });
    outcome
}

async fn accept(io: TcpStream, tls: &TlsServer) -> io::Result<Stream> {
    let mut first = [0];
    if io.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic() {
        refuse_plain(&io).await;
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(Stream::Tls(Box::new(tls.accept(io).await?)))
}

/// Tells a client that it needs HTTPS.
async fn refuse_plain(io: &TcpStream) {
    // Best effort, into the empty buffer of a new socket.
    let _ = io.try_write(PLAIN);
    let _ = SockRef::from(io).shutdown(Shutdown::Write);
    // Unread bytes would reset the connection before the client has read the answer.
    while io.readable().await.is_ok() {
        match io.try_read(&mut [0; 4096]) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}
