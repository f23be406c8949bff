//! A second version of the server.

use std::fs;
use std::path::{Path, PathBuf};
use support::wait::soon;
use tempfile::TempDir;
use tokio::process::Command;

/// The folder from which a debug build reads the pages. The path is compiled in.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/static");

/// The binary under test as its next version, which reads a changed copy of the pages. In the binary the path of the pages
/// is replaced by the path of the copy, padded to the same length.
pub struct Release {
    pages: TempDir,
    folder: TempDir,
}

impl Release {
    /// Copies the pages and replaces a text in one of them.
    pub async fn with(page: &str, from: &str, to: &str) -> Self {
        // The path must be short: it replaces one that ends with `/static` and may not be longer.
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
        // Treat the file as bytes, not as text.
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
