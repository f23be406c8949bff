//! Request bodies of strangers: the server decompresses none, reads none before it has authorized the sender, and accepts no
//! large one.

use flate2::{Compression, write::GzEncoder};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;
use support::wait::soon;
use support::{Client, TestServer, client::text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANONYMOUS: [&str; 4] = ["/api/v1/sessions", "/api/v1/sessions/refresh", "/api/v1/diner-sessions", "/api/v1/devices/token"];
/// Shorter than the server's deadline for a body.
const AT_ONCE: Duration = Duration::from_secs(8);

/// Returns 200 MB of JSON, compressed to some 200 KB.
fn bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"{\"table_key\":\"").unwrap();
    let block = vec![b'a'; 1 << 20];
    for _ in 0..200 {
        packed.write_all(&block).unwrap();
    }
    packed.write_all(b"\"}").unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_costs_no_memory() {
    let server = TestServer::start(&[]).await;
    let bomb = bomb();
    let send = |path: &str, encoding: &str, body: Vec<u8>| {
        let request = server.anybody().request(Method::POST, path);
        Client::send(request.header("Content-Type", "application/json").header("Content-Encoding", encoding).body(body))
    };
    send(ANONYMOUS[2], "gzip", bomb.clone()).await.problem(415, "bad_frame");
    let before = server.resident();
    let all = (0..24).map(|at| send(ANONYMOUS[at % ANONYMOUS.len()], "gzip", bomb.clone()));
    let (peak, answers) = server.peak_during(futures_util::future::join_all(all)).await;
    for answer in &answers {
        answer.problem(415, "bad_frame");
        assert_eq!(answer.header("accept-encoding"), "identity");
    }
    let grown = peak.saturating_sub(before);
    println!("24 bodies of {} bytes that unpack to 200 MB each: {grown} bytes more at the most", bomb.len());
    assert!(grown < 40 << 20, "{grown}");
    assert_eq!(server.metric("orderbell_limit_hits_total{limit=\"body_encoding\"}").await, 25.0);
    let small = json!({"table_key": "none"}).to_string();
    for encoding in ["br", "deflate", "GZIP", "identity, gzip", "nonsense"] {
        send(ANONYMOUS[2], encoding, small.clone().into()).await.problem(415, "bad_frame");
    }
    send(ANONYMOUS[2], "identity", small.into()).await.problem(404, "not_found");
    let staff = server.staff().await;
    let pause = staff.request(Method::PUT, "/api/v1/restaurants/demo/pause").header("Content-Encoding", "gzip");
    Client::send(pause.json(&json!({"paused": true}))).await.problem(415, "bad_frame");
}

/// Sends the head of a request that announces a body, but no byte of the body. Returns the status of the answer.
async fn promise(server: &TestServer, method: &str, path: &str, token: &str, length: &str) -> u16 {
    let mut stream = TcpStream::connect(server.authority()).await.unwrap();
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{token}{length}\r\n\r\n", server.authority());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = tokio::time::timeout(AT_ONCE, stream.read_exact(&mut answer)).await;
    read.unwrap_or_else(|_| panic!("{method} {path}: the server waits for the body")).unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_forbidden_call_is_refused_before_its_body_arrives() {
    let server = TestServer::start(&[]).await;
    let (diner, id) = (server.diner("1").await, support::new_id());
    let base = "/api/v1/restaurants/demo";
    let calls = [
        ("POST", format!("{base}/orders")),
        ("POST", format!("{base}/commands")),
        ("PUT", format!("{base}/menu")),
        ("PUT", format!("{base}/pause")),
        ("PUT", format!("{base}/menu/items/{id}/availability")),
        ("POST", format!("{base}/tables")),
        ("POST", format!("{base}/people")),
        ("PATCH", format!("{base}/people/{id}")),
        ("PATCH", format!("{base}/devices/{id}")),
        ("POST", format!("{base}/api-keys")),
        ("POST", format!("/api/v1/orders/{id}/commands")),
        ("POST", "/api/v1/rooms/menu:x/seen".into()),
        ("POST", "/api/v1/devices/pairings/BCDF-GHJK/approval".into()),
        ("PUT", "/api/v1/push/subscription".into()),
        ("DELETE", "/api/v1/push/subscription".into()),
    ];
    for length in ["Content-Length: 2000000", "Transfer-Encoding: chunked"] {
        for (method, path) in &calls {
            assert_eq!(promise(&server, method, path, "", length).await, 401, "{method} {path}");
            assert_eq!(promise(&server, method, path, "nonsense", length).await, 401, "{method} {path}");
        }
        assert_eq!(promise(&server, "PUT", &format!("{base}/menu"), &diner.token, length).await, 403, "a whole menu");
    }
    assert_eq!(promise(&server, "POST", ANONYMOUS[0], "", "Content-Length: 2000000").await, 413);
}

#[tokio::test]
async fn the_limit_of_an_address_is_checked_before_the_body_is_read() {
    let server = TestServer::start(&["--diner-sessions-per-second", "1"]).await;
    let seat = || async { server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-1"})).await.status };
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(seat().await);
    }
    assert!(statuses.starts_with(&[200; 10]) && statuses.contains(&429), "{statuses:?}");
    let mut refused = 0;
    for _ in 0..5 {
        // Use up attempts that have become free. With one left, the server would wait for the body.
        while seat().await == 200 {}
        refused += u32::from(promise(&server, "POST", "/api/v1/diner-sessions", "", "Content-Length: 100").await == 429);
    }
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn a_stranger_can_send_little_in_any_encoding() {
    let server = TestServer::start(&["--body-bytes", "1000000"]).await;
    let long = json!({"table_key": "x".repeat(17_000)}).to_string();
    for path in ANONYMOUS {
        let whole = server.anybody().request(Method::POST, path).body(long.clone());
        let detail = Client::send(whole).await.problem(413, "too_large");
        assert!(text(&detail["detail"]).contains("16384"), "{detail}");
    }
    let mut stream = TcpStream::connect(server.authority()).await.unwrap();
    let head =
        format!("POST /api/v1/diner-sessions HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n", server.authority());
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"1000\r\n".to_vec(), vec![b' '; 0x1000], b"\r\n".to_vec()].concat();
    for _ in 0..5 {
        let _ = stream.write_all(&chunk).await;
    }
    let mut answer = [0; 12];
    soon("an answer", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer[9..], b"413");
    assert_eq!(server.metric("orderbell_limit_hits_total{limit=\"body_bytes\"}").await, 5.0);
    let staff = server.staff().await;
    let large = json!({"paused": true, "x": "x".repeat(500_000)});
    staff.put("/api/v1/restaurants/demo/pause", &large).await.problem(422, "invalid");
}

/// Sends a request whose body never ends. Returns the answer once the server has closed the connection.
async fn endless(server: &TestServer, method: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(server.authority()).await.unwrap();
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\n{token}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        server.authority()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let chunk = [b"1000\r\n".to_vec(), vec![b' '; 0x1000], b"\r\n".to_vec()].concat();
    let sent = async {
        let mut pace = tokio::time::interval(Duration::from_millis(2));
        while writer.write_all(&chunk).await.is_ok() {
            pace.tick().await;
        }
    };
    let answered = async {
        let mut answer = Vec::new();
        while reader.read_buf(&mut answer).await.is_ok_and(|count| count > 0) {}
        String::from_utf8_lossy(&answer).to_ascii_lowercase()
    };
    let both = async { tokio::join!(sent, answered).1 };
    let ended = tokio::time::timeout(AT_ONCE, both).await;
    ended.unwrap_or_else(|_| panic!("{method} {path}: the server goes on reading"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_body_closes_its_connection_with_the_answer() {
    let server = TestServer::start(&["--logins-per-minute", "1"]).await;
    let (staff, id) = (server.staff().await, support::new_id());
    let base = "/api/v1/restaurants/demo";
    let calls = [
        (401, "POST", format!("{base}/orders"), ""),
        (401, "POST", format!("{base}/orders"), "nonsense"),
        (401, "PUT", format!("{base}/menu"), ""),
        (403, "PUT", format!("{base}/menu"), &staff.token),
        (413, "PUT", format!("{base}/pause"), &staff.token),
        (413, "POST", format!("/api/v1/orders/{id}/commands"), &staff.token),
        (413, "POST", ANONYMOUS[2].to_owned(), ""),
        (413, "POST", ANONYMOUS[3].to_owned(), ""),
        (404, "POST", "/nowhere".to_owned(), ""),
        (405, "POST", "/healthz".to_owned(), ""),
        (200, "GET", "/healthz".to_owned(), ""),
        (200, "GET", format!("{base}/menu"), ""),
    ];
    let server = &server;
    let answers = calls.iter().map(|(status, method, path, token)| async move {
        let answer = endless(server, method, path, token).await;
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{method} {path}: {answer}");
        assert!(answer.contains("connection: close"), "{method} {path}: {answer}");
    });
    futures_util::future::join_all(answers).await;
    // Use up the attempts of the address.
    server.anybody().post(ANONYMOUS[0], &json!({"api_key": "wrong"})).await;
    while server.anybody().post(ANONYMOUS[0], &json!({"api_key": "wrong"})).await.status != 429 {}
    let answer = endless(server, "POST", ANONYMOUS[0], "").await;
    assert!(answer.starts_with("http/1.1 429 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_a_request_for_a_stream_is_not_read() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let mut stream = TcpStream::connect(server.authority()).await.unwrap();
    let room = support::Menu::read(&staff).await.kitchen();
    let head = format!(
        "GET /api/v1/rooms/{room}/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 9000000000\r\n\r\n",
        server.authority(),
        staff.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = [0; 12];
    soon("an answer", reader.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer[9..], b"200");
    let block = vec![b' '; 1 << 20];
    let mut sent = 0;
    // The kernel's buffers hold some of it.
    while tokio::time::timeout(Duration::from_secs(2), writer.write_all(&block)).await.is_ok_and(|written| written.is_ok()) {
        sent += 1;
        assert!(sent < 64, "{sent} MB of an unread body were accepted");
    }
}

/// Returns the member names of each body that openapi.json describes.
fn described(spec: &Value) -> Vec<(Method, String, Vec<String>)> {
    let mut bodies = Vec::new();
    for (path, calls) in spec["paths"].as_object().unwrap() {
        for (method, call) in calls.as_object().unwrap() {
            let mut schema = &call["requestBody"]["content"]["application/json"]["schema"];
            while let Some(name) = schema["$ref"].as_str() {
                schema = spec.pointer(name.trim_start_matches('#')).unwrap();
            }
            let Some(members) = schema["properties"].as_object() else { continue };
            let path = path.split('/').map(|part| match part {
                "{slug}" => "demo".to_owned(),
                part if part.starts_with('{') => support::new_id(),
                part => part.to_owned(),
            });
            let path = path.collect::<Vec<_>>().join("/");
            bodies.push((method.to_uppercase().parse().unwrap(), path, members.keys().cloned().collect()));
        }
    }
    bodies
}

#[tokio::test]
async fn a_wrong_member_of_any_body_is_refused_in_terms_of_json() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let bodies = described(&serde_json::from_str(include_str!("../../static/spec/openapi.json")).unwrap());
    assert!(bodies.len() > 15, "{}", bodies.len());
    let mut refused = 0;
    for (method, path, members) in bodies {
        for member in members {
            for wrong in
                [json!(null), json!(-5), json!("x"), json!(true), json!([]), json!({}), json!([5]), json!({"amount": "x"})]
            {
                for client in [&manager, &staff] {
                    let body = Value::Object([(member.clone(), wrong.clone())].into_iter().collect());
                    let answer = Client::send(client.request(method.clone(), &path).json(&body)).await;
                    refused += usize::from(answer.status == 422);
                    let rust = [
                        "struct ",
                        "enum ",
                        "variant",
                        "u8",
                        "u16",
                        "u32",
                        "u64",
                        "i64",
                        "Option",
                        "Vec<",
                        "sequence",
                        " map",
                        "invalid type",
                    ];
                    // What is accepted may have any letters, such as those of a version.
                    let said = rust.iter().find(|word| answer.status >= 400 && answer.text.contains(**word));
                    assert!(said.is_none(), "{method} {path} {body}: {}", answer.text);
                    assert!(answer.status < 500, "{method} {path} {body}: {}", answer.text);
                }
            }
        }
    }
    assert!(refused > 100, "the control: {refused}");
    let basket = json!({"service": "dine_in", "items": [], "expected_total": 5});
    let told = Client::send(staff.placing(&support::new_id(), &basket)).await;
    let detail = told.problem(422, "invalid")["detail"].to_string();
    assert!(detail.contains("expected_total") && detail.contains("expected an object"), "{detail}");
}

#[tokio::test]
async fn a_void_with_a_quantity_of_null_is_refused() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = support::Menu::read(&staff).await;
    let order = staff.place(&menu.basket()).await;
    staff.act(&order["id"], "accept").await;
    let item = order["items"].as_object().unwrap().keys().next().unwrap();
    let null = json!({"item": item, "reason": "out_of_stock", "quantity": null});
    staff.command(&order["id"], "void_item", null).await.problem(422, "invalid");
    assert_ne!(staff.order(&order["id"]).await["items"][item]["status"], "voided");
    let all = json!({"item": item, "reason": "out_of_stock"});
    staff.command(&order["id"], "void_item", all).await.expect(200);
    assert_eq!(staff.order(&order["id"]).await["items"][item]["status"], "voided", "the control");
}
