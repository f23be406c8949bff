//! SECURITY.md names tests as `path::test`; each must exist.

use crate::root;
use std::fs;

/// Returns the texts between backticks that have the form of a test's name.
fn named(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|word| word.rsplit_once("::"));
    tests.filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// Returns the named tests that do not exist.
fn absent(text: &str) -> Vec<String> {
    let gone = named(text).into_iter().filter(|(path, test)| {
        let source = fs::read_to_string(root().join(path)).unwrap_or_default();
        !source.contains(&format!("fn {test}("))
    });
    gone.map(|(path, test)| format!("SECURITY.md: no {test} in {path}")).collect()
}

#[test]
fn the_tests_in_security_md_exist() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    assert!(named(&text).len() > 40, "{} tests are named", named(&text).len());
    assert_eq!(absent(&text), [""; 0]);
}

/// The control: a test that does not exist is reported.
#[test]
fn a_missing_test_is_reported() {
    assert_eq!(absent("`tests/architecture/security.rs::never` and `a::b`").len(), 1);
    assert_eq!(absent("`tests/architecture/security.rs::a_missing_test_is_reported`").len(), 0);
    assert_eq!(absent("`tests/nowhere.rs::never`").len(), 1);
}
