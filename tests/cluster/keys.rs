//! Nodes that sign tokens, and nodes that only verify them.

use crate::test_cluster::{KEYS, node, node_under, until_redis_is};
use crate::watcher::spread;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use orderbell::auth::key_material::KeyPair;
use orderbell::auth::keyring::Keyring;
use orderbell::auth::token::Issuer;
use orderbell::clock;
use orderbell::domain::model::principal::{Principal, Role};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::long::rounds;
use support::postgres;
use support::raw::Handshake;
use support::redis_server::Redis;
use support::server::command;
use support::{Client, Menu, PATIENCE, TestServer, eventually};

/// The secret for these nodes' Redis messages.
const REDIS_SECRET: &str = "a-secret-of-these-tests-for-redis-alone";
const FORGED: &str = "orderbell_broker_messages_total{fate=\"forged\"}";

/// A node that signs and one that only verifies, on a real database and a real Redis.
struct Pair {
    _redis: Redis,
    database: String,
    keys: KeyPair,
    api: TestServer,
    realtime: TestServer,
    menu: Menu,
}

impl Pair {
    async fn start() -> Self {
        let (redis, database, keys) = (Redis::start(), postgres::database().await, KeyPair::random(None));
        let (url, secret) = (redis.url(), ["--redis-secret", REDIS_SECRET]);
        let (private, public) = (keys.private_entry.expose_secret(), &keys.public_entry);
        let api = node_under(&database, private, Some(&url), &[&secret[..], &["--role", "api"]].concat()).await;
        let realtime = node_under(&database, public, Some(&url), &[&secret[..], &["--role", "realtime"]].concat()).await;
        for node in [&api, &realtime] {
            until_redis_is(node, "healthy").await;
        }
        let menu = Menu::read(&api.anybody()).await;
        Self { _redis: redis, database, keys, api, realtime, menu }
    }
}

/// Returns a waiter who has signed in.
async fn waiter(server: &TestServer) -> Client {
    let form = json!({"restaurant": "demo", "username": "staff", "password": "staff-demo"});
    let answer = server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    Client::new(&server.base, answer["access_token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_placed_on_a_signing_node_appears_on_a_verifying_node() {
    let cluster = Pair::start().await;
    let staff = waiter(&cluster.api).await;
    let header = BASE64_URL_SAFE_NO_PAD.decode(staff.token.split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["alg"], "EdDSA");
    let mut screen = staff.at(&cluster.realtime.base).screen().await;
    screen.join(&cluster.menu.kitchen()).await;
    let mut taps = Vec::new();
    for _ in 0..rounds(10) {
        let tap = Instant::now();
        let order = staff.place(&cluster.menu.basket()).await["id"].clone();
        screen.until("order.placed", |frame| frame["event"]["order"] == order).await;
        taps.push(tap.elapsed());
        assert_eq!(screen.command(&order, "accept", json!({})).await["changed"], true, "the command is accepted");
        assert_eq!(staff.order(&order).await["status"], "accepted");
    }
    let (median, worst) = spread(taps);
    for node in [&cluster.api, &cluster.realtime] {
        assert_eq!(node.metric(FORGED).await, 0.0);
        assert!(!node.log().contains("hs256"), "no warning is needed");
    }
    println!(
        "an order placed on a signing node appears on a verifying node after {median:.1?} in the median, {worst:.1?} at worst"
    );
}

/// Returns a manager's claims, valid for an hour.
fn claims(restaurant: &str) -> Value {
    let now = clock::now().seconds();
    json!({"iss": "orderbell", "aud": "orderbell", "sub": "mallory", "role": "manager", "restaurant": restaurant, "sid": "s",
        "iat": now, "exp": now + 3600, "jti": "j"})
}

/// Returns the tokens that an attacker could forge from the keys of a realtime-only node.
fn forgeries(cluster: &Pair) -> Vec<String> {
    let (kid, public) = cluster.keys.public_entry.split_once(":ed25519-public:").unwrap();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(public).unwrap();
    let (restaurant, mut made) = (cluster.menu.restaurant.as_str(), Vec::new());
    let secrets = [bytes.as_slice(), public.as_bytes(), cluster.keys.public_entry.as_bytes(), REDIS_SECRET.as_bytes(), b""];
    for secret in secrets {
        for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let header = Header { kid: Some(kid.into()), ..Header::new(alg) };
            made.push(encode(&header, &claims(restaurant), &EncodingKey::from_secret(secret)).unwrap());
        }
    }
    // The public key used as a seed, and another key pair with the same id.
    let seeds = [format!("{kid}:ed25519:{public}"), KeyPair::random(kid.parse().ok()).private_entry.expose_secret().to_owned()];
    let who = Principal {
        sub: "mallory".parse().unwrap(),
        role: Role::Manager,
        restaurant: restaurant.parse().unwrap(),
        session: "s".parse().unwrap(),
        station: None,
        table: None,
        device: None,
        share: None,
        name: None,
    };
    for seed in seeds {
        let issuer = Issuer::of(&Keyring::parse(&seed).unwrap()).unwrap();
        made.push(issuer.issue(&who, Duration::from_secs(3600), clock::now()).unwrap().expose_secret().to_owned());
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    made.extend(
        ["none", "EdDSA"].map(|alg| format!("{}.{}.", part(&json!({"alg": alg, "kid": kid})), part(&claims(restaurant)))),
    );
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_key_of_a_realtime_only_node_can_sign_a_token() {
    let cluster = Pair::start().await;
    let orders = "/api/v1/restaurants/demo/orders";
    waiter(&cluster.api).await.get(orders).await.expect(200);
    let forged = forgeries(&cluster);
    for token in &forged {
        Client::new(&cluster.api.base, token).get(orders).await.problem(401, "unauthorized");
        let (reply, _) = Handshake::new(token).send(&cluster.realtime.base, None).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "unauthorized"), "{token}");
    }
    let folder = tempfile::tempdir().unwrap();
    let common = ["--database-url", &cluster.database, "--jwt-keys", &cluster.keys.public_entry].map(ToOwned::to_owned);
    let mut tool = command(folder.path(), &common);
    let output = tool.args(["token", "--role", "manager", "--restaurant", "demo"]).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty() && said.contains("cannot sign"), "{said}");
    for call in ["/api/v1/sessions", "/api/v1/sessions/refresh", "/api/v1/diner-sessions", "/api/v1/devices/token"] {
        cluster.realtime.anybody().post(call, &json!({})).await.problem(404, "not_found");
    }
    println!("{} tokens made of what a node for live connections has, each refused at both nodes", forged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_realtime_only_node_with_a_secret_starts_and_warns_once() {
    let database = postgres::database().await;
    let (api, realtime) = (node(&database, None, &["--role", "api"]).await, node(&database, None, &["--role", "realtime"]).await);
    let warnings =
        |server: &TestServer| server.log().lines().filter(|line| line.contains("WARN") && line.contains("hs256")).count();
    assert_eq!((warnings(&api), warnings(&realtime)), (0, 1), "{}", realtime.log());
    assert!(realtime.log().contains("keys=k1") && !realtime.log().contains(KEYS), "{}", realtime.log());
    waiter(&api).await.at(&realtime.base).screen().await.alive().await;
}

/// As during a rolling restart with a new secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_with_different_redis_secrets_exchange_events_late_and_lose_none() {
    let (redis, database) = (Redis::start(), postgres::database().await);
    let url = redis.url();
    // Without the usual comparison of heads.
    let seldom = ["--head-comparison-s", "3600"];
    let old = node(&database, Some(&url), &seldom).await;
    let new = node(&database, Some(&url), &[&seldom[..], &["--redis-secret", REDIS_SECRET]].concat()).await;
    for node in [&old, &new] {
        until_redis_is(node, "healthy").await;
    }
    let (staff, menu) = (waiter(&old).await, Menu::read(&old.anybody()).await);
    let mut screen = staff.at(&new.base).screen().await;
    screen.join(&menu.kitchen()).await;
    let mut late = Vec::new();
    for _ in 0..rounds(5) {
        let tap = Instant::now();
        let order = staff.place(&menu.basket()).await["id"].clone();
        screen.until("order.placed", |frame| frame["event"]["order"] == order).await;
        late.push(tap.elapsed());
    }
    let forged =
        eventually("a rejected message", PATIENCE, || async { Some(new.metric(FORGED).await).filter(|count| *count > 0.0) })
            .await;
    let (median, worst) = spread(late);
    println!("different secrets for Redis: {forged} messages refused; late {median:.1?} in the median, {worst:.1?} at worst");
}
