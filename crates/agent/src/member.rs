//! One printer while the agent runs: where it is, whether it answers, and whether it is open to
//! visitors.

mod door;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Request, header::HOST};
use tokio::{
    sync::{Semaphore, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use printer::Clock;

use crate::{Entry, addresses::Addresses, choices::Choice, login, routes::Targets};

use door::Door;

pub(crate) use crate::routes::resolve;

/// How often a printer is asked whether it is there.
const EVERY: Duration = Duration::from_secs(5);

/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many inspected WebSockets one printer may have.
const SOCKETS: usize = 64;

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) entry: Entry,
    pub(crate) door: Door,
    targets: watch::Sender<Option<Arc<Targets>>>,
    online: AtomicBool,
    /// Whether it was said that its name leads elsewhere.
    moved: AtomicBool,
    /// Where it was found first. None in tests.
    addresses: Option<Addresses>,
    ending: CancellationToken,
    /// Cancelled when it has been looked at for the first time.
    looked: CancellationToken,
    /// One for each WebSocket whose messages are inspected.
    pub(crate) sockets: Arc<Semaphore>,
}

impl Member {
    pub(crate) fn new(entry: Entry, choice: Option<Choice>, clock: Arc<dyn Clock>) -> Self {
        Self {
            entry,
            door: Door::new(clock, choice),
            targets: watch::Sender::new(None),
            online: AtomicBool::new(false),
            moved: AtomicBool::new(false),
            addresses: None,
            ending: CancellationToken::new(),
            looked: CancellationToken::new(),
            sockets: Arc::new(Semaphore::new(SOCKETS)),
        }
    }

    /// The same printer, about which its owner has decided anew. It stays where it is.
    pub(crate) fn with_choice(&self, choice: Option<Choice>, clock: Arc<dyn Clock>) -> Self {
        let member =
            Self::new(self.entry.clone(), choice, clock).keeping_to(self.addresses.clone());
        member.targets.send_replace(self.targets().map(|targets| Arc::new(targets.afresh())));
        member
    }

    /// The same, at the address that is written down there.
    pub(crate) fn keeping_to(self, addresses: Option<Addresses>) -> Self {
        Self { addresses, ..self }
    }

    /// Whether the last probe succeeded.
    pub(crate) fn is_online(&self) -> bool {
        self.online.load(Ordering::Acquire)
    }

    /// Waits until it has been looked at once.
    pub(crate) async fn looked(&self) {
        self.looked.cancelled().await;
    }

    /// Its servers, once its host has been resolved.
    pub(crate) fn targets(&self) -> Option<Arc<Targets>> {
        self.targets.borrow().clone()
    }

    /// Ends the probes and everything under way to this printer.
    pub(crate) fn end(&self) {
        self.ending.cancel();
        if let Some(targets) = self.targets() {
            targets.close();
        }
    }

    /// Asks every 5 s whether the printer is there, and checks its lock when that is due, until
    /// [`Member::end`]; calls `changed` when an answer is another one than before. A printer isn't
    /// online before it was checked.
    pub(crate) async fn watch_over(&self, changed: impl Fn()) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let probes = async {
            loop {
                ticks.tick().await;
                let online = self.answers().await;
                let before = (self.is_online(), self.door.lock());
                if online && (!before.0 || self.door.is_due()) {
                    self.check_the_lock().await;
                }
                self.online.store(online, Ordering::Release);
                self.looked.cancel();
                let (printer, lock) = (self.entry.name.as_str(), self.door.lock());
                if before != (online, lock) {
                    tracing::info!(printer, online, %lock, "a printer came, went or changed");
                    changed();
                }
            }
        };
        tokio::select! {
            () = self.ending.cancelled() => {}
            () = probes => {}
        }
    }

    async fn answers(&self) -> bool {
        let Some(targets) = self.targets() else {
            return matches!(self.look_up().await, Some(found) if probe(&found).await);
        };
        let there = probe(&targets).await;
        if !there {
            self.notice_a_move(&targets).await;
        }
        there
    }

    async fn check_the_lock(&self) {
        let Some(targets) = self.targets() else { return };
        let finding = login::check(&targets, self.entry.kind).await;
        if self.door.note(finding) {
            self.targets.send_replace(Some(Arc::new(targets.afresh())));
            targets.close();
        }
    }

    /// Finds the printer's address, and takes it only if it is the one that was found first:
    /// whoever answers for names in the home network later must not be able to move it to the
    /// router (RL-8).
    async fn look_up(&self) -> Option<Arc<Targets>> {
        match resolve(&self.entry).await {
            Ok(found) => {
                if !self.is_confirmed(&found) {
                    self.warn_of_a_move(&found);
                    return None;
                }
                let found = Arc::new(found);
                self.targets.send_replace(Some(Arc::clone(&found)));
                Some(found)
            }
            Err(error) => {
                tracing::debug!(printer = self.entry.name.as_str(), %error, "not found");
                None
            }
        }
    }

    /// When a printer is gone and its name leads elsewhere now: follows if somebody has confirmed
    /// that, else says so once.
    async fn notice_a_move(&self, pinned: &Targets) {
        let Ok(found) = resolve(&self.entry).await else { return };
        if pinned.same_place(&found) {
            return;
        }
        if self.addresses.is_some() && self.is_confirmed(&found) {
            // It may be another machine, of which nobody knows whether it lets everyone in.
            self.door.forget();
            pinned.close();
            self.targets.send_replace(Some(Arc::new(found)));
        } else {
            self.warn_of_a_move(&found);
        }
    }

    fn is_confirmed(&self, found: &Targets) -> bool {
        let Some(addresses) = &self.addresses else { return true };
        let found = found.main.origin.address().ip();
        addresses.keep_first(&self.entry, found).is_ok_and(|kept| kept == found)
    }

    fn warn_of_a_move(&self, found: &Targets) {
        if self.moved.swap(true, Ordering::AcqRel) {
            return;
        }
        let (printer, address) = (self.entry.name.as_str(), found.main.origin.address().ip());
        tracing::warn!(
            printer,
            %address,
            "the printer's name leads to another address than when it was added, so it stays \
             closed; if you have changed that, run `layerlock agent printer confirm` with its name"
        );
    }
}

/// One bounded question to the base URL. Whatever comes back is thrown away.
async fn probe(targets: &Targets) -> bool {
    let mut question = Request::new(forward::empty());
    *question.uri_mut() = targets.main.root();
    let Ok(host) = HeaderValue::from_str(&targets.main.authority) else { return false };
    question.headers_mut().insert(HOST, host);
    let answer = timeout(PATIENCE, targets.main.origin.send(question)).await;
    matches!(answer, Ok(Ok(answer)) if answer.status().as_u16() < 500)
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;
    use crate::{NewPrinter, Printers};

    fn entry_at(port: u16) -> Entry {
        let new: NewPrinter = format!("octoprint=http://127.0.0.1:{port}").parse().unwrap();
        Printers::default().add(new, &SystemClock::new(), &OsRandom).unwrap()
    }

    // covers: RL-8
    #[tokio::test]
    async fn printer_is_moved_by_whoever_answers_for_names() {
        let router = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = router.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = router.accept().await {
                let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let clock = || Arc::new(SystemClock::new());
        let member = Member::new(entry_at(elsewhere), None, clock());
        let pinned = Arc::new(resolve(&entry_at(gone)).await.unwrap());
        member.targets.send_replace(Some(Arc::clone(&pinned)));

        assert!(!member.answers().await, "what answers is not the printer");
        assert!(member.targets().unwrap().same_place(&pinned), "it has been moved");
        // The way that the attack would have gone is open: a printer nobody has pinned is found.
        assert!(Member::new(entry_at(elsewhere), None, clock()).answers().await);
    }

    // covers: RL-8
    #[tokio::test]
    async fn printer_is_moved_while_the_agent_is_off() {
        let router = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = router.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = router.accept().await {
                let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        });
        let data = tempfile::tempdir().unwrap();
        let addresses = Addresses::at(data.path().join("addresses.toml"));
        let new: NewPrinter = format!("octoprint=http://localhost:{port}").parse().unwrap();
        let entry = Printers::default().add(new, &SystemClock::new(), &OsRandom).unwrap();
        addresses.confirm(&entry, "127.0.0.2".parse().unwrap()).unwrap();
        let clock = || Arc::new(SystemClock::new());
        let started = Member::new(entry.clone(), None, clock()).keeping_to(Some(addresses.clone()));
        assert!(!started.answers().await, "the name is believed after a restart");
        assert!(started.targets().is_none());
        addresses.confirm(&entry, "127.0.0.1".parse().unwrap()).unwrap();
        assert!(started.answers().await, "it was confirmed");
    }
}
