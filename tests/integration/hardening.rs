//! Headers for browsers, answers to clients that misbehave, and what the server logs about them.

use reqwest::Method;
use serde_json::json;
use std::process::Stdio;
use support::raw::{Handshake, masked};
use support::server::{DATABASE, command};
use support::wait::soon;
use support::{Client, Close, PATIENCE, Raw, TestServer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MENU: &str = "/api/v1/restaurants/demo/menu";
const HSTS: &str = "strict-transport-security";
/// The first byte of a final close frame.
const CLOSE: u8 = 0x88;
/// The headers of every answer, with the beginning of their values.
const EVERYWHERE: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "accelerometer=(), camera=()"),
];

#[tokio::test]
async fn every_answer_has_the_security_headers_even_a_refused_handshake() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let patch = staff.request(Method::PATCH, "/api/v1/restaurants/demo/orders");
    let large = server.manager().await.request(Method::PUT, MENU).body(vec![b' '; 3 * 1024 * 1024]);
    let answers = [
        (200, staff.get("/").await),
        (200, staff.get("/readyz").await),
        (404, staff.get("/nowhere").await),
        (401, server.anybody().get("/api/v1/restaurants/demo/orders").await),
        (405, Client::send(patch).await),
        (413, Client::send(large).await),
        (200, staff.get("/client/orderbell.js").await),
        (200, staff.get("/css/base.css").await),
        (200, staff.get("/icons/icon-192.png").await),
        (200, staff.get("/manifest.webmanifest").await),
        (304, unchanged(&staff, "/client/orderbell.js").await),
        (404, Client::send(staff.request(Method::GET, "/client/none.js").header("Sec-Fetch-Dest", "document")).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.text);
        for (name, value) in EVERYWHERE {
            assert!(answer.header(name).starts_with(value), "{status}: {name}: {:?}", answer.headers);
        }
        assert_eq!(answer.header(HSTS), "", "{status}: the server is reached by plain HTTP only");
    }
    // A browser applies these headers to the page, not to the files that the page loads. The service worker stores pages that
    // it has fetched itself.
    let of_documents = ["content-security-policy", "permissions-policy", "cross-origin-opener-policy"];
    for (path, destination, has) in [
        ("/client/orderbell.js", "script", false),
        ("/css/base.css", "style", false),
        ("/icons/icon.svg", "image", false),
        ("/manifest.webmanifest", "manifest", false),
        ("/api/v1/restaurants/demo/menu", "empty", false),
        ("/nowhere", "empty", false),
        ("/staff", "empty", true),
        ("/staff", "document", true),
        ("/staff", "iframe", true),
        ("/client/orderbell.js", "document", true),
        ("/client/orderbell.js", "worker", true),
        ("/service-worker.js", "serviceworker", true),
    ] {
        let answer = Client::send(staff.request(Method::GET, path).header("Sec-Fetch-Dest", destination)).await;
        assert_eq!(of_documents.map(|name| !answer.header(name).is_empty()), [has; 3], "{path} as {destination}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path} as {destination}");
    }
    for token in ["nonsense", &staff.token] {
        let (reply, _) = Handshake::new(token).send(&server.base, None).await;
        for (name, value) in EVERYWHERE {
            assert!(reply.header(name).starts_with(value), "{}: {name}", reply.status);
        }
    }
}

/// Requests a file that the client already has in its current version.
async fn unchanged(client: &Client, path: &str) -> support::client::Answer {
    let tag = client.get(path).await.header("etag").to_owned();
    Client::send(client.request(Method::GET, path).header("If-None-Match", tag)).await
}

#[tokio::test]
async fn browsers_that_connect_over_tls_are_told_to_keep_using_it() {
    let proxied = TestServer::start(&["--trust-forwarded-for"]).await;
    let plain = TestServer::start(&[]).await;
    let public = TestServer::start(&["--public-url", "https://orders.example.com"]).await;
    let asked = async |server: &TestServer, scheme: &str| {
        let request = server.anybody().request(Method::GET, "/staff").header("X-Forwarded-Proto", scheme);
        let (reply, _) = Handshake::new("nonsense").with("X-Forwarded-Proto", scheme).send(&server.base, None).await;
        [Client::send(request).await.header(HSTS).to_owned(), reply.header(HSTS).to_owned()]
    };
    let long = "max-age=31536000";
    assert_eq!(asked(&proxied, "https").await, [long, long]);
    for last in ["http, https", "http,HTTPS", " https "] {
        assert_eq!(asked(&proxied, last).await, [long, long], "{last:?}: the proxy wrote the last value");
    }
    for other in ["http", "https, http", "https, ", "https,", "https;", "https http"] {
        assert_eq!(asked(&proxied, other).await, ["", ""], "{other:?}");
    }
    assert_eq!(asked(&plain, "https").await, ["", ""], "an untrusted client's header is ignored");
    assert_eq!(asked(&public, "http").await, [long, long], "the operator's public URL decides");
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_own_code_and_a_wrong_one_with_4400() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let answered = async |payload: &[u8]| {
        let mut raw = Raw::open(&staff).await;
        raw.write(&masked(CLOSE, payload)).await;
        raw.until_close().await
    };
    for code in [1000_u16, 1001, 1003, 1011, 3000, 4000, 4999] {
        let reason = [&code.to_be_bytes()[..], "bis später".as_bytes()].concat();
        assert_eq!(answered(&reason).await, Close::Code(code));
    }
    assert_eq!(answered(b"").await, Close::Code(1000), "one without a code");
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert_eq!(answered(&code.to_be_bytes()).await, Close::Code(4400), "{code}");
    }
    assert_eq!(answered(&[3]).await, Close::Code(4400), "half a code");
    assert_eq!(answered(&[0x03, 0xE8, 0xC3, 0x28]).await, Close::Code(4400), "a reason that is not UTF-8");
}

#[tokio::test]
async fn a_photo_address_that_a_browser_may_read_as_another_host_is_refused() {
    let server = TestServer::start(&[]).await;
    let manager = server.client(&["manager"]).await;
    let menu = manager.get(MENU).await.expect(200);
    let with = |photo: &str| {
        let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
        let first = draft["items"].as_object_mut().unwrap().values_mut().next().unwrap();
        for gone in ["id", "available", "until"] {
            first.as_object_mut().unwrap().remove(gone);
        }
        first["photo"] = photo.into();
        draft
    };
    for bad in ["/\\evil/x", "//evil/x", "/\t/evil/x", "/%5cevil/x", "https://user@evil.example/x", "https:/evil/x", "/a\u{0}b"] {
        let answer = manager.put(MENU, &with(bad)).await;
        answer.problem(422, "invalid");
    }
    let answer = manager.put(MENU, &with("https://cdn.example.com/rezala.jpg?w=200")).await;
    assert_eq!(answer.status, 200, "the control: {}", answer.text);
}

/// Not HTTP, or only a part of it.
const GARBAGE: [&[u8]; 8] = [
    b"SECRET-garbage\r\n\r\n",
    b"GET /SECRET-path\x01 HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nSECRET header without a colon\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: SECRET\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: SECRET\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
    b"\x16\x03\x01\x02\x00SECRET\x01\x00\x01\xfc\x03\x03",
    b"GET /SECRET?SECRET HTTP/1.1\r\nHost: x\r\nCookie: SECRET\r\nX-Forwarded-For: SECRET\r\nConnection: close\r\n\r\n",
];

#[tokio::test]
async fn malformed_requests_cause_no_server_error_and_never_reach_the_log() {
    let server = TestServer::start(&["--log", "info"]).await;
    let staff = server.staff().await;
    for garbage in GARBAGE {
        let mut stream = TcpStream::connect(server.authority()).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        let _ = soon("the end of the connection", stream.read_to_end(&mut answer)).await;
    }
    for frame in [masked(0xC1, b"SECRET"), masked(0x81, b"SECRET"), masked(0x81, b"\xffSECRET"), masked(0x88, b"\0SECRET")] {
        let mut raw = Raw::open(&staff).await;
        raw.write(&frame).await;
        raw.write(&masked(CLOSE, b"")).await;
        raw.until_close().await;
    }
    Handshake::new("SECRET").send(&server.base, None).await;
    staff.post("/api/v1/sessions", &json!({"restaurant": "SECRET", "username": "SECRET", "password": "SECRET-word"})).await;
    staff.get("/readyz").await.expect(200);
    let log = server.log();
    assert!(log.contains(" request "), "the control: requests are logged: {log}");
    assert!(!log.contains("SECRET"), "{log}");
    assert!(!log.lines().any(|line| line.contains(" ERROR ")), "{log}");
}

/// Starts a server with these flags, and returns its log up to the moment it is ready.
async fn log_of_start(flags: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let common = ["--database-url".to_owned(), format!("sqlite://{}", folder.path().join(DATABASE).display())];
    let log = folder.path().join("log");
    let mut node = command(folder.path(), &common);
    node.arg("serve").args(flags).stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let mut node = node.spawn().unwrap();
    let says_so = || async { Some(std::fs::read_to_string(&log).unwrap()).filter(|log| log.contains("serving")) };
    let log = eventually("the line of the start", PATIENCE, says_so).await;
    node.kill().await.unwrap();
    log
}

#[tokio::test]
async fn a_start_warns_of_plain_http_that_others_can_reach() {
    let open = log_of_start(&["--bind", "0.0.0.0:0", "--behind-proxy"]).await;
    let warning = open.lines().find(|line| line.contains("plain HTTP")).unwrap_or_else(|| panic!("{open}"));
    assert!(warning.contains(" WARN "), "{warning}");
    for word in ["--public-url", "--trust-forwarded-for", "nginx.conf"] {
        assert!(warning.contains(word), "{warning}");
    }
    assert!(!log_of_start(&["--bind", "127.0.0.1:0"]).await.contains("plain HTTP"));
    let proxied = ["--bind", "0.0.0.0:0", "--public-url", "https://orders.example.com", "--trust-forwarded-for"];
    let proxied = log_of_start(&proxied).await;
    let note = proxied.lines().find(|line| line.contains("plain HTTP")).unwrap_or_else(|| panic!("{proxied}"));
    assert!(note.contains("plain HTTP for a proxy") && !note.contains(" WARN "), "{note}");
}
