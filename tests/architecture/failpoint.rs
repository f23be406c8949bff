//! Release builds contain no failpoints.

use crate::root;
use std::fs;
use std::process::Command;

/// The variable that arms failpoints.
const VARIABLE: &[u8] = b"ORDERBELL_FAILPOINT";

/// Compiles the module with or without debug assertions, and returns the object file.
fn compiled(with_assertions: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let object = folder.path().join("failpoint.o");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--crate-type", "lib", "--emit", "obj", "-C"]);
    rustc.arg(format!("debug-assertions={with_assertions}")).arg("-o").arg(&object).arg(root().join("src/failpoint.rs"));
    let compiled = rustc.output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    fs::read(object).unwrap()
}

#[test]
fn release_builds_have_no_failpoints() {
    let has = |with_assertions| compiled(with_assertions).windows(VARIABLE.len()).any(|bytes| bytes == VARIABLE);
    assert!(has(true), "debug builds have them");
    assert!(!has(false), "release builds have none");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("debug-assertions"), "release builds have no debug assertions");
}
