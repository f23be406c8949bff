use super::*;
use crate::auth::ended::{EndedSessions, Notice};
use crate::auth::keyring::Keyring;
use crate::auth::session::Lifetimes;
use crate::auth::tests::fixtures::open_store;
use crate::auth::token::Issuer;
use crate::store::SharedStore;
use std::sync::Arc;

const OLD: &str = "old:0123456789abcdef0123456789abcdef";
const NEW: &str = "new:fedcba9876543210fedcba9876543210";

/// Returns a node's sessions with these keys.
fn node(store: &SharedStore, keyring: &str) -> Sessions {
    let issuer = Issuer::of(&Keyring::parse(keyring).unwrap()).unwrap();
    Sessions::new(store.clone(), issuer, Arc::<EndedSessions>::default(), Lifetimes::default())
}

async fn seated(node: &Sessions) -> TokenAnswer {
    node.seat(&"ladle-table-7".into()).await.unwrap().tokens
}

async fn renewed(node: &Sessions, tokens: &TokenAnswer) -> Result<TokenAnswer, SessionError> {
    node.refresh(&tokens.refresh_token.as_str().into()).await
}

#[tokio::test]
async fn a_token_whose_answer_was_lost_gets_the_same_successor_again() {
    let (store, _folder) = open_store().await;
    let node = node(&store, OLD);
    let first = seated(&node).await;
    let second = renewed(&node, &first).await.unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    for _ in 0..3 {
        assert_eq!(renewed(&node, &first).await.unwrap().refresh_token, second.refresh_token);
    }
    renewed(&node, &second).await.unwrap();
}

#[tokio::test]
async fn a_token_whose_successor_was_used_ends_the_session() {
    let (store, _folder) = open_store().await;
    let node = node(&store, OLD);
    let mut listener = node.ended.listen();
    let seat = node.seat(&"ladle-table-7".into()).await.unwrap();
    let second = renewed(&node, &seat.tokens).await.unwrap();
    let third = renewed(&node, &second).await.unwrap();
    assert!(!node.ended.contains(&seat.principal.session));
    assert_eq!(renewed(&node, &seat.tokens).await.unwrap_err(), SessionError::Over);
    assert!(node.ended.contains(&seat.principal.session));
    assert_eq!(listener.next().await, Some(Notice::Ended(seat.principal.session)));
    for tokens in [second, third] {
        assert_eq!(renewed(&node, &tokens).await.unwrap_err(), SessionError::Over);
    }
    assert_eq!(node.refresh(&"never given out".into()).await.unwrap_err(), SessionError::Over);
}

#[tokio::test]
async fn a_change_of_the_keyring_keeps_existing_successors() {
    let (store, _folder) = open_store().await;
    let (before, after) = (node(&store, OLD), node(&store, &format!("{NEW},{OLD}")));
    let first = seated(&before).await;
    let second = renewed(&before, &first).await.unwrap();
    assert_eq!(renewed(&after, &first).await.unwrap().refresh_token, second.refresh_token);
    let third = renewed(&after, &second).await.unwrap();
    // The other node was started before the new key was moved to the front.
    let other = node(&store, &format!("{OLD},{NEW}"));
    assert_eq!(renewed(&other, &second).await.unwrap().refresh_token, third.refresh_token);
    renewed(&other, &third).await.unwrap();
}

#[tokio::test]
async fn a_removed_key_signs_nobody_out() {
    let (store, _folder) = open_store().await;
    let (before, after) = (node(&store, OLD), node(&store, NEW));
    let first = seated(&before).await;
    let lost = renewed(&before, &first).await.unwrap();
    let second = renewed(&after, &first).await.unwrap();
    assert_ne!(second.refresh_token, lost.refresh_token, "without its key the token cannot be derived again");
    renewed(&after, &second).await.unwrap();
    assert_eq!(renewed(&after, &lost).await.unwrap_err(), SessionError::Over);
    assert_eq!(renewed(&after, &second).await.unwrap_err(), SessionError::Over, "a reused token ends the session");
}
