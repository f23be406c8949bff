//! Guests' data on a real server: purging, exporting, erasing. Readers get a snapshot or an event, never a gap.

use serde_json::{Value, json};
use support::server::DATABASE;
use support::{Client, Followed, Menu, TestServer, client::text, template, wait::PATIENCE, wait::eventually};

/// Places an order with a note and rejects it.
async fn closed(server: &TestServer, staff: &Client, menu: &Menu) -> Value {
    let mut basket = menu.basket();
    basket["note"] = json!("allergic to nuts");
    let order = server.diner("3").await.place(&basket).await;
    staff.command(&order["id"], "reject", json!({"reason": "other", "detail": "dear guest"})).await.expect(200);
    order
}

/// Purges the only closed order.
async fn purge_one(server: &TestServer) {
    let purge = ["purge", "--restaurant", "demo", "--older-than", "1s"];
    let dry_run = [&purge[..], &["--dry-run"]].concat();
    let ready = async || (server.tool(&dry_run).await == "1 orders would be purged").then_some(());
    eventually("the order is closed for a second", PATIENCE, ready).await;
    assert_eq!(server.tool(&purge).await, "1 orders purged");
}

#[tokio::test]
async fn a_cursor_from_before_a_purge_gets_a_snapshot_without_the_guests_words() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let order = closed(&server, &staff, &menu).await;
    let events = format!("/api/v1/rooms/order:{}/events?since=0&timeout_ms=100", text(&order["id"]));
    let before = staff.get(&events).await;
    assert!(before.text.contains("order.placed") && before.text.contains("allergic"), "the control: {}", before.text);
    purge_one(&server).await;
    let after = staff.get(&events).await;
    assert!(after.text.contains("\"type\":\"snapshot\"") && !after.text.contains("order.placed"), "{}", after.text);
    for gone in ["allergic", "dear guest", text(&order["diner"])] {
        assert!(!after.text.contains(gone), "{gone} in {}", after.text);
    }
    assert_eq!(staff.order(&order["id"]).await["number"], order["number"], "the order itself stays");
}

#[tokio::test]
async fn events_in_a_rooms_memory_are_not_replayed_after_a_purge() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut stays = staff.screen().await;
    let since = stays.join(&menu.kitchen()).await.cursor.unwrap();
    closed(&server, &staff, &menu).await;
    stays.until("the end of the order", |frame| frame["event"]["kind"] == "order.rejected").await;
    let mut before = staff.screen().await;
    let control = before.resume(&menu.kitchen(), Followed::since(since)).await;
    assert!(!control.types().contains(&"snapshot") && json!(control.frames).to_string().contains("allergic"));
    assert_eq!(server.metric("orderbell_resumes_total{outcome=\"tail\"}").await, 1.0);
    purge_one(&server).await;
    let mut after = staff.screen().await;
    let followed = after.resume(&menu.kitchen(), Followed::since(since)).await;
    assert_eq!(followed.types()[0], "snapshot");
    assert!(!json!(followed.frames).to_string().contains("allergic"));
    // A reader that already has everything gets only `live`.
    let head = followed.cursor.unwrap();
    let mut current = staff.screen().await;
    assert_eq!(current.resume(&menu.kitchen(), Followed::since(head)).await.types(), ["live"]);
}

#[tokio::test]
async fn an_erased_guest_disappears_from_live_screens_and_open_orders_prevent_an_erasure() {
    let server = TestServer::start(&[]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let menu = Menu::read(&staff).await;
    let order = server.diner("3").await.place(&menu.basket()).await;
    let found = manager.get(&format!("/api/v1/restaurants/demo/guests?order={}", order["number"])).await.expect(200);
    assert_eq!(found["diner"], order["diner"]);
    let guest = format!("/api/v1/restaurants/demo/guests/{}", text(&order["diner"]));
    staff.get(&guest).await.problem(403, "forbidden");
    manager.delete(&guest).await.problem(409, "conflict");
    staff.command(&order["id"], "reject", json!({"reason": "other", "detail": "dear guest"})).await.expect(200);
    assert!(manager.get(&guest).await.expect(200).to_string().contains("dear guest"));
    let mut screen = staff.screen().await;
    screen.join(&format!("order:{}", text(&order["id"]))).await;
    assert_eq!(manager.delete(&guest).await.expect(200)["orders"], 1);
    let told = screen.until("the erasure", |frame| frame["type"] == "event").await.to_string();
    assert!(told.contains("\"diner\":null") && told.contains("\"detail\":null"), "{told}");
    manager.get(&format!("/api/v1/restaurants/demo/guests?order={}", order["number"])).await.problem(404, "not_found");
    let audit = manager.get("/api/v1/restaurants/demo/audit?kind=guests").await.text;
    assert!(audit.contains("erase_guest") && !audit.contains(text(&order["diner"])), "{audit}");
}

/// Returns the files of the database whose bytes contain these words, whether or not a row has them.
fn files_with(folder: &std::path::Path, words: &str) -> Vec<String> {
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with(DATABASE));
    let has = |path| std::fs::read(path).unwrap_or_default().windows(words.len()).any(|window| window == words.as_bytes());
    files.filter(|file| has(file.path())).map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn erased_words_are_in_no_file_while_the_node_runs() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let menu = Menu::read(&staff).await;
    let gone = async |words: &str| {
        let none = async || files_with(folder.path(), words).is_empty().then_some(());
        eventually("files without the words", PATIENCE, none).await;
    };
    let mut orders = Vec::new();
    for round in 0..8 {
        let mut basket = menu.banquet();
        basket["note"] = format!("ERASED-WORDS {round} {}", "x".repeat(150)).into();
        let order = server.diner("3").await.place(&basket).await;
        let words = json!({"reason": "other", "detail": "ERASED-WORDS of the staff"});
        staff.command(&order["id"], "reject", words).await.expect(200);
        orders.push(order);
    }
    assert!(!files_with(folder.path(), "ERASED-WORDS").is_empty(), "the control");
    for order in &orders {
        let erased = manager.delete(&format!("/api/v1/restaurants/demo/guests/{}", text(&order["diner"]))).await;
        assert!(erased.status < 300, "{}", erased.text);
    }
    gone("ERASED-WORDS").await;

    let order = closed(&server, &staff, &menu).await;
    assert!(!files_with(folder.path(), "allergic to nuts").is_empty(), "the control");
    server.tool(&["guest", "erase", "--restaurant", "demo", "--order", &order["number"].to_string()]).await;
    gone("allergic to nuts").await;
}

/// A guest may ask for a delivery, and staff add what the rider needs: it is the guest's too.
#[tokio::test]
async fn what_a_rider_needed_goes_with_the_guest_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let (staff, manager) = (server.staff().await, server.manager().await);
    let menu = Menu::read(&staff).await;
    let gone = async || {
        let none = async || files_with(folder.path(), "ERASED ROAD").is_empty().then_some(());
        eventually("files without the address", PATIENCE, none).await;
    };
    for by_guest in [true, false] {
        let order = server.diner("3").await.place(&json!({"service": "delivery", "items": [menu.line("Firni", 1)]})).await;
        let address = format!("/api/v1/orders/{}/delivery", text(&order["id"]));
        let rider = json!({"name": "Anwara", "phone": "1", "address": "ERASED ROAD 7"});
        assert_eq!(staff.put(&address, &rider).await.status, 204);
        assert!(!files_with(folder.path(), "ERASED ROAD").is_empty(), "the control");
        let stored = manager.get(&format!("/api/v1/restaurants/demo/guests/{}", text(&order["diner"]))).await.expect(200);
        assert_eq!(stored["deliveries"], json!([{"order": order["id"], "recipient": rider}]));
        staff.command(&order["id"], "reject", json!({"reason": "other"})).await.expect(200);
        if by_guest {
            manager.delete(&format!("/api/v1/restaurants/demo/guests/{}", text(&order["diner"]))).await.expect(200);
            staff.get(&address).await.problem(404, "not_found");
        } else {
            assert_eq!(staff.delete(&address).await.status, 204);
        }
        gone().await;
    }
}

#[tokio::test]
async fn an_erasure_and_a_purge_remove_words_from_a_log_that_was_set_aside() {
    for by_purge in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        template::copy(template::demo().await, folder.path());
        let database = folder.path().join(DATABASE);
        std::fs::copy(&database, database.with_extension("backup")).unwrap();
        let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
        let staff = server.staff().await;
        closed(&server, &staff, &Menu::read(&staff).await).await;
        // As `cp` does: the same file with other content.
        std::fs::write(&database, std::fs::read(database.with_extension("backup")).unwrap()).unwrap();
        server.exit().await;
        let set_aside = format!("{DATABASE}-wal.replaced");
        assert_eq!(
            files_with(folder.path(), "allergic to nuts"),
            [set_aside.as_str()],
            "the control: set aside, and in no other file"
        );

        server.restart().await;
        let staff = server.staff().await;
        let order = closed(&server, &staff, &Menu::read(&staff).await).await;
        if by_purge {
            purge_one(&server).await;
        } else {
            server.tool(&["guest", "erase", "--restaurant", "demo", "--order", &order["number"].to_string()]).await;
        }
        assert!(!folder.path().join(&set_aside).exists());
        // A purge leaves remembered answers, which expire by their own age.
        let none = async || (by_purge || files_with(folder.path(), "allergic to nuts").is_empty()).then_some(());
        eventually("files without the words", PATIENCE, none).await;
    }
}
