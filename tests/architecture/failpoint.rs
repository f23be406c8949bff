//! The points at which tests end a node are not in the binary that restaurants run.

use crate::root;
use std::fs;
use std::process::Command;

/// What the points are armed by.
const VARIABLE: &[u8] = b"ORDERBELL_FAILPOINT";

/// What the compiler makes of the file, with or without debug assertions.
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
fn a_build_for_use_has_no_point_at_which_it_could_be_told_to_end() {
    let has = |with_assertions| compiled(with_assertions).windows(VARIABLE.len()).any(|bytes| bytes == VARIABLE);
    assert!(has(true), "the tests' build has them");
    assert!(!has(false), "a build for use has none");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("debug-assertions"), "a build for use is one without debug assertions");
}
