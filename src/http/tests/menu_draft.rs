use super::*;

const MAINS: &str = "00000000-0000-7000-8000-0000000000ca";
const DRINKS: &str = "00000000-0000-7000-8000-0000000000cb";
const LASSI: &str = "00000000-0000-7000-8000-00000000000b";

fn item(changes: Value) -> Value {
    let price = json!({"amount": 250, "currency": "BDT"});
    let mut item = json!({"name": "Lassi", "category": DRINKS, "price": price, "station": "bar", "sort": 1,
        "options": {"00000000-0000-7000-8000-0000000000d1": {"name": "salted", "price": {"amount": 0, "currency": "BDT"}}}});
    crate::domain::values::merge_patch::apply(&mut item, &changes);
    item
}

fn draft(items: Value) -> Value {
    json!({"categories": {MAINS: {"name": "Mains", "sort": 1}, DRINKS: {"name": "Drinks", "sort": 2}}, "items": items})
}

async fn replace(app: &TestApp, who: &Principal, body: Value) -> Answer {
    app.send(TestRequest::put().uri(&ladle("/menu")), who, body).await
}

async fn menu(app: &TestApp) -> Value {
    app.call(TestRequest::get().uri(&ladle("/menu"))).await.json()
}

#[actix_web::test]
async fn a_manager_replaces_the_menu_and_everybody_reads_it() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let changed = replace(&app, &manager, draft(json!({LASSI: item(json!({}))}))).await.json();
    assert_eq!((&changed["changed"], &changed["position"]), (&json!(true), &json!(1)));
    assert_eq!(changed["document"], menu(&app).await);
    let items = changed["document"]["items"].as_object().unwrap();
    assert_eq!((items.len(), &items[LASSI]["id"], &items[LASSI]["available"]), (1, &json!(LASSI), &json!(true)));
    let read_back = draft(changed["document"]["items"].clone());
    assert_eq!(replace(&app, &manager, read_back).await.json()["changed"], false, "a menu that was read can be sent back");
    app.send(place("ladle").insert_header(new_key()), &insider(Role::Diner), basket()).await.problem(422, "invalid");
    for role in [Role::Diner, Role::Kitchen, Role::Staff, Role::Service] {
        replace(&app, &insider(role), draft(json!({}))).await.problem(403, "forbidden");
    }
}

#[actix_web::test]
async fn a_sold_out_dish_stays_sold_out_unless_the_draft_changes_it() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let until = "2999-01-01T00:00:00.000Z";
    let path = ladle(&format!("/menu/items/{REZALA}/availability"));
    app.send(TestRequest::put().uri(&path), &insider(Role::Staff), json!({"available": false, "until": until})).await;
    let rezala = |changes: Value| draft(json!({REZALA: item(changes)}));
    let kept = replace(&app, &manager, rezala(json!({"name": "Beef rezala"}))).await.json();
    let dish = &kept["document"]["items"][REZALA];
    assert_eq!((&dish["available"], &dish["until"], &dish["station"]), (&json!(false), &json!(until), &json!("bar")));
    let said = replace(&app, &manager, rezala(json!({"available": true}))).await.json();
    assert_eq!(
        (&said["document"]["items"][REZALA]["available"], said["document"]["items"][REZALA].get("until")),
        (&json!(true), None)
    );
}

#[actix_web::test]
async fn a_contradictory_menu_is_invalid_and_the_error_names_the_place() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let many_options: serde_json::Map<_, _> = (0..21)
        .map(|n| (format!("00000000-0000-7000-8000-{n:012}"), json!({"name": "more", "price": {"amount": 0, "currency": "BDT"}})))
        .collect();
    for (changes, says) in [
        (json!({"category": "00000000-0000-7000-8000-0000000000cc"}), "category"),
        (json!({"price": {"currency": "EUR"}}), "BDT"),
        (json!({"price": {"amount": -1}}), "price"),
        (json!({"price": {"amount": 1_000_000_001}}), "1000000000"),
        (json!({"options": {"00000000-0000-7000-8000-0000000000d1": {"price": {"amount": -1}}}}), "price"),
        (json!({"options": many_options}), "20"),
        (json!({"id": REZALA}), "id"),
        (json!({"until": "2999-01-01T00:00:00.000Z"}), "until"),
        (json!({"available": false, "until": "2001-01-01T00:00:00.000Z"}), "future"),
        (json!({"photo": "http://insecure.example/a.jpg"}), "https://"),
        (json!({"photo": "javascript:alert(1)"}), "https://"),
        (json!({"photo": "//elsewhere.example/a.jpg"}), "https://"),
        (json!({"name": "x".repeat(81)}), "80"),
        (json!({"station": "Hot"}), "lower-case"),
        (json!({"colour": "red"}), "colour"),
    ] {
        let answer = replace(&app, &manager, draft(json!({LASSI: item(changes.clone())}))).await;
        assert!(answer.problem(422, "invalid").contains(says), "{changes}: {answer:?}");
    }
    let ids = |count: usize| (0..count).map(|n| format!("00000000-0000-7000-8000-{n:012}"));
    let items: serde_json::Map<_, _> = ids(2001).map(|id| (id, item(json!({"category": MAINS, "options": {}})))).collect();
    assert!(replace(&app, &manager, draft(items.into())).await.problem(422, "invalid").contains("2000"));
    let categories: serde_json::Map<_, _> = ids(101).map(|id| (id, json!({"name": "Mains", "sort": 1}))).collect();
    assert!(
        replace(&app, &manager, json!({"categories": categories, "items": {}})).await.problem(422, "invalid").contains("100")
    );
    assert_eq!(menu(&app).await["position"], 0, "no part of it was applied");
}

#[actix_web::test]
async fn a_whole_menu_fits_and_more_is_too_large() {
    let app = TestApp::open().await;
    let manager = insider(Role::Manager);
    let items: serde_json::Map<_, _> = (0..2000)
        .map(|n| (format!("00000000-0000-7000-8000-{n:012}"), item(json!({"options": {}, "description": "x".repeat(200)}))))
        .collect();
    assert_eq!(replace(&app, &manager, draft(items.into())).await.status, 200);
    let large = json!({"categories": {}, "items": {}, "x": "x".repeat(2 * 1024 * 1024)});
    replace(&app, &manager, large).await.problem(413, "too_large");
}
