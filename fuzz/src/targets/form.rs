//! Uploads in forms.

use guard::{Body, Head, classify};

/// What passes is the beginning of what came, and doesn't depend on how it was cut into pieces.
/// The first byte is the size of a piece, the second says whether prints may be started.
pub(super) fn form(bytes: &[u8]) {
    let [size, may_start, form @ ..] = bytes else { return };
    let whole = passes(form, form.len().max(1), may_start % 2 == 1);
    let pieces = passes(form, usize::from(*size).max(1), may_start % 2 == 1);
    assert!(form.starts_with(&whole.0) && form.starts_with(&pieces.0));
    assert_eq!(whole.1, pieces.1);
    assert!(!whole.1 || (whole.0 == form && pieces.0 == form), "what is accepted passes whole");
}

/// What passes, and whether the form was accepted.
fn passes(form: &[u8], size: usize, may_start: bool) -> (Vec<u8>, bool) {
    let head = Head {
        method: "POST",
        path: "/api/files/local",
        content_type: Some("multipart/form-data; boundary=AaB03xAaB03x"),
        ..Head::default()
    };
    let Body::Form(scanner) = classify(&head).body else { panic!("uploads are listed") };
    let mut scanner = if may_start { scanner.that_may_start() } else { scanner };
    let mut passed = Vec::new();
    for piece in form.chunks(size) {
        match scanner.read(piece) {
            Ok(bytes) => passed.extend(bytes),
            Err(_) => return (passed, false),
        }
    }
    (passed, scanner.finish().is_ok())
}
