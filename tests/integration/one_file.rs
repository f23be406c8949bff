//! One SQLite file belongs to one node, under whatever name, and is complete when no process has it open.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use support::server::{DATABASE, FLAGS, command};
use support::wait::soon;
use support::{Client, Menu, TestServer, new_id, template};

/// Runs a command of the binary on a database. Returns whether it succeeded, and its standard error.
async fn run(database: &Path, arguments: &[&str]) -> (bool, String) {
    let common = ["--database-url".to_owned(), format!("sqlite://{}", database.display())];
    let mut command = command(database.parent().unwrap(), &common);
    let output = soon("the end of a command", command.args(arguments).output()).await.unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_is_refused_under_every_name_of_the_file_and_even_without_the_lock_file() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let database = folder.path().join(DATABASE);
    let elsewhere = tempfile::tempdir_in(folder.path()).unwrap();
    let (hard, soft) = (elsewhere.path().join("hard"), elsewhere.path().join("soft"));
    fs::hard_link(&database, &hard).unwrap();
    symlink(&database, &soft).unwrap();
    for name in [&database, &hard, &soft] {
        let (started, said) = run(name, &FLAGS).await;
        assert!(!started && said.contains("is in use by another server"), "{name:?}: {said}");
    }
    let listing = ["token", "list", "--restaurant", "demo"];
    let (worked, said) = run(&hard, &listing).await;
    assert!(!worked && said.contains("under another name"), "{said}");
    for name in [&database, &soft] {
        let (worked, said) = run(name, &listing).await;
        assert!(worked, "{name:?}: {said}");
    }
    fs::remove_file(&hard).unwrap();
    fs::remove_file(database.with_file_name(format!("{DATABASE}.lock"))).unwrap();
    let (started, said) = run(&database, &FLAGS).await;
    assert!(!started && said.contains("is in use by another server"), "{said}");
    let staff = server.staff().await;
    let order = Client::attempt(staff.placing(&new_id(), &Menu::read(&staff).await.banquet())).await.unwrap();
    order.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_over_the_file_of_a_running_node_is_served_completely_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let database = folder.path().join(DATABASE);
    let backup = fs::read(&database).unwrap();
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let placed = Client::attempt(staff.placing(&new_id(), &menu.banquet())).await.unwrap().expect(201);
    fs::write(&database, &backup).unwrap();
    assert!(!server.exit().await.success());
    server.restart().await;
    // The order is in the log of the overwritten file, which must not be replayed into the restored one.
    let path = format!("/api/v1/orders/{}", placed["id"].as_str().unwrap());
    server.staff().await.get(&path).await.problem(404, "not_found");
    server.stop().await;
    let (checked, said) = run(&database, &["migrate"]).await;
    assert!(checked, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_without_a_running_node_leaves_one_complete_file_even_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let database = folder.path().join(DATABASE);
    let add = ["restaurant", "add", "--slug", "second", "--name", "Second", "--currency", "EUR"];
    for (expected, arguments) in [(true, &add[..]), (false, &add[..]), (true, &["token", "list", "--restaurant", "second"])] {
        let (worked, said) = run(&database, arguments).await;
        assert_eq!(worked, expected, "{arguments:?}: {said}");
        for suffix in ["-wal", "-shm"] {
            assert!(!database.with_file_name(format!("{DATABASE}{suffix}")).exists(), "{arguments:?} left {suffix}");
        }
    }
    let copy = folder.path().join("copy");
    fs::copy(&database, &copy).unwrap();
    let (worked, said) = run(&copy, &["token", "list", "--restaurant", "second"]).await;
    assert!(worked, "{said}");
}
