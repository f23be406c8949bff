//! Limits on what a guest may order, on every transport, and who can still order when one is reached.

use serde_json::{Value, json};
use support::wait::{PATIENCE, eventually};
use support::{Client, Menu, TestServer, client::text, new_id, server::TALKATIVE};

/// Places `count` orders at once, each with its own id. Returns the statuses and the last refusal.
async fn flood(client: &Client, basket: &Value, count: usize) -> (Vec<u16>, Value) {
    let requests = (0..count).map(|_| tokio::spawn(Client::send(client.placing(&new_id(), basket))));
    let (mut statuses, mut refused) = (Vec::new(), Value::Null);
    for request in requests.collect::<Vec<_>>() {
        let answer = request.await.unwrap();
        statuses.push(answer.status);
        if answer.status != 201 {
            refused = answer.json();
        }
    }
    (statuses, refused)
}

fn taken(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status == 201).count()
}

/// Runs with the default limits on orders.
#[tokio::test]
async fn one_guest_cannot_place_hundreds_of_orders_and_nobody_else_is_affected() {
    let server = TestServer::start(&["--diner-commands-per-second", "1000"]).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    let (statuses, refused) = flood(&guest, &menu.noted("flood"), 300).await;
    assert!((120..180).contains(&taken(&statuses)), "{} taken", taken(&statuses));
    assert!(statuses.iter().all(|status| [201, 429].contains(status)), "{statuses:?}");
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("rate_limited"), &json!("orders_by_diner")), "{refused}");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{refused}");

    for other in [server.diner("8").await, server.staff().await, server.client(&["service"]).await] {
        other.place(&menu.noted("not limited")).await;
    }
    let mut phone = guest.screen().await;
    let mut refused = Value::Null;
    // While the loop runs, the limit refills by two orders a second.
    for _ in 0..20 {
        refused = phone.ask(json!({"type": "place", "order": menu.noted("by WebSocket")})).await;
        if refused["type"] != "ack" {
            break;
        }
    }
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("rate_limited"), &json!("orders_by_diner")), "{refused}");
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0), "{refused}");
    assert!(server.metric("orderbell_limit_hits_total{limit=\"orders_by_diner\"}").await > 100.0);

    let manager = server.client(&["manager"]).await;
    let told = eventually("the manager to be notified", PATIENCE, || async {
        let list = manager.get("/api/v1/restaurants/demo/limited").await.expect(200);
        list["limited"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["limit"] == "orders_by_diner" && entry["count"].as_u64() > Some(100))
            .cloned()
    });
    let entry = told.await;
    assert_eq!(entry["table"], "7");
    assert!(text(&entry["last_at"]) >= text(&entry["first_at"]), "{entry}");
    server.staff().await.get("/api/v1/restaurants/demo/limited").await.problem(403, "forbidden");
}

/// Six of the largest orders use up the lines that one phone may order in a minute.
#[tokio::test]
async fn one_guest_cannot_place_one_full_order_after_another() {
    let server = TestServer::start(&[]).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    let (statuses, refused) = flood(&guest, &menu.banquet(), 20).await;
    assert!((6..9).contains(&taken(&statuses)), "{statuses:?}");
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("rate_limited"), &json!("lines_by_diner")), "{refused}");
    for other in [server.diner("8").await, server.staff().await] {
        other.place(&menu.banquet()).await;
    }
    assert!(server.metric("orderbell_limit_hits_total{limit=\"lines_by_diner\"}").await > 10.0);
    let off = ["--diner-lines-per-minute", "100000", "--table-lines-per-minute", "100000"];
    let control = TestServer::start(&off).await;
    let guest = control.diner("7").await;
    let menu = Menu::read(&guest).await;
    assert_eq!(taken(&flood(&guest, &menu.banquet(), 20).await.0), 20, "the control");
}

#[tokio::test]
async fn without_the_limit_a_whole_flood_of_orders_is_accepted() {
    let off = ["--diner-orders-per-minute", "10000", "--table-orders-per-minute", "10000", "--diner-open-orders", "10000"];
    let rest = ["--table-open-orders", "10000", "--diner-commands-per-second", "10000"];
    let server = TestServer::start(&[&off[..], &rest].concat()).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    assert_eq!(taken(&flood(&guest, &menu.noted("flood"), 300).await.0), 300, "the control");
}

#[tokio::test]
async fn the_commands_of_a_guest_are_limited_on_every_transport() {
    let server = TestServer::start(&[&["--diner-commands-per-second", "1"][..], &TALKATIVE].concat()).await;
    let guest = server.diner("7").await;
    let mut phone = guest.screen().await;
    let call = json!({"type": "command", "action": "call_waiter", "reason": "water"});
    for _ in 0..5 {
        assert_eq!(phone.ask(call.clone()).await["type"], "ack", "within the burst");
    }
    let refused = phone.ask(call).await;
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("rate_limited"), &json!("commands_by_diner")));
    let again = json!({"id": new_id(), "action": "call_waiter", "reason": "bill"});
    let refused = guest.post("/api/v1/restaurants/demo/commands", &again).await.problem(429, "rate_limited");
    let wait = refused["retry_after_ms"].as_u64().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
    guest.post("/api/v1/restaurants/demo/commands", &again).await.expect(200);
    assert!(server.metric("orderbell_limit_hits_total{limit=\"commands_by_diner\"}").await >= 2.0);
}

#[tokio::test]
async fn an_answered_id_gets_its_answer_again_and_a_refusal_for_a_limit_is_not_remembered() {
    let server = TestServer::start(&["--diner-orders-per-minute", "2", "--diner-open-orders", "3"]).await;
    let guest = server.diner("7").await;
    let menu = Menu::read(&guest).await;
    let (first, basket) = (new_id(), menu.noted("one"));
    let placed = Client::send(guest.placing(&first, &basket)).await.expect(201);
    for _ in 0..5 {
        assert_eq!(Client::send(guest.placing(&first, &basket)).await.expect(201), placed, "a repeat is not counted");
    }
    guest.place(&menu.noted("two")).await;
    let refused = new_id();
    Client::send(guest.placing(&refused, &basket)).await.problem(429, "rate_limited");
    assert_eq!(Client::send(guest.placing(&first, &basket)).await.expect(201), placed, "answered while limited");
    let server = restarted(server).await; // rate limits are in memory: a restart resets them
    let guest = guest.at(&server.base);
    Client::send(guest.placing(&refused, &basket)).await.expect(201);
    let full = Client::send(guest.placing(&new_id(), &basket)).await.problem(429, "rate_limited");
    assert_eq!(full["reason"], "open_orders_by_diner");
}

async fn restarted(mut server: TestServer) -> TestServer {
    server.stop().await;
    server.restart().await;
    server
}

#[tokio::test]
async fn a_table_full_of_open_orders_does_not_block_other_tables_or_waiters() {
    let flags = ["--diner-open-orders", "2", "--table-open-orders", "3", "--restaurant-open-orders", "5"];
    let server = TestServer::start(&flags).await;
    let (one, two) = (server.diner("7").await, server.diner("7").await);
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let refused = |client: Client| {
        let basket = menu.noted("one too many");
        async move { text(&Client::send(client.placing(&new_id(), &basket)).await.problem(429, "rate_limited")["reason"]).to_owned() }
    };
    let first = one.place(&menu.noted("a")).await;
    one.place(&menu.noted("b")).await;
    assert_eq!(refused(one.clone()).await, "open_orders_by_diner");
    two.place(&menu.noted("c")).await;
    assert_eq!(refused(two.clone()).await, "open_orders_by_table");
    let other = server.diner("8").await;
    other.place(&menu.noted("d")).await;
    server.diner("9").await.place(&menu.noted("e")).await;
    assert_eq!(refused(server.diner("10").await).await, "open_orders_by_restaurant");
    for _ in 0..6 {
        staff.place(&menu.noted("staff still order")).await;
    }
    staff.command(&first["id"], "reject", json!({"reason": "too_busy"})).await.expect(200);
    one.place(&menu.noted("there is room again")).await;
    assert!(server.metric("orderbell_limit_hits_total{limit=\"open_orders_by_table\"}").await >= 1.0);
}

#[tokio::test]
async fn tables_at_their_limit_leave_room_for_other_tables() {
    let flags =
        ["--restaurant-orders-per-minute", "200", "--restaurant-open-orders", "400", "--diner-commands-per-second", "1000"];
    let server = TestServer::start(&flags).await;
    let menu = Menu::read(&server.staff().await).await;
    let mut last = Value::Null;
    for table in ["1", "2", "3"] {
        let (statuses, refused) = flood(&server.diner(table).await, &menu.noted("flood"), 80).await;
        assert!(taken(&statuses) > 0, "{table}");
        last = refused;
    }
    assert_eq!(last["reason"], "orders_by_restaurant", "the control: only the part reserved for other tables is left");
    for table in ["7", "8", "9", "10"] {
        server.diner(table).await.place(&menu.noted("honest")).await;
        server.diner(table).await.place(&menu.noted("honest")).await;
    }
}

#[tokio::test]
async fn the_size_of_an_order_is_limited() {
    let server = TestServer::start(&[]).await;
    let (guest, staff) = (server.diner("7").await, server.staff().await);
    let menu = Menu::read(&guest).await;
    let many = json!({"service": "dine_in", "items": vec![menu.line("Masala cha", 99); 100]});
    for who in [&guest, &staff] {
        let refused = Client::send(who.placing(&new_id(), &many)).await.problem(422, "invalid");
        assert_eq!(refused["reason"], "order_portions", "9,900 portions");
    }
    let banquet = json!({"service": "dine_in", "items": vec![menu.line("Masala cha", 99); 3]});
    Client::send(guest.placing(&new_id(), &banquet)).await.problem(422, "invalid");
    staff.place(&banquet).await;

    let mut line = menu.line("Kacchi biryani", 1);
    line["note"] = "𝄞".repeat(200).into();
    let large = json!({"service": "dine_in", "items": vec![line; 100]});
    let refused = Client::send(staff.placing(&new_id(), &large)).await.problem(413, "too_large");
    assert_eq!(refused["reason"], "order_bytes", "100 KB in notes");
    staff.place(&menu.banquet()).await;
    for limit in ["order_portions", "order_bytes"] {
        assert!(server.metric(&format!("orderbell_limit_hits_total{{limit=\"{limit}\"}}")).await >= 1.0, "{limit}");
    }
}
