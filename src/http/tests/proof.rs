//! Sensitive actions take a recent proof of the password.

use super::account::{ME, ask, code, enrol, is_renewed, open, sign_in};
use super::*;
use crate::auth::session::SignInRules;
use crate::auth::tests::fixtures::PASSWORD;
use crate::store::credentials::PasswordProof;
use actix_web::http::Method;

/// Lets so many seconds pass for a session since its owner proved the password.
async fn age(house: &House, tokens: &Value, seconds: u64) {
    let session = session_of(house, tokens);
    let then = clock::now().minus(Duration::from_secs(seconds));
    house.state.store.prove_password(LADLE, &session, then).await.unwrap();
}

fn session_of(house: &House, tokens: &Value) -> crate::domain::values::text::Key {
    let token = tokens["access_token"].as_str().unwrap().into();
    house.state.tokens.verify(&token, clock::now()).unwrap().principal.session
}

async fn add_key(house: &House, tokens: &Value) -> Answer {
    ask(house, tokens, Method::POST, &ladle("/api-keys"), Some(json!({"name": "POS 2"}))).await
}

async fn confirm(house: &House, tokens: &Value, body: Value) -> Answer {
    ask(house, tokens, Method::POST, &format!("{ME}/confirmation"), Some(body)).await
}

#[actix_web::test]
async fn a_proof_is_good_for_a_while_and_renewals_keep_its_time() {
    let house = open(SignInRules::default()).await;
    let tokens = sign_in(&house, json!({})).await;
    age(&house, &tokens, 590).await;
    assert_eq!(add_key(&house, &tokens).await.status, 201);
    age(&house, &tokens, 601).await;
    assert!(is_renewed(&house, &tokens).await);
    add_key(&house, &tokens).await.problem(403, "confirm_password");
    let confirmed = confirm(&house, &tokens, json!({"password": PASSWORD})).await;
    assert!(confirmed.json()["confirmed_until"].is_string(), "{confirmed:?}");
    assert_eq!(add_key(&house, &tokens).await.status, 201);
    let other = sign_in(&house, json!({})).await;
    age(&house, &other, 601).await;
    add_key(&house, &other).await.problem(403, "confirm_password");
}

#[actix_web::test]
async fn a_second_factor_is_part_of_the_proof() {
    let house = open(SignInRules::default()).await;
    let tokens = sign_in(&house, json!({})).await;
    let (secret, recovery) = enrol(&house, &tokens).await;
    age(&house, &tokens, 601).await;
    let half = confirm(&house, &tokens, json!({"password": PASSWORD})).await;
    half.problem(403, "forbidden");
    assert_eq!(half.json()["totp_required"], true);
    let wrong = confirm(&house, &tokens, json!({"password": PASSWORD, "totp": "000000"})).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["totp_required"]), (403, &Value::Null), "{wrong:?}");
    add_key(&house, &tokens).await.problem(403, "confirm_password");
    let right = json!({"password": PASSWORD, "totp": code(&secret, 0)});
    assert_eq!(confirm(&house, &tokens, right).await.status, 200);
    assert_eq!(add_key(&house, &tokens).await.status, 201);
    age(&house, &tokens, 601).await;
    assert_eq!(confirm(&house, &tokens, json!({"password": PASSWORD, "totp": recovery[0]})).await.status, 200);
    let entries = ask(&house, &tokens, Method::GET, &ladle("/audit?kind=sessions"), None).await.json();
    let entries = entries["audit"].as_array().unwrap().iter();
    let outcomes: Vec<_> = entries.filter(|entry| entry["action"] == "confirm_password").map(|entry| &entry["outcome"]).collect();
    assert_eq!(outcomes, ["done", "done", "wrong_code"]);
}

#[actix_web::test]
async fn confirmations_are_limited_and_signing_in_anew_is_a_way_out() {
    let house = open(SignInRules { secret_tries: 2, ..SignInRules::default() }).await;
    let stolen = sign_in(&house, json!({})).await;
    age(&house, &stolen, 601).await;
    for _ in 0..2 {
        confirm(&house, &stolen, json!({"password": "a guess"})).await.problem(403, "forbidden");
    }
    confirm(&house, &stolen, json!({"password": PASSWORD})).await.problem(429, "rate_limited");
    assert_eq!(add_key(&house, &sign_in(&house, json!({})).await).await.status, 201);
}

#[actix_web::test]
async fn a_session_that_has_ended_elsewhere_proves_nothing_and_a_token_without_a_row_is_an_old_printed_one() {
    let house = open(SignInRules::default()).await;
    let tokens = sign_in(&house, json!({})).await;
    let session = session_of(&house, &tokens);
    // As another node does: this one has not heard of it yet.
    house.state.store.end_session(&session).await.unwrap();
    assert_eq!(house.state.store.password_proof(LADLE, &session).await, Ok(PasswordProof::Ended));
    add_key(&house, &tokens).await.problem(401, "unauthorized");
    let old = insider(Role::Manager);
    assert_eq!(house.state.store.password_proof(LADLE, &old.session).await, Ok(PasswordProof::Unlisted));
    assert_eq!(house.send(post(&ladle("/api-keys")), &old, json!({"name": "POS 3"})).await.status, 201);
}
