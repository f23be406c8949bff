//! The HTTP interface on a real store, without a socket.

mod account;
mod audit;
mod document;
mod managing;
mod menu_draft;
mod orders;
mod pages;
mod problems;
mod proof;
mod rooms;
mod sessions;
mod specs;
mod versions;
mod visits;

use super::public_url::PublicUrl;
use super::rate_limit::gate::Rate;
use super::rate_limit::{Limits, Rates};
use super::state::State;
use crate::auth::ended::EndedSessions;
use crate::auth::keyring::Keyring;
use crate::auth::management::Management;
use crate::auth::password::Passwords;
use crate::auth::session::{Lifetimes, Sessions};
use crate::auth::tests::fixtures::{self, LADLE, REZALA};
use crate::auth::token::{Issuer, Verifier};
use crate::clock;
use crate::commands::{CommandRates, Commands};
use crate::connection::{self, ConnectionRegistry, Node, NodeRole, Proxies};
use crate::domain::model::principal::{Principal, Role};
use crate::domain::values::ids::RestaurantId;
use crate::feed::FeedRegistry;
use crate::http::state::UPLOADS;
use crate::outbound::client::Client;
use crate::outbound::hosts::Hosts;
use crate::outbound::targets::Targets;
use crate::pictures::Workshop;
use crate::screens::reporter::{Displays, Spans};
use crate::store::SharedStore;
use crate::store::nodes::LevelInForce;
use crate::telemetry::Metrics;
use crate::telemetry::webhooks::WebhookMetrics;
use crate::webhooks::sender::Sender;
use actix_web::http::StatusCode;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web;
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// Returns a sender of webhooks without internal hosts.
fn sender(store: SharedStore) -> Arc<Sender> {
    let client = Client::new(Targets::Public { internal: Hosts::new(Vec::new()) }).unwrap();
    Arc::new(Sender::new(client, store, WebhookMetrics::default()))
}

struct TestApp {
    state: State,
    issuer: Issuer,
    _folder: TempDir,
}

/// A response with its whole body.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestApp {
    async fn open() -> Self {
        let (store, folder) = fixtures::open_store().await;
        let metrics = Metrics::new();
        let keyring = Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap();
        let (issuer, tokens) = (Issuer::of(&keyring).unwrap(), Verifier::of(&keyring));
        let ended: Arc<EndedSessions> = Arc::default();
        ended.refresh_from(store.as_ref(), clock::now()).await.unwrap();
        let feeds = FeedRegistry::new(store.clone(), metrics.clone());
        let commands = Commands::new(feeds.clone(), CommandRates::default());
        let node = Node {
            store: store.clone(),
            feeds,
            commands,
            tokens,
            ended: ended.clone(),
            connections: ConnectionRegistry::default(),
            screens: Displays::new(store.node(), Spans::default()),
            limits: connection::Limits::default(),
            origins: Vec::new(),
            proxies: Arc::new(Proxies::none(metrics.clone())),
            keep_addresses: true,
            metrics: metrics.clone(),
            version: crate::http::version(),
            level: LevelInForce::default(),
            is_public_over_tls: false,
            role: NodeRole::All,
        };
        let state = State {
            workshop: Workshop::start().unwrap(),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            menus: Arc::default(),
            management: Management::new(store.clone(), ended.clone(), Passwords::default()),
            sessions: Some(Sessions::new(store.clone(), issuer.clone(), ended, Lifetimes::default())),
            node: Arc::new(node),
            limits: Arc::new(Limits::new(Rates { logins: Rate::new(3, 1), ..Rates::default() }, metrics)),
            body_bytes: 16 * 1024,
            base: PublicUrl::new(None, Arc::new(Proxies::none(Metrics::new()))),
            demo: None,
            push: None,
            webhooks: sender(store),
            pings: Arc::new(Semaphore::new(1)),
            redis: Arc::default(),
            has_metrics_address: false,
        };
        Self { state, issuer, _folder: folder }
    }

    async fn call(&self, request: TestRequest) -> Answer {
        let service = init_service(super::app(web::Data::new(self.state.clone()))).await;
        let mut request = request.to_request();
        if !request.headers_mut().contains_key(HOST) {
            request.headers_mut().insert(HOST, HeaderValue::from_static("localhost:8080"));
        }
        let response = call_service(&service, request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: read_body(response).await }
    }

    /// Sends a body as a principal.
    async fn send(&self, request: TestRequest, who: &Principal, body: Value) -> Answer {
        self.call(request.insert_header(self.bearer(who)).set_json(body)).await
    }

    async fn get(&self, path: &str, who: &Principal) -> Answer {
        self.call(TestRequest::get().uri(path).insert_header(self.bearer(who))).await
    }

    async fn delete(&self, path: &str, who: &Principal) -> Answer {
        self.call(TestRequest::delete().uri(path).insert_header(self.bearer(who))).await
    }

    fn bearer(&self, who: &Principal) -> (&'static str, String) {
        let token = self.issuer.issue(who, Duration::from_secs(60), clock::now()).unwrap();
        ("authorization", format!("Bearer {}", token.expose_secret()))
    }

    /// Places an order and returns its document.
    async fn place(&self, who: &Principal) -> Value {
        let answer = self.send(place("ladle").insert_header(new_key()), who, basket()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that the answer is a problem in the contract's form, and returns its detail.
    fn problem(&self, status: u16, code: &str) -> String {
        let body = self.json();
        assert_eq!((self.status.as_u16(), &body["code"]), (status, &json!(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!((&body["status"], &body["type"]), (&json!(status), &json!(format!("/problems/{code}"))));
        assert!(body["title"].is_string());
        body["detail"].as_str().unwrap().to_owned()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

fn insider(role: Role) -> Principal {
    fixtures::principal(role, LADLE)
}

fn outsider(role: Role, restaurant: RestaurantId) -> Principal {
    fixtures::principal(role, restaurant)
}

/// Returns an address of the ladle.
fn ladle(path: &str) -> String {
    format!("/api/v1/restaurants/ladle{path}")
}

fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(path)
}

fn patch(path: &str) -> TestRequest {
    TestRequest::patch().uri(path)
}

fn place(slug: &str) -> TestRequest {
    TestRequest::post().uri(&format!("/api/v1/restaurants/{slug}/orders"))
}

fn new_key() -> (&'static str, String) {
    ("idempotency-key", clock::new_id().to_string())
}

fn basket() -> Value {
    json!({"service": "dine_in", "items": [{"menu_item": REZALA, "quantity": 2, "note": "nut allergy"}]})
}

fn command(action: &str) -> Value {
    json!({"id": clock::new_id().to_string(), "action": action})
}
