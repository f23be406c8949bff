//! Ports for servers that tests start and stop.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Test ports are below those for outgoing connections (32768 and above on Linux): such a connection could take the port
/// before its server starts, or while it is down. A server of a Redis cluster also uses the port 10,000 above its own.
const FIRST: u16 = 10_000;
const COUNT: u16 = 9_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// Returns a port of 127.0.0.1 on which nobody listens, and that this process has not used yet.
pub fn free() -> u16 {
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    let mut candidates = std::iter::repeat_with(|| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let free = candidates.by_ref().take(usize::from(COUNT)).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("a port must be free")
}
