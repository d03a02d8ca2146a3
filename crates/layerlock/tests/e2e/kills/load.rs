//! What people do meanwhile: numbered commands, pages, uploads and WebSockets. Each fails now and
//! then, and is not tried again.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::ready,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use testkit::{client::PrinterOrigin, wait};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::house::SOON;

/// The pause after each, so that two cores are enough.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);
const UPLOAD: usize = 512 * 1024;

/// What is done meanwhile. Commands, uploads and messages are numbered in one row.
#[derive(Default)]
pub(super) struct Load {
    over: AtomicBool,
    next: AtomicU64,
    confirmed: Mutex<BTreeSet<u64>>,
    uploads: AtomicU64,
    messages: AtomicU64,
    failures: AtomicU64,
}

/// What was sent beside what arrived.
#[derive(Debug)]
pub(super) struct Report {
    /// What the printer has answered, of everything that is numbered.
    pub(super) confirmed: usize,
    /// What of that it never got.
    pub(super) lost: Vec<u64>,
    /// What it got more than once, answered or not.
    pub(super) repeated: Vec<u64>,
    pub(super) uploads: u64,
    pub(super) messages: u64,
    /// What a kill has cut off.
    #[expect(dead_code, reason = "it is printed")]
    failures: u64,
}

impl Load {
    /// Goes on until [`Self::stop`].
    pub(super) async fn run(&self, origin: &PrinterOrigin<'_>) -> Result<()> {
        let commands = async { tokio::join!(self.command(origin), self.command(origin)) };
        let (_, (), uploaded, ()) =
            tokio::join!(commands, self.look(origin), self.upload(origin), self.talk(origin));
        uploaded
    }

    pub(super) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Waits until an upload and a message have passed that weren't there before.
    pub(super) async fn flows_again(&self) -> Result<()> {
        let done = || [&self.uploads, &self.messages].map(|count| count.load(Ordering::Relaxed));
        let before = done();
        let more = || done().iter().zip(before).all(|(now, before)| *now > before).then_some(());
        wait::until("an upload and a message", SOON, || ready(more())).await
    }

    /// Compares what was confirmed with the numbers that arrived.
    pub(super) fn compare(&self, arrived: &[u64]) -> Report {
        let mut times = BTreeMap::<u64, u32>::new();
        for number in arrived {
            *times.entry(*number).or_default() += 1;
        }
        let confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = confirmed.iter().filter(|number| !times.contains_key(number)).copied();
        let repeated = times.iter().filter(|(_, times)| **times > 1).map(|(number, _)| *number);
        Report {
            confirmed: confirmed.len(),
            lost: lost.collect(),
            repeated: repeated.collect(),
            uploads: self.uploads.load(Ordering::Relaxed),
            messages: self.messages.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// Commands that must not be carried out twice.
    async fn command(&self, origin: &PrinterOrigin<'_>) {
        while self.goes_on().await {
            let number = self.number();
            let request = origin.request(Method::POST, &format!("/numbered/{number}"));
            let answer = timeout(PATIENCE, request.body("G28").send()).await;
            if answer.is_ok_and(|sent| sent.is_ok_and(|answer| answer.status() == 200)) {
                self.confirm(number);
            } else {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn look(&self, origin: &PrinterOrigin<'_>) {
        while self.goes_on().await {
            if origin.get("/").await.is_err() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// An upload that is confirmed has arrived whole.
    async fn upload(&self, origin: &PrinterOrigin<'_>) -> Result<()> {
        while self.goes_on().await {
            let number = self.number();
            let request = origin.request(Method::POST, &format!("/upload/{number}"));
            let request = request.body(vec![b'G'; UPLOAD]);
            let Ok(answer) = request.send().await else { continue };
            if answer.status() != 201 {
                continue;
            }
            let Ok(length) = answer.text().await else { continue };
            ensure!(length == UPLOAD.to_string(), "of an upload, {length} bytes arrived");
            self.confirm(number);
            self.uploads.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// WebSockets, each for as long as it lasts.
    async fn talk(&self, origin: &PrinterOrigin<'_>) {
        while self.goes_on().await {
            let Ok(Ok(mut socket)) = timeout(PATIENCE, origin.web_socket("/websocket")).await
            else {
                continue;
            };
            while self.goes_on().await {
                let number = self.number();
                let said = Message::text(number.to_string());
                if socket.send(said.clone()).await.is_err() {
                    break;
                }
                let Ok(Some(Ok(heard))) = timeout(PATIENCE, socket.next()).await else { break };
                if heard == said {
                    self.confirm(number);
                    self.messages.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn confirm(&self, number: u64) {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    }

    async fn goes_on(&self) -> bool {
        sleep(PAUSE).await;
        !self.over.load(Ordering::Relaxed)
    }
}
