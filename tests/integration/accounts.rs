//! People's accounts, as an operator meets them: what passwords may be, and a second factor that was lost.

use crate::support::client::text;
use crate::support::{Client, PATIENCE, Server, eventually};
use serde_json::json;
use totp_rs::{Builder, Secret};

const ADD: [&str; 6] = ["user", "add", "--restaurant", "demo", "--username", "mina"];

#[tokio::test]
async fn the_command_line_refuses_a_password_that_is_guessed_first_and_the_demo_keeps_its_own() {
    let server = Server::start(&[]).await;
    for (weak, why) in
        [("12345678", "leaked"), ("        ", "repeats"), ("copper ladle", "restaurant's name"), ("short", "8 to 128")]
    {
        let (went_well, said) = server.tool_told(&ADD, weak).await;
        assert!(!went_well && said.contains(why), "{weak}: {said}");
        assert!(weak.trim().is_empty() || !said.contains(weak), "{said}");
    }
    let (went_well, said) = server.tool_told(&ADD, " four words, two spoons ").await;
    assert!(went_well, "{said}");
    for (username, password) in [("mina", " four words, two spoons "), ("staff", "staff-demo"), ("manager", "manager-demo")] {
        let form = json!({"restaurant": "demo", "username": username, "password": password});
        server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    }
}

#[tokio::test]
async fn a_second_factor_is_reset_from_the_command_line_and_its_owner_is_signed_out() {
    let server = Server::start(&[]).await;
    let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let manager = Client::new(&server.base, text(&tokens["access_token"]));
    let begun = manager.post("/api/v1/people/me/totp", &json!({"password": "manager-demo"})).await.expect(200);
    let confirm = json!({"code": code_of(text(&begun["secret"]))});
    manager.post("/api/v1/people/me/totp/confirmation", &confirm).await.expect(200);
    let refused = server.anybody().post("/api/v1/sessions", &form).await.problem(401, "unauthorized");
    assert_eq!(refused["totp_required"], true);
    let reset = ["user", "reset-totp", "--restaurant", "demo", "--username", "manager"];
    let (went_well, said) = server.tool_told(&reset, "").await;
    assert!(went_well, "{said}");
    eventually("the session to end", PATIENCE, || async { (manager.get("/api/v1/people/me").await.status == 401).then_some(()) })
        .await;
    server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let (went_well, said) = server.tool_told(&reset, "").await;
    assert!(!went_well && said.contains("no second factor"), "{said}");
}

/// What an authenticator app shows now.
fn code_of(secret: &str) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(orderbell::clock::now().seconds()).unwrap()).to_string()
}
