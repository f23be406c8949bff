//! A disk that is full, and database files that are taken away, under a running server.

use crate::support::server::DATABASE;
use crate::support::{Client, Menu, PATIENCE, Server, eventually, new_id, template};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A file system of a few megabytes; unmounted when it is dropped. Making one is root's alone.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(folder.path()).status();
        assert!(mount.unwrap().success(), "this test mounts a small file system, which takes root");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes what place there is.
    fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.path().join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        while file.write_all(&[0]).is_ok() {}
    }

    fn clear(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Places an order if the server takes it; returns its id.
async fn try_place(client: &Client, menu: &Menu) -> Result<Value, u16> {
    match Client::attempt(client.placing(&new_id(), &menu.banquet())).await {
        Ok(answer) if answer.status == 201 => Ok(answer.json()["id"].clone()),
        Ok(answer) => Err(answer.status),
        Err(_) => Err(0),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_makes_the_node_unready_until_there_is_place_again() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    let server = Server::run(disk.path().to_owned(), &[]).await;
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
                assert_eq!(status, 503, "a disk that is full is no bug of the server");
                break;
            }
            Err(order) => placed.push(order),
        }
    }
    let unready =
        || async { Some(anybody.get("/readyz").await).filter(|answer| answer.text.contains("disk of the database is full")) };
    eventually("/readyz that knows of the disk", PATIENCE, unready).await.problem(503, "unavailable");
    assert_eq!(server.metric("orderbell_database_writable").await, 0.0);
    anybody.get("/healthz").await.expect(200);
    staff.order(&placed[0]).await;

    disk.clear();
    eventually("/readyz that knows of the place", PATIENCE, || async {
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
async fn an_idle_node_that_is_only_asked_whether_it_is_ready_finds_its_disk_full() {
    let disk = SmallDisk::mount();
    template::copy(template::demo().await, disk.path());
    let server = Server::run(disk.path().to_owned(), &[]).await;
    let anybody = server.anybody();
    disk.fill();
    // Each question comes sooner than the next probe of an idle node would.
    let unready = || async { (anybody.get("/readyz").await.status == 503).then_some(()) };
    eventually("/readyz that knows of the disk", PATIENCE, unready).await;
    assert_eq!(server.metric("orderbell_database_writable").await, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_leaves_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let mut server = Server::run(folder.path().to_owned(), &[]).await;
    let staff = server.staff().await;
    let placed = try_place(&staff, &Menu::read(&staff).await).await.unwrap();
    let database = folder.path().join(DATABASE);
    assert!(beside(&database, "-wal").exists(), "the control: it is there while the node runs");
    server.stop().await;
    assert!(!beside(&database, "-wal").exists() && !beside(&database, "-shm").exists());
    let restored = tempfile::tempdir().unwrap();
    fs::copy(&database, restored.path().join(DATABASE)).unwrap();
    let copy = Server::run(restored.path().to_owned(), &[]).await;
    copy.staff().await.order(&placed).await;
}

fn beside(database: &Path, suffix: &str) -> std::path::PathBuf {
    database.with_file_name(format!("{DATABASE}{suffix}"))
}

/// What somebody does to the files of a running server.
type Deed = fn(&Path);

/// Writes other content into a file, as `cp` does.
fn copy_over(from: &Path, database: &Path) {
    fs::write(database, fs::read(from).unwrap()).unwrap();
}

/// A whole database of another restaurant, made by the binary itself.
fn other(database: &Path) -> std::path::PathBuf {
    let path = database.with_extension("other");
    let made = Command::new(env!("CARGO_BIN_EXE_orderbell"))
        .args(["--database-url", &format!("sqlite://{}", path.display()), "restaurant", "add", "--slug", "other"])
        .args(["--name", "Other", "--currency", "EUR"])
        .status();
    assert!(made.unwrap().success());
    path
}

const DEEDS: [(&str, Deed); 8] = [
    ("the database removed", |database| fs::remove_file(database).unwrap()),
    ("the database moved away", |database| fs::rename(database, database.with_extension("old")).unwrap()),
    ("the database replaced", |database| {
        let copy = database.with_extension("copy");
        fs::copy(database, &copy).unwrap();
        fs::rename(copy, database).unwrap();
    }),
    ("another database copied over it", |database| copy_over(&other(database), database)),
    ("a copy of before it ran copied over it", |database| copy_over(&database.with_extension("before"), database)),
    ("an emptied file", |database| fs::File::options().write(true).open(database).unwrap().set_len(0).unwrap()),
    ("its log removed", |database| fs::remove_file(beside(database, "-wal")).unwrap()),
    ("the index of its log removed", |database| fs::remove_file(beside(database, "-shm")).unwrap()),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_taken_away_acknowledges_nothing_more_and_ends_the_node() {
    for (what, deed) in DEEDS {
        let folder = tempfile::tempdir().unwrap();
        template::copy(template::demo().await, folder.path());
        let database = folder.path().join(DATABASE);
        fs::copy(&database, database.with_extension("before")).unwrap();
        let mut server = Server::run(folder.path().to_owned(), &[]).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        try_place(&staff, &menu).await.unwrap();
        deed(&folder.path().join(DATABASE));
        for _ in 0..3 {
            let answer = try_place(&staff, &menu).await;
            assert!(answer.is_err(), "{what}: {answer:?}");
        }
        let status = server.exit().await;
        assert!(!status.success(), "{what}: {status}");
        assert!(server.log().contains("was removed or replaced"), "{what}: {}", server.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_node_notices_that_its_database_is_gone_and_one_beside_a_tool_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let mut server = Server::run(folder.path().to_owned(), &[]).await;
    for _ in 0..3 {
        // Each opens the same files, and closes them again.
        server.staff().await.get("/readyz").await.expect(200);
    }
    fs::remove_file(folder.path().join(DATABASE)).unwrap();
    assert!(!server.exit().await.success());
}
