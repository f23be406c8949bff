//! Refusals of requests for streams and polls, and all kinds of cursors.

use crate::links::{Events, Polls};
use crate::server::{Server, eventually};
use reqwest::Response;
use serde_json::Value;

async fn problem(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{answer:?}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status);
    (status, body["code"].as_str().unwrap().to_owned(), body["detail"].as_str().unwrap().to_owned())
}

/// Requests a room as a stream and as a poll, whose refusals must be the same.
async fn refused(server: &Server, token: &str, room: &str) -> (u16, String, String) {
    let stream = problem(Events::ask(server, token, room, "", "").await).await;
    let poll = problem(Polls::ask(server, token, room, "?wait=0").await).await;
    assert_eq!(stream, poll, "{room}");
    stream
}

#[tokio::test]
async fn a_forbidden_room_and_a_missing_room_get_the_same_answer() {
    let server = Server::start(&[]).await;
    let (mine, theirs, staff) = (server.sit_down(1).await, server.sit_down(2).await, server.sign_in("staff").await);
    let kitchen = server.token("kitchen", "1h").await;
    let order = |document: Value| format!("order:{}", document["id"].as_str().unwrap());
    let own = order(server.place(&mine, 1).await);
    let other = order(server.place(&theirs, 1).await);
    let nowhere = orderbell::clock::new_id();
    let mut answers = Vec::new();
    for room in [&server.room("kitchen"), &server.room("floor"), &other] {
        answers.push(refused(&server, &mine, room).await);
    }
    for room in [format!("order:{nowhere}"), format!("menu:{nowhere}"), format!("cellar:{nowhere}"), "order".into()] {
        answers.push(refused(&server, &mine, &room).await);
        answers.push(refused(&server, &staff, &room).await);
    }
    answers.push(refused(&server, &kitchen, &server.room("floor")).await);
    answers.dedup();
    assert!(matches!(&answers[..], [(403, code, _)] if code == "forbidden"), "{answers:?}");
    // Allowed rooms are joined.
    for (token, room) in [(&mine, &own), (&mine, &server.room("menu")), (&staff, &other), (&kitchen, &server.room("kitchen"))] {
        assert_eq!(Events::ask(&server, token, room, "", "").await.status(), 200, "{room}");
        assert_eq!(Polls::ask(&server, token, room, "?wait=0").await.status(), 200, "{room}");
    }
    eventually("no member without a connection", || async {
        server.connections("diner").await + server.connections("kitchen").await == 0
    })
    .await;
}

#[tokio::test]
async fn a_token_is_accepted_only_in_the_header() {
    let server = Server::start(&[]).await;
    let (staff, room) = (server.sign_in("staff").await, server.room("menu"));
    for path in ["stream", "events"] {
        for query in ["".to_owned(), format!("?token={staff}"), format!("?access_token={staff}")] {
            let url = format!("{}/api/v1/rooms/{room}/{path}{query}", server.base);
            let (status, code, _) = problem(server.http.get(url).send().await.unwrap()).await;
            assert_eq!((status, code.as_str()), (401, "unauthorized"), "{path}");
        }
        let url = format!("{}/api/v1/rooms/{room}/{path}", server.base);
        let posted = server.http.post(url).bearer_auth(&staff).send().await.unwrap();
        assert_eq!((posted.status().as_u16(), posted.headers()["allow"].to_str().unwrap()), (405, "GET"));
    }
}

#[tokio::test]
async fn malformed_cursors_are_invalid() {
    let server = Server::start(&[]).await;
    let (staff, room) = (server.sign_in("staff").await, server.room("menu"));
    for id in ["7", "epoch", "epoch.", ".7", "epoch.-7", "epoch.7x", "epoch.9007199254740992"] {
        let (status, code, _) = problem(Events::ask(&server, &staff, &room, "", id).await).await;
        assert_eq!((status, code.as_str()), (422, "invalid"), "{id}");
    }
    for query in ["?since=x", "?since=-1", "?since=9007199254740992", "?since=1.5"] {
        let (status, code, _) = problem(Events::ask(&server, &staff, &room, query, "").await).await;
        assert_eq!((status, code.as_str()), (422, "invalid"), "{query}");
        let (status, code, _) = problem(Polls::ask(&server, &staff, &room, query).await).await;
        assert_eq!((status, code.as_str()), (422, "invalid"), "{query}");
    }
    for query in ["?wait=x", "?wait=-1", "?wait=1.5"] {
        let (status, code, _) = problem(Polls::ask(&server, &staff, &room, query).await).await;
        assert_eq!((status, code.as_str()), (422, "invalid"), "{query}");
    }
}

#[tokio::test]
async fn the_connections_of_a_principal_are_limited() {
    let server = Server::start(&["--connections-per-principal", "2"]).await;
    let (staff, room) = (server.sign_in("staff").await, server.room("menu"));
    let first = Events::open(&server, &staff, &room, "").await;
    let _second = Events::open(&server, &staff, &room, "").await;
    let answer = Polls::ask(&server, &staff, &room, "?wait=0").await;
    assert_eq!(answer.headers()["retry-after"], "5");
    let (status, code, _) = problem(answer).await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"));
    drop(first);
    eventually("a free place", || async { Polls::ask(&server, &staff, &room, "?wait=0").await.status() == 200 }).await;
}
