//! SECURITY.md names tests as `path::test`: each must be there.

use crate::root;
use std::fs;

/// What stands between backticks and has the form of a test's name.
fn named(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|word| word.rsplit_once("::"));
    tests.filter(|(path, _)| path.ends_with(".rs")).collect()
}

/// Those that no file has.
fn absent(text: &str) -> Vec<String> {
    let gone = named(text).into_iter().filter(|(path, test)| {
        let source = fs::read_to_string(root().join(path)).unwrap_or_default();
        !source.contains(&format!("fn {test}("))
    });
    gone.map(|(path, test)| format!("SECURITY.md: no {test} in {path}")).collect()
}

#[test]
fn the_tests_that_security_md_names_are_there() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    assert!(named(&text).len() > 40, "{} tests are named", named(&text).len());
    assert_eq!(absent(&text), [""; 0]);
}

/// The control.
#[test]
fn a_test_that_is_not_there_is_noticed() {
    assert_eq!(absent("`tests/architecture/security.rs::never` and `a::b`").len(), 1);
    assert_eq!(absent("`tests/architecture/security.rs::a_test_that_is_not_there_is_noticed`").len(), 0);
    assert_eq!(absent("`tests/nowhere.rs::never`").len(), 1);
}
