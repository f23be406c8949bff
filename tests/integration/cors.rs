//! Calls from pages of other origins, as browsers make them: a preflight, then the call.

use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;
use support::client::Answer;
use support::{Client, Menu, TestServer, new_id};

const PAGES: &str = "https://shop.example";
const ORDERS: &str = "/api/v1/restaurants/demo/orders";
/// Every header that permits something to a page of another origin begins with this.
const PERMITS: &str = "access-control-";

/// Asks, as a browser does, whether a page of this origin may make a call.
async fn preflight(client: &Client, origin: &str, path: &str, method: &str, headers: &str) -> Answer {
    let request = client.request(Method::OPTIONS, path).header("Origin", origin).header("Access-Control-Request-Method", method);
    Client::send(if headers.is_empty() { request } else { request.header("Access-Control-Request-Headers", headers) }).await
}

fn list(answer: &Answer, header: &str) -> BTreeSet<String> {
    answer.header(header).split(',').map(|name| name.trim().to_lowercase()).collect()
}

fn permits_nothing(answer: &Answer) -> bool {
    answer.headers.keys().all(|name| !name.as_str().starts_with(PERMITS))
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_makes_calls_and_reads_the_answers() {
    let server = TestServer::start(&["--allowed-origin", PAGES]).await;
    let (anybody, staff) = (server.anybody(), server.staff().await);
    let allowed = "authorization,content-type,idempotency-key,if-match,if-none-match,last-event-id,orderbell-shift,\
                   orderbell-snapshot,x-request-id";
    let answer = preflight(&anybody, PAGES, ORDERS, "POST", allowed).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, PAGES), "{answer:?}");
    assert_eq!(list(&answer, "access-control-allow-headers"), allowed.split(',').map(str::to_owned).collect());
    assert_eq!(list(&answer, "access-control-allow-methods").len(), 6);
    assert!(answer.header("access-control-max-age").parse::<u32>().unwrap() >= 600);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for path in ["/api/v1/sessions", "/api/v1/rooms/menu:x/events", "/api/v1/diner-sessions/current"] {
        let answer = preflight(&anybody, PAGES, path, "DELETE", "authorization").await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, PAGES), "{path}");
    }

    let menu = Menu::read(&staff).await;
    let basket = json!({"service": "takeaway", "items": [{"menu_item": menu.dish("Borhani")["id"], "quantity": 1}]});
    let place = |basket| {
        let request = staff.request(Method::POST, ORDERS).header("Origin", PAGES).header("Idempotency-Key", new_id());
        Client::send(request.json(&basket))
    };
    let refused = Client::send(anybody.request(Method::GET, ORDERS).header("Origin", PAGES)).await;
    for (status, answer) in [(201, place(basket).await), (422, place(json!({"colour": "red"})).await), (401, refused)] {
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, PAGES), "{answer:?}");
        let read = list(&answer, "access-control-expose-headers");
        for name in ["retry-after", "x-request-id", "etag", "location", "ratelimit", "ratelimit-policy"] {
            assert!(read.contains(name), "{status}: {name}: {read:?}");
        }
        // Cookies are not used, so nothing permits to send them.
        assert_eq!(answer.header("access-control-allow-credentials"), "", "{status}");
        assert!(list(&answer, "vary").contains("origin"), "{status}: a cache must not mix origins");
    }
}

#[tokio::test]
async fn pages_of_other_origins_get_no_permission_and_calls_of_others_go_on() {
    let server = TestServer::start(&["--allowed-origin", PAGES]).await;
    let (anybody, staff) = (server.anybody(), server.staff().await);
    for origin in ["https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"] {
        let answer = preflight(&anybody, origin, ORDERS, "GET", "authorization").await;
        answer.problem(403, "forbidden");
        assert!(permits_nothing(&answer), "{origin}: {:?}", answer.headers);
        let answer = Client::send(staff.request(Method::GET, ORDERS).header("Origin", origin)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""), "{origin}");
    }
    for (method, headers) in [("TRACE", ""), ("GET", "x-surprise"), ("GET", "cookie")] {
        let answer = preflight(&anybody, PAGES, ORDERS, method, headers).await;
        answer.problem(400, "bad_frame");
        assert!(permits_nothing(&answer), "{method} {headers}: {:?}", answer.headers);
    }
    // A page is not a call.
    let page = Client::send(staff.request(Method::GET, "/staff").header("Origin", PAGES)).await;
    assert!(page.status == 200 && permits_nothing(&page), "{:?}", page.headers);
}

#[tokio::test]
async fn a_server_without_allowed_origins_permits_nothing_and_answers_as_before() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let answer = preflight(&server.anybody(), PAGES, ORDERS, "POST", "authorization").await;
    answer.problem(405, "bad_frame");
    assert!(permits_nothing(&answer), "{:?}", answer.headers);
    let own = format!("http://{}", server.authority());
    for origin in [PAGES, &own] {
        let answer = Client::send(staff.request(Method::GET, ORDERS).header("Origin", origin)).await;
        assert!(answer.status == 200 && permits_nothing(&answer), "{:?}", answer.headers);
        assert!(!list(&answer, "vary").contains("origin"), "{origin}");
    }
}

#[tokio::test]
async fn preflights_count_against_their_address_and_against_nothing_else() {
    let flags = ["--allowed-origin", PAGES, "--handshake-burst", "5", "--handshakes-per-second", "1"];
    let server = TestServer::start(&flags).await;
    let anybody = server.anybody();
    let mut last = preflight(&anybody, PAGES, ORDERS, "POST", "authorization").await;
    for _ in 0..20 {
        if last.status == 429 {
            break;
        }
        last = preflight(&anybody, PAGES, ORDERS, "POST", "authorization").await;
    }
    last.problem(429, "rate_limited");
    assert!(last.header("retry-after").parse::<u32>().is_ok());
    let staff = server.staff().await;
    assert_eq!(Client::send(staff.request(Method::GET, ORDERS).header("Origin", PAGES)).await.status, 200);
}
