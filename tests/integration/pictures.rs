//! Pictures of dishes over HTTP: uploaded by a manager, loaded by everybody.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Cursor;
use std::time::{Duration, Instant};
use support::client::{Answer, text};
use support::{Client, Menu, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const BASE: &str = "/api/v1/restaurants/demo";

/// Returns a photograph of a size, encoded in a format.
pub fn photo(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut file, format).unwrap();
    file.into_inner()
}

async fn upload(client: &Client, body: Vec<u8>) -> Answer {
    Client::send(client.request(Method::POST, &format!("{BASE}/pictures")).header("content-type", "image/png").body(body)).await
}

/// Returns the body of an edit that sets or removes the picture of a dish.
async fn with_picture(manager: &Client, dish: &str, picture: Value) -> Value {
    let menu = manager.get(&format!("{BASE}/menu")).await.expect(200);
    let mut items = menu["items"].clone();
    items[dish]["picture"] = picture;
    let mut categories = menu["categories"].clone();
    categories.as_object_mut().unwrap().values_mut().for_each(|category| {
        category.as_object_mut().unwrap().remove("opening");
    });
    json!({"categories": categories, "items": items})
}

#[tokio::test]
async fn an_uploaded_picture_can_be_put_on_a_dish_and_loaded_by_everybody() {
    let server = TestServer::start(&[]).await;
    let (manager, staff, anybody) = (server.manager().await, server.staff().await, server.anybody());
    let menu = Menu::read(&manager).await;
    let dish = text(&menu.dish("Firni")["id"]).to_owned();
    let picture = upload(&manager, photo(1200, 800, ImageFormat::Jpeg)).await.expect(201);
    assert_eq!((&picture["width"], &picture["height"]), (&json!(960), &json!(640)));
    let again = upload(&manager, photo(1200, 800, ImageFormat::Jpeg)).await.expect(201);
    assert_eq!(picture, again);

    let mut named = picture.clone();
    named["alt"] = "A bowl of firni".into();
    manager.put(&format!("{BASE}/menu"), &with_picture(&manager, &dish, named.clone()).await).await.expect(200);
    let read = anybody.get(&format!("{BASE}/menu")).await.expect(200);
    assert_eq!(read["items"][&dish]["picture"], named);
    for width in [160, 480, 960] {
        for base in [BASE, &format!("/api/v1/restaurants/{}", text(&read["restaurant"]))] {
            let address = format!("{base}/pictures/{}/{width}", text(&picture["id"]));
            let file = anybody.get(&address).await;
            assert_eq!((file.status, file.header("content-type")), (200, "image/jpeg"));
            assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(file.header("x-content-type-options"), "nosniff");
            assert!(file.header("content-security-policy").contains("default-src 'none'"));
            let known = anybody.request(Method::GET, &address).header("if-none-match", file.header("etag"));
            assert_eq!(Client::send(known).await.status, 304);
        }
    }
    anybody.get(&format!("{BASE}/pictures/{}/481", text(&picture["id"]))).await.problem(404, "not_found");
    anybody.get(&format!("{BASE}/pictures/{}/160", support::new_id())).await.problem(404, "not_found");

    // An edit without a picture, as by a client that does not know pictures, keeps the dish's picture. Null removes it.
    let mut unaware = with_picture(&manager, &dish, json!(0)).await;
    unaware["items"][&dish].as_object_mut().unwrap().remove("picture");
    let kept = manager.put(&format!("{BASE}/menu"), &unaware).await.expect(200);
    assert_eq!(kept["document"]["items"][&dish]["picture"], named);
    let other = json!({"id": support::new_id(), "width": 960, "height": 640});
    let refused = manager.put(&format!("{BASE}/menu"), &with_picture(&manager, &dish, other).await).await.problem(422, "invalid");
    assert!(text(&refused["detail"]).contains("Firni"), "{refused}");
    let without = manager.put(&format!("{BASE}/menu"), &with_picture(&manager, &dish, Value::Null).await).await.expect(200);
    assert_eq!(without["document"]["items"][&dish]["picture"], Value::Null);

    upload(&staff, photo(100, 100, ImageFormat::Png)).await.problem(403, "forbidden");
    upload(&anybody, photo(100, 100, ImageFormat::Png)).await.problem(401, "unauthorized");
    upload(&manager, b"<svg/>".to_vec()).await.problem(422, "invalid");
    upload(&manager, vec![0; 8 * 1024 * 1024 + 1]).await.problem(413, "too_large");
    let audit = manager.get(&format!("{BASE}/audit?kind=menu")).await.expect(200);
    assert!(audit["audit"].as_array().unwrap().iter().any(|entry| entry["action"] == "add_picture"), "{audit}");
}

#[tokio::test]
async fn stalled_uploads_do_not_delay_commands_and_are_limited_in_number() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let menu = Menu::read(&manager).await;
    let mut stalled = Vec::new();
    let address = server.base.trim_start_matches("http://").to_owned();
    for _ in 0..8 {
        let mut socket = TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST {BASE}/pictures HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-length: 5000000\r\n\r\nsome",
            manager.token
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        stalled.push(socket);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let order = staff.place(&menu.basket()).await;
    staff.act(&order["id"], "accept").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "commands do not wait");
    let busy = upload(&manager, photo(100, 100, ImageFormat::Png)).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, "2"), "{}", busy.text);
    drop(stalled.split_off(4));
    let mut answer = upload(&manager, photo(100, 100, ImageFormat::Png)).await;
    for _ in 0..50 {
        if answer.status == 201 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = upload(&manager, photo(100, 100, ImageFormat::Png)).await;
    }
    answer.expect(201);
    let mut byte = [0];
    let waits = tokio::time::timeout(Duration::from_millis(50), stalled[0].read(&mut byte)).await;
    assert!(waits.is_err(), "the server still waits for the other uploads");
}

#[tokio::test]
async fn two_dishes_cannot_have_the_same_sku() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let menu = Menu::read(&manager).await;
    let (one, other) = (text(&menu.dish("Firni")["id"]).to_owned(), text(&menu.dish("Beef rezala")["id"]).to_owned());
    let mut body = with_picture(&manager, &one, Value::Null).await;
    body["items"][&one]["sku"] = "A-1".into();
    let saved = manager.put(&format!("{BASE}/menu"), &body).await.expect(200);
    assert_eq!(saved["document"]["items"][&one]["sku"], "A-1");
    body["items"][&other]["sku"] = "A-1".into();
    manager.put(&format!("{BASE}/menu"), &body).await.problem(422, "invalid");
    body["items"][&one].as_object_mut().unwrap().remove("sku");
    manager.put(&format!("{BASE}/menu"), &body).await.problem(422, "invalid");
    body["items"][&one]["sku"] = Value::Null;
    let saved = manager.put(&format!("{BASE}/menu"), &body).await.expect(200);
    assert_eq!(
        (&saved["document"]["items"][&one]["sku"], &saved["document"]["items"][&other]["sku"]),
        (&Value::Null, &json!("A-1"))
    );
}
