//! Who has a password.

use std::collections::{BTreeMap, BTreeSet};

use credentials::Verifier;

/// People with a user name and a password. Several lists can stand beside each other; the same name
/// in two of them is two people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserList(pub BTreeMap<String, User>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the password is compared with.
    pub password: Verifier,
    /// The groups of the list to which the person belongs.
    pub groups: BTreeSet<String>,
}
