//! An HTTP client of one principal.

use super::screen::Screen;
use super::wait::soon;
use super::{contract, new_id};
use reqwest::Method;
use serde_json::{Value, json};

/// A client of a server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    pub base: String,
    /// The access token. Empty for an anonymous client.
    pub token: String,
}

/// An HTTP response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {:?}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts the status, and returns the body.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// Asserts that this is a problem of RFC 9457 with the contract's code, and returns its body.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(status.into()), Some(code)), "{body}");
        for member in ["type", "title", "detail"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {body}");
        }
        body
    }
}

impl Client {
    pub fn new(base: &str, token: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, base: base.into(), token: token.into() }
    }

    /// Returns a client of the same principal at another address, such as that of a restarted server.
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.into(), ..self.clone() }
    }

    /// Begins a request.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// Sends a request, and checks the answer against the OpenAPI document. Returns an error when no complete answer came.
    pub async fn attempt(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let (http, request) = request.build_split();
        let request = request?;
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, text: response.text().await? };
        contract::check_answer(method.as_str(), &path, &answer);
        Ok(answer)
    }

    pub async fn send(request: reqwest::RequestBuilder) -> Answer {
        soon("an answer", Self::attempt(request)).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        Self::send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Self::send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Self::send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Self::send(self.request(Method::DELETE, path)).await
    }

    /// Returns the request that places a basket under an id.
    pub fn placing(&self, id: &str, basket: &Value) -> reqwest::RequestBuilder {
        self.request(Method::POST, "/api/v1/restaurants/demo/orders").header("Idempotency-Key", id).json(basket)
    }

    /// Places a basket, and returns the document.
    pub async fn place(&self, basket: &Value) -> Value {
        Self::send(self.placing(&new_id(), basket)).await.expect(201)
    }

    /// Sends a command about an order, with further fields.
    pub async fn command(&self, order: &Value, action: &str, fields: Value) -> Answer {
        let mut body = json!({"id": new_id(), "action": action});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.post(&format!("/api/v1/orders/{}/commands", text(order)), &body).await
    }

    /// Sends a command without further fields that must be acknowledged, and returns the ack.
    pub async fn act(&self, order: &Value, action: &str) -> Value {
        self.command(order, action, json!({})).await.expect(200)
    }

    /// Returns the document of an order.
    pub async fn order(&self, id: &Value) -> Value {
        self.get(&format!("/api/v1/orders/{}", text(id))).await.expect(200)
    }

    /// Opens a WebSocket of this principal.
    pub async fn screen(&self) -> Screen {
        Screen::open(self).await
    }
}

/// Returns the text in a JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not text"))
}
