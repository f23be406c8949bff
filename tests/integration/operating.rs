//! The commands of an operator: doctor, restaurants, people, screens, API keys, and the export of events.

use crate::disk::files;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use support::server::{DATABASE, command};
use support::{Menu, TestServer, template};

/// Runs `orderbell doctor --json` on the database of a folder. Returns the exit status and the findings by check.
async fn doctor(folder: &Path, flags: &[&str]) -> (Option<i32>, Vec<Value>) {
    let common = ["--database-url".to_owned(), format!("sqlite://{}", folder.join(DATABASE).display())];
    let output = command(folder, &common).args(["doctor", "--json", "--"]).args(flags).output().await.unwrap();
    let findings = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), findings)
}

fn verdict<'a>(findings: &'a [Value], check: &str) -> (&'a str, &'a str) {
    let finding = findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("{check}: {findings:?}"));
    assert!(finding["verdict"] == "ok" || finding["advice"].as_str().is_some_and(|advice| !advice.is_empty()), "{finding}");
    (finding["verdict"].as_str().unwrap(), finding["found"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_examines_a_node_and_what_it_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    let (_, findings) = doctor(folder.path(), &[]).await;
    assert_eq!(verdict(&findings, "database").0, "warn");
    assert!(files(folder.path()).is_empty(), "the doctor creates no database");

    let server = TestServer::run(folder.path().to_owned(), &["--trust-forwarded-for"]).await;
    let serves = ["--bind", server.authority(), "--trust-forwarded-for"];
    let (status, findings) = doctor(folder.path(), &serves).await;
    assert_eq!(status, Some(0), "{findings:?}");
    for check in ["configuration", "database", "clock", "redis", "push", "public URL", "node"] {
        assert_eq!(verdict(&findings, check).0, "ok", "{check}: {findings:?}");
    }
    assert!(verdict(&findings, "node").1.ends_with("is ready"));

    // A request without the header that the proxy should set.
    server.manager().await;
    let (_, findings) = doctor(folder.path(), &serves).await;
    assert_eq!(verdict(&findings, "proxy headers").0, "warn", "{findings:?}");

    let (status, findings) = doctor(folder.path(), &["--redis-url", "redis://me:a-password@127.0.0.1:1"]).await;
    assert_eq!((status, verdict(&findings, "configuration").0), (Some(1), "fail"));
    assert!(!format!("{findings:?}").contains("a-password"));
    let tls = ["--public-url", "https://127.0.0.1:1"];
    assert_eq!(verdict(&doctor(folder.path(), &tls).await.1, "public URL").0, "warn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_reports_a_database_of_another_program_and_leaves_it_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(DATABASE), "A menu, and no database. ".repeat(200)).unwrap();
    let found = files(folder.path());
    let (status, findings) = doctor(folder.path(), &[]).await;
    assert_eq!((status, verdict(&findings, "database").0), (Some(1), "fail"));
    assert!(files(folder.path()) == found);
}

/// Each of these faults makes a node exit at its start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_fails_for_every_fault_that_keeps_a_node_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let free = ["--bind", "127.0.0.1:0"];
    let (status, findings) = doctor(folder.path(), &free).await;
    assert_eq!((status, verdict(&findings, "node").0), (Some(0), "ok"), "{findings:?}");
    assert_eq!(verdict(&findings, "keys").0, "ok");
    let (status, findings) = doctor(folder.path(), &["--bind", "192.0.2.9:8080"]).await;
    assert_eq!((status, verdict(&findings, "node").0), (Some(1), "fail"), "no address of this machine");

    let keys = folder.path().join(format!("{DATABASE}.keys"));
    let kept = std::fs::read(&keys).ok();
    std::fs::write(&keys, "garbage").unwrap();
    std::fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (status, findings) = doctor(folder.path(), &free).await;
    assert_eq!((status, verdict(&findings, "keys").0), (Some(1), "fail"), "{findings:?}");
    assert!(!format!("{findings:?}").contains("garbage"));
    match kept {
        Some(kept) => std::fs::write(&keys, kept).unwrap(),
        None => std::fs::remove_file(&keys).unwrap(),
    }

    let other = tempfile::tempdir().unwrap();
    let mut server = TestServer::run(other.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    staff.place(&Menu::read(&staff).await.basket()).await;
    std::fs::copy(other.path().join(format!("{DATABASE}-wal")), folder.path().join(format!("{DATABASE}-wal"))).unwrap();
    server.stop().await;
    let found = files(folder.path());
    let (status, findings) = doctor(folder.path(), &free).await;
    assert_eq!((status, verdict(&findings, "database").0), (Some(1), "fail"), "{findings:?}");
    assert!(files(folder.path()) == found, "the doctor changes no file and creates no index");
}

/// `head` and pagers stop reading when they have enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_whose_output_is_not_read_to_the_end_does_not_fail() {
    let folder = tempfile::tempdir().unwrap();
    for words in ["man backup", "completions bash"] {
        let mut child =
            command(folder.path(), &[]).args(words.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{words}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_lists_renames_and_removes_people() {
    let server = TestServer::start(&[]).await;
    let of = ["--restaurant", "demo", "--username", "staff"];
    let sign_in = async |password: &str| {
        let form = json!({"restaurant": "demo", "username": "staff", "password": password});
        server.anybody().post("/api/v1/sessions", &form).await.status
    };
    assert!(server.tool(&["user", "list", "--restaurant", "demo"]).await.contains("staff  staff  password only"));
    let (done, said) = server.tool_told(&[&["user", "reset-password"][..], &of].concat(), "password").await;
    assert!(!done && said.contains("guess"), "{said}");
    let (done, said) = server.tool_told(&[&["user", "reset-password"][..], &of].concat(), "a-new-and-longer-word").await;
    assert!(done && said.contains("signed out everywhere"), "{said}");
    assert_eq!((sign_in("staff-demo").await, sign_in("a-new-and-longer-word").await), (401, 200));
    server.tool(&[&["user", "set-role"][..], &of, &["--role", "manager"]].concat()).await;
    assert!(server.tool(&["user", "list", "--restaurant", "demo"]).await.contains("staff  manager"));
    server.tool(&[&["user", "remove"][..], &of].concat()).await;
    assert_eq!(sign_in("a-new-and-longer-word").await, 401);
    let (done, said) = server.tool_told(&[&["user", "remove"][..], &of].concat(), "").await;
    assert!(!done && said.contains("demo has no user staff; list them with"), "{said}");
    let (done, said) = server.tool_told(&["user", "remove", "--restaurant", "demo", "--username", "manager"], "").await;
    assert!(!done && said.contains("the last manager"), "{said}");
    let audit = server.tool(&["audit", "export", "--restaurant", "demo"]).await;
    for action in ["change_password", "change_role", "remove_person"] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_creates_lists_and_revokes_api_keys() {
    let server = TestServer::start(&[]).await;
    let secret = server.tool(&["api-key", "add", "--restaurant", "demo", "--name", "till"]).await;
    let exchange = async || server.anybody().post("/api/v1/sessions", &json!({"api_key": secret})).await.status;
    assert_eq!(exchange().await, 200);
    let listed = server.tool(&["api-key", "list", "--restaurant", "demo"]).await;
    let (id, name) = listed.split_once("  ").unwrap();
    assert_eq!(name, "till");
    assert!(!listed.contains(&secret));
    server.tool(&["api-key", "remove", "--restaurant", "demo", "--id", id]).await;
    assert_eq!(exchange().await, 401);
    let (done, said) = server.tool_told(&["api-key", "remove", "--restaurant", "demo", "--id", id], "").await;
    assert!(!done && said.contains("list them with"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_lists_restaurants_and_renames_one() {
    let server = TestServer::start(&[]).await;
    server.tool(&["restaurant", "add", "--slug", "second", "--name", "Second", "--currency", "EUR"]).await;
    server.tool(&["restaurant", "rename", "--restaurant", "second", "--name", "The Third"]).await;
    let listed = server.tool(&["restaurant", "list"]).await;
    assert!(listed.lines().count() == 2 && listed.contains("second  EUR  20 min  The Third"), "{listed}");
    assert_eq!(server.anybody().get("/api/v1/restaurants/second").await.expect(200)["name"], "The Third");
    let audit = server.tool(&["audit", "export", "--restaurant", "second"]).await;
    let entry: Value = serde_json::from_str(audit.lines().next().unwrap()).unwrap();
    assert_eq!((&entry["action"], &entry["label"]), (&json!("rename_restaurant"), &json!("The Third")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_exported_in_order_and_from_a_position() {
    let server = TestServer::start(&[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    for _ in 0..3 {
        staff.place(&menu.basket()).await;
    }
    let export = async |flags: &[&str]| -> Vec<Value> {
        let words = [&["events", "export", "--restaurant", "demo"], flags].concat();
        server.tool(&words).await.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = export(&[]).await;
    let positions: Vec<_> = all.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
    assert!(all.iter().filter(|event| event["kind"] == "order.placed").count() >= 3 && all[0]["patch"].is_object(), "{all:?}");
    let cursor = |position: usize| format!("{}.{position}", all[0]["epoch"].as_str().unwrap());
    assert_eq!(export(&["--after", &cursor(positions.len() - 1)]).await, all[positions.len() - 1..]);
    assert!(export(&["--after", &cursor(positions.len())]).await.is_empty());
    let beyond = cursor(positions.len() + 1);
    for of_another_history in ["another-epoch.1", &beyond, "1"] {
        let words = ["events", "export", "--restaurant", "demo", "--after", of_another_history];
        let (done, said) = server.tool_told(&words, "").await;
        assert!(!done && (said.contains("export again") || said.contains("EPOCH.POSITION")), "{of_another_history}: {said}");
    }
}
