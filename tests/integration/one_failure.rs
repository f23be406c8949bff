//! One failure on every transport: the same cause has the same code, message and wait everywhere.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Executor, SqliteConnection};
use support::raw::Handshake;
use support::server::DATABASE;
use support::{Client, Menu, PATIENCE, TestServer, client::Answer, eventually, new_id, template};

/// What a client receives: the code, the message, the wait and the reason.
type Told = [Value; 4];

fn of_frame(frame: &Value) -> Told {
    ["code", "message", "retry_after_ms", "reason"].map(|field| frame[field].clone())
}

fn of_problem(problem: &Value) -> Told {
    ["code", "detail", "retry_after_ms", "reason"].map(|field| problem[field].clone())
}

fn told(answer: &Answer) -> Told {
    let problem = answer.json();
    assert_eq!(answer.header("content-type"), "application/problem+json", "{problem}");
    if let Some(wait) = problem["retry_after_ms"].as_u64() {
        assert_eq!(answer.header("retry-after"), wait.div_ceil(1000).to_string(), "{problem}");
    }
    of_problem(&problem)
}

#[track_caller]
fn all_same(code: &str, told: &[Told]) {
    assert_eq!(told[0][0], code, "{told:?}");
    assert!(told.iter().all(|each| *each == told[0]), "{told:#?}");
}

#[tokio::test]
async fn a_room_that_may_not_be_joined_fails_alike_everywhere() {
    let server = TestServer::start(&[]).await;
    let diner = server.diner("1").await;
    let menu = Menu::read(&diner).await;
    let (floor, seen) = (menu.floor(), json!({"position": 0}));
    let several = format!("{},{floor}", menu.menu());
    let frames = diner.get(&format!("/api/v1/rooms/{several}/events?wait=0")).await.expect(200)["frames"].clone();
    let among_several = frames.as_array().unwrap().iter().find(|frame| frame["type"] == "error");
    all_same(
        "forbidden",
        &[
            of_frame(&diner.screen().await.refused(&floor).await),
            told(&diner.get(&format!("/api/v1/rooms/{floor}/stream")).await),
            told(&diner.get(&format!("/api/v1/rooms/{floor}/events?wait=0")).await),
            told(&diner.post(&format!("/api/v1/rooms/{floor}/seen"), &seen).await),
            of_frame(among_several.unwrap()),
        ],
    );
}

#[tokio::test]
async fn a_room_beyond_the_limit_of_a_connection_fails_alike_everywhere() {
    let server = TestServer::start(&["--rooms", "1"]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    screen.join(&menu.menu()).await;
    let several = format!("{},{}", menu.menu(), menu.floor());
    all_same(
        "too_many_rooms",
        &[
            of_frame(&screen.refused(&menu.floor()).await),
            told(&staff.get(&format!("/api/v1/rooms/{several}/stream")).await),
            told(&staff.get(&format!("/api/v1/rooms/{several}/events?wait=0")).await),
        ],
    );
}

#[tokio::test]
async fn connecting_too_fast_fails_alike_everywhere() {
    let server = TestServer::start(&["--handshakes-per-second", "1", "--handshake-burst", "1"]).await;
    let staff = server.staff().await;
    let stream = format!("/api/v1/rooms/{}/stream", Menu::read(&staff).await.menu());
    // Try three at once, of which one or two may be accepted.
    let (sockets, stream) = eventually("two that are refused", PATIENCE, || async {
        let handshakes = (0..2).map(|_| async { Handshake::new(&staff.token).send(&server.base, None).await.0 });
        let (replies, stream) =
            tokio::join!(futures_util::future::join_all(handshakes), staff.request(Method::GET, &stream).send());
        let refused = replies.into_iter().filter(|reply| reply.status != 101).map(|reply| reply.body);
        let (refused, stream) = (refused.collect::<Vec<_>>(), stream.unwrap());
        (!refused.is_empty() && stream.status() != 200).then_some((refused, stream))
    })
    .await;
    let mut all: Vec<Told> = sockets.iter().map(|body| of_problem(&serde_json::from_str(body).unwrap())).collect();
    all.push(of_problem(&stream.json().await.unwrap()));
    all_same("rate_limited", &all);
}

#[tokio::test]
async fn a_command_that_the_order_does_not_allow_fails_alike_everywhere() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let order = staff.place(&Menu::read(&staff).await.basket()).await["id"].clone();
    all_same(
        "invalid_transition",
        &[
            of_frame(&staff.screen().await.command(&order, "recall", json!({})).await),
            told(&staff.command(&order, "recall", json!({})).await),
        ],
    );
}

#[tokio::test]
async fn a_database_that_does_not_answer_fails_alike_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join(DATABASE));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let (frame, answer) = tokio::join!(
        screen.ask(json!({"type": "place", "order": menu.basket()})),
        Client::send(staff.placing(&new_id(), &menu.basket())),
    );
    all_same("unavailable", &[of_frame(&frame), told(&answer)]);
}
