//! Another version of the server.

use std::fs;
use std::path::{Path, PathBuf};
use support::wait::soon;
use tempfile::TempDir;
use tokio::process::Command;

/// Where a debug build reads the pages from: the path is compiled in.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");

/// The program under test as its next version: the same one, but it reads a changed copy of the pages. In its file the path
/// of the pages is written over by that of the copy, filled up to the same length.
pub struct Release {
    pages: TempDir,
    folder: TempDir,
}

impl Release {
    /// Copies the pages, and changes a text in one of them.
    pub async fn with(page: &str, from: &str, to: &str) -> Self {
        // A short path, since it must not be longer than the one it takes the place of, which ends with `/static`.
        let pages = tempfile::Builder::new().prefix("").rand_bytes(3).tempdir_in("/tmp").unwrap();
        run(Command::new("cp").args(["-r", "-T", PAGES]).arg(pages.path())).await;
        let page = pages.path().join(page);
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains(from), "{from} stands in {}", page.display());
        fs::write(&page, text.replace(from, to)).unwrap();
        let release = Self { pages, folder: tempfile::tempdir().unwrap() };
        release.build().await;
        release
    }

    async fn build(&self) {
        let copy = self.pages.path().to_str().unwrap();
        let spare = PAGES.len().checked_sub(copy.len()).expect("the repository's path is too short for this test");
        let (pages, copy) = (PAGES.replace('.', "[.]"), format!("{}{copy}", "/".repeat(spare)));
        let program = self.program();
        fs::copy(env!("CARGO_BIN_EXE_orderbell"), &program).unwrap();
        // Bytes, not text.
        run(Command::new("sed").env("LC_ALL", "C").args(["-i", &format!("s|{pages}|{copy}|g")]).arg(&program)).await;
    }

    pub fn program(&self) -> PathBuf {
        self.folder.path().join(Path::new("orderbell"))
    }
}

async fn run(command: &mut Command) {
    let status = soon("a copy", command.status()).await.unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
