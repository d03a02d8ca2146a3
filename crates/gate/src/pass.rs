//! What let a request in, kept for as long as it lasts: new rules, and new networks of this machine,
//! judge it again, and what they wouldn't let in ends.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use credentials::Verifier;
use http::Method;
use tokio::sync::watch;

use crate::{
    rulebook::{Decision, Rulebook},
    rules::{Facts, Password},
    visitor::Visitor,
};

/// By list, the user name and the password's hash that were right there.
pub(crate) type Proven = BTreeMap<String, (String, Verifier)>;

/// A request, and what was proven with it.
pub(crate) struct Pass {
    pub(crate) visitor: Visitor,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) proven: Proven,
    /// Which server it was let through to, once it was.
    pub(crate) leads_to: Option<SocketAddr>,
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
            client: self.visitor.address,
            doubt: self.visitor.doubt(),
            method: &self.method,
            path: &self.path,
            passwords: &passwords,
        })
    }

    /// Whether a password was needed, and right.
    pub(crate) fn is_proven(&self) -> bool {
        !self.proven.is_empty()
    }

    /// Waits until the rules would no longer let it in, or would lead it elsewhere.
    pub(crate) async fn ended(&mut self) {
        loop {
            tokio::select! {
                changed = self.rules.changed() => if changed.is_err() { break },
                () = self.visitor.moved() => {}
            }
            let book = Arc::clone(&self.rules.borrow_and_update());
            if !self.still_passes(&book) {
                return;
            }
        }
        // The gate stops; what runs may finish.
        std::future::pending::<()>().await;
    }

    fn still_passes(&self, book: &Rulebook) -> bool {
        self.with_facts(book, &Password::Wrong, |facts| match book.decide(facts) {
            Ok(Decision::Pass(server)) => self.leads_to == Some(server.origin.address()),
            _ => false,
        })
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

#[cfg(test)]
mod tests {
    use edge::TrustedProxies;
    use futures_util::FutureExt;
    use http::HeaderMap;

    use super::*;
    use crate::{Surroundings, haproxy};

    /// A pass of somebody at home, whom the home's rules let in without a password.
    fn let_in(
        rules: &watch::Sender<Arc<Rulebook>>,
        networks: &watch::Sender<Arc<Surroundings>>,
    ) -> Pass {
        let (trusted, headers) = (TrustedProxies::default(), HeaderMap::new());
        let home = "192.168.1.1:5555".parse().unwrap();
        let connection = trusted.connection(&headers, home, "192.168.1.5:8443".parse().unwrap());
        Pass {
            visitor: Visitor::of(&headers, &connection, &trusted, networks.subscribe()),
            method: Method::GET,
            path: "/".to_owned(),
            proven: Proven::new(),
            leads_to: Some(([127, 0, 0, 1], 5000).into()),
            rules: rules.subscribe(),
        }
    }

    async fn book(port: u16) -> Arc<Rulebook> {
        let file = format!(
            "listen l\n mode http\n bind 127.0.0.1:8443 ssl crt x\n http-request deny if !{{ src \
             192.168.1.0/24 }}\n server s 127.0.0.1:{port}\n"
        );
        let import = haproxy::read(&file, None).unwrap_or_else(|why| panic!("{why}"));
        Arc::new(Rulebook::make(import.config, 0).await.unwrap())
    }

    // covers: GT-4
    #[tokio::test]
    async fn what_the_gateway_opened_before_it_was_known_ends() {
        let rules = watch::Sender::new(book(5000).await);
        let networks = watch::Sender::new(Arc::new(Surroundings::default()));
        let mut pass = let_in(&rules, &networks);
        let mut ended = Box::pin(pass.ended());
        networks.send_replace(Arc::new(Surroundings::with_router([192, 168, 1, 9].into())));
        assert_eq!((&mut ended).now_or_never(), None, "another router concerns nobody else");
        networks.send_replace(Arc::new(Surroundings::with_router([192, 168, 1, 1].into())));
        assert_eq!(ended.now_or_never(), Some(()), "the router goes on as somebody at home");
    }

    // covers: GT-5
    #[tokio::test]
    async fn what_new_rules_lead_elsewhere_ends() {
        let rules = watch::Sender::new(book(5000).await);
        let networks = watch::Sender::new(Arc::new(Surroundings::default()));
        let mut pass = let_in(&rules, &networks);
        let mut ended = Box::pin(pass.ended());
        rules.send_replace(book(5000).await);
        assert_eq!((&mut ended).now_or_never(), None);
        rules.send_replace(book(8080).await);
        assert_eq!(ended.now_or_never(), Some(()));
    }
}
