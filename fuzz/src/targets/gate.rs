//! Who a request to a gate says it is from.

use http::header::{AUTHORIZATION, HeaderValue};

use super::headers::fields;

/// A user name is one that a list could hold, and what was taken out is out. Other kinds of proof
/// stay.
pub(super) fn basic(bytes: &[u8]) {
    let mut fields = fields(bytes);
    let Ok(user) = gate::fuzzing::user(&fields) else { return };
    if let Some(user) = &user {
        assert!(!user.is_empty() && user.len() <= 256 && !user.contains(char::is_control));
    }
    let said = fields.get(AUTHORIZATION).cloned();
    gate::fuzzing::remove_user(&mut fields);
    assert_eq!(gate::fuzzing::user(&fields), Ok(None));
    let is_basic = |field: &HeaderValue| {
        field.as_bytes().get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"basic"))
    };
    match fields.get(AUTHORIZATION) {
        Some(left) => assert!(user.is_none() && said.as_ref() == Some(left)),
        None => assert!(said.as_ref().is_none_or(is_basic)),
    }
}
