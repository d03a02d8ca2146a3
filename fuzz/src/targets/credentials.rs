//! What people type or browsers show to prove who they are.

use credentials::{Email, LinkCode, PasswordHash, SessionToken, Verifier};

use super::text;

/// A code has a public part of four letters, whatever was typed.
pub(super) fn link_code(bytes: &[u8]) {
    let Ok(code) = text(bytes).parse::<LinkCode>() else { return };
    assert!(code.id().len() == 4 && code.id().bytes().all(|byte| byte.is_ascii_uppercase()));
}

/// Tokens have one spelling each; addresses and hashes are read or refused.
pub(super) fn secrets(bytes: &[u8]) {
    let text = text(bytes);
    if let Some(token) = SessionToken::parse(text) {
        assert_eq!(*token.encode(), *text);
    }
    if let Ok(email) = text.parse::<Email>() {
        assert_eq!(email.to_string().parse(), Ok(email));
    }
    let _ = (PasswordHash::from_phc(text), Verifier::parse(text));
}
