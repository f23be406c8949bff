//! People's accounts from the operator's view: which passwords are allowed, and how a lost second factor is replaced.

use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, Close, PATIENCE, TestServer, eventually};
use totp_rs::{Builder, Secret};

const ADD: [&str; 6] = ["user", "add", "--restaurant", "demo", "--username", "mina"];

#[tokio::test]
async fn the_command_line_refuses_a_common_password_and_the_demo_keeps_its_passwords() {
    let server = TestServer::start(&[]).await;
    for (weak, why) in [
        ("12345678", "leaked"),
        ("manager-demo", "try first"),
        ("winter2026!", "try first"),
        ("        ", "repeats"),
        ("copper ladle", "restaurant's name"),
        ("short", "8 to 128"),
    ] {
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
async fn resetting_a_second_factor_on_the_command_line_signs_its_owner_out() {
    let server = TestServer::start(&[]).await;
    let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let manager = Client::new(&server.base, text(&tokens["access_token"]));
    let begun = manager.post("/api/v1/people/me/totp", &json!({"password": "manager-demo"})).await.expect(200);
    let confirm = json!({"code": code_of(text(&begun["secret"]))});
    let confirmed = manager.post("/api/v1/people/me/totp/confirmation", &confirm).await.expect(200);
    let manager = Client::new(&server.base, text(&confirmed["access_token"]));
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

/// Returns the code that an authenticator app shows now.
pub fn code_of(secret: &str) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(orderbell::clock::now().seconds()).unwrap()).to_string()
}

const RESTAURANT: &str = "/api/v1/restaurants/demo";
const ME: &str = "/api/v1/people/me";

/// Returns a manager's session whose password was checked twenty minutes ago: signed in, then aged in the database. Also
/// returns its tokens, which a thief could copy from the browser's storage.
async fn aged_manager(server: &TestServer) -> (Client, Value) {
    let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let manager = Client::new(&server.base, text(&tokens["access_token"]));
    let sessions = manager.get(&format!("{ME}/sessions")).await.expect(200);
    let current = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    server.age_session(text(&current["id"]), 20).await;
    (manager, tokens)
}

async fn renew(server: &TestServer, tokens: &Value) -> Answer {
    server.anybody().post("/api/v1/sessions/refresh", &json!({"refresh_token": tokens["refresh_token"]})).await
}

/// Returns the requests with which a thief would take over the restaurant, each with a valid body.
async fn sensitive(manager: &Client) -> Vec<(Method, String, Value)> {
    let people = manager.get(&format!("{RESTAURANT}/people")).await.expect(200)["people"].clone();
    let staff = people.as_array().unwrap().iter().find(|person| person["username"] == "staff").unwrap();
    let staff = format!("{RESTAURANT}/people/{}", text(&staff["id"]));
    let guest = format!("{RESTAURANT}/guests/somebody");
    vec![
        (
            Method::POST,
            format!("{RESTAURANT}/people"),
            json!({"username": "x", "password": "four words two spoons", "role": "manager"}),
        ),
        (Method::PATCH, staff.clone(), json!({"role": "manager"})),
        (Method::PATCH, staff.clone(), json!({"password": "four words two spoons"})),
        (Method::DELETE, format!("{staff}/totp"), Value::Null),
        (Method::DELETE, staff, Value::Null),
        (Method::POST, format!("{RESTAURANT}/api-keys"), json!({"name": "POS"})),
        (Method::GET, guest.clone(), Value::Null),
        (Method::DELETE, guest, Value::Null),
    ]
}

async fn call(client: &Client, method: &Method, path: &str, body: &Value) -> Answer {
    Client::send(client.request(method.clone(), path).json(body)).await
}

#[tokio::test]
async fn a_stolen_manager_session_cannot_take_over_anything_without_the_password() {
    let server = TestServer::start(&[]).await;
    let (stolen, copied) = aged_manager(&server).await;
    for (method, path, body) in sensitive(&stolen).await {
        call(&stolen, &method, &path, &body).await.problem(403, "confirm_password");
    }
    stolen.get(&format!("{RESTAURANT}/people")).await.expect(200);
    let confirmation = format!("{ME}/confirmation");
    let wrong = json!({"password": "not the one at all"});
    stolen.post(&confirmation, &wrong).await.problem(403, "forbidden");
    stolen.post(&format!("{RESTAURANT}/api-keys"), &json!({"name": "POS"})).await.problem(403, "confirm_password");
    let audit = stolen.get(&format!("{RESTAURANT}/audit?kind=sessions")).await.expect(200);
    let entries: Vec<_> =
        audit["audit"].as_array().unwrap()[..2].iter().map(|entry| (&entry["action"], &entry["outcome"])).collect();
    let confirm = json!("confirm_password");
    assert_eq!(entries, [(&confirm, &json!("not_confirmed")), (&confirm, &json!("wrong_password"))]);
    let confirmed = stolen.post(&confirmation, &json!({"password": "manager-demo"})).await.expect(200);
    let owner = Client::new(&server.base, text(&confirmed["access_token"]));
    for (method, path, body) in sensitive(&owner).await {
        let status = call(&owner, &method, &path, &body).await.status;
        assert!(matches!(status, 200 | 201 | 204 | 404), "{method} {path}: {status}");
    }
    stolen.get(ME).await.problem(401, "unauthorized");
    renew(&server, &copied).await.problem(401, "unauthorized");
    owner.get(ME).await.expect(200);
}

/// A thief copies both tokens, renews them in step with the owner, keeps a page open, and waits until the owner enters the
/// password.
#[tokio::test]
async fn a_thief_with_copied_tokens_gains_nothing_when_the_owner_enters_the_password() {
    let server = TestServer::start(&[]).await;
    let password = "four words two spoons";
    let proofs: [(Method, &str, Value); 2] = [
        (Method::POST, "/confirmation", json!({"password": "manager-demo"})),
        (Method::PUT, "/password", json!({"current": "manager-demo", "new": password})),
    ];
    for (method, path, body) in proofs {
        let (owner, tokens) = aged_manager(&server).await;
        let renewed = renew(&server, &tokens).await.expect(200);
        let thief = Client::new(&server.base, text(&renewed["access_token"]));
        let mut page = thief.screen().await;
        let proved = call(&owner, &method, &format!("{ME}{path}"), &body).await.expect(200);
        for path in [ME, &format!("{RESTAURANT}/people"), &format!("{RESTAURANT}/audit")] {
            thief.get(path).await.problem(401, "unauthorized");
        }
        for copied in [&tokens, &renewed] {
            renew(&server, copied).await.problem(401, "unauthorized");
        }
        assert_eq!(page.until_close().await, Close::Code(4401));
        assert!(proved["expires_in"].as_u64().unwrap() > 800 && proved["role"] == "manager", "{proved}");
        let owner = Client::new(&server.base, text(&proved["access_token"]));
        let listed = owner.get(&format!("{ME}/sessions")).await.expect(200);
        assert!(listed["sessions"].as_array().unwrap().iter().any(|session| session["current"] == true), "{listed}");
        renew(&server, &proved).await.expect(200);
    }
}

#[tokio::test]
async fn signing_out_everywhere_else_needs_the_password_and_ends_every_copied_session() {
    let server = TestServer::start(&[]).await;
    let (copied, _) = aged_manager(&server).await;
    let elsewhere = server.manager().await;
    let sessions = format!("{ME}/sessions");
    Client::send(copied.request(Method::DELETE, &sessions)).await.problem(403, "confirm_password");
    elsewhere.get(ME).await.expect(200);
    let confirmation = json!({"password": "manager-demo"});
    let confirmed = copied.post(&format!("{ME}/confirmation"), &confirmation).await.expect(200);
    let owner = Client::new(&server.base, text(&confirmed["access_token"]));
    assert_eq!(Client::send(owner.request(Method::DELETE, &sessions)).await.status, 204);
    for ended in [&copied, &elsewhere] {
        ended.get(ME).await.problem(401, "unauthorized");
    }
    assert_eq!(owner.get(&sessions).await.expect(200)["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_session_and_a_printed_token_manage_without_a_password_and_changing_ones_own_password_needs_the_old_one() {
    let server = TestServer::start(&[]).await;
    let printed = server.client(&["manager"]).await;
    let fresh = server.manager().await;
    for (number, manager) in [&printed, &fresh].into_iter().enumerate() {
        manager.post(&format!("{RESTAURANT}/api-keys"), &json!({"name": format!("POS {number}")})).await.expect(201);
    }
    let me = fresh.get(ME).await.expect(200);
    let own = format!("{RESTAURANT}/people/{}", text(&me["id"]));
    let refused =
        call(&fresh, &Method::PATCH, &own, &json!({"password": "four words two spoons"})).await.problem(403, "forbidden");
    assert_eq!(refused["reason"], "own_password");
    assert!(text(&refused["detail"]).contains("/api/v1/people/me/password"), "{refused}");
    server.manager().await;
}

#[tokio::test]
async fn a_screen_whose_approver_is_removed_before_it_collects_its_token_gets_no_session() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let password = "four words two spoons";
    let people = format!("{RESTAURANT}/people");
    for (username, change) in [("mina", Value::Null), ("omar", json!({"role": "manager"}))] {
        let new = json!({"username": username, "password": password, "role": "staff"});
        let person = manager.post(&people, &new).await.expect(201);
        let form = json!({"restaurant": "demo", "username": username, "password": password});
        let tokens = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
        let waiter = Client::new(&server.base, text(&tokens["access_token"]));
        let approve = async || {
            let pairing = server.anybody().post("/api/v1/devices/pairings", &Value::Null).await.expect(200);
            let path = format!("/api/v1/devices/pairings/{}/approval", text(&pairing["user_code"]));
            waiter.post(&path, &json!({"name": format!("Grill of {username}")})).await.expect(200);
            json!({"device_code": pairing["device_code"]})
        };
        let (used, waiting) = (approve().await, approve().await);
        server.anybody().post("/api/v1/devices/token", &used).await.expect(200);
        let path = format!("{people}/{}", text(&person["id"]));
        let method = if change.is_null() { Method::DELETE } else { Method::PATCH };
        assert!(call(&manager, &method, &path, &change).await.status < 300);
        let refused = server.anybody().post("/api/v1/devices/token", &waiting).await.expect(400);
        assert_eq!(refused["error"], "invalid_grant", "{refused}");
        let devices = manager.get(&format!("{RESTAURANT}/devices")).await.expect(200);
        let left = devices.to_string().matches(&format!("Grill of {username}")).count();
        assert_eq!(left, 1, "the paired screen keeps its session: {devices}");
    }
}
