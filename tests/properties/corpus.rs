//! Replays the corpus of the fuzz targets, without cargo-fuzz, so that old findings stay fixed.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use targets::{TARGETS, Target};

/// The most bytes of an input and the most inputs of a target, so that the replay stays fast enough for every build.
const MAX_BYTES: usize = 4096;
const MAX_INPUTS: usize = 200;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(folder().join("corpus").join(target)).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Runs the input, complete and truncated at each byte.
fn replay(target: Target, input: &[u8]) {
    (0..=input.len()).for_each(|end| target(&input[..end]));
}

#[test]
fn the_corpus_of_every_target_replays() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        assert!((3..=MAX_INPUTS).contains(&inputs.len()), "{name}: {} inputs", inputs.len());
        for (path, input) in inputs {
            assert!(input.len() <= MAX_BYTES, "{}: {} bytes", path.display(), input.len());
            // Printed before it runs, so that a panic shows its input.
            println!("{}", path.display());
            replay(target, &input);
        }
    }
}

#[test]
fn each_target_is_a_cargo_fuzz_target_too() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} in fuzz/Cargo.toml");
        let source = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(source.contains("orderbell_fuzz::"), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// The control: a failing input is reported.
#[test]
#[should_panic(expected = "the control of the replay")]
fn a_failing_input_is_reported() {
    replay(|input| assert_ne!(input, b"room", "the control of the replay"), b"rooms");
}
