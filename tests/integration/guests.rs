//! The three ways to end a guest's session: the table is deleted, its key changes, or the staff end the visit.

use serde_json::{Value, json};
use support::{Client, Close, Menu, TestServer, client::text};

const TABLES: &str = "/api/v1/restaurants/demo/tables";
const SESSIONS: &str = "/api/v1/restaurants/demo/diner-sessions";

/// A phone that has scanned a table's code.
struct Phone {
    client: Client,
    refresh: String,
}

async fn scan(server: &TestServer, table: &Value) -> Phone {
    let answer = server.anybody().post("/api/v1/diner-sessions", &json!({"table_key": table["key"]})).await.expect(200);
    let client = Client::new(&server.base, text(&answer["access_token"]));
    Phone { client, refresh: text(&answer["refresh_token"]).into() }
}

impl Phone {
    /// Asserts that its tokens no longer work, and that the server has told it who ended the visit.
    async fn assert_ended(&self, menu: &Menu) {
        self.client.get("/api/v1/diner-sessions/current").await.problem(401, "unauthorized");
        Client::send(self.client.placing(&support::new_id(), &menu.basket())).await.problem(401, "unauthorized");
        let refused = self.client.post("/api/v1/sessions/refresh", &json!({"refresh_token": self.refresh})).await;
        assert_eq!(refused.problem(401, "unauthorized")["reason"], "ended_by_staff");
    }
}

async fn new_table(manager: &Client, label: &str) -> Value {
    manager.post(TABLES, &json!({"label": label})).await.expect(201)
}

#[tokio::test]
async fn deleting_a_table_ends_the_sessions_of_its_phones_only() {
    let server = TestServer::start(&[]).await;
    let manager = server.client(&["manager"]).await;
    let menu = Menu::read(&manager).await;
    let (garden, roof) = (new_table(&manager, "G1").await, new_table(&manager, "R1").await);
    let (gone, stays) = (scan(&server, &garden).await, scan(&server, &roof).await);
    let order = gone.client.place(&menu.basket()).await;
    let link = gone.client.post(&format!("/api/v1/orders/{}/share", text(&order["id"])), &json!({})).await.expect(200);
    let link = Client::new(&server.base, text(&link["token"]));
    link.order(&order["id"]).await;
    let mut screen = gone.client.screen().await;
    assert_eq!(manager.delete(&format!("{TABLES}/{}", text(&garden["id"]))).await.status, 204);
    gone.assert_ended(&menu).await;
    assert_eq!(screen.until_close().await, Close::Code(4401));
    link.get(&format!("/api/v1/orders/{}", text(&order["id"]))).await.problem(401, "unauthorized");
    stays.client.place(&menu.basket()).await;
}

#[tokio::test]
async fn a_new_table_key_ends_the_sessions_of_its_phones_unless_the_manager_keeps_them() {
    let server = TestServer::start(&[]).await;
    let manager = server.client(&["manager"]).await;
    let menu = Menu::read(&manager).await;
    let table = new_table(&manager, "G1").await;
    let path = format!("{TABLES}/{}/key", text(&table["id"]));
    let phone = scan(&server, &table).await;
    let table = manager.post(&path, &json!({"end_sessions": false})).await.expect(200);
    phone.client.place(&menu.basket()).await;
    manager.post(&path, &json!({"end_session": false})).await.problem(422, "invalid");
    phone.client.place(&menu.basket()).await;
    let late = scan(&server, &table).await;
    // As older clients call it, without a body.
    Client::send(manager.request(reqwest::Method::POST, &path)).await.expect(200);
    phone.assert_ended(&menu).await;
    late.assert_ended(&menu).await;
}

#[tokio::test]
async fn staff_see_the_guests_of_a_table_and_can_end_one_session() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.client(&["manager"]).await, server.staff().await);
    let menu = Menu::read(&manager).await;
    let table = new_table(&manager, "G1").await;
    let (rude, polite) = (scan(&server, &table).await, scan(&server, &table).await);
    rude.client.place(&menu.basket()).await;
    let list = |client: Client| async move { client.get(&format!("{SESSIONS}?table=G1")).await };
    let told = list(staff.clone()).await.expect(200);
    let sessions = told["sessions"].as_array().unwrap();
    let open: Vec<_> = sessions.iter().map(|session| session["open_orders"].as_u64().unwrap()).collect();
    assert_eq!(open, [0, 1], "the newest session comes first");
    assert_eq!((&sessions[0]["table"], sessions[0].as_object().unwrap().len()), (&json!("G1"), 5), "no secret: {told}");
    for nobody in [rude.client.clone(), server.kitchen("hot").await, server.client(&["service"]).await] {
        list(nobody.clone()).await.problem(403, "forbidden");
        nobody.delete(&format!("{SESSIONS}/{}", text(&sessions[0]["id"]))).await.problem(403, "forbidden");
    }
    let mut screen = rude.client.screen().await;
    let path = format!("{SESSIONS}/{}", text(&sessions[1]["id"]));
    assert_eq!(staff.delete(&path).await.status, 204);
    assert_eq!(screen.until_close().await, Close::Code(4401));
    rude.assert_ended(&menu).await;
    polite.client.place(&menu.basket()).await;
    staff.delete(&path).await.problem(404, "not_found");
    assert_eq!(list(manager).await.expect(200)["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_guest_of_a_table_is_listed_among_hundreds() {
    let server = TestServer::start(&[]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let table = new_table(&manager, "Crowd").await;
    let first = scan(&server, &table).await;
    for _ in 0..203 {
        scan(&server, &table).await;
    }
    let pages = async || {
        let mut pages = vec![staff.get(&format!("{SESSIONS}?table=Crowd")).await.expect(200)];
        while let Some(next) = pages[pages.len() - 1]["next"].as_str().map(str::to_owned) {
            pages.push(staff.get(&format!("{SESSIONS}?table=Crowd&after={next}")).await.expect(200));
        }
        pages.iter().map(|page| page["sessions"].as_array().unwrap().clone()).collect::<Vec<_>>()
    };
    let found = pages().await;
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [200, 4]);
    let ids: std::collections::HashSet<_> = found.iter().flatten().map(|session| session["id"].to_string()).collect();
    assert_eq!(ids.len(), 204, "each session once");
    let oldest = found[1][3]["id"].as_str().unwrap();
    staff.delete(&format!("{SESSIONS}/{oldest}")).await;
    first.client.get("/api/v1/diner-sessions/current").await.problem(401, "unauthorized");
    staff.get(&format!("{SESSIONS}?after={}", "x".repeat(65))).await.problem(422, "invalid");
}

#[tokio::test]
async fn a_guest_reads_all_orders_of_a_long_visit_page_by_page() {
    let server = TestServer::start(&["--diner-commands-per-second", "1000"]).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    for _ in 0..103 {
        guest.place(&menu.basket()).await;
    }
    let path = "/api/v1/diner-sessions/current";
    let first = guest.get(path).await.expect(200);
    let next = first["next"].as_str().unwrap();
    let second = guest.get(&format!("{path}?after={next}")).await.expect(200);
    let counts = [&first, &second].map(|page| page["orders"].as_array().unwrap().len());
    assert_eq!((counts, second.get("next")), ([100, 3], None));
    assert_eq!(second["orders"][2]["number"], 1, "the oldest comes last");
    guest.get(&format!("{path}?after=nonsense")).await.problem(422, "invalid");
}
