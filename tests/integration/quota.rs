//! The headers that say what is left of a caller's limits.

use reqwest::Method;
use serde_json::json;
use support::client::Answer;
use support::{Client, Menu, TestServer, new_id};

const ORDERS: &str = "/api/v1/restaurants/demo/orders";

async fn place(client: &Client, menu: &Menu) -> Answer {
    let basket = json!({"service": "takeaway", "items": [{"menu_item": menu.dish("Borhani")["id"], "quantity": 1}]});
    Client::send(client.request(Method::POST, ORDERS).header("Idempotency-Key", new_id()).json(&basket)).await
}

/// Returns what is left of the limit on commands.
fn left(answer: &Answer, limit: &str) -> u32 {
    let rest = answer.header("ratelimit").strip_prefix(&format!("\"{limit}\";r=")).unwrap_or_else(|| panic!("{answer:?}"));
    rest.strip_suffix(";t=5").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_command_says_what_is_left_of_its_senders_own_limit() {
    let server = TestServer::start(&["--staff-commands-per-second", "20"]).await;
    let (service, other) = (server.client(&["service"]).await, server.staff().await);
    let menu = Menu::read(&other).await;
    let first = place(&service, &menu).await;
    assert_eq!((first.status, first.header("ratelimit-policy")), (201, "\"commands_by_principal\";q=100;w=5"));
    assert_eq!(left(&first, "commands_by_principal"), 99);
    for _ in 0..30 {
        place(&other, &menu).await.expect(201);
    }
    let order = first.json()["id"].as_str().unwrap().to_owned();
    let accept = json!({"id": new_id(), "action": "accept"});
    let accepted = service.post(&format!("/api/v1/orders/{order}/commands"), &accept).await;
    assert!(accepted.status == 200 && left(&accepted, "commands_by_principal") >= 98, "others' commands count elsewhere");
    let list = service.get(ORDERS).await;
    assert_eq!((list.status, list.header("ratelimit")), (200, ""), "a list does not count");
}

#[tokio::test]
async fn a_refusal_names_the_limit_that_was_reached() {
    let server = TestServer::start(&["--staff-orders-per-minute", "1", "--logins-per-minute", "1"]).await;
    let service = server.client(&["service"]).await;
    let menu = Menu::read(&service).await;
    place(&service, &menu).await.expect(201);
    let refused = place(&service, &menu).await;
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit"), format!("\"orders_by_principal\";r=0;t={}", refused.header("retry-after")));
    assert!(refused.header("ratelimit-policy").starts_with("\"commands_by_principal\";q="), "{refused:?}");
    let anybody = server.anybody();
    let body = json!({"api_key": "nonsense"});
    let sign_in = || anybody.post("/api/v1/sessions", &body);
    let mut last = sign_in().await;
    for _ in 0..5 {
        if last.status == 429 {
            break;
        }
        last = sign_in().await;
    }
    last.problem(429, "rate_limited");
    assert!(last.header("ratelimit").starts_with("\"attempts\";r=0;t="), "{last:?}");
}
