use std::task::{Context, Waker};

use backplane::Backplane;
use credentials::PasswordHash;
use printer::{AccountId, AgentId, GrantId, Kind, OsRandom, SystemClock};
use store::{Grant, GrantScope, NewAccount, NewAgent, ReportedPrinter};
use tempfile::TempDir;

use super::*;

/// Ben may control Ada's printer.
struct Guest {
    backplane: Backplane,
    store: Store,
    grant: GrantId,
    rights: Rights,
    _data: TempDir,
}

impl Guest {
    async fn new() -> Self {
        let (data, clock) = (tempfile::tempdir().unwrap(), Arc::new(SystemClock::new()));
        let path = data.path().join("store.sqlite");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let (ada, account) = (person(&store, "ada").await, person(&store, "ben").await);
        let printer = printer_of(&store, &ada).await;
        let (id, now) = (GrantId::new(clock.as_ref(), &OsRandom), clock.now());
        let (scope, level) = (GrantScope::Printer(printer), Level::Controls);
        let grant = Grant { id, account: account.id, scope, level, until: None, created: now };
        store.add_grant(&grant).await.unwrap();
        let backplane = Backplane::new(clock.clone());
        let (events, store2) = (backplane.events(), store.clone());
        let rights =
            Rights { store: store2, clock, events, in_doubt: false, account, printer, level };
        Self { backplane, store, grant: id, rights, _data: data }
    }

    /// Takes the grant back as the API does.
    async fn revoke(&self) {
        self.store.remove_grant(self.grant).await.unwrap();
        self.tell();
    }

    fn tell(&self) {
        self.backplane.publish(Event::GrantsChanged(self.rights.account.id));
    }

    /// One who has heard of the loss and gave up before the store had answered.
    async fn who_gave_up() -> Self {
        for _ in 0..100 {
            let mut guest = Self::new().await;
            guest.revoke().await;
            let mut waiting = Box::pin(guest.rights.lost());
            let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(waiting);
            if polled.is_pending() {
                return guest;
            }
        }
        panic!("the store always answered at once");
    }

    /// Waits for the loss, for less than the time after which it is noticed without news.
    async fn loses_it(&mut self) -> bool {
        timeout(LOOK_AGAIN / 4, self.rights.lost()).await.is_ok()
    }
}

async fn person(store: &Store, name: &str) -> Account {
    let clock = SystemClock::new();
    let new = NewAccount {
        id: AccountId::new(&clock, &OsRandom),
        email: format!("{name}@example.org").parse().unwrap(),
        name: None,
        password: PasswordHash::decoy().clone(),
        administrator: false,
    };
    store.create_account(&new, clock.now()).await.unwrap()
}

async fn printer_of(store: &Store, owner: &Account) -> PrinterId {
    let clock = SystemClock::new();
    let id = AgentId::new(&clock, &OsRandom);
    let name = "workshop".parse().unwrap();
    let agent = NewAgent { id, owner: Some(owner.id), name, key: vec![1; 44] };
    let agent = store.link_agent(&agent, clock.now()).await.unwrap();
    let (id, name) = (PrinterId::new(&clock, &OsRandom), "Prusa".parse().unwrap());
    let report = [ReportedPrinter { id, name, kind: Kind::OctoPrint }];
    store.report_printers(&agent, &report, &|| "label".to_owned(), clock.now()).await.unwrap();
    id
}

// covers: AC-11
#[tokio::test]
async fn revocation_heard_by_a_wait_that_was_given_up_is_not_forgotten() {
    assert!(Guest::who_gave_up().await.loses_it().await);
    assert!(!Guest::who_gave_up().await.rights.last().await);
}

// covers: AC-11
#[tokio::test]
async fn revocation_between_check_and_use_is_seen_before_the_use() {
    let mut guest = Guest::new().await;
    assert!(guest.rights.last().await);
    guest.tell();
    assert!(guest.rights.last().await, "news that take nothing away end nothing");
    guest.revoke().await;
    assert!(!guest.rights.last().await);
    assert!(guest.loses_it().await, "once seen, it stays seen");
}

// covers: AC-11
#[tokio::test]
async fn news_that_were_missed_are_looked_up() {
    let mut guest = Guest::new().await;
    guest.revoke().await;
    let other = AccountId::new(&SystemClock::new(), &OsRandom);
    for _ in 0..=Event::BUFFERED {
        guest.backplane.publish(Event::GrantsChanged(other));
    }
    assert!(!guest.rights.last().await);
}
