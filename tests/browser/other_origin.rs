//! A page of another origin in a real browser: it makes calls if the server allows its origin, and otherwise none.

use crate::driver::Form;
use crate::restaurant::TestRestaurant;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Signs in, places an order and reads headers of the answer. Returns the error where the browser refuses.
const ORDERS: &str = "const [server, done] = arguments;
    const call = (path, body, headers = {}) => fetch(`${server}/api/v1${path}`, {
      method: body ? 'POST' : 'GET', headers: { 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body),
    });
    (async () => {
      const { access_token } = await (await call('/diner-sessions', { table_key: 'demo-table-4' })).json();
      const { items } = await (await call('/restaurants/demo/menu')).json();
      const [dish] = Object.values(items).filter(({ name }) => name === 'Borhani');
      const headers = { Authorization: `Bearer ${access_token}`, 'Idempotency-Key': crypto.randomUUID() };
      const placed = await call('/restaurants/demo/orders', { service: 'dine_in', items: [{ menu_item: dish.id, quantity: 1 }] }, headers);
      const wrong = await call('/restaurants/demo/orders', { colour: 'red' }, headers);
      return [placed.status, placed.headers.has('location'), wrong.headers.has('x-request-id'), (await wrong.json()).code];
    })().then(done, (error) => done(error.name));";

/// Serves an empty page, and returns its origin.
async fn other_pages() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let page =
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<!doctype html>";
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(page.as_bytes()).await;
            });
        }
    });
    origin
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_orders_and_a_page_of_another_one_does_not() {
    let (allowed, other) = (other_pages().await, other_pages().await);
    let restaurant = TestRestaurant::open(1, &["--allowed-origin", &allowed]).await;
    let page = restaurant.browser("page", Form::Wall).await;
    for (origin, expected) in [(&allowed, json!([201, true, true, "invalid"])), (&other, json!("TypeError"))] {
        page.client.goto(origin).await.unwrap();
        let server: Value = format!("http://{}", page.network.address()).into();
        assert_eq!(page.client.execute_async(ORDERS, vec![server]).await.unwrap(), expected, "{origin}");
    }
}
