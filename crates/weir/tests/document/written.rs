//! A document that is made from the code: compared with what is in `docs`, or written anew.

use std::path::PathBuf;

/// Writes the document instead of comparing it, when it is set.
const WRITE: &str = "WEIR_WRITE_DOCS";

/// Asserts that a document of this name is there and says this.
pub(crate) fn assert_is(name: &str, wanted: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let path = folder.join(name);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, wanted).expect("the document is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/{name} is not what the code says; write it by: make docs"
    );
}
