//! An attacker between the nodes: each of two nodes has its own Redis, and a relay between them drops, repeats, reorders
//! and forges messages.

use crate::nodes::{Build, KEY, Screen, TestDatabase, TestRestaurant, figure, made_up};
use futures_util::StreamExt;
use orderbell::broker::message::{Body, Message};
use orderbell::broker::signature::{Refused, Signer, Verify};
use orderbell::clock;
use orderbell::domain::model::history::Link;
use orderbell::domain::values::ids::RestaurantId;
use orderbell::domain::values::position::Position;
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;
use support::long::factor;
use support::redis_server::Redis;

/// The longest time to become healthy.
const RECOVERY: Duration = Duration::from_secs(12);
/// The period of comparisons of heads while healthy, so that a lost last message delays the test
/// little.
const PERIOD: Duration = Duration::from_secs(3);

/// The duration of the attack: six seconds, or half a minute in the long form.
fn handled_for() -> Duration {
    Duration::from_secs(6) * factor().clamp(1, 5) as u32
}

/// The attack on a message: the messages that replace it, in order.
type Hands = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>>;

/// Relays messages from one Redis to the other through the attack.
async fn carry(from: &Redis, to: &Redis, mut hands: Hands) {
    let client = redis::Client::open(from.url()).unwrap();
    let (mut sink, mut messages) = client.get_async_pubsub().await.unwrap().split();
    sink.psubscribe("orderbell:*:feed:*").await.unwrap();
    let mut connection = redis::Client::open(to.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    actix_rt::spawn(async move {
        let _sink = sink;
        while let Some(message) = messages.next().await {
            for payload in hands(message.get_payload_bytes().to_vec()) {
                let channel = message.get_channel_name();
                let _: i64 = redis::cmd("PUBLISH").arg(channel).arg(payload).query_async(&mut connection).await.unwrap();
            }
        }
    });
}

/// Commits during the attack; screens may show nothing wrong.
async fn survives(fault: &str, hands: impl Fn(&TestDatabase, &TestRestaurant) -> Hands, refused: Option<&str>) {
    let (near, far) = (Redis::start(), Redis::start());
    let database = TestDatabase::build().await;
    let restaurant = TestRestaurant::open(&database, "demo").await;
    let one = Build::new(&database, near.url()).node(&database);
    let other = Build { period: PERIOD, ..Build::new(&database, far.url()) }.node(&database);
    let screen = Screen::open(&other, &restaurant).await;
    carry(&near, &far, hands(&database, &restaurant)).await;
    one.wait_until_healthy(true, RECOVERY).await;
    other.wait_until_healthy(true, RECOVERY).await;
    restaurant.act_for(&[&one], Duration::from_millis(5), handled_for()).await;
    figure(fault, screen.check(&database, &restaurant, 2 * PERIOD).await);
    assert!(other.metric("orderbell_broker_messages_total{fate=\"heard\"}") > 0, "some messages pass the attack");
    if let Some(fate) = refused {
        let count = other.metric(&format!("orderbell_broker_messages_total{{fate=\"{fate}\"}}"));
        println!("{fault}: {count} messages refused as {fate}");
        assert!(count > 0);
    }
    assert!(other.broker.health.is_healthy());
}

#[actix_rt::test]
async fn dropped_repeated_and_reordered_messages_cause_no_wrong_frame() {
    let hands = |_: &TestDatabase, _: &TestRestaurant| -> Hands {
        let mut held: Vec<Vec<u8>> = Vec::new();
        Box::new(move |payload| {
            let mut rng = rand::rng();
            if rng.random_bool(0.3) {
                return Vec::new();
            }
            held.push(payload.clone());
            if rng.random_bool(0.3) {
                held.push(payload);
            }
            // Holds back up to eight messages and sends them in any order.
            let mut out = Vec::new();
            while held.len() > 8 || (!held.is_empty() && rng.random_bool(0.5)) {
                out.push(held.swap_remove(rng.random_range(0..held.len())));
            }
            out
        })
    };
    survives("30 % dropped, 30 % doubled, reordered", hands, None).await;
}

#[actix_rt::test]
async fn forged_messages_cause_no_wrong_frame() {
    let hands = |database: &TestDatabase, restaurant: &TestRestaurant| -> Hands {
        let stranger = Signer::new(&[8; 32], database.store.epoch());
        let restaurant = restaurant.id;
        let (elsewhere, made_up) = (Signer::new(&KEY, "another epoch"), move |position| made_up_of(restaurant, position, None));
        let mut position = 0;
        Box::new(move |payload| {
            position += 1;
            let mut rng = rand::rng();
            let (mut flipped, bit) = (payload.clone(), rng.random_range(0..payload.len() * 8));
            flipped[bit / 8] ^= 1 << (bit % 8);
            let signed = |signer: &Signer| signer.seal(&made_up(position + 1)).unwrap();
            let bare = [vec![1; 33], made_up(position + 1)].concat();
            vec![flipped, signed(&stranger), signed(&elsewhere), bare, payload, b"nonsense".to_vec(), Vec::new()]
        })
    };
    survives("forged", hands, Some("forged")).await;
}

#[actix_rt::test]
async fn signed_nonsense_and_huge_messages_cause_no_wrong_frame() {
    let hands = |database: &TestDatabase, _: &TestRestaurant| -> Hands {
        let signer = database.signer();
        let mut number = 0_u32;
        Box::new(move |payload| {
            number += 1;
            let mut out = vec![signer.seal(b"{\"node\":1}").unwrap(), payload];
            if number.is_multiple_of(50) {
                out.insert(0, vec![0; (1 << 20) + 1]);
            }
            out
        })
    };
    survives("garbled and oversized", hands, Some("garbled")).await;
}

fn made_up_of(restaurant: RestaurantId, position: u64, link: Option<Link>) -> Vec<u8> {
    Message { node: clock::new_id(), body: Body::Committed(made_up(restaurant, position, link)) }.encode()
}

/// A verifier that accepts everything.
struct Gullible;

impl Verify for Gullible {
    fn open<'a>(&self, sealed: &'a [u8]) -> Result<&'a [u8], Refused> {
        sealed.get(33..).ok_or(Refused::Forged)
    }
}

/// Returns whether a node with this verifier shows a forged event.
async fn is_fooled(verifier: impl FnOnce(&TestDatabase) -> Arc<dyn Verify>) -> bool {
    let redis = Redis::start();
    let database = TestDatabase::build().await;
    let restaurant = TestRestaurant::open(&database, "demo").await;
    let one = Build::new(&database, redis.url()).node(&database);
    let other = Build { verifier: verifier(&database), ..Build::new(&database, redis.url()) }.node(&database);
    let screen = Screen::open(&other, &restaurant).await;
    other.wait_until_healthy(true, RECOVERY).await;
    let position = Position::new(restaurant.act(&one).await).unwrap().next();
    let channel = format!("orderbell:{}:feed:{}", database.store.epoch(), restaurant.id);
    let head = database.store.heads(&[(restaurant.id, position)]).await.unwrap()[&restaurant.id].clone();
    let link = Link { generation: head.generation, after: head.last };
    let message = made_up_of(restaurant.id, position.number(), Some(link));
    let forged = Signer::new(&[8; 32], database.store.epoch()).seal(&message).unwrap();
    let mut connection = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let heard_by: i64 = redis::cmd("PUBLISH").arg(channel).arg(forged).query_async(&mut connection).await.unwrap();
    assert_eq!(heard_by, 1, "published where the node listens");
    screen.has_reached(position.number(), Duration::from_secs(2)).await
}

#[actix_rt::test]
async fn without_the_signature_a_forged_event_is_shown() {
    assert!(is_fooled(|_| Arc::new(Gullible)).await, "the forgery is valid except for its signature");
    assert!(!is_fooled(|database| Arc::new(database.signer())).await);
}
