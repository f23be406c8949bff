//! TLS that the node itself serves: every transport over it, its deadlines and limits, the reload of the certificate, and starts
//! that are refused.

use crate::slow_reader::{place_banquets, read_rest};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::raw::{TEXT, header};
use support::server::{DATABASE, TALKATIVE, command};
use support::tls::{Authority, LOOPBACK, Pair};
use support::wait::soon;
use support::{Close, Followed, Menu, PATIENCE, Raw, Screen, TestServer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const FAILED: &str = "orderbell_tls_handshakes_total{outcome=\"failed\"}";
const LATE: &str = "orderbell_tls_handshakes_total{outcome=\"late\"}";
const EVICTED: &str = "orderbell_tls_handshakes_total{outcome=\"evicted\"}";
const REMAINING: &str = "orderbell_certificate_remaining_seconds";
const DAY: f64 = 86_400.0;

/// Starts a server with a certificate of a new authority.
async fn secure(flags: &[&str]) -> (Authority, TestServer) {
    let authority = Authority::new();
    let pair = authority.certify("server", LOOPBACK, 20);
    let server = TestServer::start(&[&pair.flags()[..], flags].concat()).await;
    (authority, server)
}

/// Requests a path over HTTPS.
async fn get(browser: &reqwest::Client, server: &TestServer, path: &str) -> reqwest::Result<reqwest::Response> {
    soon("an answer", browser.get(format!("{}{path}", server.secure_base())).send()).await
}

#[tokio::test]
async fn the_node_serves_https_to_those_who_trust_its_authority() {
    let (authority, server) = secure(&[]).await;
    let answer = get(&authority.browser(), &server, "/t/demo-table-1").await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["strict-transport-security"]),
        (200, &"max-age=31536000".parse().unwrap())
    );
    assert!(get(&Authority::new().browser(), &server, "/healthz").await.is_err(), "the control: another authority");
    eventually("the count", PATIENCE, || async { (server.metric(FAILED).await > 0.0).then_some(()) }).await;
    let remaining = server.metric(REMAINING).await / DAY;
    assert!((19.0..=20.0).contains(&remaining), "{remaining} days");

    let plain = format!("{}/healthz", server.secure_base()).replace("https:", "http:");
    let plain = soon("an answer", reqwest::get(plain)).await.unwrap();
    assert_eq!(plain.status(), 400);
    assert!(plain.text().await.unwrap().contains("only HTTPS"));

    // The codes on tables lead to HTTPS although the settings name no address.
    let sheet = server.manager().await.get("/api/v1/restaurants/demo/tables").await.expect(200);
    let urls = sheet.to_string();
    assert!(urls.contains("https://") && !urls.contains("http://"), "{urls}");
    let without = TestServer::start(&[]).await;
    assert!(
        without.anybody().get("/healthz").await.headers.get("strict-transport-security").is_none() || without.tunnel.is_some()
    );
}

#[tokio::test]
async fn every_transport_works_over_tls() {
    let (_authority, server) = secure(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let room = menu.kitchen();
    let mut screen = staff.screen().await;
    screen.join(&room).await;
    let path = format!("/api/v1/rooms/{room}/stream");
    let mut stream = soon("a stream", staff.request(reqwest::Method::GET, &path).send()).await.unwrap();
    let order = staff.place(&menu.banquet()).await;
    let position = order["position"].as_u64().unwrap();
    screen.see(&room, position).await;
    assert_eq!(screen.room(&room).repeats, 0);
    let mut text = String::new();
    while !text.contains(&format!("\"position\":{position}")) {
        let chunk = soon("an event", stream.chunk()).await.unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    let poll = staff.get(&format!("/api/v1/rooms/{room}/events")).await.expect(200);
    assert!(poll.to_string().contains(order["id"].as_str().unwrap()), "{poll}");
}

#[tokio::test]
async fn limits_hold_over_tls() {
    let (_authority, server) = secure(&[]).await;
    let staff = server.staff().await;
    let mut raw = Raw::open(&staff).await;
    raw.write(&header(TEXT, 8 << 30, true)).await;
    assert_eq!(raw.until_close().await, Close::Code(1009));

    // A reader that does not read is evicted, and resumes.
    let menu = Menu::read(&staff).await;
    let room = menu.kitchen();
    let pos = server.client(&["service"]).await;
    let mut neighbour = staff.screen().await;
    neighbour.join(&room).await;
    let mut reader = Raw::open_with(&pos, Some(4096)).await;
    reader.send(TEXT, format!(r#"{{"type":"subscribe","room":"{room}"}}"#).as_bytes()).await;
    while !reader.frame().await.unwrap().1.starts_with(br#"{"type":"live""#) {}
    let since = neighbour.room(&room).cursor.unwrap();
    let last = place_banquets(&staff, &menu).await;
    eventually("the eviction", PATIENCE, || async {
        (server.metric("orderbell_connections{role=\"service\"}").await == 0.0).then_some(())
    })
    .await;
    let (frames, close) = read_rest(&mut reader).await;
    assert!(matches!(close, Close::Code(4409) | Close::Cut), "{close:?}");
    let mut cut = Followed::since(since);
    frames.iter().for_each(|frame| cut.take(frame).unwrap());
    assert!(cut.cursor < Some(last), "the control: it was evicted before it had everything");
    let mut back = Screen::open(&pos).await;
    assert_eq!(back.resume(&room, cut).await.positions(), (since + 1..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_node_drains_its_connections_over_tls() {
    let (_authority, mut server) = secure(&["--drain-s", "2"]).await;
    let mut screen = server.staff().await.screen().await;
    server.signal("TERM");
    screen.until("going_away", |frame| frame["type"] == "going_away").await;
    assert_eq!(screen.until_close().await, Close::Code(1012));
    assert_eq!(server.exit().await.code(), Some(0));
}

/// Opens a socket that sends these bytes and nothing more.
async fn hanging(server: &TestServer, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(&server.tunnel.as_ref().unwrap().server).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// The beginning of a record with a ClientHello.
const HALF: &[u8] = &[22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3];

#[tokio::test]
async fn handshakes_that_hang_end_at_a_deadline_and_hold_nobody_up() {
    let (authority, server) = secure(&["--head-timeout-ms", "2000"]).await;
    let browser = authority.browser();
    let mut sockets = Vec::new();
    for number in 0..100 {
        sockets.push(hanging(&server, if number % 2 == 0 { b"" } else { HALF }).await);
    }
    assert_eq!(server.metric(LATE).await, 0.0, "the control: they hang");
    assert_eq!(get(&browser, &server, "/healthz").await.unwrap().status(), 200);
    for mut socket in sockets {
        let _ = soon("the end", socket.read_to_end(&mut Vec::new())).await;
    }
    eventually("the count", PATIENCE, || async { (server.metric(LATE).await >= 100.0).then_some(()) }).await;
}

#[tokio::test]
async fn a_hanging_handshake_loses_its_place_to_a_newcomer() {
    let (authority, server) = secure(&["--connections-per-address", "4"]).await;
    let mut crowd = Vec::new();
    for _ in 0..8 {
        crowd.push(hanging(&server, HALF).await);
    }
    let browser = authority.browser();
    eventually("the eviction", PATIENCE, || async {
        let metrics = get(&browser, &server, "/metrics").await.ok()?.text().await.ok()?;
        metrics.contains(EVICTED).then_some(())
    })
    .await;
    let _ = soon("its end", crowd.remove(0).read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn a_new_certificate_is_served_without_an_end_of_open_connections() {
    let (old, new) = (Authority::new(), Authority::new());
    let pair = old.certify("server", LOOPBACK, 20);
    let flags = [&pair.flags()[..], &TALKATIVE].concat();
    let server = TestServer::start(&flags).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    screen.join(&menu.kitchen()).await;
    let order = staff.place(&menu.basket()).await["id"].clone();
    assert!(get(&new.browser(), &server, "/healthz").await.is_err(), "the control: not served yet");

    pair.overwrite(&new.certify("server", LOOPBACK, 10));
    server.signal("HUP");
    let (mut rush, browser, begun) = (true, new.browser(), Instant::now());
    loop {
        let id = support::new_id();
        screen.send(&json!({"type": "command", "id": id, "order": order, "action": "rush", "rush": rush})).await;
        screen.until("the ack", |frame| frame["type"] == "ack" && frame["id"] == id.as_str()).await;
        rush = !rush;
        if get(&browser, &server, "/healthz").await.is_ok() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the new certificate is not served");
    }
    screen.alive().await;
    assert!(get(&old.browser(), &server, "/healthz").await.is_err());
    assert!(server.log().contains("the certificate is read again"));
}

#[tokio::test]
async fn changed_files_are_noticed_and_broken_ones_leave_the_old_certificate() {
    let authority = Authority::new();
    let pair = authority.certify("server", LOOPBACK, 20);
    let environment = [("ORDERBELL_TLS_LOOK_MS".to_owned(), "100".to_owned())];
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join(DATABASE).display());
    let server = TestServer::joining(&["--database-url", &database], &pair.flags(), &environment).await;
    let browser = authority.browser();

    let secret = fs::read_to_string(&pair.key).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    let other = authority.certify("other", LOOPBACK, 20);
    fs::write(&pair.key, fs::read(&other.key).unwrap()).unwrap();
    let warnings = || server.log().lines().filter(|line| line.contains("cannot be used")).count();
    eventually("the warning", PATIENCE, || async { (warnings() == 1).then_some(()) }).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(warnings(), 1, "once for each change");
    assert_eq!(get(&browser, &server, "/healthz").await.unwrap().status(), 200);
    assert!(server.metric(REMAINING).await > 19.0 * DAY);
    let log = server.log();
    assert!(
        log.contains("does not belong to the first certificate") && !log.contains(secret) && !log.contains("PRIVATE"),
        "{log}"
    );

    pair.overwrite(&authority.certify("next", LOOPBACK, 10));
    eventually("the next certificate", PATIENCE, || async { (server.metric(REMAINING).await < 11.0 * DAY).then_some(()) }).await;
    assert_eq!(get(&browser, &server, "/healthz").await.unwrap().status(), 200);
}

/// Starts a server that refuses to start, and returns its error.
async fn refused(flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let common = ["--database-url".to_owned(), format!("sqlite://{}", folder.path().join(DATABASE).display())];
    let mut node = command(folder.path(), &common);
    node.env_remove("ORDERBELL_TLS_CERTIFICATE").env_remove("ORDERBELL_TLS_KEY");
    let ended = node.arg("serve").args(flags).stdout(Stdio::null()).output();
    let ended = soon("the end of the start", ended).await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "{flags:?}: {said}");
    assert!(!folder.path().join(DATABASE).exists(), "{flags:?}: refused before the database is made");
    said
}

#[tokio::test]
async fn a_start_with_a_certificate_that_cannot_be_used_is_refused_with_the_remedy() {
    let authority = Authority::new();
    let good = authority.certify("good", LOOPBACK, 20);
    let secret = fs::read_to_string(&good.key).unwrap();
    let secret = secret.lines().nth(1).unwrap();
    let other = authority.certify("other", "DNS:orders.example.com,DNS:*.example.org", 20);
    let (empty, damaged, locked) = (authority.file("empty.pem"), authority.file("damaged.pem"), authority.file("locked.key"));
    fs::write(&empty, "").unwrap();
    fs::write(&damaged, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n").unwrap();
    authority.openssl(&["pkey", "-in", "good.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"]);
    let old = authority.certify("old", LOOPBACK, -1);
    let with = |certificate: &Path, key: &Path| Pair { certificate: certificate.into(), key: key.into() };
    let nowhere = Path::new("/nowhere/file.pem");
    for (pair, url, says) in [
        (with(nowhere, &good.key), None, "/nowhere/file.pem cannot be read: No such file"),
        (with(&good.certificate, nowhere), None, "must be able to read it (--tls-key)"),
        (with(&empty, &good.key), None, "has no certificate: it must have"),
        (with(&good.key, &good.key), None, "has no certificate: it must have"),
        (with(&damaged, &good.key), None, "cannot be used"),
        (with(&good.certificate, &empty), None, "has no private key"),
        (with(&good.certificate, &good.certificate), None, "has no private key"),
        (with(&good.certificate, &locked), None, "openssl pkey"),
        (with(&good.certificate, &other.key), None, "does not belong to the first certificate"),
        (old, None, "renew it"),
        (other.clone(), Some("https://menu.example.com"), "is not for menu.example.com, the host of --public-url, but for"),
        (other.clone(), Some("https://192.0.2.1:8443"), "is not for 192.0.2.1"),
        (other.clone(), Some("http://orders.example.com"), "make it https://"),
    ] {
        let address: Vec<&str> = url.into_iter().flat_map(|url| ["--public-url", url]).collect();
        let flags = [&pair.flags()[..], &address].concat();
        let said = refused(&flags).await;
        assert!(said.contains(says), "{says}: {said}");
        assert!(!said.contains(secret), "{said}");
    }
    assert!(refused(&good.flags()[..2]).await.contains("belong together"));
    for url in ["https://orders.example.com", "https://menu.example.org:8443/orders"] {
        // The tunnel cannot use this certificate, so only the start counts.
        drop(TestServer::start(&[&other.flags()[..], &["--public-url", url]].concat()).await);
    }
}

#[tokio::test]
async fn every_kind_of_key_is_served() {
    let authority = Authority::new();
    for (name, kind) in [
        ("sec1", &["ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "new.key"][..]),
        ("rsa", &["genrsa", "-traditional", "-out", "new.key", "2048"]),
        ("ed25519", &["genpkey", "-algorithm", "ed25519", "-out", "new.key"]),
    ] {
        let pair = authority.certify(name, LOOPBACK, 20);
        authority.openssl(kind);
        let (file, request, extensions) = (format!("{name}.pem"), format!("{name}.csr"), format!("{name}.ext"));
        authority.openssl(&["req", "-new", "-key", "new.key", "-subj", "/CN=test", "-out", &request]);
        let sign = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "20"];
        let files = ["-extfile", &extensions, "-out", &file];
        authority.openssl(&[&sign[..], &files].concat());
        fs::copy(authority.file("new.key"), &pair.key).unwrap();
        let server = TestServer::start(&pair.flags()).await;
        assert_eq!(get(&authority.browser(), &server, "/healthz").await.unwrap().status(), 200, "{name}");
    }
}

#[tokio::test]
async fn plain_http_that_others_can_reach_is_refused_with_the_ways_out() {
    let said = refused(&["--bind", "0.0.0.0:0"]).await;
    for way in ["127.0.0.1", "--tls-certificate", "--behind-proxy"] {
        assert!(said.contains(way), "{way}: {said}");
    }
    assert!(refused(&["--bind", "0.0.0.0:0", "--demo"]).await.contains("--behind-proxy"));
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::run(folder.path().to_owned(), &["--bind", "0.0.0.0:0", "--behind-proxy"]).await;
    server.anybody().get("/healthz").await.expect(200);
}

#[tokio::test]
async fn the_tools_know_the_certificate() {
    let (authority, server) = secure(&[]).await;
    let address = server.tunnel.as_ref().unwrap().server.clone();
    let certificate = authority.file("server.pem").to_str().unwrap().to_owned();
    server.tool(&["healthcheck", "--bind", &address, "--tls-certificate", &certificate]).await;
    let key = Path::new(&certificate).with_extension("key");
    let serve = ["--", "--bind", &address, "--tls-certificate", &certificate, "--tls-key", key.to_str().unwrap()];
    let said = server.tool(&[&["doctor"], &serve[..]].concat()).await;
    assert!(said.contains("certificate     valid until") && said.contains("is ready"), "{said}");
    assert!(server.tool(&[&["config", "check"], &serve[..]].concat()).await.contains("a node can start"));
}
