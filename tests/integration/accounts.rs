//! People's accounts: what passwords may be, wherever one is set.

use crate::support::Server;
use serde_json::json;

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
