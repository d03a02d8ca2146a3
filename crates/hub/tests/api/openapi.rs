//! The API's description is kept in the repository, for people and for the dashboard's types.

use std::{fs, path::PathBuf};

/// `UPDATE_OPENAPI=1` writes the file instead of comparing it.
// covers: OP-4
#[test]
fn openapi_document_is_fresh() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let fresh = hub::openapi_json();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept == fresh, "docs/openapi.json is stale; run `cargo xtask openapi`");
}
