//! Ports for servers that come and go in tests.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the kernel gives to connections going out (32768 and above on Linux): one of those could take the port
/// before its server has begun, or while it is away. A server of a Redis cluster has a second port, 10,000 above its own.
const FIRST: u16 = 10_000;
const COUNT: u16 = 9_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of 127.0.0.1 that nobody listens on, and that this process has not been given before.
pub fn free() -> u16 {
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    let mut candidates = std::iter::repeat_with(|| FIRST + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let free = candidates.by_ref().take(usize::from(COUNT)).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.expect("a port must be free")
}
