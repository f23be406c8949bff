//! `orderbell healthcheck`, for containers without an HTTP client.

use crate::tls::probe;
use anyhow::Context;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const MAX_BYTES: u64 = 4 << 20;

/// Requests `/readyz` of a running server, over TLS if it serves it. Returns success if it answers 200.
///
/// # Errors
/// An error if the server does not answer in time.
pub async fn healthcheck(address: SocketAddr, is_tls: bool) -> anyhow::Result<ExitCode> {
    let answered =
        get(address, is_tls, "/readyz").await.with_context(|| format!("{address} does not answer; does a server run there?"));
    Ok(if answered?.0 == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Requests a path of a server. Returns the status and the body.
///
/// # Errors
/// That of the connection, or `TimedOut` or `InvalidData`.
pub async fn get(address: SocketAddr, is_tls: bool, path: &str) -> io::Result<(u16, String)> {
    let ask = async {
        let socket = TcpStream::connect(address).await?;
        // HTTP/1.0 has no chunks in the body.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        let answer = match is_tls {
            true => exchange(probe::connect(socket).await?, &request).await?,
            false => exchange(socket, &request).await?,
        };
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        Ok((status, body.to_owned()))
    };
    timeout(PATIENCE, ask).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Sends a request, and reads until the server ends the connection.
async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> io::Result<Vec<u8>> {
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.take(MAX_BYTES).read_to_end(&mut answer).await?;
    Ok(answer)
}
