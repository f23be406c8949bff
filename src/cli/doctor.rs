//! `orderbell doctor`: checks everything that a node depends on, and names the remedy for each fault. Changes nothing.

use super::tools::print;
use crate::broker::Address;
use crate::clock;
use crate::config::files::FileSettings;
use crate::config::{Common, Serve};
use crate::startup::{self, descriptors, healthcheck};
use crate::store::inspection::{Inspection, Schema};
use crate::store::sqlite::SqliteStore;
use crate::store::{OpenError, inspection};
use crate::telemetry::causes;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest time for a connection to another machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest difference between two clocks with which tokens work everywhere.
const DRIFT: Duration = Duration::from_secs(60);
/// The largest difference between the clocks of two synchronized machines.
const NOTABLE_DRIFT: Duration = Duration::from_secs(2);
/// The free space below which a node may soon refuse commands.
const LITTLE: u64 = 256 << 20;
/// The free space below which an operator should know.
const SCARCE: u64 = 2 << 30;

/// The remaining time of a certificate below which its renewal is late.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// The result of a check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Runs all checks and prints their findings. Fails if one of them does.
pub(super) async fn run(common: &Common, serve: &Serve, files: &FileSettings, as_json: bool) -> anyhow::Result<ExitCode> {
    let findings = examine(common, serve, files).await;
    if as_json {
        print(&serde_json::to_string_pretty(&findings)?)?;
    } else {
        for Finding { check, verdict, found, advice } in &findings {
            let word = match verdict {
                Verdict::Ok => "ok",
                Verdict::Warn => "warn",
                Verdict::Fail => "FAIL",
            };
            print(&format!("{word:<5} {check:<15} {found}"))?;
            if let Some(advice) = advice {
                print(&format!("      {:<15} → {advice}", ""))?;
            }
        }
    }
    let has_failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn examine(common: &Common, serve: &Serve, files: &FileSettings) -> Vec<Finding> {
    let mut findings = vec![configuration(common, serve)];
    findings.extend(files.secrets().filter_map(exposed));
    findings.extend(keys(common, serve));
    let inspected = inspection::inspect(common.database_url.expose_secret()).await;
    findings.push(database(&inspected));
    if let Ok(inspection) = &inspected {
        findings.extend(inspection.faults.iter().map(|(found, advice)| Finding::warn("database", *found, *advice)));
        findings.push(clock_of(inspection));
    }
    if common.is_sqlite() {
        findings.extend(disk(common));
    }
    findings.push(redis(common, serve).await);
    findings.push(file_limits(common, serve));
    findings.extend(push(serve).await);
    findings.extend(certificate(serve));
    findings.push(public_url(serve).await);
    findings.extend(node(serve).await);
    findings
}

fn configuration(common: &Common, serve: &Serve) -> Finding {
    match startup::check(common, serve) {
        Ok(()) => Finding::ok("configuration", "a node can start with it (orderbell config check prints it)"),
        Err(error) => Finding::fail("configuration", causes(error.as_ref()), "change the setting that is named"),
    }
}

/// Reads the key file that a node with this database would read.
fn keys(common: &Common, serve: &Serve) -> Option<Finding> {
    const NAME: &str = "keys";
    match startup::check_key_file(common, serve) {
        Ok(None) => None,
        Ok(Some((path, true))) => Some(Finding::ok(NAME, format!("{} can be used", path.display()))),
        Ok(Some((path, false))) => Some(Finding::ok(NAME, format!("no {} yet; the first start makes it", path.display()))),
        Err(error) => {
            let advice = "put the key file of a backup there; without one, a start makes new keys, and everybody signs in again";
            Some(Finding::fail(NAME, causes(error.as_ref()), advice))
        }
    }
}

/// Checks the permissions of a file with a secret.
fn exposed(path: &Path) -> Option<Finding> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let is_exposed = mode & 0o007 != 0;
    is_exposed.then(|| {
        let found = format!("everybody on this machine can read {}, which has a secret", path.display());
        Finding::warn("configuration", found, format!("chmod o= {}", path.display()))
    })
}

fn database(inspected: &Result<Inspection, OpenError>) -> Finding {
    let inspection = match inspected {
        Ok(inspection) => inspection,
        Err(error) => {
            let advice = "start the server, or change DATABASE_URL; docs/operations.md explains the messages of SQLite files";
            return Finding::fail("database", causes(error), advice);
        }
    };
    let name = &inspection.name;
    match inspection.schema {
        Schema::Absent => {
            Finding::warn("database", format!("{name} has no tables yet"), "nothing to do if it is meant to be new")
        }
        Schema::Current => Finding::ok("database", format!("{name}, with the schema of this version")),
        Schema::Older(count) => {
            let advice = "back it up; the next start of a node, or orderbell migrate, brings it up to date";
            Finding::warn("database", format!("{name}, which lacks {count} migrations of this version"), advice)
        }
        Schema::Newer(count) => {
            let found = format!("{name}, which has {count} migrations of a newer version");
            Finding::warn("database", found, "fine during an upgrade or after going back; otherwise install the newer version")
        }
    }
}

/// Compares the clock with PostgreSQL's, or with the time of the last command in SQLite.
fn clock_of(inspection: &Inspection) -> Finding {
    let now = clock::now();
    let advice = "synchronize the clock, with chronyd or systemd-timesyncd";
    if let Some(server) = inspection.clock {
        let drift = now.since(server).max(server.since(now));
        let found = format!("{:.1} s apart from PostgreSQL's", drift.as_secs_f64());
        return match drift {
            drift if drift > DRIFT => Finding::fail("clock", found, advice),
            drift if drift > NOTABLE_DRIFT => Finding::warn("clock", found, advice),
            _ => Finding::ok("clock", found),
        };
    }
    match inspection.last_command {
        Some(last) if last.since(now) > DRIFT => {
            Finding::fail("clock", format!("it shows {now}, before the last command in the database, {last}"), advice)
        }
        _ => Finding::ok("clock", format!("it shows {now}")),
    }
}

fn disk(common: &Common) -> Option<Finding> {
    let space = SqliteStore::space(common.database_url.expose_secret()).ok()?;
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let found = format!("{} are free in {}", megabytes(space.free), space.folder.display());
    let advice = "free space, or move the database to a larger disk; a full disk stops all commands";
    Some(match space.free {
        free if free < LITTLE => Finding::fail("disk", found, advice),
        free if free < SCARCE.max(space.database.saturating_mul(3)) => {
            let needed = megabytes(SCARCE.max(space.database.saturating_mul(3)));
            Finding::warn("disk", found, format!("keep {needed} free: orderbell compact takes three times the database"))
        }
        _ => Finding::ok("disk", found),
    })
}

async fn redis(common: &Common, serve: &Serve) -> Finding {
    let Some(url) = serve.redis() else {
        let found = if common.is_sqlite() { "not used with SQLite" } else { "not used: enough for one node" };
        return Finding::ok("redis", found);
    };
    let answer = match Address::parse(url) {
        Ok(address) => address.ping().await.map_err(|error| causes(&error)),
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Ok(()) => Finding::ok("redis", "it answers"),
        // Nodes serve without it.
        Err(error) => {
            Finding::warn("redis", error, "start Redis, or change REDIS_URL; until then, events of other nodes are late")
        }
    }
}

fn file_limits(common: &Common, serve: &Serve) -> Finding {
    let wanted = serve.limits.connections;
    let (limit, needed) = descriptors::limit_and_need(wanted, common.database_connections);
    let found = format!("{limit} file descriptors; {wanted} connections need {needed}");
    let advice = "raise the limit (LimitNOFILE= of systemd, ulimit -Hn, --ulimit nofile= of docker), or lower --connections";
    if limit < needed { Finding::warn("file limits", found, advice) } else { Finding::ok("file limits", found) }
}

/// Tries to reach the push services, if push messages are on. Skips names with a star, which have no address.
async fn push(serve: &Serve) -> Vec<Finding> {
    if !matches!(serve.vapid(), Ok(Some(_))) {
        return vec![Finding::ok("push", "off (orderbell vapid makes a key)")];
    }
    if std::env::var_os("HTTPS_PROXY").or_else(|| std::env::var_os("https_proxy")).is_some() {
        return vec![Finding::ok("push", "on, through HTTPS_PROXY; its hosts were not tried")];
    }
    let mut findings = Vec::new();
    for host in serve.push_hosts.iter().map(ToString::to_string).filter(|host| !host.contains('*')) {
        findings.push(match reach(&host, 443).await {
            Ok(()) => Finding::ok("push", format!("{host} can be reached")),
            Err(error) => {
                let advice = "allow connections to port 443 of the hosts of --push-hosts, or set HTTPS_PROXY";
                Finding::warn("push", format!("{host} cannot be reached: {error}"), advice)
            }
        });
    }
    findings
}

/// Checks the remaining time of the certificate of a node that serves TLS. Its other faults are those of the configuration.
fn certificate(serve: &Serve) -> Option<Finding> {
    const NAME: &str = "certificate";
    let ends = startup::certificate(serve).ok()??.ends();
    let found = format!("valid until {ends}");
    let advice = "renew it; the node reads the new files by itself";
    let is_late = ends.since(clock::now()) < EXPIRES_SOON;
    Some(if is_late { Finding::warn(NAME, found, advice) } else { Finding::ok(NAME, found) })
}

/// Checks the public address, and the proxy settings that it requires.
async fn public_url(serve: &Serve) -> Finding {
    const NAME: &str = "public URL";
    let Some(text) = serve.public_url() else {
        if serve.bind.ip().is_loopback() {
            return Finding::ok(NAME, "none, and only this machine can connect");
        }
        return Finding::warn(NAME, "none, so codes on tables carry the bound address", "set --public-url to https://…");
    };
    let Ok(url) = text.parse::<url::Url>() else {
        return Finding::fail(NAME, format!("{text} is not an address"), "set --public-url to https://…");
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if let Err(error) = reach(host, url.port_or_known_default().unwrap_or(443)).await {
        let advice = "check the name, the proxy and the firewall; ignore this where guests reach it from another network only";
        return Finding::warn(NAME, format!("{text} cannot be reached from here: {error}"), advice);
    }
    let is_tls = url.scheme() == "https";
    if !is_tls && host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()) {
        let advice = "serve TLS (--tls-certificate), or let a proxy provide it: without it, browsers store no pages, and show no notifications";
        return Finding::warn(NAME, format!("{text} is not encrypted"), advice);
    }
    if is_tls && !serve.tls.is_on() && !serve.proxy.trust_forwarded_for {
        let advice = "set --trust-forwarded-for if the proxy sets X-Forwarded-For, X-Forwarded-Proto and an empty Forwarded";
        return Finding::warn(NAME, format!("{text}: limits count all its guests as one client, the proxy"), advice);
    }
    Finding::ok(NAME, format!("{text} can be reached"))
}

/// Checks whether a node on the configured address is ready, and which proxy headers it has ignored.
async fn node(serve: &Serve) -> Vec<Finding> {
    let address = callable(serve.bind);
    let Ok((status, body)) = healthcheck::get(address, serve.tls.is_on(), "/readyz").await else {
        return vec![free(serve.bind)];
    };
    if status != 200 {
        let why = serde_json::from_str::<serde_json::Value>(&body).ok();
        let why = why.and_then(|why| why["detail"].as_str().map(str::to_owned)).unwrap_or_default();
        return vec![Finding::fail("node", format!("{address} is not ready: {why}"), "see \"Not ready\" in docs/operations.md")];
    }
    let mut findings = vec![Finding::ok("node", format!("{address} is ready"))];
    let Ok((200, metrics)) = healthcheck::get(address, serve.tls.is_on(), "/metrics").await else { return findings };
    let ignored = metrics.lines().filter_map(|line| {
        let (reason, count) = line.strip_prefix("orderbell_forwarding_ignored_total{reason=\"")?.split_once("\"} ")?;
        (count.trim().parse::<f64>().ok()? > 0.0).then(|| reason.to_owned())
    });
    let ignored = ignored.collect::<Vec<_>>().join(", ");
    if !ignored.is_empty() {
        let advice = "let the proxy set the header, and list its network in --trusted-proxies; all its clients share one limit";
        findings.push(Finding::warn("proxy headers", format!("the node had to ignore some: {ignored}"), advice));
    } else if serve.proxy.trust_forwarded_for {
        findings.push(Finding::ok("proxy headers", "none was ignored"));
    }
    findings
}

/// Tries whether a node could listen at an address where none answers.
fn free(bind: SocketAddr) -> Finding {
    match startup::listen(bind, "--bind") {
        Ok(_) => Finding::ok("node", format!("none runs on {bind}, which is free")),
        Err(error) => {
            let kind = error.root_cause().downcast_ref::<io::Error>().map(io::Error::kind);
            if kind == Some(io::ErrorKind::PermissionDenied) {
                let advice = "run this as the user of the node, or give the node the right to use the port";
                return Finding::warn("node", format!("this user may not listen on {bind}"), advice);
            }
            Finding::fail("node", causes(error.as_ref()), "set --bind to an address of this machine with a free port")
        }
    }
}

/// Returns an address at which this machine can reach a server that listens on all addresses.
fn callable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

async fn reach(host: &str, port: u16) -> Result<(), String> {
    match timeout(PATIENCE, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::time::Timestamp;

    fn inspection() -> Inspection {
        Inspection { name: "db".into(), schema: Schema::Current, clock: None, last_command: None, faults: Vec::new() }
    }

    #[test]
    fn a_wrong_clock_fails_and_a_nearly_right_one_does_not() {
        let off = |millis: i64| Timestamp::from_millis(clock::now().millis() + millis);
        for (millis, verdict) in [(0, Verdict::Ok), (-10_000, Verdict::Warn), (10_000, Verdict::Warn), (90_000, Verdict::Fail)] {
            assert_eq!(clock_of(&Inspection { clock: Some(off(millis)), ..inspection() }).verdict, verdict, "{millis}");
        }
        for (millis, verdict) in [(-1_000_000, Verdict::Ok), (90_000, Verdict::Fail)] {
            assert_eq!(clock_of(&Inspection { last_command: Some(off(millis)), ..inspection() }).verdict, verdict, "{millis}");
        }
    }

    #[test]
    fn a_schema_of_another_version_is_reported() {
        for (schema, verdict) in [
            (Schema::Current, Verdict::Ok),
            (Schema::Absent, Verdict::Warn),
            (Schema::Older(2), Verdict::Warn),
            (Schema::Newer(1), Verdict::Warn),
        ] {
            assert_eq!(database(&Ok(Inspection { schema, ..inspection() })).verdict, verdict);
        }
        assert_eq!(database(&Err(OpenError::Scheme)).verdict, Verdict::Fail);
    }

    #[test]
    fn a_server_on_all_addresses_is_called_on_loopback() {
        for (bind, called) in [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("192.0.2.1:80", "192.0.2.1:80")] {
            assert_eq!(callable(bind.parse().unwrap()), called.parse().unwrap());
        }
    }
}
