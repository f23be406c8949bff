//! Sensitive actions require a recent check of the password.

use super::account::{ME, ask, code, enrol, is_renewed, open, sign_in};
use super::*;
use crate::auth::session::SignInRules;
use crate::auth::tests::fixtures::PASSWORD;
use crate::store::credentials::PasswordProof;
use actix_web::http::Method;

/// Sets the lifetime of a password check.
fn set_life(app: &mut TestApp, life: Duration) {
    let rules = SignInRules { proof_life: life, ..SignInRules::default() };
    app.state.sessions = app.state.sessions.take().map(|sessions| sessions.with_rules(rules));
}

fn session_of(app: &TestApp, tokens: &Value) -> crate::domain::values::text::Key {
    let token = tokens["access_token"].as_str().unwrap().into();
    app.state.node.tokens.verify(&token, clock::now()).unwrap().principal.session
}

async fn add_key(app: &TestApp, tokens: &Value) -> Answer {
    ask(app, tokens, Method::POST, &ladle("/api-keys"), Some(json!({"name": "POS 2"}))).await
}

async fn confirm(app: &TestApp, tokens: &Value, body: Value) -> Answer {
    ask(app, tokens, Method::POST, &format!("{ME}/confirmation"), Some(body)).await
}

async fn confirm_as(app: &TestApp, tokens: &Value, attempt: &str, body: Value) -> Answer {
    let bearer = ("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    let request = post(&format!("{ME}/confirmation")).insert_header(bearer).insert_header(("idempotency-key", attempt));
    app.call(request.set_json(body)).await
}

const ATTEMPT: &str = "0190b6a0-0000-7000-8000-000000000001";

#[actix_web::test]
async fn a_proof_is_good_for_a_while_and_belongs_to_the_session_that_it_begins() {
    let mut app = open(SignInRules::default()).await;
    let stolen = sign_in(&app, json!({})).await;
    assert_eq!(add_key(&app, &stolen).await.status, 201);
    set_life(&mut app, Duration::ZERO);
    add_key(&app, &stolen).await.problem(403, "confirm_password");
    ask(&app, &stolen, Method::DELETE, &format!("{ME}/sessions"), None).await.problem(403, "confirm_password");
    set_life(&mut app, Duration::from_secs(600));
    let confirmed = confirm(&app, &stolen, json!({"password": PASSWORD})).await.json();
    assert!(confirmed["confirmed_until"].is_string(), "{confirmed}");
    assert_eq!((&confirmed["role"], &confirmed["restaurant"]["slug"]), (&json!("manager"), &json!("ladle")));
    assert_ne!(session_of(&app, &confirmed), session_of(&app, &stolen));
    assert_eq!(add_key(&app, &confirmed).await.status, 201);
    add_key(&app, &stolen).await.problem(401, "unauthorized");
    assert!(!is_renewed(&app, &stolen).await);
    assert!(is_renewed(&app, &confirmed).await);
    confirm(&app, &stolen, json!({"password": PASSWORD})).await.problem(401, "unauthorized");
}

#[actix_web::test]
async fn a_lost_answer_to_a_confirmation_is_repeated_only_for_the_same_attempt() {
    let app = open(SignInRules::default()).await;
    let old = sign_in(&app, json!({})).await;
    let right = || json!({"password": PASSWORD});
    let first = confirm_as(&app, &old, ATTEMPT, right()).await.json();
    let again = confirm_as(&app, &old, ATTEMPT, right()).await.json();
    assert_eq!(again["refresh_token"], first["refresh_token"]);
    assert_eq!(session_of(&app, &again), session_of(&app, &first));
    assert_eq!(again["confirmed_until"], first["confirmed_until"]);
    let other = "0190b6a0-0000-7000-8000-000000000002";
    confirm_as(&app, &old, other, right()).await.problem(401, "unauthorized");
    confirm_as(&app, &old, ATTEMPT, json!({"password": "a guess"})).await.problem(403, "forbidden");
    let change = json!({"current": PASSWORD, "new": "four words two spoons"});
    let bearer = ("authorization", format!("Bearer {}", old["access_token"].as_str().unwrap()));
    let request = TestRequest::with_uri(&format!("{ME}/password")).method(Method::PUT).insert_header(bearer);
    let request = request.insert_header(("idempotency-key", ATTEMPT)).set_json(change);
    app.call(request).await.problem(401, "unauthorized");
    assert!(is_renewed(&app, &first).await);
    confirm_as(&app, &old, ATTEMPT, right()).await.problem(401, "unauthorized");
    assert_eq!(ask(&app, &again, Method::GET, ME, None).await.status, 200, "the session continues");
}

#[actix_web::test]
async fn a_second_factor_is_part_of_the_proof() {
    let mut app = open(SignInRules::default()).await;
    let (secret, recovery, tokens) = enrol(&app, &sign_in(&app, json!({})).await).await;
    set_life(&mut app, Duration::ZERO);
    add_key(&app, &tokens).await.problem(403, "confirm_password");
    set_life(&mut app, Duration::from_secs(600));
    let half = confirm(&app, &tokens, json!({"password": PASSWORD})).await;
    half.problem(403, "forbidden");
    assert_eq!(half.json()["totp_required"], true);
    let wrong = confirm(&app, &tokens, json!({"password": PASSWORD, "totp": "000000"})).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["totp_required"]), (403, &Value::Null), "{wrong:?}");
    let right = json!({"password": PASSWORD, "totp": code(&secret, 0)});
    let tokens = confirm(&app, &tokens, right).await.json();
    assert_eq!(add_key(&app, &tokens).await.status, 201);
    let tokens = confirm(&app, &tokens, json!({"password": PASSWORD, "totp": recovery[0]})).await.json();
    let entries = ask(&app, &tokens, Method::GET, &ladle("/audit?kind=sessions"), None).await.json();
    let entries = entries["audit"].as_array().unwrap().iter();
    let outcomes: Vec<_> = entries.filter(|entry| entry["action"] == "confirm_password").map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["done", "done", "wrong_code", "not_confirmed"]);
}

#[actix_web::test]
async fn wrong_confirmations_end_their_session_and_no_other() {
    let app = open(SignInRules { secret_tries: 2, ..SignInRules::default() }).await;
    let (stolen, owner) = (sign_in(&app, json!({})).await, sign_in(&app, json!({})).await);
    for _ in 0..2 {
        confirm(&app, &stolen, json!({"password": "a guess"})).await.problem(403, "forbidden");
    }
    let refused = confirm(&app, &stolen, json!({"password": PASSWORD})).await;
    assert!(refused.problem(401, "unauthorized").contains("this session has ended"), "{refused:?}");
    assert!(!is_renewed(&app, &stolen).await);
    let owner = confirm(&app, &owner, json!({"password": PASSWORD})).await.json();
    let change = json!({"current": PASSWORD, "new": "four words two spoons"});
    assert_eq!(ask(&app, &owner, Method::PUT, &format!("{ME}/password"), Some(change)).await.status, 200);
    let audit = app.get(&ladle("/audit?kind=sessions"), &insider(Role::Manager)).await.json();
    let ended = |entry: &&Value| entry["outcome"] == "too_many_tries";
    assert_eq!(audit["audit"].as_array().unwrap().iter().filter(ended).count(), 1, "{audit}");
}

#[actix_web::test]
async fn a_session_that_has_ended_elsewhere_proves_nothing_and_a_printed_token_without_a_row_needs_no_proof() {
    let app = open(SignInRules::default()).await;
    let tokens = sign_in(&app, json!({})).await;
    let session = session_of(&app, &tokens);
    // Another node has ended the session; this one does not know yet.
    app.state.node.store.end_session(&session).await.unwrap();
    assert_eq!(app.state.node.store.password_proof(LADLE, &session).await, Ok(PasswordProof::Ended));
    add_key(&app, &tokens).await.problem(401, "unauthorized");
    let old = insider(Role::Manager);
    assert_eq!(app.state.node.store.password_proof(LADLE, &old.session).await, Ok(PasswordProof::Unlisted));
    assert_eq!(app.send(post(&ladle("/api-keys")), &old, json!({"name": "POS 3"})).await.status, 201);
}
