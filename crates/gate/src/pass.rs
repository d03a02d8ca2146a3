//! What let a request in, kept for as long as it lasts: new rules judge it again, and what they
//! wouldn't let in ends.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use credentials::Verifier;
use http::Method;
use tokio::sync::watch;

use crate::{
    rulebook::{Decision, Rulebook},
    rules::{Doubt, Facts, Password},
};

/// By list, the user name and the password's hash that were right there.
pub(crate) type Proven = BTreeMap<String, (String, Verifier)>;

/// A request, and what was proven with it.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) client: IpAddr,
    pub(crate) doubt: Doubt,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) proven: Proven,
    /// The rules under which it was let in, and their successors.
    pub(crate) rules: watch::Receiver<Arc<Rulebook>>,
}

impl Pass {
    /// Asks the rules, with what is proven; `otherwise` stands for all lists in which nothing is.
    pub(crate) fn with_facts<T>(
        &self,
        book: &Rulebook,
        otherwise: &Password,
        ask: impl FnOnce(&Facts<'_>) -> T,
    ) -> T {
        let passwords = |list: &str| match self.proven.get(list) {
            None => otherwise.clone(),
            Some((user, verifier)) => groups(book, list, user, verifier),
        };
        ask(&Facts {
            client: self.client,
            doubt: self.doubt,
            method: &self.method,
            path: &self.path,
            passwords: &passwords,
        })
    }

    /// Whether a password was needed, and right.
    pub(crate) fn is_proven(&self) -> bool {
        !self.proven.is_empty()
    }

    /// Waits until the rules would no longer let it in.
    pub(crate) async fn ended(mut self) {
        while self.rules.changed().await.is_ok() {
            let book = Arc::clone(&self.rules.borrow_and_update());
            let passes = self.with_facts(&book, &Password::Wrong, |facts| {
                matches!(book.decide(facts), Ok(Decision::Pass(_)))
            });
            if !passes {
                return;
            }
        }
        // The gate stops; what runs may finish.
        std::future::pending::<()>().await;
    }
}

/// The groups of a person who is still there, with the same password.
fn groups(book: &Rulebook, list: &str, user: &str, verifier: &Verifier) -> Password {
    let user = book.config.lists.get(list).and_then(|list| list.0.get(user));
    match user {
        Some(user) if user.password == *verifier => Password::Right(user.groups.clone()),
        _ => Password::Wrong,
    }
}
