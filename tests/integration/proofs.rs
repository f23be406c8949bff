//! Calls in which a person proves a secret, on unreliable networks: the same call is sent many times at once, or again after
//! its answer was lost.

use crate::accounts::code_of;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, TestServer, new_id};
use tokio::task::JoinSet;

const ME: &str = "/api/v1/people/me";
const SIGN_IN: &str = "/api/v1/sessions";
/// The default of `--secret-tries`.
const MOST_WRONG: usize = 5;
/// The seconds of one step of a code. Tests use the code of the next step too, because the first one confirms the second
/// factor.
const PERIOD: i64 = 30;

async fn named(client: &Client, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    Client::send(client.request(method, path).header("idempotency-key", key).json(body)).await
}

async fn confirm(client: &Client, key: &str, password: &str) -> Answer {
    named(client, Method::POST, &format!("{ME}/confirmation"), key, &json!({"password": password})).await
}

/// Sends the same call many times at once.
async fn at_once(count: usize, client: &Client, path: &str, key: Option<&str>, body: &Value) -> Vec<Answer> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let request = client.request(Method::POST, path).json(body);
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        calls.spawn(Client::send(request));
    }
    calls.join_all().await
}

/// Asserts that each answer is either a wait or equal to all others, and returns that answer.
fn the_one_answer(answers: &[Answer]) -> Value {
    let mut one: Option<Value> = None;
    for answer in answers {
        if answer.status == 429 {
            let wait = answer.problem(429, "rate_limited");
            assert!((1..=5_000).contains(&wait["retry_after_ms"].as_u64().unwrap()), "{wait}");
            continue;
        }
        let mut body = answer.expect(200);
        // Each answer has its own access token for the same session.
        for member in ["access_token", "expires_in"] {
            body.as_object_mut().unwrap().remove(member);
        }
        assert_eq!(one.get_or_insert_with(|| body.clone()), &body);
    }
    one.expect("one call succeeded")
}

fn in_session(server: &TestServer, answer: &Answer) -> Client {
    Client::new(&server.base, text(&answer.expect(200)["access_token"]))
}

/// Returns the code of the next step, which is valid too.
fn next_code(secret: &str) -> String {
    let totp = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(orderbell::clock::now().seconds() + PERIOD).unwrap()).to_string()
}

/// Begins a second factor for the manager and returns its secret.
async fn begin_totp(manager: &Client) -> String {
    text(&manager.post(&format!("{ME}/totp"), &json!({"password": "manager-demo"})).await.expect(200)["secret"]).to_owned()
}

#[tokio::test]
async fn many_calls_at_once_with_the_right_secret_do_not_end_the_session() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let right = json!({"password": "manager-demo"});
    for answer in at_once(12, &manager, &format!("{ME}/totp"), None, &right).await {
        assert!(matches!(answer.status, 200 | 429), "{answer:?}");
    }
    manager.get(ME).await.expect(200);
    let key = new_id();
    let answers = at_once(12, &manager, &format!("{ME}/confirmation"), Some(&key), &right).await;
    let begun = the_one_answer(&answers);
    let again = confirm(&manager, &key, "manager-demo").await;
    assert_eq!(again.expect(200)["refresh_token"], begun["refresh_token"]);
    in_session(&server, &again).get(ME).await.expect(200);
}

#[tokio::test]
async fn only_the_allowed_number_of_simultaneous_guesses_is_checked() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let path = format!("{ME}/confirmation");
    let mut checked = 0;
    for _ in 0..10 {
        for answer in at_once(6, &manager, &path, None, &json!({"password": "not the one at all"})).await {
            assert!(matches!(answer.status, 401 | 403 | 429), "{answer:?}");
            checked += usize::from(answer.status == 403);
            assert!(answer.status != 401 || checked >= MOST_WRONG, "the session ended after {checked} wrong attempts");
        }
    }
    assert_eq!(checked, MOST_WRONG);
    manager.get(ME).await.problem(401, "unauthorized");
    server.manager().await;
}

#[tokio::test]
async fn a_retry_gets_the_lost_answer_with_its_recovery_codes_and_nobody_else_does() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let secret = begin_totp(&manager).await;
    let (path, key, right) = (format!("{ME}/totp/confirmation"), new_id(), json!({"code": code_of(&secret)}));
    let first = the_one_answer(&at_once(6, &manager, &path, Some(&key), &right).await);
    assert_eq!(first["recovery_codes"].as_array().unwrap().len(), 10);
    for _ in 0..=MOST_WRONG {
        let again = named(&manager, Method::POST, &path, &key, &right).await;
        assert_eq!(the_one_answer(&[again]), first, "every retry gets the same answer");
    }
    for (key, code) in [(&key, "000000"), (&new_id(), text(&right["code"]))] {
        named(&manager, Method::POST, &path, key, &json!({"code": code})).await.problem(401, "unauthorized");
    }
    let again = in_session(&server, &named(&manager, Method::POST, &path, &key, &right).await);
    again.get(ME).await.expect(200);
    let mut form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    for code in first["recovery_codes"].as_array().unwrap() {
        form["totp"] = code.clone();
        server.anybody().post(SIGN_IN, &form).await.expect(200);
    }
}

#[tokio::test]
async fn a_code_sent_twice_at_once_is_used_once_and_gets_one_answer() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let secret = begin_totp(&manager).await;
    let enrolled = json!({"code": code_of(&secret)});
    let enrolled = named(&manager, Method::POST, &format!("{ME}/totp/confirmation"), &new_id(), &enrolled).await;
    let recovery = enrolled.expect(200)["recovery_codes"].clone();
    for code in [next_code(&secret), text(&recovery[0]).to_owned()] {
        let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo", "totp": code});
        the_one_answer(&at_once(4, &server.anybody(), SIGN_IN, Some(&new_id()), &form).await);
    }
    let manager = in_session(&server, &enrolled);
    let proof = json!({"password": "manager-demo", "totp": recovery[1]});
    let (path, key) = (format!("{ME}/confirmation"), new_id());
    the_one_answer(&at_once(4, &manager, &path, Some(&key), &proof).await);
    let manager = in_session(&server, &named(&manager, Method::POST, &path, &key, &proof).await);
    let removal = json!({"password": "manager-demo", "code": recovery[2]});
    let (path, key) = (format!("{ME}/totp/removal"), new_id());
    the_one_answer(&at_once(4, &manager, &path, Some(&key), &removal).await);
    let manager = in_session(&server, &named(&manager, Method::POST, &path, &key, &removal).await);
    assert_eq!(manager.get(ME).await.expect(200)["totp"], false);
}

#[tokio::test]
async fn wrong_attempts_with_an_old_token_count_against_its_ended_session() {
    let server = TestServer::start(&[]).await;
    let old = server.manager().await;
    let key = new_id();
    let owner = in_session(&server, &confirm(&old, &key, "manager-demo").await);
    for _ in 0..MOST_WRONG {
        confirm(&old, &key, "not the one at all").await.problem(403, "forbidden");
    }
    for password in ["not the one at all", "manager-demo"] {
        confirm(&old, &key, password).await.problem(401, "unauthorized");
    }
    owner.get(ME).await.expect(200);
    confirm(&owner, &new_id(), "manager-demo").await.expect(200);
}

#[tokio::test]
async fn an_idempotency_key_is_a_uuid_wherever_it_is_read() {
    let server = TestServer::start(&[]).await;
    let manager = server.manager().await;
    let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let calls = [
        (Method::POST, SIGN_IN.to_owned(), form),
        (Method::POST, format!("{ME}/confirmation"), json!({"password": "manager-demo"})),
        (Method::PUT, format!("{ME}/password"), json!({"current": "manager-demo", "new": "four words two spoons"})),
        (Method::POST, format!("{ME}/totp/confirmation"), json!({"code": "123456"})),
        (Method::POST, format!("{ME}/totp/removal"), json!({"password": "manager-demo", "code": "123456"})),
        (Method::POST, "/api/v1/restaurants/demo/orders".to_owned(), json!({"service": "takeaway", "items": []})),
    ];
    for (method, path, body) in calls {
        // The key of an order becomes its id, and ids are in lower case.
        let upper = path.ends_with("/orders").then_some("0190B6A0-0000-7000-8000-00000000000A");
        for key in ["", "mine", "0190b6a0000070008000000000000001"].into_iter().chain(upper) {
            let refused = named(&manager, method.clone(), &path, key, &body).await.problem(422, "invalid");
            assert!(text(&refused["detail"]).contains("Idempotency-Key"), "{method} {path} {key:?}: {refused}");
        }
    }
    manager.get(ME).await.expect(200);
    let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
    let sign_in = async |key: &str| named(&manager, Method::POST, SIGN_IN, key, &form).await.expect(200)["refresh_token"].clone();
    let upper = sign_in("0190B6A0-0000-7000-8000-00000000000B").await;
    assert_eq!(sign_in("0190b6a0-0000-7000-8000-00000000000b").await, upper, "a key in upper case is the same key");
}
