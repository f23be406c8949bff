//! Checks of the architecture: compares the tables of ARCHITECTURE.md with the sources, and checks
//! rules that no lint covers.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod contract;
mod failpoint;
mod imports;
mod layers;
mod layout;
mod pages;
mod security;
mod source;

use layers::Layers;
use source::Source;
use std::fs;
use std::path::Path;

/// The most lines of a file, without the tests at its end. Files are split by meaning, usually much
/// earlier.
const MAX_FILE: usize = 500;
/// The most lines of a function.
const MAX_FUNCTION: usize = 70;

/// Crates that only one module may name, and that module.
const FENCED: [(&str, &str); 7] = [
    ("sqlx", "store"),
    ("redis", "broker"),
    ("actix_web_actors", "connection"),
    ("reqwest", "outbound"),
    ("web_push_native", "push"),
    ("rustls", "tls"),
    ("tokio_rustls", "tls"),
];

/// The pure modules.
const PURE: [&str; 2] = ["domain", "protocol"];
/// The names that pure modules may not use: clocks, files, sockets, randomness, runtimes.
const IMPURE: [&str; 9] =
    ["actix", "actix_web", "actix_rt", "tokio", "rand", "std::fs", "std::net", "std::time::SystemTime", "std::time::Instant"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let found = source::under(&root().join("src"));
    assert!(found.len() > 20, "the sources were found");
    found
}

/// Fails with all findings, not only the first.
fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn modules_use_only_what_the_layer_table_allows() {
    let layers = Layers::parse(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    assert_none(sources().iter().flat_map(|source| layers.violations(source)).collect());
}

#[test]
fn no_file_is_in_a_circle_of_imports() {
    let sources: Vec<_> = sources().into_iter().filter(|source| !source.path.contains("tests/")).collect();
    let imports = imports::Tree::new(&sources).imports();
    assert!(imports.values().map(std::collections::BTreeSet::len).sum::<usize>() > 500, "imports were found");
    assert_none(imports::circles(&imports));
}

#[test]
fn each_fenced_crate_is_named_only_by_its_module() {
    let fence = |source: &Source| {
        let outside = FENCED.iter().filter(|(name, home)| source.module != *home && source.names(name));
        outside.map(|(name, home)| format!("{}: only {home} names {name}", source.path)).collect::<Vec<_>>()
    };
    assert_none(sources().iter().flat_map(fence).collect());
}

#[test]
fn pure_modules_name_nothing_impure() {
    let pure = |source: &&Source| PURE.contains(&source.module.as_str());
    let impure = |source: &Source| {
        let named = IMPURE.iter().filter(|name| source.names(name));
        named.map(|name| format!("{}: {} is pure and names {name}", source.path, source.module)).collect::<Vec<_>>()
    };
    assert_none(sources().iter().filter(pure).flat_map(impure).collect());
}

#[test]
fn files_and_functions_are_short() {
    let long = |source: &Source| {
        let lines = source.lines_without_tests();
        let file = (lines > MAX_FILE).then(|| format!("{}: {lines} lines, {MAX_FILE} at most", source.path));
        let functions = source.functions().into_iter().filter(|(_, length)| *length > MAX_FUNCTION);
        let functions = functions.map(|(line, length)| format!("{}:{line}: a function of {length} lines", source.path));
        file.into_iter().chain(functions).collect::<Vec<_>>()
    };
    assert_none(sources().iter().flat_map(long).collect());
}

#[test]
fn the_sources_have_no_todo_and_no_unwrap() {
    let words = ["todo!", "unimplemented!", "dbg!", ".unwrap()", "TODO", "FIXME"];
    let left = |source: &Source| {
        let found = words.iter().filter_map(|word| Some((word, source.line_of(word)?)));
        found.map(|(word, line)| format!("{}:{line}: {word}", source.path)).collect::<Vec<_>>()
    };
    assert_none(sources().iter().flat_map(left).collect());
}

#[test]
fn main_is_a_shim() {
    let lines = fs::read_to_string(root().join("src/main.rs")).unwrap().lines().count();
    assert!(lines <= 50, "main.rs has {lines} lines; build, port and run live in the library");
}
