use super::*;

fn commands(order: &Value) -> TestRequest {
    TestRequest::post().uri(&format!("/api/v1/orders/{}/commands", order["id"].as_str().unwrap()))
}

fn merged(mut base: Value, changes: Value) -> Value {
    crate::domain::values::merge_patch::apply(&mut base, &changes);
    base
}

#[actix_web::test]
async fn an_order_is_placed_once_for_each_key() {
    let app = TestApp::open().await;
    let diner = insider(Role::Diner);
    let key = new_key();
    let send = |body: Value| app.send(place("ladle").insert_header(key.clone()), &diner, body);
    let first = send(basket()).await;
    assert_eq!(first.status, 201, "{first:?}");
    let order = first.json();
    assert_eq!(first.header("location"), format!("/api/v1/orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(
        (&order["status"], &order["total"]["amount"], &order["diner"]),
        (&json!("placed"), &json!(1800), &json!("some-diner"))
    );
    assert_eq!(send(basket()).await.json(), order);
    send(merged(basket(), json!({"note": "another basket"}))).await.problem(409, "conflict");
    assert_ne!(app.place(&diner).await["id"], order["id"]);
}

#[actix_web::test]
async fn a_takeaway_needs_a_name_where_the_manager_says_so() {
    let app = TestApp::open().await;
    let set = async |role: Role, required: bool| {
        let names = TestRequest::put().uri(&ladle("/menu/names"));
        app.send(names, &insider(role), json!({ "required": required })).await
    };
    let order = async |changes: Value| {
        app.send(place("ladle").insert_header(new_key()), &insider(Role::Diner), merged(basket(), changes)).await
    };
    let nameless = json!({"service": "takeaway"});
    for role in [Role::Diner, Role::Kitchen, Role::Staff, Role::Service] {
        set(role, true).await.problem(403, "forbidden");
    }
    let changed = set(Role::Manager, true).await.json();
    assert_eq!((&changed["changed"], &changed["document"]["names_required"]), (&json!(true), &json!(true)));
    assert_eq!(set(Role::Manager, true).await.json()["changed"], false);
    assert!(order(nameless.clone()).await.problem(422, "invalid").starts_with("guest_name: "));
    assert_eq!(order(merged(nameless.clone(), json!({"guest_name": "Anna"}))).await.status, 201);
    assert_eq!(order(json!({})).await.status, 201, "nobody is called out at a table");
    assert_eq!(set(Role::Manager, false).await.json()["document"].get("names_required"), None);
    assert_eq!(order(nameless).await.status, 201);
}

#[actix_web::test]
async fn a_contradictory_basket_is_invalid() {
    let app = TestApp::open().await;
    let diner = insider(Role::Diner);
    let line =
        |changes: Value| json!({"service": "dine_in", "items": [merged(json!({"menu_item": REZALA, "quantity": 1}), changes)]});
    let wrong = [
        line(json!({"quantity": 0})),
        line(json!({"quantity": 100})),
        line(json!({"quantity": "two"})),
        line(json!({"menu_item": "00000000-0000-7000-8000-0000000000ff"})),
        line(json!({"menu_item": "rezala"})),
        line(json!({"price": 1})),
        line(json!({"options": ["extra gold"]})),
        line(json!({"note": "x".repeat(201)})),
        merged(basket(), json!({"items": []})),
        merged(basket(), json!({"service": "by_drone"})),
        merged(basket(), json!({"table": "7"})),
        merged(basket(), json!({"external_id": "a-1"})),
        json!({}),
    ];
    for body in wrong {
        app.send(place("ladle").insert_header(new_key()), &diner, body).await.problem(422, "invalid");
    }
    for key in ["", "42", "0193A5F0-7C1E-7000-8000-00000000002A"] {
        let request = place("ladle").insert_header(("idempotency-key", key));
        assert!(app.send(request, &diner, basket()).await.problem(422, "invalid").contains("Idempotency-Key"));
    }
    app.send(place("ladle"), &diner, basket()).await.problem(422, "invalid");
    app.send(place("ladle").insert_header(new_key()), &insider(Role::Kitchen), basket()).await.problem(403, "forbidden");
}

#[actix_web::test]
async fn an_order_is_read_only_by_its_guest_and_the_restaurant() {
    let app = TestApp::open().await;
    let order = app.place(&insider(Role::Diner)).await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    for role in Role::ALL {
        assert_eq!(app.get(&path, &insider(role)).await.json(), order, "{role}");
    }
    let stranger = Principal { sub: "another".parse().unwrap(), ..insider(Role::Diner) };
    app.get(&path, &stranger).await.problem(404, "not_found");
    for id in ["00000000-0000-7000-8000-0000000000ff", "42"] {
        app.get(&format!("/api/v1/orders/{id}"), &insider(Role::Staff)).await.problem(404, "not_found");
    }
}

#[actix_web::test]
async fn a_command_is_acknowledged_once_and_refused_with_the_codes_of_the_contract() {
    let app = TestApp::open().await;
    let staff = insider(Role::Staff);
    let order = app.place(&insider(Role::Diner)).await;
    let accept = merged(command("accept"), json!({"minutes": 15, "expected_position": order["position"]}));
    let ack = app.send(commands(&order), &staff, accept.clone()).await;
    assert_eq!(ack.status, 200, "{ack:?}");
    let ack = ack.json();
    assert_eq!((&ack["type"], &ack["id"], &ack["changed"]), (&json!("ack"), &accept["id"], &json!(true)));
    assert_eq!((&ack["document"]["status"], &ack["position"]), (&json!("accepted"), &ack["document"]["position"]));
    assert_eq!(app.send(commands(&order), &staff, accept.clone()).await.json(), ack);
    app.send(commands(&order), &staff, merged(accept, json!({"minutes": 16}))).await.problem(409, "conflict");
    assert_eq!(app.send(commands(&order), &staff, command("accept")).await.json()["changed"], false);
    let late =
        app.send(commands(&order), &staff, merged(command("ready"), json!({"expected_position": order["position"]}))).await;
    late.problem(409, "stale");
    assert_eq!(late.json()["document"], ack["document"]);
    app.send(commands(&order), &staff, command("serve")).await.problem(409, "invalid_transition");
    app.send(commands(&order), &insider(Role::Kitchen), command("serve")).await.problem(403, "forbidden");
    app.send(commands(&order), &staff, command("explode")).await.problem(422, "invalid");
    app.send(commands(&order), &staff, merged(command("ready"), json!({"id": null}))).await.problem(422, "invalid");
    let other = "00000000-0000-7000-8000-0000000000ff";
    app.send(commands(&order), &staff, merged(command("ready"), json!({"order": other}))).await.problem(422, "invalid");
    app.send(commands(&json!({"id": other})), &staff, command("ready")).await.problem(404, "not_found");
}

#[actix_web::test]
async fn a_guest_calls_and_staff_answer() {
    let app = TestApp::open().await;
    let uri = "/api/v1/restaurants/ladle/commands";
    let at_table = Principal { table: Some("7".parse().unwrap()), ..insider(Role::Diner) };
    let call = merged(command("call_waiter"), json!({"reason": "water"}));
    let raised = app.send(TestRequest::post().uri(uri), &at_table, call).await.json();
    assert_eq!((&raised["document"]["table"], &raised["document"]["reason"]), (&json!("7"), &json!("water")));
    let answer = merged(command("answer_call"), json!({"call": raised["document"]["id"]}));
    let answered = app.send(TestRequest::post().uri(uri), &insider(Role::Staff), answer).await;
    assert_eq!(answered.json()["changed"], true, "{answered:?}");
    let order = app.place(&at_table).await;
    let misplaced = merged(command("ready"), json!({"order": order["id"]}));
    app.send(TestRequest::post().uri(uri), &insider(Role::Staff), misplaced).await.problem(422, "invalid");
}

#[actix_web::test]
async fn the_pages_of_a_list_neither_overlap_nor_leave_gaps() {
    let app = TestApp::open().await;
    let staff = insider(Role::Staff);
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(app.place(&insider(Role::Diner)).await["id"].clone());
    }
    app.send(commands(&json!({"id": placed[1]})), &staff, merged(command("reject"), json!({"reason": "too_busy"}))).await;
    let list = |query: String| {
        let (app, staff) = (&app, &staff);
        async move { app.get(&format!("/api/v1/restaurants/ladle/orders{query}"), staff).await }
    };
    let ids = |page: &Value| page["orders"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect::<Vec<_>>();
    let open = list(String::new()).await.json();
    assert_eq!(
        (ids(&open), open.get("next")),
        (vec![placed[0].clone(), placed[2].clone(), placed[3].clone(), placed[4].clone()], None)
    );
    assert_eq!(ids(&list("?status=closed".into()).await.json()), [placed[1].clone()]);
    assert_eq!(ids(&list("?status=rejected".into()).await.json()), [placed[1].clone()]);
    let (mut seen, mut query) = (Vec::new(), "?status=all&limit=2".to_owned());
    loop {
        let page = list(query).await.json();
        seen.extend(ids(&page));
        let Some(next) = page.get("next").and_then(Value::as_str) else { break };
        query = format!("?status=all&limit=2&after={next}");
    }
    assert_eq!(seen, placed);
    for wrong in ["?status=eaten", "?limit=0", "?limit=101", "?limit=many", "?after=42", "?colour=red"] {
        list(wrong.into()).await.problem(422, "invalid");
    }
    app.get("/api/v1/restaurants/ladle/orders", &insider(Role::Diner)).await.problem(403, "forbidden");
}

#[actix_web::test]
async fn staff_mark_dishes_as_sold_out_and_pause_orders() {
    let app = TestApp::open().await;
    let staff = insider(Role::Staff);
    let availability = |item: &str| TestRequest::put().uri(&format!("/api/v1/restaurants/ladle/menu/items/{item}/availability"));
    let pause = || TestRequest::put().uri("/api/v1/restaurants/ladle/pause");
    let until = "2999-01-01T00:00:00.000Z";
    let sold_out = app.send(availability(REZALA), &staff, json!({"available": false, "until": until})).await.json();
    assert_eq!(sold_out["changed"], true);
    assert_eq!(
        (&sold_out["document"]["items"][REZALA]["available"], &sold_out["document"]["items"][REZALA]["until"]),
        (&json!(false), &json!(until))
    );
    let menu = app.call(TestRequest::get().uri("/api/v1/restaurants/ladle/menu")).await.json();
    assert_eq!(menu, sold_out["document"]);
    app.send(place("ladle").insert_header(new_key()), &insider(Role::Diner), basket()).await.problem(422, "invalid");
    app.send(availability(REZALA), &staff, json!({"available": true})).await;
    assert_eq!(app.send(pause(), &staff, json!({"paused": true})).await.json()["changed"], true);
    let profile = app.call(TestRequest::get().uri("/api/v1/restaurants/ladle")).await.json();
    assert_eq!((&profile["paused"], &profile["stations"], &profile["slug"]), (&json!(true), &json!(["hot"]), &json!("ladle")));
    app.send(place("ladle").insert_header(new_key()), &insider(Role::Diner), basket()).await.problem(409, "paused");
    app.send(pause(), &staff, json!({"paused": false})).await;
    app.place(&insider(Role::Diner)).await;
    app.send(pause(), &staff, json!({"paused": true, "until": "2001-01-01T00:00:00Z"})).await.problem(422, "invalid");
    app.send(pause(), &staff, json!({"paused": true, "until": "soon"})).await.problem(422, "invalid");
    app.send(availability("00000000-0000-7000-8000-0000000000ff"), &staff, json!({"available": false}))
        .await
        .problem(404, "not_found");
    for role in [Role::Diner, Role::Kitchen] {
        app.send(pause(), &insider(role), json!({"paused": true})).await.problem(403, "forbidden");
    }
}
