//! The served OpenAPI document equals the one that the code generates.

use crate::http::openapi::document;
use std::env;
use std::fs;
use std::path::Path;

#[test]
fn the_served_document_is_the_one_that_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/spec/openapi.json");
    let made = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    if env::var_os("ORDERBELL_UPDATE_SPEC").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    // Not `assert_eq!`: its message would be both documents, and not the command to run.
    let is_same = fs::read_to_string(&path).is_ok_and(|kept| kept == made);
    assert!(
        is_same,
        "run `ORDERBELL_UPDATE_SPEC=1 cargo test --lib document` and review the changes in static/spec/openapi.json"
    );
}
