use super::*;
use crate::auth::ended::EndedSessions;
use crate::auth::keyring::Keyring;
use crate::auth::session::*;
use crate::auth::tests::fixtures::{API_KEY, LADLE, PASSWORD, open_store};
use crate::auth::token::Issuer;
use crate::auth::token::Verifier;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

fn keyring() -> Keyring {
    Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap()
}

async fn service(lifetimes: Lifetimes) -> (Sessions, TempDir) {
    let (store, folder) = open_store().await;
    (Sessions::new(store, Issuer::of(&keyring()).unwrap(), Arc::default(), lifetimes), folder)
}

fn verified(answer: &TokenAnswer) -> Principal {
    Verifier::of(&keyring()).verify(&answer.access_token.as_str().into(), clock::now()).unwrap().principal
}

#[tokio::test]
async fn staff_sign_in_only_with_their_own_credentials() {
    let (service, _folder) = service(Lifetimes::default()).await;
    for role in [Role::Staff, Role::Manager] {
        let signed_in = service.sign_in("ladle", role.as_str(), PASSWORD.into(), None, None).await.unwrap();
        let principal = verified(&signed_in.tokens);
        assert_eq!(principal, signed_in.principal);
        assert_eq!((principal.role, principal.restaurant, signed_in.restaurant.id), (role, LADLE, LADLE));
        assert_eq!((signed_in.tokens.expires_in, signed_in.tokens.token_type), (900, "Bearer"));
    }
    let wrong = [
        ("ladle", "staff", "the-wrong-one"),
        ("ladle", "nobody", PASSWORD),
        ("nowhere", "staff", PASSWORD),
        ("No Slug!", "staff", PASSWORD),
        ("ladle", "no name", PASSWORD),
        ("ladle", "staff", ""),
    ];
    for (slug, username, password) in wrong {
        let outcome = service.sign_in(slug, username, password.into(), None, None).await;
        assert_eq!(outcome.unwrap_err(), SessionError::BadCredentials, "{slug} {username} {password}");
    }
}

#[tokio::test]
async fn two_sign_ins_are_two_sessions_of_one_person() {
    let (service, _folder) = service(Lifetimes::default()).await;
    let one = service.sign_in("ladle", "staff", PASSWORD.into(), None, None).await.unwrap().principal;
    let two = service.sign_in("ladle", "staff", PASSWORD.into(), None, None).await.unwrap().principal;
    assert_eq!(one.sub, two.sub);
    assert_ne!(one.session, two.session);
}

#[tokio::test]
async fn an_api_key_is_a_service_until_it_is_revoked() {
    let (service, _folder) = service(Lifetimes::default()).await;
    let signed_in = service.sign_in_with_api_key(&API_KEY.into()).await.unwrap();
    let principal = verified(&signed_in.tokens);
    assert_eq!((principal.role, principal.sub.as_str(), principal.restaurant), (Role::Service, "pos-1", LADLE));
    assert_eq!(service.sign_in_with_api_key(&"another".into()).await.unwrap_err(), SessionError::BadCredentials);
    let ended = service.store.revoke_api_key(LADLE, &principal.sub, clock::now()).await.unwrap();
    assert_eq!(ended, [principal.session]);
    assert_eq!(service.sign_in_with_api_key(&API_KEY.into()).await.unwrap_err(), SessionError::BadCredentials);
    let refresh = signed_in.tokens.refresh_token.as_str().into();
    assert_eq!(service.refresh(&refresh).await.unwrap_err(), SessionError::Over);
}

#[tokio::test]
async fn each_guest_at_a_table_is_a_diner_of_their_own() {
    let (service, _folder) = service(Lifetimes::default()).await;
    let one = service.seat(&"ladle-table-7".into()).await.unwrap();
    let two = service.seat(&"ladle-table-7".into()).await.unwrap();
    let principal = verified(&one.tokens);
    assert_eq!((principal.role, principal.restaurant), (Role::Diner, LADLE));
    assert_eq!(principal.table.as_ref().map(|table| table.as_str()), Some("7"));
    assert_ne!(one.principal.sub, two.principal.sub);
    for wrong in ["ladle-table-8", "", "not a key", &"x".repeat(1000)] {
        assert_eq!(service.seat(&wrong.into()).await.unwrap_err(), SessionError::UnknownTable, "{wrong}");
    }
}

#[tokio::test]
async fn an_ended_session_is_ended_here_and_for_every_other_node() {
    let (service, _folder) = service(Lifetimes::default()).await;
    let signed_in = service.seat(&"ladle-table-7".into()).await.unwrap();
    let session = signed_in.principal.session;
    service.end(&session).await.unwrap();
    service.end(&session).await.unwrap();
    assert!(service.ended.contains(&session));
    assert_eq!(service.refresh(&signed_in.tokens.refresh_token.as_str().into()).await.unwrap_err(), SessionError::Over);
    let elsewhere = EndedSessions::default();
    elsewhere.refresh_from(service.store.as_ref(), clock::now()).await.unwrap();
    assert!(elsewhere.contains(&session));
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let short = Lifetimes { diner: Duration::from_secs(30), ..Lifetimes::default() };
    let (service, _folder) = service(short).await;
    let seated = service.seat(&"ladle-table-7".into()).await.unwrap();
    assert_eq!(seated.tokens.expires_in, 30);
    let renewed = service.refresh(&seated.tokens.refresh_token.as_str().into()).await.unwrap();
    assert!((1..=30).contains(&renewed.expires_in), "{renewed:?}");
}

#[tokio::test]
async fn debug_output_of_an_answer_shows_no_token() {
    let (service, _folder) = service(Lifetimes::default()).await;
    let signed_in = service.seat(&"ladle-table-7".into()).await.unwrap();
    let shown = format!("{signed_in:?}");
    let tokens = signed_in.tokens;
    assert!(!shown.contains(&tokens.access_token) && !shown.contains(&tokens.refresh_token), "{shown}");
}
