//! `orderbell healthcheck`, for containers without an HTTP client.

use anyhow::Context;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Requests `/readyz` of a running server. Returns success if it answers 200.
///
/// # Errors
/// An error if the server does not answer in time.
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
