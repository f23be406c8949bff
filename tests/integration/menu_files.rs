//! The menu as a file over HTTP: exported, previewed, imported.

use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, TestServer};

const BASE: &str = "/api/v1/restaurants/demo";

async fn send(client: &Client, path: &str, kind: &str, file: &str, version: Option<&str>) -> Answer {
    let mut request =
        client.request(Method::POST, &format!("{BASE}/menu/{path}")).header("content-type", kind).body(file.to_owned());
    if let Some(version) = version {
        request = request.header("if-match", format!("\"{version}\""));
    }
    Client::send(request).await
}

#[tokio::test]
async fn importing_an_export_changes_nothing() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let before = manager.get(&format!("{BASE}/menu")).await.expect(200);
    for (format, kind) in [("csv", "text/csv; charset=utf-8"), ("json", "application/json")] {
        let address = format!("{BASE}/menu/export?format={format}");
        let export = manager.get(&address).await;
        assert_eq!((export.status, export.header("content-type")), (200, kind));
        assert_eq!(export.header("content-disposition"), format!("attachment; filename=\"menu.{format}\""));
        for missing in ["keep", "remove"] {
            let preview = send(&manager, &format!("preview?missing={missing}"), kind, &export.text, None).await.expect(200);
            let same =
                json!({"added": [], "changed": [], "removed": [], "unchanged": before["items"].as_object().unwrap().len()});
            assert_eq!((&preview["items"], &preview["errors"]), (&same, &json!([])), "{format}");
            let imported = send(&manager, &format!("import?missing={missing}"), kind, &export.text, None).await.expect(200);
            assert_eq!((&imported["changed"], &imported["document"]), (&json!(false), &before));
        }
        staff.get(&address).await.problem(403, "forbidden");
        send(&staff, "import", kind, &export.text, None).await.problem(403, "forbidden");
        send(&staff, "preview", kind, &export.text, None).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_file_is_previewed_and_two_managers_do_not_overwrite_each_other() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let file = "name;category;price;station;sku\nRice;Sides;1,50;hot;R-1\n";
    let preview = send(&manager, "preview", "text/csv", file, None).await.expect(200);
    assert_eq!(
        (&preview["items"]["added"][0]["name"], &preview["categories"]["added"][0]["name"]),
        (&json!("Rice"), &json!("Sides"))
    );
    assert_eq!(preview["items"]["removed"], json!([]));
    let removing = send(&manager, "preview?missing=remove", "text/csv", file, None).await.expect(200);
    assert!(!removing["items"]["removed"].as_array().unwrap().is_empty());

    // Somebody marks a dish as sold out meanwhile.
    let menu = support::Menu::read(&manager).await;
    let dish = text(&menu.dish("Firni")["id"]).to_owned();
    manager.put(&format!("{BASE}/menu/items/{dish}/availability"), &json!({"available": false})).await.expect(200);
    let stale = send(&manager, "import", "text/csv", file, Some(text(&preview["version"]))).await;
    assert_eq!((stale.status, stale.json()["code"].clone()), (412, json!("stale")));
    let preview = send(&manager, "preview", "text/csv", file, None).await.expect(200);
    let imported = send(&manager, "import", "text/csv", file, Some(text(&preview["version"]))).await.expect(200);
    let items = imported["document"]["items"].as_object().unwrap();
    let rice = items.values().find(|item| item["name"] == "Rice").unwrap();
    assert_eq!((&rice["price"]["amount"], &rice["sku"]), (&json!(150), &json!("R-1")));
    assert_eq!(items[&dish]["available"], false, "a sold-out dish stays sold out");
    let again = send(&manager, "import", "text/csv", "sku,name,category,price\nR-1,Plain rice,Sides,2\n", None).await.expect(200);
    assert_eq!(again["document"]["items"][text(&rice["id"])]["name"], "Plain rice");
}

#[tokio::test]
async fn a_file_with_errors_is_refused_with_each_error_and_changes_nothing() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let before = manager.get(&format!("{BASE}/menu")).await.expect(200);
    let wrong = "name,category,price,station\nRice,Sides,free,hot\n,Sides,1,hot\n";
    let preview = send(&manager, "preview", "text/csv", wrong, None).await.expect(200);
    let places: Vec<_> =
        preview["errors"].as_array().unwrap().iter().map(|error| (error["line"].clone(), error["column"].clone())).collect();
    assert_eq!(places, [(json!(2), json!("price")), (json!(3), json!("name"))]);
    let refused = send(&manager, "import", "text/csv", wrong, None).await.problem(422, "invalid");
    assert!(text(&refused["detail"]).starts_with("line 2, price: "), "{refused}");
    let other = json!({"categories": {}, "items": {support::new_id(): {"name": "x"}}}).to_string();
    let preview = send(&manager, "preview", "application/json", &other, None).await.expect(200);
    assert_eq!(preview["errors"].as_array().unwrap().len(), 1);
    send(&manager, "import", "application/json", &other, None).await.problem(422, "invalid");
    send(&manager, "import", "text/plain", wrong, None).await.problem(415, "bad_frame");
    send(&manager, "import?missing=all", "text/csv", wrong, None).await.problem(422, "invalid");
    let latin = manager
        .request(Method::POST, &format!("{BASE}/menu/import"))
        .header("content-type", "text/csv")
        .body(b"name\nCaf\xe9\n".to_vec());
    Client::send(latin).await.problem(422, "invalid");
    let large = "name\n".to_owned() + &"x\n".repeat(1024 * 1024);
    send(&manager, "import", "text/csv", &large, None).await.problem(413, "too_large");
    let after: Value = manager.get(&format!("{BASE}/menu")).await.expect(200);
    assert_eq!(after, before);
}
