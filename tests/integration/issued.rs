//! Tokens that an operator issues: listed and revoked.

use support::{Close, PATIENCE, TestServer, eventually};

const ORDERS: &str = "/api/v1/restaurants/demo/orders";

#[tokio::test]
async fn a_printed_token_is_listed_and_revoking_it_closes_its_connections() {
    let server = TestServer::start(&[]).await;
    let printer = server.client(&["kitchen", "--name", "label printer", "--expires", "30d"]).await;
    let other = server.client(&["kitchen", "--name", "bar"]).await;
    server.client(&["staff", "--name", "gone", "--expires", "1s"]).await;
    let list = async || server.tool(&["token", "list", "--restaurant", "demo"]).await;
    eventually("an expired token to leave the list", PATIENCE, || async { (!list().await.contains("gone")).then_some(()) }).await;
    let listed = list().await;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(!listed.contains(&printer.token), "the token itself is shown only once");
    let line = listed.lines().find(|line| line.ends_with("label printer")).unwrap();
    assert!(line.contains(" kitchen "), "{line}");
    let id = line.split_whitespace().next().unwrap();

    let (mut screen, mut beside) = (printer.screen().await, other.screen().await);
    printer.get(ORDERS).await.expect(200);
    server.tool(&["token", "revoke", id]).await;
    assert_eq!(screen.until_close().await, Close::Code(4401));
    printer.get(ORDERS).await.problem(401, "unauthorized");
    other.get(ORDERS).await.expect(200);
    beside.alive().await;
    assert_eq!(list().await.lines().count(), 1);
    let audit = server.manager().await.get("/api/v1/restaurants/demo/audit?kind=sessions").await.expect(200);
    let entries = audit["audit"].as_array().unwrap();
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).collect::<Vec<_>>();
    let (printed, revoked) = (of("print_token"), of("revoke_token"));
    assert_eq!(printed.len(), 3, "each token that was issued: {audit}");
    assert!(
        printed.iter().any(|entry| entry["label"] == "label printer" && entry["subject"] == id && entry["value"] == "kitchen")
    );
    assert_eq!(revoked.len(), 1, "{audit}");
    assert_eq!((revoked[0]["subject"].as_str(), revoked[0]["label"].as_str()), (Some(id), Some("label printer")));
    assert!(!audit.to_string().contains(&printer.token));
}
