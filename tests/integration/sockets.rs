//! Idle sockets that occupy slots: the kitchen and the staff still get in.

use std::time::Duration;
use support::raw::Handshake;
use support::screen::connect;
use support::wait::soon;
use support::{Client, PATIENCE, Raw, TestServer, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Much shorter than the server keeps an idle socket open.
const AT_ONCE: Duration = Duration::from_secs(10);
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
/// Rates so high that only the limit under test refuses.
const NO_RATES: [&str; 4] = ["--handshakes-per-second", "100000", "--handshake-burst", "100000"];

/// Opens a socket that sends some bytes and reads the given number of answers.
async fn socket(server: &TestServer, bytes: &[u8], answers: usize) -> TcpStream {
    let mut stream = connect(server.authority(), None).await.unwrap();
    let _ = stream.write_all(bytes).await;
    for _ in 0..answers {
        let _ = soon("an answer", stream.read(&mut [0; 2048])).await;
    }
    stream
}

/// Opens `count` sockets, each idle in one of four ways.
async fn idlers(server: &TestServer, count: usize) -> Vec<TcpStream> {
    let half = b"GET /healthz HTTP/1.1\r\nHost: ";
    let kinds: [(Vec<u8>, usize); 4] = [(ASK.to_vec(), 1), (Vec::new(), 0), (half.to_vec(), 0), ([ASK, half].concat(), 1)];
    let mut sockets = Vec::new();
    for number in 0..count {
        let (bytes, answers) = &kinds[number % kinds.len()];
        sockets.push(socket(server, bytes, *answers).await);
    }
    sockets
}

fn soft_limit(server: &TestServer) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut words = line.split_whitespace().skip(3).map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

async fn status(client: &Client) -> u16 {
    Handshake::new(&client.token).send(&client.base, None).await.0.status
}

#[tokio::test]
async fn the_soft_limit_of_descriptors_is_raised_and_a_hard_limit_that_is_too_low_is_logged() {
    let server = TestServer::limited("-Sn 1024", &["--connections", "2000"]).await;
    let (soft, hard) = soft_limit(&server);
    assert!(soft == hard && soft != "1024", "{soft} {hard}");
    assert!(!server.log().contains("too low for --connections"), "the control: here it is not");
    let server = TestServer::limited("-n 1024", &["--connections", "2000"]).await;
    let log = server.log();
    let warning = log.lines().find(|line| line.contains("too low for --connections")).unwrap_or_else(|| panic!("{log}"));
    assert!(warning.contains("needed=3162") && warning.contains("connections=664"), "{warning}");
}

#[tokio::test]
async fn a_plain_connection_takes_one_descriptor() {
    let server = TestServer::start(&[]).await;
    let _first = idlers(&server, 10).await;
    let before = server.descriptors();
    let _more = idlers(&server, 200).await;
    let taken = server.descriptors() - before;
    assert!((190..=210).contains(&taken), "{taken} for 200");
}

#[tokio::test]
async fn hundreds_of_idle_sockets_do_not_keep_the_kitchen_out() {
    let server = TestServer::limited("-n 1024", &[]).await;
    let cook = server.kitchen("hot").await;
    let mut beside = cook.screen().await;
    let sockets = idlers(&server, 1200).await;
    assert!(server.descriptors() < 1024);
    tokio::time::timeout(AT_ONCE, cook.screen()).await.expect("a screen gets in at once").alive().await;
    tokio::time::timeout(AT_ONCE, server.anybody().get("/healthz")).await.expect("a page gets in at once");
    beside.alive().await;
    assert!(server.metric("orderbell_limit_hits_total{limit=\"idle_connections\"}").await > 100.0);
    assert!(!server.log().contains("Error accepting"), "accepting never took the last descriptor");
    drop(sockets);
    let control = TestServer::start(&[]).await;
    let _sockets = idlers(&control, 600).await;
    assert!(control.metric("orderbell_plain_connections").await > 400.0, "the control: with enough slots they stay");
}

/// Opens a socket from one of ten addresses whose body never ends.
async fn half_body(server: &TestServer, number: usize) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(std::net::SocketAddr::from(([127, 0, 0, 2 + (number % 10) as u8], 0))).unwrap();
    let mut stream = soon("a connection", socket.connect(server.authority().parse().unwrap())).await.unwrap();
    let head =
        "POST /api/v1/sessions/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    let _ = stream.write_all(head.as_bytes()).await;
    stream
}

#[tokio::test]
async fn bodies_that_never_end_do_not_keep_the_kitchen_and_the_staff_out() {
    let server = TestServer::limited("-n 1024", &NO_RATES).await;
    let (cook, staff) = (server.kitchen("hot").await, server.staff().await);
    let mut sockets = Vec::new();
    for number in 0..1200 {
        sockets.push(half_body(&server, number).await);
    }
    tokio::time::timeout(AT_ONCE, cook.screen()).await.expect("a screen gets in at once").alive().await;
    let orders = tokio::time::timeout(AT_ONCE, staff.get("/api/v1/restaurants/demo/orders")).await;
    assert_eq!(orders.expect("the staff get an answer at once").status, 200);
    assert!(server.metric("orderbell_limit_hits_total{limit=\"idle_connections\"}").await > 100.0);
    // A complete body is answered, even from the same addresses.
    let refused = server.anybody().post("/api/v1/sessions/refresh", &serde_json::json!({"refresh_token": "x"})).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn when_all_slots_of_an_address_are_busy_kitchen_and_staff_are_answered_and_guests_wait() {
    let server = TestServer::start(&["--connections-per-address", "20"]).await;
    let (diner, cook) = (server.diner("1").await, server.kitchen("hot").await);
    let menu = support::Menu::read(&cook).await.menu();
    let poll = |client: &Client| {
        let token = &client.token;
        format!("GET /api/v1/rooms/{menu}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
    };
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(socket(&server, &poll(&diner), 1).await);
    }
    let guest = server.diner("2").await;
    let refused = guest.get("/api/v1/restaurants/demo/menu").await;
    refused.problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(cook.get("/api/v1/restaurants/demo/orders").await.status, 200);
    tokio::time::timeout(AT_ONCE, cook.screen()).await.expect("a screen").alive().await;
    assert!(server.metric("orderbell_limit_hits_total{limit=\"connections_per_address\"}").await >= 1.0);
    streams.clear();
    eventually("place for guests", PATIENCE, async || {
        (guest.get("/api/v1/restaurants/demo/menu").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_guests_of_one_table_do_not_fill_a_node() {
    let server = TestServer::start(&[&NO_RATES[..], &["--connections", "1000"]].concat()).await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..10 {
        let guest = server.diner("1").await;
        for _ in 0..100 {
            let (reply, stream) = Handshake::new(&guest.token).send(&guest.base, None).await;
            match reply.status {
                101 => open.push(stream),
                status => {
                    assert_eq!((status, reply.code().as_str(), reply.header("retry-after")), (429, "rate_limited", "5"));
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((open.len(), refused), (200, 800));
    assert_eq!(status(&server.diner("2").await).await, 101, "another table");
    server.kitchen("hot").await.screen().await.alive().await;
    assert_eq!(server.metric("orderbell_limit_hits_total{limit=\"connections_per_table\"}").await, 800.0);
}

/// Fills a node of forty slots with guests of several tables. Returns the connections that were accepted.
async fn fill(server: &TestServer) -> Vec<Raw> {
    let mut open = Vec::new();
    for table in ["1", "2", "3", "4"] {
        let guest = server.diner(table).await;
        for _ in 0..20 {
            let (reply, stream) = Handshake::new(&guest.token).send(&guest.base, None).await;
            if reply.status == 101 {
                open.push(Raw { stream });
            } else {
                assert_eq!((reply.status, reply.code().as_str(), reply.header("retry-after")), (503, "unavailable", "2"));
            }
        }
    }
    open
}

#[tokio::test]
async fn staff_get_in_on_a_node_full_of_guests() {
    let server = TestServer::start(&["--connections", "40", "--connections-per-table", "200"]).await;
    let open = fill(&server).await;
    assert_eq!(open.len(), 36);
    let mut screens = Vec::new();
    for role in [["kitchen"], ["staff"], ["manager"], ["service"]] {
        screens.push(server.client(&role).await.screen().await);
    }
    assert_eq!(status(&server.staff().await).await, 503, "no slot is left");
    assert!(server.metric("orderbell_limit_hits_total{limit=\"connections_of_diners\"}").await > 0.0);
    let control = TestServer::start(&["--connections", "40", "--connections-per-table", "200", "--reserved-percent", "0"]).await;
    let open = fill(&control).await;
    assert_eq!((open.len(), status(&control.staff().await).await), (40, 503), "the control: without a reserve no slot is left");
}
