//! Every test of the store runs on SQLite and on PostgreSQL, each time in a database of its own
//! that is gone afterwards.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Deref,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use credentials::{PasswordHash, TokenDigest};
use futures_util::FutureExt;
use printer::{
    AccountId, AgentId, GrantId, Kind, Level, OsRandom, PrinterId, Random, SessionId, SystemClock,
    Timestamp,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    Account, Agent, Grant, GrantScope, NewAccount, NewAgent, NewSession, Printer, ReportedPrinter,
    Session, Store,
};

/// The moment at which tests begin.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);
/// After how long a session goes idle.
pub(crate) const IDLE: Duration = Duration::from_hours(7 * 24);
pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));

const POSTGRES: &str = "LAYERLOCK_TEST_POSTGRES";
const ONLY_SQLITE: &str = "LAYERLOCK_TEST_ONLY_SQLITE";

/// A store with nothing in it, and ways to put something there.
pub(crate) struct Fixture {
    store: Store,
    pub(crate) url: String,
}

impl Deref for Fixture {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Runs a check on both databases.
pub(crate) async fn each_database(check: impl AsyncFn(Fixture)) {
    eprintln!("on SQLite");
    on_sqlite(&check).await;
    if std::env::var(ONLY_SQLITE).is_ok_and(|value| value == "1") {
        return;
    }
    eprintln!("on PostgreSQL");
    on_postgres(&check).await;
}

async fn on_sqlite(check: &impl AsyncFn(Fixture)) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("store.sqlite").display());
    let store = Store::open(&url).await.unwrap();
    check(Fixture { store: store.clone(), url }).await;
    store.close().await;
}

async fn on_postgres(check: &impl AsyncFn(Fixture)) {
    let server = std::env::var(POSTGRES).unwrap_or_else(|_| {
        panic!(
            "{POSTGRES} is not set. `cargo xtask test` starts a PostgreSQL and sets it; by hand, \
             set it to the URL of a database in which schemas may be made, or set \
             {ONLY_SQLITE}=1 to test half."
        )
    });
    let schema = format!("test_{:016x}", unique());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.unwrap();
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{separator}options=-csearch_path%3D{schema}");

    let outcome = AssertUnwindSafe(async {
        let store = Store::open(&url).await.unwrap();
        check(Fixture { store: store.clone(), url: url.clone() }).await;
        store.close().await;
    })
    .catch_unwind()
    .await;

    admin.execute(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await.unwrap();
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

pub(crate) fn unique() -> u64 {
    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// The moment so many seconds after [`NOW`].
pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

pub(crate) fn digest(of: u8) -> TokenDigest {
    TokenDigest::from_bytes([of; 32])
}

/// A hash that differs from that of any other number. Nobody checks a password against it here.
pub(crate) fn hash(of: u8) -> PasswordHash {
    let key = format!("{of:03}").repeat(8);
    PasswordHash::from_phc(&format!("$scrypt$ln=14,r=8,p=5$aM15713r3Xsvxbi31lqr1Q${key}")).unwrap()
}

pub(crate) fn new_account(name: &str) -> NewAccount {
    NewAccount {
        id: AccountId::new(&SystemClock::new(), &OsRandom),
        email: format!("{name}@example.org").parse().unwrap(),
        name: Some(name.parse().unwrap()),
        password: hash(1),
        administrator: false,
    }
}

pub(crate) fn new_session(account: &Account, token: u8) -> NewSession {
    NewSession {
        id: SessionId::new(&SystemClock::new(), &OsRandom),
        account: account.id,
        device: "Firefox on Linux".to_owned(),
        address: HERE,
        expires: after(30 * 24 * 3_600),
        token: digest(token),
    }
}

pub(crate) fn new_agent(owner: Option<&Account>, key: u8) -> NewAgent {
    NewAgent {
        id: AgentId::new(&SystemClock::new(), &OsRandom),
        owner: owner.map(|owner| owner.id),
        name: "workshop".parse().unwrap(),
        key: vec![key; 44],
    }
}

pub(crate) fn new_printer(name: &str) -> ReportedPrinter {
    ReportedPrinter {
        id: PrinterId::new(&SystemClock::new(), &OsRandom),
        name: name.parse().unwrap(),
        kind: Kind::OctoPrint,
    }
}

pub(crate) fn new_grant(account: &Account, scope: GrantScope, level: Level) -> Grant {
    let id = GrantId::new(&SystemClock::new(), &OsRandom);
    Grant { id, account: account.id, scope, level, until: None, created: NOW }
}

/// A label that was never made before.
pub(crate) fn label() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("label-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Fixture {
    pub(crate) async fn person(&self, name: &str) -> Account {
        self.create_account(&new_account(name), NOW).await.unwrap()
    }

    pub(crate) async fn session(&self, account: &Account, token: u8) -> Session {
        self.create_session(&new_session(account, token), NOW).await.unwrap()
    }

    pub(crate) async fn agent_of(&self, owner: &Account, key: u8) -> Agent {
        self.link_agent(&new_agent(Some(owner), key), NOW).await.unwrap()
    }

    pub(crate) async fn report(&self, agent: &Agent, printers: &[ReportedPrinter]) -> Vec<Printer> {
        self.report_printers(agent, printers, &label, NOW).await.unwrap()
    }

    pub(crate) async fn one_printer(&self, agent: &Agent) -> Printer {
        self.report(agent, &[new_printer("prusa")]).await.remove(0)
    }

    pub(crate) async fn grant(&self, account: &Account, scope: GrantScope, level: Level) -> Grant {
        let grant = new_grant(account, scope, level);
        self.add_grant(&grant).await.unwrap();
        grant
    }
}
