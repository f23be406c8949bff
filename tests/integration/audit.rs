//! The audit log of a real server: commands over a WebSocket, client addresses, and the command line's output.

use serde_json::{Value, json};
use support::client::text;
use support::{Client, Menu, TestServer};

const AUDIT: &str = "/api/v1/restaurants/demo/audit";

async fn newest(manager: &Client) -> Value {
    manager.get(&format!("{AUDIT}?limit=1")).await.expect(200)["audit"][0].clone()
}

#[tokio::test]
async fn a_command_over_a_websocket_is_recorded_with_name_and_address_once() {
    let server = TestServer::start(&[]).await;
    let (manager, diner) = (server.manager().await, server.diner("3").await);
    let menu = Menu::read(&manager).await;
    let order = diner.place(&menu.basket()).await;
    let mut screen = manager.screen().await;
    let accept = json!({"type": "command", "id": support::new_id(), "order": order["id"], "action": "accept"});
    for _ in 0..2 {
        assert_eq!(screen.ask(accept.clone()).await["type"], "ack");
    }
    let entries = manager.get(&format!("{AUDIT}?kind=orders")).await.expect(200)["audit"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1, "a repeat is not a second entry, and guests are not listed: {entries}");
    let entry = &entries[0];
    assert_eq!((&entry["action"], &entry["name"], &entry["address"]), (&json!("accept"), &json!("manager"), &json!("127.0.0.1")));
    assert_eq!(
        (&entry["subject"], &entry["label"]),
        (&order["id"], &json!(format!("{} ({})", order["number"], text(&order["ticket"]))))
    );
    let printed = server.tool(&["audit", "export", "--restaurant", "demo"]).await;
    assert_eq!(serde_json::from_str::<Value>(printed.lines().next().unwrap()).unwrap(), *entry);
    diner.get(AUDIT).await.problem(403, "forbidden");
    server.staff().await.get(AUDIT).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_audit_omits_addresses_on_request_and_bounds_entries_about_guesses() {
    let server = TestServer::start(&["--no-audit-addresses", "--logins-per-minute", "1000"]).await;
    let manager = server.manager().await;
    assert_eq!(newest(&manager).await.get("address"), None);
    let guess = json!({"restaurant": "demo", "username": "manager", "password": "hunter2hunter2"});
    for _ in 0..40 {
        server.anybody().post("/api/v1/sessions", &guess).await;
    }
    let failed = manager.get(&format!("{AUDIT}?kind=sessions&limit=500")).await.text;
    let listed = failed.matches("bad_credentials").count();
    // Forty attempts may straddle two minutes.
    assert!((1..=40).contains(&listed), "{listed}");
    let hits = server.metric("orderbell_limit_hits_total{limit=\"audit_failures\"}").await;
    assert!(listed <= 30 || hits == 0.0, "{listed} listed, {hits} not");
    assert!(!failed.contains("hunter2"), "{failed}");
}

#[tokio::test]
async fn audit_entries_survive_a_kill_together_with_the_changes_they_record() {
    let mut server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let table = manager.post("/api/v1/restaurants/demo/tables", &json!({"label": "99"})).await.expect(201);
    server.kill().await;
    server.restart().await;
    let manager = manager.at(&server.base);
    assert_eq!(newest(&manager).await["subject"], table["id"]);
}

#[tokio::test]
async fn made_up_names_do_not_hide_a_guess_at_a_real_one() {
    let server = TestServer::start(&["--logins-per-minute", "1000"]).await;
    let guess = async |username: &str| {
        let body = json!({"restaurant": "demo", "username": username, "password": "hunter2hunter2"});
        server.anybody().post("/api/v1/sessions", &body).await.problem(401, "unauthorized");
    };
    for at in 0..40 {
        guess(&format!("made-up-{at}")).await;
    }
    guess("manager").await;
    let newest = newest(&server.manager().await).await;
    assert_eq!((&newest["action"], &newest["outcome"]), (&json!("sign_in"), &json!("done")), "the manager's own sign-in");
    let manager = server.manager().await;
    let audit = manager.get(&format!("{AUDIT}?kind=sessions&limit=500")).await.expect(200)["audit"].clone();
    let failed: Vec<_> = audit.as_array().unwrap().iter().filter(|entry| entry["outcome"] == "bad_credentials").collect();
    assert!(failed.iter().any(|entry| entry["label"] == "manager"), "{audit}");
    assert!(failed.iter().all(|entry| entry["label"] == "manager" || entry["label"] == "unknown name"), "{audit}");
}
