//! A running server whose disk fills up or whose database files are removed.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::server::{DATABASE, command};
use support::{Client, Menu, PATIENCE, TestServer, eventually, new_id, template};
use tempfile::TempDir;

/// A file system of a few megabytes, unmounted when dropped. Mounting takes root.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    pub fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).status();
        assert!(mount.unwrap().success(), "this test must run as root: it mounts a small file system");
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Uses up the free space.
    pub fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn clear(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }

    fn make_read_only(&self) {
        let mount = Command::new("mount").args(["-o", "remount,ro"]).arg(self.path()).status();
        assert!(mount.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Tries to place an order. Returns its id, or the status of the refusal.
async fn try_place(client: &Client, menu: &Menu) -> Result<Value, u16> {
    match Client::attempt(client.placing(&new_id(), &menu.banquet())).await {
        Ok(answer) if answer.status == 201 => Ok(answer.json()["id"].clone()),
        Ok(answer) => Err(answer.status),
        Err(_) => Err(0),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_makes_the_node_unready_until_there_is_space_again() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    let server = TestServer::run(disk.path().to_owned(), &[]).await;
    let (staff, anybody) = (server.staff().await, server.anybody());
    let menu = Menu::read(&staff).await;
    anybody.get("/readyz").await.expect(200);
    let mut placed = vec![try_place(&staff, &menu).await.unwrap()];

    disk.fill();
    let refused = || async {
        match try_place(&staff, &menu).await {
            Ok(order) => Err(order),
            Err(status) => Ok(status),
        }
    };
    for _ in 0..1000 {
        match refused().await {
            Ok(status) => {
                assert_eq!(status, 503, "a full disk is not an internal error");
                break;
            }
            Err(order) => placed.push(order),
        }
    }
    let unready =
        || async { Some(anybody.get("/readyz").await).filter(|answer| answer.text.contains("disk of the database is full")) };
    eventually("/readyz to report the full disk", PATIENCE, unready).await.problem(503, "unavailable");
    assert_eq!(server.metric("orderbell_database_writable").await, 0.0);
    anybody.get("/healthz").await.expect(200);
    staff.order(&placed[0]).await;

    disk.clear();
    eventually("/readyz to report the freed space", PATIENCE, || async {
        (anybody.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(server.metric("orderbell_database_writable").await, 1.0);
    placed.push(try_place(&staff, &menu).await.unwrap());
    for order in &placed {
        staff.order(order).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_node_detects_a_full_disk_when_asked_for_its_readiness() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    let server = TestServer::run(disk.path().to_owned(), &[]).await;
    let anybody = server.anybody();
    disk.fill();
    // Each request comes before the next probe of an idle node is due.
    let unready = || async { (anybody.get("/readyz").await.status == 503).then_some(()) };
    eventually("/readyz to report the full disk", PATIENCE, unready).await;
    // A request to `/readyz` may find the fault before the next check does, which sets the metric.
    let unwritable = || async { (server.metric("orderbell_database_writable").await == 0.0).then_some(()) };
    eventually("the metric to report it", PATIENCE, unwritable).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_leaves_one_complete_file() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let placed = try_place(&staff, &Menu::read(&staff).await).await.unwrap();
    let database = folder.path().join(DATABASE);
    assert!(beside(&database, "-wal").exists(), "the control: the log exists while the node runs");
    server.stop().await;
    assert!(!beside(&database, "-wal").exists() && !beside(&database, "-shm").exists());
    let restored = tempfile::tempdir().unwrap();
    fs::copy(&database, restored.path().join(DATABASE)).unwrap();
    let copy = TestServer::run(restored.path().to_owned(), &[]).await;
    copy.staff().await.order(&placed).await;
}

pub fn beside(database: &Path, suffix: &str) -> std::path::PathBuf {
    database.with_file_name(format!("{DATABASE}{suffix}"))
}

/// An operation on the files of a running server.
type Deed = fn(&Path);

/// Runs a shell command with the path of a database as `$0`.
fn shell(line: &str, database: &Path) {
    let done = Command::new("sh").args(["-ec", line]).arg(database).status();
    assert!(done.unwrap().success(), "{line}");
}

/// Makes a backup as docs/operations.md describes.
async fn back_up(database: &Path) {
    let into = format!("VACUUM INTO '{}'", database.with_extension("backup").display());
    on(database, &into).await;
}

/// Runs SQL as another process would.
pub async fn on(database: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

/// Creates the database of another restaurant with the binary itself.
fn other(database: &Path) {
    let path = database.with_extension("other");
    let made = Command::new(env!("CARGO_BIN_EXE_orderbell"))
        .args(["--database-url", &format!("sqlite://{}", path.display()), "restaurant", "add", "--slug", "other"])
        .args(["--name", "Other", "--currency", "EUR"])
        .status();
    assert!(made.unwrap().success());
}

const DEEDS: [(&str, Deed); 18] = [
    ("the database removed", |database| fs::remove_file(database).unwrap()),
    ("the database moved away", |database| fs::rename(database, database.with_extension("old")).unwrap()),
    ("the database replaced", |database| shell(r#"cp "$0" "$0.copy"; mv "$0.copy" "$0""#, database)),
    ("another database copied over it", |database| {
        other(database);
        shell(r#"cp "$0.other" "$0""#, database);
    }),
    ("a copy of before it ran copied over it", |database| shell(r#"cp "$0.before" "$0""#, database)),
    ("a backup of this run copied over it", |database| shell(r#"cp "$0.backup" "$0""#, database)),
    ("a backup of this run copied over it with its times", |database| shell(r#"cp -p "$0.backup" "$0""#, database)),
    ("a backup of this run written into it", |database| {
        shell(r#"dd if="$0.backup" of="$0" conv=notrunc status=none"#, database);
    }),
    ("an emptied file", |database| shell(r#"truncate -s 0 "$0""#, database)),
    ("a file cut short", |database| shell(r#"truncate -s -8192 "$0""#, database)),
    ("one byte written in the middle of it", |database| {
        shell(r#"printf x | dd of="$0" bs=1 seek=50000 conv=notrunc status=none"#, database);
    }),
    ("its log removed", |database| fs::remove_file(beside(database, "-wal")).unwrap()),
    ("its log emptied", |database| shell(r#"truncate -s 0 "$0-wal""#, database)),
    ("its log cut short", |database| shell(r#"truncate -s -1 "$0-wal""#, database)),
    ("its log written over", |database| shell(r#"dd if=/dev/zero of="$0-wal" bs=32 count=1 conv=notrunc status=none"#, database)),
    ("an earlier index of its log written over it", |database| {
        shell(r#"dd if="$0.index" of="$0-shm" conv=notrunc status=none"#, database);
    }),
    ("the index of its log filled with zeros", |database| {
        shell(r#"dd if=/dev/zero of="$0-shm" bs=32768 count=1 conv=notrunc status=none"#, database);
    }),
    ("the index of its log removed", |database| fs::remove_file(beside(database, "-shm")).unwrap()),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_database_is_replaced_acknowledges_nothing_more_and_exits() {
    for (what, deed) in DEEDS {
        let folder = tempfile::tempdir().unwrap();
        template::copy(template::demo().await, folder.path());
        let database = folder.path().join(DATABASE);
        fs::copy(&database, database.with_extension("before")).unwrap();
        let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        try_place(&staff, &menu).await.unwrap();
        back_up(&database).await;
        shell(r#"cp "$0-shm" "$0.index""#, &database);
        try_place(&staff, &menu).await.unwrap();
        deed(&folder.path().join(DATABASE));
        for _ in 0..3 {
            let answer = try_place(&staff, &menu).await;
            assert!(answer.is_err(), "{what}: {answer:?}");
        }
        let status = server.exit().await;
        assert!(!status.success(), "{what}: {status}");
        assert!(server.log().contains("was removed or replaced"), "{what}: {}", server.log());
        if what == "an emptied file" {
            let said = refused(&database, &SERVE).await;
            assert!(said.contains("db-wal.replaced does not belong to"), "no empty database replaces it: {said}");
        }
    }
}

/// Operations beside a running server that are harmless.
const HARMLESS: [&str; 6] = [
    r#"chmod 640 "$0"; chmod 600 "$0""#,
    r#"ln "$0" "$0.link"; rm "$0.link""#,
    r#"cp "$0" "$0.read"; cp "$0-wal" "$0.read-wal""#,
    r#"touch -a "$0" "$0-wal""#,
    r#"cat "$0" "$0-wal" "$0-shm" > /dev/null"#,
    "sync",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_keeps_running_when_others_read_its_files_or_write_through_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let database = folder.path().join(DATABASE);
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut placed = Vec::new();
    for deed in HARMLESS {
        shell(deed, &database);
        placed.push(try_place(&staff, &menu).await.unwrap_or_else(|status| panic!("{deed}: {status}")));
    }
    let statements = [
        "PRAGMA wal_checkpoint(PASSIVE)",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        // Once more with nothing to write, then enough pages for an automatic checkpoint.
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "CREATE TABLE pages (page BLOB); INSERT INTO pages SELECT randomblob(8000) FROM generate_series(1, 800)",
        "DROP TABLE pages; PRAGMA wal_checkpoint(TRUNCATE)",
        "VACUUM",
    ];
    for sql in statements {
        let sql = sql.replace(
            "generate_series(1, 800)",
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 800) SELECT i FROM n)",
        );
        on(&database, &sql).await;
        placed.push(try_place(&staff, &menu).await.unwrap_or_else(|status| panic!("{sql}: {status}")));
    }
    back_up(&database).await;
    for round in 0..5 {
        let add = ["restaurant", "add", "--name", "Other", "--currency", "EUR", "--slug"];
        server.tool(&[&add[..], &[&format!("other-{round}")]].concat()).await;
        server.tool(&["purge", "--restaurant", "demo", "--older-than", "1s"]).await;
    }
    placed.push(try_place(&staff, &menu).await.unwrap());
    for order in &placed {
        staff.order(order).await;
    }
    server.anybody().get("/readyz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_node_exits_when_its_database_is_removed_and_keeps_running_beside_a_tool() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    for _ in 0..3 {
        // Each opens the same files and closes them again.
        server.staff().await.get("/readyz").await.expect(200);
    }
    fs::remove_file(folder.path().join(DATABASE)).unwrap();
    assert!(!server.exit().await.success());
}

/// Runs a command of the binary that must be refused, and returns its message.
pub async fn refused(database: &Path, arguments: &[&str]) -> String {
    let common = ["--database-url".to_owned(), format!("sqlite://{}", database.display())];
    let ended = command(&std::env::temp_dir(), &common).args(arguments).output();
    let output = tokio::time::timeout(PATIENCE, ended).await.expect("the command must end").unwrap();
    assert!(!output.status.success(), "{arguments:?} must be refused");
    String::from_utf8(output.stderr).unwrap()
}

pub const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];

/// Kills a server that had acknowledged orders before and after a backup. Returns the last order.
async fn killed(folder: &Path) -> Value {
    template::copy(template::demo().await, folder);
    let mut server = TestServer::run(folder.to_owned(), &[]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    try_place(&staff, &menu).await.unwrap();
    back_up(&folder.join(DATABASE)).await;
    let placed = try_place(&staff, &menu).await.unwrap();
    server.kill().await;
    placed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_refuses_and_keeps_a_log_that_does_not_belong_to_the_database() {
    let deeds = [
        ("a backup moved over it", r#"mv "$0.backup" "$0""#),
        ("a backup copied over it", r#"cp "$0.backup" "$0""#),
        ("it removed", r#"rm "$0""#),
        ("it emptied", r#"truncate -s 0 "$0""#),
    ];
    for (what, deed) in deeds {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path()).await;
        let database = folder.path().join(DATABASE);
        let log = fs::read(beside(&database, "-wal")).unwrap();
        shell(deed, &database);
        let found = files(folder.path());
        for arguments in [&SERVE[..], &["purge", "--restaurant", "demo", "--older-than", "1d"]] {
            let said = refused(&database, arguments).await;
            assert!(
                ["db-wal does not belong to", "does not exist, but its log"].iter().any(|words| said.contains(words))
                    && said.contains("db-shm away"),
                "{what}: {said}"
            );
        }
        assert_eq!(fs::read(beside(&database, "-wal")).unwrap(), log, "{what}: the log is unchanged");
        assert!(files(folder.path()) == found, "{what}: every file is unchanged, and none was added");
        shell(r#"mkdir "$0.away"; mv "$0-wal" "$0-shm" "$0.away""#, &database);
        TestServer::run(folder.path().to_owned(), &[]).await.anybody().get("/readyz").await.expect(200);
    }
}

/// Returns the files of a folder with their contents.
pub fn files(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap());
    files.filter(|entry| entry.path().is_file()).map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_node_starts_with_all_acknowledged_orders_after_tools_have_read_its_files() {
    for deed in ["true", r#"touch "$0""#, r#"rm "$0-shm""#, r#"cp "$0" "$0.raw"; mv "$0.raw" "$0""#] {
        let folder = tempfile::tempdir().unwrap();
        let placed = killed(folder.path()).await;
        shell(deed, &folder.path().join(DATABASE));
        let server = TestServer::run(folder.path().to_owned(), &[]).await;
        server.staff().await.order(&placed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_after_a_power_loss_during_the_first_commit_of_a_log() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path()).await;
    // The disk has the frame of the database's first page, but not the page.
    let lost = r#"dd if=/dev/zero of="$0-wal" bs=1 seek=56 count=4096 conv=notrunc status=none"#;
    shell(lost, &folder.path().join(DATABASE));
    let server = TestServer::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    try_place(&staff, &Menu::read(&staff).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_reports_a_truncated_database_as_damaged() {
    // The first cut removes more bytes than the log has.
    for deed in
        [r#"truncate -s -131072 "$0""#, r#"truncate -s -8192 "$0"; rm "$0-wal" "$0-shm""#, r#"truncate -s 50 "$0"; rm "$0-wal""#]
    {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path()).await;
        let database = folder.path().join(DATABASE);
        shell(deed, &database);
        let said = refused(&database, &SERVE).await;
        assert!(said.contains("/db is damaged") && said.contains("restore a backup"), "{deed}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_on_a_full_disk_names_the_disk_and_the_space_it_needs() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    disk.fill();
    let said = refused(&disk.path().join(DATABASE), &SERVE).await;
    let named = format!("the disk of {} is full: ", disk.path().display());
    assert!(said.contains(&named) && said.contains("KiB are free, and a start needs"), "{said}");
    let fresh = refused(&disk.path().join("fresh/db"), &SERVE).await;
    assert!(fresh.contains(" is full: "), "{fresh}");
    disk.clear();
    TestServer::run(disk.path().to_owned(), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_write_permission_names_the_file() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    let database = disk.path().join(DATABASE);
    disk.make_read_only();
    for arguments in [&SERVE[..], &["migrate"]] {
        let said = refused(&database, arguments).await;
        let named = format!("{} cannot be used: Read-only file system", database.display());
        assert!(said.contains(&named), "{said}");
    }
}
