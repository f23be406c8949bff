//! The output of a starting node.

use crate::config::Serve;
use crate::store::SharedStore;
use crate::{demo, http};
use secrecy::ExposeSecret;
use std::io::Write;
use std::net::SocketAddr;

/// Makes the demo restaurant if it is absent, and prints its pages. Returns what the pages may show of it.
///
/// # Errors
/// An error of the store or of standard output.
pub async fn make_demo(store: &SharedStore, serve: &Serve, address: SocketAddr) -> anyhow::Result<http::Demo> {
    let is_loopback = address.ip().is_loopback();
    let made = demo::make(store, is_loopback).await?;
    let base = serve.public_url().map_or_else(|| format!("{}://{address}", serve.scheme()), str::to_owned);
    let base = base.trim_end_matches('/').to_owned();
    print_demo(&made, &base, is_loopback)?;
    // On an address that others can reach, only the operator may see the keys and passwords.
    let shown = if is_loopback { made } else { demo::Demo::default() };
    Ok(http::Demo::new(&base, shown.tables.first().map(|(_, key)| key), &shown.people))
}

/// Prints the demo's pages. Well-known keys follow a pattern, so one suffices; random keys are all
/// printed, only this once.
fn print_demo(made: &demo::Demo, base: &str, is_public: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "demo restaurant: {base}/")?;
    for (label, key) in made.tables.iter().take(if is_public { 1 } else { usize::MAX }) {
        writeln!(out, "  a phone at table {label}: {base}/t/{key}")?;
    }
    for page in ["kitchen", "staff", "manage"] {
        writeln!(out, "  {page}: {base}/{page}")?;
    }
    for person in &made.people {
        writeln!(out, "  sign in as {}: {} / {}", person.role, person.username, person.password.expose_secret())?;
    }
    if made.tables.is_empty() {
        writeln!(out, "  table keys and passwords: as printed when they were made")?;
    }
    out.flush()
}

/// Notes plain HTTP on an address that others can reach. Warns if the settings name no address with TLS.
pub fn note_plain_http(serve: &Serve, address: SocketAddr) {
    if address.ip().is_loopback() || serve.tls.is_on() {
        return;
    }
    if serve.is_over_tls() {
        log::info!(address:%; "plain HTTP for a proxy; only the proxy may reach this address");
    } else {
        log::warn!(
            address:%;
            "plain HTTP on an address that others can reach: without a proxy in front, passwords, tokens and orders can be read \
             and changed in transit. Let the proxy provide TLS (compose/nginx.conf), and set --public-url https://… and \
             --trust-forwarded-for"
        );
    }
}

/// Prints the `listening` line.
///
/// # Errors
/// An error of standard output.
pub fn announce(epoch: &str, serve: &Serve, address: SocketAddr) -> std::io::Result<()> {
    let scheme = serve.scheme();
    log::info!(address:%, scheme, epoch, version = env!("CARGO_PKG_VERSION"); "serving");
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {scheme}://{address}")?;
    out.flush()
}
