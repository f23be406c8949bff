//! `orderbell backup` beside a running node, and `orderbell restore`.

use crate::disk::{SmallDisk, beside, files, on, refused};
use crate::histories::{come_back, place};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use support::server::DATABASE;
use support::{Client, Menu, TestServer, client::text, template};

async fn orders(database: &Path) -> i64 {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

/// Returns the replaced database that a restore has kept, after checking that it kept one.
fn kept(folder: &Path) -> PathBuf {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_kept = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("db.replaced-") && name.ends_with('Z')
    };
    let found: Vec<_> = names.filter(is_kept).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_node_is_restored_and_every_older_cursor_gets_a_snapshot() {
    for ends_with in ["stop", "kill"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        let saved = place(&staff, &menu, 3).await;
        let backup = folder.path().join("saved.db");
        let said = server.tool(&["backup", backup.to_str().unwrap()]).await;
        assert!(said.contains("1 restaurants, 3 orders") && said.contains("read back, and sound"), "{said}");
        for file in [backup.clone(), folder.path().join("saved.db.keys")] {
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        place(&staff, &menu, 4).await;
        let (_, epoch, _, cursor) = come_back(&staff, &menu, None).await;
        let restore = ["restore", backup.to_str().unwrap()];
        let said = refused(&server.database(), &restore).await;
        assert!(said.contains("is in use by another server"), "{said}");
        if ends_with == "stop" {
            server.stop().await
        } else {
            server.kill().await
        }

        let said = server.tool(&restore).await;
        assert!(said.contains("3 orders") && said.contains("all screens start over"), "{said}");
        let kept = kept(folder.path());
        assert!(said.contains(kept.file_name().unwrap().to_str().unwrap()), "{said}");
        server.restart().await;
        let shown = come_back(&staff.at(&server.base), &menu, Some((cursor, &epoch))).await;
        assert_eq!((shown.0.as_str(), &shown.2), ("snapshot", &saved), "{ends_with}");
        assert_ne!(shown.1, epoch, "{ends_with}");
        assert_eq!(orders(&kept).await, 7, "{ends_with}: the replaced database has all of its orders, with those in its log");
        server.stop().await;
        let left: Vec<_> = files(folder.path()).into_keys().filter(|name| name.to_string_lossy().contains("rest")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_starts_on_another_machine_with_its_keys() {
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = TestServer::run(home.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let placed = staff.place(&Menu::read(&staff).await.basket()).await;
    let backup = home.path().join("saved.db");
    server.tool(&["backup", backup.to_str().unwrap()]).await;
    let database = format!("sqlite://{}", elsewhere.path().join(DATABASE).display());
    let restored = support::server::command(elsewhere.path(), &["--database-url".into(), database])
        .args(["restore", backup.to_str().unwrap()])
        .output()
        .await
        .unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let other = TestServer::run(elsewhere.path().to_owned(), &[]).await;
    staff.at(&other.base).order(&placed["id"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unsound_backup_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let (database, file) = (folder.path().join(DATABASE), folder.path().join("backup"));
    let cases: [(&str, &str, &str); 6] = [
        ("cut short", r#"head -c 200000 "$0" >"$1""#, "is damaged"),
        ("overwritten", r#"cp "$0" "$1"; dd if=/dev/zero of="$1" bs=4096 seek=12 count=40 conv=notrunc status=none"#, ""),
        ("another program's", r#"echo "a menu, and no database" >"$1""#, "is not a database of Orderbell"),
        ("empty", r#": >"$1""#, "it is empty"),
        ("absent", r#"rm -f "$1""#, "does not exist"),
        ("the database", r#"ln "$0" "$1""#, "is the database itself"),
    ];
    for (what, deed, words) in cases {
        fs::remove_file(&file).ok();
        let done = std::process::Command::new("sh").args(["-ec", deed]).args([&database, &file]).status().unwrap();
        assert!(done.success(), "{what}");
        let found = files(folder.path());
        let said = refused(&database, &["restore", file.to_str().unwrap()]).await;
        assert!(said.contains(words), "{what}: {said}");
        assert!(files(folder.path()) == found, "{what}: every file is unchanged, and none was added");
    }
    fs::remove_file(&file).unwrap();
    // A feed that lacks an event, which SQLite cannot detect.
    fs::copy(&database, &file).unwrap();
    on(&file, "UPDATE feeds SET head = head + 1").await;
    let said = refused(&database, &["restore", file.to_str().unwrap()]).await;
    assert!(said.contains("a feed lacks events"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_overwrites_nothing_creates_no_database_and_leaves_no_incomplete_file() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(DATABASE);
    let said = refused(&database, &["backup", folder.path().join("b").to_str().unwrap()]).await;
    assert!(said.contains("db does not exist") && files(folder.path()).is_empty(), "{said}");
    template::copy(template::demo().await, folder.path());
    for taken in ["b", "b.keys"] {
        let taken = folder.path().join(taken);
        fs::write(&taken, "mine").unwrap();
        let said = refused(&database, &["backup", folder.path().join("b").to_str().unwrap()]).await;
        assert!(said.contains("exists already"), "{said}");
        assert_eq!(fs::read(&taken).unwrap(), b"mine");
        fs::remove_file(taken).unwrap();
    }
    assert!(!beside(&database, "-wal").exists());
    let disk = SmallDisk::mount();
    disk.fill();
    let said = refused(&database, &["backup", disk.path().join("b").to_str().unwrap()]).await;
    assert!(said.contains("is full"), "{said}");
    assert_eq!(files(disk.path()).into_keys().collect::<Vec<_>>(), ["filler"]);
}

/// Returns the words of a command about a person.
fn of<'a>(words: &[&'a str], username: &'a str) -> Vec<&'a str> {
    [words, &["--restaurant", "demo", "--username", username]].concat()
}

/// Revocations made after the backup stay if they can. The command lists the others, each with the remedy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_keeps_revocations_and_lists_the_access_that_it_brings_back() {
    const REFRESH: &str = "/api/v1/sessions/refresh";
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    let anybody = server.anybody();
    let sign_in = async |username: &str, password: &str| {
        let form = json!({"restaurant": "demo", "username": username, "password": password});
        anybody.post("/api/v1/sessions", &form).await.expect(200)
    };
    let (done, said) =
        server.tool_told(&[&of(&["user", "add"], "mina")[..], &["--role", "staff"]].concat(), "a-long-and-odd-word").await;
    assert!(done, "{said}");
    let secret = server.tool(&["api-key", "add", "--restaurant", "demo", "--name", "till"]).await;
    let key = server.tool(&["api-key", "list", "--restaurant", "demo"]).await;
    let (mina, staff) = (sign_in("mina", "a-long-and-odd-word").await, sign_in("staff", "staff-demo").await);
    let till = anybody.post("/api/v1/sessions", &json!({"api_key": secret})).await.expect(200);
    let guest = anybody.post("/api/v1/diner-sessions", &json!({"table_key": "demo-table-2"})).await.expect(200);
    let guest = Client::new(&server.base, text(&guest["access_token"]));
    let order = guest.place(&Menu::read(&guest).await.basket()).await;
    let number = order["number"].to_string();
    let manager = server.manager().await;
    let people = manager.get("/api/v1/restaurants/demo/people").await.expect(200);
    let of_person = |username: &str| {
        let person = people["people"].as_array().unwrap().iter().find(|person| person["username"] == username).unwrap();
        format!("/api/v1/restaurants/demo/people/{}/pin", text(&person["id"]))
    };
    for username in ["staff", "manager"] {
        assert_eq!(manager.put(&of_person(username), &json!({"pin": "4711"})).await.status, 204);
    }
    let rider = json!({"name": "Anwara", "phone": "1", "address": "Road 7"});
    let firni = Menu::read(&manager).await.line("Firni", 1);
    let delivered = manager.place(&json!({"service": "delivery", "items": [firni], "delivery": rider})).await;
    let backup = folder.path().join("saved.db");
    server.tool(&["backup", backup.to_str().unwrap()]).await;

    server.tool(&of(&["user", "remove"], "mina")).await;
    server.tool(&[&of(&["user", "set-role"], "staff")[..], &["--role", "manager"]].concat()).await;
    server.tool(&["api-key", "remove", "--restaurant", "demo", "--id", key.split_once("  ").unwrap().0]).await;
    assert_eq!(manager.delete(&of_person("staff")).await.status, 204);
    assert_eq!(manager.put(&of_person("manager"), &json!({"pin": "80293"})).await.status, 204);
    assert_eq!(manager.delete(&format!("/api/v1/orders/{}/delivery", text(&delivered["id"]))).await.status, 204);
    manager.command(&order["id"], "reject", json!({"reason": "too_busy"})).await.expect(200);
    server.tool(&["guest", "erase", "--restaurant", "demo", "--order", &number]).await;
    server.stop().await;
    let said = server.tool(&["restore", backup.to_str().unwrap()]).await;
    for words in [
        "1 API keys stay revoked: till",
        "sessions stay ended: ",
        "TO DO: 1 people who had been removed may sign in again: demo/mina",
        "TO DO: 1 people have an earlier role: demo/staff",
        &format!("a guest who was erased, or purged by age: demo/{number}"),
        "TO DO: 1 PINs that had been removed work again: demo/staff",
        "TO DO: 1 people have an earlier PIN: demo/manager",
        &format!("address) that had been removed: demo/{}", delivered["number"]),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("an earlier password") && !said.contains("run again"), "{said}");
    server.restart().await;
    let anybody = server.anybody();
    for tokens in [&mina, &staff, &till] {
        anybody.post(REFRESH, &json!({"refresh_token": tokens["refresh_token"]})).await.problem(401, "unauthorized");
        let client = Client::new(&server.base, text(&tokens["access_token"]));
        client.get("/api/v1/restaurants/demo/orders").await.problem(401, "unauthorized");
    }
    anybody.post("/api/v1/sessions", &json!({"api_key": secret})).await.problem(401, "unauthorized");
}

/// A backup without its keys is of little use, and an incomplete one blocks the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_whose_keys_cannot_be_copied_leaves_nothing_and_one_without_keys_says_so() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let (database, backup) = (folder.path().join(DATABASE), folder.path().join("saved.db"));
    let keys = folder.path().join(format!("{DATABASE}.keys"));
    fs::remove_file(&keys).ok();
    fs::create_dir(&keys).unwrap();
    let before = files(folder.path());
    let said = refused(&database, &["backup", backup.to_str().unwrap()]).await;
    assert!(said.contains("cannot be copied"), "{said}");
    assert!(files(folder.path()) == before, "{said}");
    let said = refused(&database, &["backup", "/no/such/folder/saved.db"]).await;
    assert!(said.contains("the folder /no/such/folder does not exist"), "{said}");
    fs::remove_dir(&keys).unwrap();
    let common = ["--database-url".to_owned(), format!("sqlite://{}", database.display())];
    let output =
        support::server::command(folder.path(), &common).args(["backup", backup.to_str().unwrap()]).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("no keys were copied"), "{said}");
}
