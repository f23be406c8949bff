//! A SQLite file that is replaced by an earlier copy of it while no node runs.

use crate::disk::{beside, on};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::server::DATABASE;
use support::{Client, Menu, TestServer, template};

/// Follows the kitchen's room from a cursor of an epoch, as a returning screen does. Returns the type of the room's first
/// frame, the epoch, the orders that the screen then shows, and its cursor.
pub async fn come_back(staff: &Client, menu: &Menu, cursor: Option<(u64, &Value)>) -> (String, Value, BTreeSet<String>, u64) {
    let (mut screen, room) = (staff.screen().await, menu.kitchen());
    let mut subscribe = json!({"type": "subscribe", "room": room});
    screen.rooms.insert(room.clone(), support::Followed::default());
    if let Some((since, epoch)) = cursor {
        (subscribe["since"], subscribe["epoch"]) = (json!(since), epoch.clone());
        screen.rooms.insert(room.clone(), support::Followed::since(since));
    }
    screen.send(&subscribe).await;
    screen.until("live", |frame| frame["type"] == "live").await;
    let followed = screen.room(&room);
    let first = followed.types()[0].to_owned();
    (first, screen.epoch().clone(), followed.documents.keys().cloned().collect(), followed.cursor.unwrap())
}

pub async fn place(staff: &Client, menu: &Menu, count: usize) -> BTreeSet<String> {
    let mut placed = BTreeSet::new();
    for _ in 0..count {
        placed.insert(staff.place(&menu.basket()).await["id"].as_str().unwrap().to_owned());
    }
    placed
}

/// Copies the files of a stopped node, or takes a backup of a running one as docs/operations.md says.
async fn back_up(database: &Path, is_running: bool) {
    let backup = database.with_extension("backup");
    if is_running {
        on(database, &format!("VACUUM INTO '{}'", backup.display())).await;
    } else {
        fs::copy(database, backup).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_replaced_while_no_node_runs_gets_another_epoch_and_an_unchanged_one_keeps_its_epoch() {
    for is_running in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        template::copy(template::demo().await, folder.path());
        let database = folder.path().join(DATABASE);
        let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
        let staff = server.staff().await;
        let menu = Menu::read(&staff).await;
        let kept = place(&staff, &menu, 3).await;
        if !is_running {
            server.stop().await;
        }
        back_up(&database, is_running).await;
        if !is_running {
            server.restart().await;
        }
        let staff = staff.at(&server.base);
        place(&staff, &menu, 22).await;
        let (_, epoch, _, cursor) = come_back(&staff, &menu, None).await;
        for signal in ["stop", "kill"] {
            if signal == "stop" {
                server.stop().await
            } else {
                server.kill().await
            }
            server.restart().await;
            let (first, same, ..) = come_back(&staff.at(&server.base), &menu, Some((cursor, &epoch))).await;
            assert_eq!((first.as_str(), &same), ("live", &epoch), "{signal}: the file is as it was left");
        }
        server.stop().await;
        assert!(!beside(&database, "-wal").exists());
        fs::copy(database.with_extension("backup"), &database).unwrap();
        server.restart().await;
        let staff = staff.at(&server.base);
        let shown = come_back(&staff, &menu, Some((cursor, &epoch))).await;
        assert_eq!((shown.0.as_str(), &shown.2), ("snapshot", &kept));
        assert_ne!(shown.1, epoch);
        let all: BTreeSet<_> = place(&staff, &menu, 30).await.into_iter().chain(kept).collect();
        let shown = come_back(&staff, &menu, Some((cursor, &epoch))).await;
        assert_eq!((shown.0.as_str(), shown.2), ("snapshot", all), "a snapshot, even if the feed has grown past the cursor");
        server.stop().await;
        fs::remove_file(beside(&database, "-history")).unwrap();
        server.restart().await;
        let moved = come_back(&staff.at(&server.base), &menu, None).await;
        assert_ne!(moved.1, shown.1, "the file beside the database belongs to it");
    }
}
