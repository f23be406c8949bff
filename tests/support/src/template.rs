//! Databases that are created once and copied for each test: the demo's passwords are slow to hash, and a long log is slow
//! to write.

use super::server::{self, TestServer};
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

static DEMO: OnceCell<PathBuf> = OnceCell::const_new();

/// Returns the folder of an unused demo database.
pub async fn demo() -> &'static Path {
    DEMO.get_or_init(|| async {
        let folder = fresh("demo");
        let mut server = TestServer::run(folder.clone(), &[]).await;
        server.stop().await;
        folder
    })
    .await
}

/// Returns an empty folder, with the same path in every run.
pub fn fresh(name: &str) -> PathBuf {
    let folder = crate::kept_folder().join("integration").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Copies the database in a folder together with its keys.
pub fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_name().to_str().unwrap().starts_with(server::DATABASE) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
