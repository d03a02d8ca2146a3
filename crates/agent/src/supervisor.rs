//! All printers while the agent runs. Follows `printers.toml` and `locks.toml`, and says whenever
//! something is no longer as it was.

use std::{
    fmt, fs,
    path::Path,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use printer::{Clock, PrinterId};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use wire::{PrinterReport, Report};

use crate::{
    Error, Home, Printers,
    addresses::Addresses,
    choices::{Choice, Choices},
    member::Member,
};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// The printers of a running agent. Clones share them; the last one to go ends their probes.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    members: RwLock<Vec<Arc<Member>>>,
    reports: watch::Sender<Report>,
    /// Where the printers were found first, once that is known.
    addresses: OnceLock<Addresses>,
    /// Cancelled when the files have been read for the first time.
    read: CancellationToken,
}

impl Supervisor {
    /// No printers yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let (members, reports) = (RwLock::default(), watch::Sender::default());
        let (addresses, read) = (OnceLock::new(), CancellationToken::new());
        Self(Arc::new(Inner { clock, members, reports, addresses, read }))
    }

    /// The printer with this id, if the agent was told about it.
    pub(crate) fn find(&self, id: PrinterId) -> Option<Arc<Member>> {
        self.0.members().into_iter().find(|member| member.entry.id == id)
    }

    /// Waits until every printer has been looked at once.
    pub(crate) async fn looked(&self) {
        self.0.read.cancelled().await;
        for member in self.0.members() {
            member.looked().await;
        }
    }

    /// The report as it is, and every one that follows.
    pub(crate) fn reports(&self) -> watch::Receiver<Report> {
        self.0.reports.subscribe()
    }

    /// Makes these the printers. Those that stay as they are aren't disturbed; what is under way
    /// to others ends, and what is under way to those about which their owner has decided anew.
    pub(crate) fn apply(&self, printers: &Printers, choices: &Choices) {
        let before = self.0.members();
        let mut after = Vec::new();
        for entry in printers.entries() {
            let (choice, clock) = (choices.of(entry.id), Arc::clone(&self.0.clock));
            let addresses = self.0.addresses.get();
            let new = |choice: Option<Choice>| {
                Member::new(entry.clone(), choice, clock.clone()).keeping_to(addresses.cloned())
            };
            after.push(match before.iter().find(|member| member.entry == *entry) {
                Some(known) if known.door.choice() == choice => Arc::clone(known),
                Some(known) => self.start(known.with_choice(choice.cloned(), clock)),
                None => self.start(new(choice.cloned())),
            });
        }
        for gone in before.iter().filter(|old| !after.iter().any(|new| Arc::ptr_eq(old, new))) {
            gone.end();
        }
        *self.0.members.write().unwrap_or_else(PoisonError::into_inner) = after;
        self.0.publish();
    }

    fn start(&self, member: Member) -> Arc<Member> {
        let member = Arc::new(member);
        let (watched, inner) = (Arc::clone(&member), Arc::downgrade(&self.0));
        tokio::spawn(async move {
            watched.watch_over(|| inner.upgrade().iter().for_each(|inner| inner.publish())).await;
        });
        member
    }

    /// Reads the printers and their owner's decisions, and again whenever a file of them has
    /// changed. A file that can't be used changes nothing and is reported once.
    pub(crate) async fn follow(&self, home: &Home) {
        let paths = [home.printers_file(), home.locks_file()];
        let _ = self.0.addresses.set(home.addresses());
        let mut seen = None;
        loop {
            let now = paths.each_ref().map(|path| Stamp::of(path));
            if seen.as_ref() != Some(&now) {
                seen = Some(now);
                if let Err(error) = self.read(home) {
                    tracing::error!(%error, "the printers stay as they were");
                }
                self.0.read.cancel();
            }
            sleep(EVERY).await;
        }
    }

    fn read(&self, home: &Home) -> Result<(), Error> {
        let (choices, printers) = (home.choices()?, home.printers()?);
        self.apply(&printers, &choices);
        Ok(())
    }
}

/// What changes when a file does.
#[derive(PartialEq, Eq)]
struct Stamp(Option<(SystemTime, u64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let metadata = fs::metadata(path).ok();
        Self(metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len()))))
    }
}

impl Inner {
    fn members(&self) -> Vec<Arc<Member>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn publish(&self) {
        let describe = |member: &Arc<Member>| PrinterReport {
            id: member.entry.id,
            name: member.entry.name.clone(),
            kind: member.entry.kind,
            online: member.is_online(),
            lock: Some(member.door.lock()),
        };
        self.reports.send_if_modified(|report| {
            let printers: Vec<_> = self.members().iter().map(describe).collect();
            let changed = report.printers != printers;
            report.printers = printers;
            changed
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for member in self.members() {
            member.end();
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("members", &self.members).finish_non_exhaustive()
    }
}
