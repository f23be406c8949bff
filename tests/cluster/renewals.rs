//! A renewal with a lost answer, repeated at another node.

use crate::test_cluster::TestCluster;
use futures_util::future::join_all;
use serde_json::json;

const REFRESH: &str = "/api/v1/sessions/refresh";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_returns_the_same_successor_and_detects_an_older_token() {
    let cluster = TestCluster::open(3, None, &[]).await;
    let seat = cluster.nodes[0].anybody().post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-4"})).await.expect(200);
    let renew =
        async |node: usize, token: &str| cluster.nodes[node % 3].anybody().post(REFRESH, &json!({"refresh_token": token})).await;
    let first = seat["refresh_token"].as_str().unwrap().to_owned();
    let mut spent = vec![first.clone()];
    let mut token = first.clone();
    for round in 0..6 {
        let answers = join_all((0..6).map(|at| renew(round + at, &token))).await;
        let answers: Vec<_> =
            answers.into_iter().map(|answer| answer.expect(200)["refresh_token"].as_str().unwrap().to_owned()).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "round {round}: {answers:?}");
        token.clone_from(&answers[0]);
        spent.push(token.clone());
    }
    renew(1, &spent[5]).await.expect(200);
    renew(2, &spent[4]).await.problem(401, "unauthorized");
    renew(0, &token).await.problem(401, "unauthorized");
}
