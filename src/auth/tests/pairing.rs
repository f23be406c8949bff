use super::*;
use crate::auth::keyring::Keyring;
use crate::auth::session::Lifetimes;
use crate::auth::tests::fixtures::{LADLE, NEXT_DOOR, open_store, principal};
use crate::auth::token::Issuer;
use std::sync::Arc;
use tempfile::TempDir;

async fn service() -> (Sessions, TempDir) {
    let (store, folder) = open_store().await;
    let keyring = Keyring::parse("a:0123456789abcdef0123456789abcdef").unwrap();
    (Sessions::new(store, Issuer::of(&keyring).unwrap(), Arc::default(), Lifetimes::default()), folder)
}

fn name() -> Name {
    "Pass".parse().unwrap()
}

#[tokio::test]
async fn a_screen_is_approved_once_and_gets_its_session_once() {
    let (service, _folder) = service().await;
    let pairing = service.begin_pairing().await.unwrap();
    assert_eq!((pairing.interval, pairing.expires_in), (5, 600));
    let code = pairing.device_code.as_str().into();
    assert_eq!(service.poll(&code).await.unwrap_err(), PollError::Pending, "a pending poll delays no later one");
    let staff = principal(Role::Staff, LADLE);
    let station: Station = "hot".parse().unwrap();
    let typed = pairing.user_code.to_lowercase().replace('-', " ");
    let device = service.approve(&staff, &typed, name(), Some(station.clone()), Role::Kitchen).await.unwrap();
    let again = service.approve(&staff, &pairing.user_code, name(), None, Role::Kitchen).await;
    assert_eq!(again.unwrap_err(), SessionError::UnknownPairing);
    let signed_in = service.poll(&code).await.unwrap();
    let screen = signed_in.principal;
    assert_eq!((screen.role, screen.restaurant, &screen.station), (Role::Kitchen, LADLE, &Some(station)));
    assert_eq!((screen.device, screen.sub.to_string()), (Some(device.id), device.id.to_string()));
    assert_eq!(service.poll(&code).await.unwrap_err(), PollError::SlowDown);
    let again = after_the_interval(&service, &code).await.unwrap();
    assert_eq!(
        (&again.principal, &again.tokens.refresh_token),
        (&screen, &signed_in.tokens.refresh_token),
        "the answer is repeated"
    );
    service.refresh(&again.tokens.refresh_token.as_str().into()).await.unwrap();
    assert_eq!(after_the_interval(&service, &code).await.unwrap_err(), PollError::Unknown);
}

/// Polls until the answer is something other than `SlowDown`.
async fn after_the_interval(service: &Sessions, code: &SecretString) -> Result<SignedIn, PollError> {
    let deadline = clock::now().plus(Duration::from_secs(30));
    loop {
        match service.poll(code).await {
            Err(PollError::SlowDown) if clock::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
            outcome => return outcome,
        }
    }
}

#[tokio::test]
async fn concurrent_polls_begin_one_session_and_the_pairing_ends_with_it() {
    let (service, _folder) = service().await;
    let pairing = service.begin_pairing().await.unwrap();
    let code = pairing.device_code.as_str().into();
    service.approve(&principal(Role::Staff, LADLE), &pairing.user_code, name(), None, Role::Kitchen).await.unwrap();
    let (one, two) = tokio::join!(service.poll(&code), service.poll(&code));
    // If one poll has already begun the session, the other gets `SlowDown`.
    let got: Vec<_> = [one, two].into_iter().filter(|outcome| !matches!(outcome, Err(PollError::SlowDown))).collect();
    let got: Vec<_> = got.into_iter().map(Result::unwrap).collect();
    assert!(got.iter().all(|one| one.tokens.refresh_token == got[0].tokens.refresh_token));
    service.end(&got[0].principal.session).await.unwrap();
    assert_eq!(service.poll(&code).await.unwrap_err(), PollError::Unknown, "an unpaired screen must be paired again");
}

#[tokio::test]
async fn an_unapproved_screen_waits_and_an_early_poll_is_slowed_down() {
    let (service, _folder) = service().await;
    let pairing = service.begin_pairing().await.unwrap();
    let code = pairing.device_code.as_str().into();
    assert_eq!(service.poll(&code).await.unwrap_err(), PollError::Pending);
    assert_eq!(service.poll(&code).await.unwrap_err(), PollError::SlowDown);
    assert_eq!(service.poll(&"never given out".into()).await.unwrap_err(), PollError::Unknown);
}

#[tokio::test]
async fn only_staff_approve_for_their_own_restaurant_and_stations() {
    let (service, _folder) = service().await;
    let pairing = service.begin_pairing().await.unwrap();
    for role in [Role::Diner, Role::Kitchen, Role::Service] {
        let outcome = service.approve(&principal(role, LADLE), &pairing.user_code, name(), None, Role::Kitchen).await;
        assert_eq!(outcome.unwrap_err(), SessionError::Forbidden, "{role}");
    }
    let staff = principal(Role::Staff, NEXT_DOOR);
    for wrong in ["BCDF-GHJK", "AAAA-AAAA", "", "a code that is far too long to be one"] {
        assert_eq!(
            service.approve(&staff, wrong, name(), None, Role::Kitchen).await.unwrap_err(),
            SessionError::UnknownPairing,
            "{wrong}"
        );
    }
    let misspelt = service.approve(&staff, &pairing.user_code, name(), Some("hto".parse().unwrap()), Role::Kitchen).await;
    assert_eq!(misspelt.unwrap_err(), SessionError::Invalid("station must be one of the menu's: hot".into()));
    service.approve(&staff, &pairing.user_code, name(), None, Role::Kitchen).await.unwrap();
    let screen = service.poll(&pairing.device_code.as_str().into()).await.unwrap();
    assert_eq!((screen.principal.restaurant, screen.restaurant.id), (NEXT_DOOR, NEXT_DOOR));
}

#[tokio::test]
async fn debug_output_does_not_show_the_device_code() {
    let (service, _folder) = service().await;
    let pairing = service.begin_pairing().await.unwrap();
    assert!(!format!("{pairing:?}").contains(&pairing.device_code));
}
