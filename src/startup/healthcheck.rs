//! `orderbell healthcheck`, for containers without an HTTP client.

use anyhow::Context;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const MAX_BYTES: u64 = 4 << 20;

/// Requests `/readyz` of a running server. Returns success if it answers 200.
///
/// # Errors
/// An error if the server does not answer in time.
pub async fn healthcheck(address: SocketAddr) -> anyhow::Result<ExitCode> {
    let answered = get(address, "/readyz").await.with_context(|| format!("{address} does not answer; does a server run there?"));
    Ok(if answered?.0 == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Requests a path of a server. Returns the status and the body.
///
/// # Errors
/// That of the connection, or `TimedOut` or `InvalidData`.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let ask = async {
        let mut socket = TcpStream::connect(address).await?;
        // HTTP/1.0 has no chunks in the body.
        socket.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let mut answer = Vec::new();
        socket.take(MAX_BYTES).read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        Ok((status, body.to_owned()))
    };
    timeout(PATIENCE, ask).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
