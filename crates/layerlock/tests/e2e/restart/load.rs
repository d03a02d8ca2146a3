//! People who work without a pause: they read, they send what must happen once, and they upload,
//! over connections that they keep and over new ones, in both protocols.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use http::Method;
use testkit::{
    client::{Client, PrinterOrigin, Protocol},
    wait,
};
use tokio::time::sleep;

use crate::{house::OWNER, recorder::Recorder};

/// People per protocol.
const PEOPLE: usize = 3;

/// An upload, in bytes.
const UPLOAD: usize = 300_000;

/// How long answers may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What people did.
#[derive(Default)]
pub(super) struct Load {
    over: AtomicBool,
    answered: AtomicU64,
    number: AtomicU64,
    carried_out: Mutex<Vec<(String, usize)>>,
    failed: Mutex<Vec<String>>,
}

impl Load {
    /// People work at a hub and its printer for as long as something happens. They are there before
    /// it begins: who is just on the way to a printer is no part of this.
    pub(super) async fn while_this_happens(
        &self,
        hub: &str,
        printer: &str,
        this: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let [http1, http2] = Protocol::ALL.map(|protocol| signed_in(hub, protocol));
        let (http1, http2) = (http1.await?, http2.await?);
        let (at_printer1, at_printer2) = (http1.open(printer).await?, http2.open(printer).await?);
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            // HTTP/1.1 has a word for coming anew each time.
            people.push(self.work(&http1, &at_printer1, number == 0));
            people.push(self.work(&http2, &at_printer2, false));
        }
        let this = async {
            let happened = this.await;
            self.over.store(true, Ordering::Relaxed);
            happened
        };
        let (_, happened) = tokio::join!(futures_util::future::join_all(people), this);
        happened
    }

    /// One person asks for the dashboard's list and a page, and sends a command and a file, again
    /// and again.
    async fn work(&self, person: &Client, origin: &PrinterOrigin<'_>, comes_anew: bool) {
        while !self.over.load(Ordering::Relaxed) {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            let (command, file) = (format!("/command/{number}"), format!("/file/{number}"));
            let upload = vec![b'x'; UPLOAD];
            let requests = [
                (person.request(Method::GET, "/api/v1/printers"), None),
                (origin.request(Method::GET, "/page"), None),
                (origin.request(Method::POST, &command), Some((command.clone(), 0))),
                (origin.request(Method::POST, &file).body(upload), Some((file.clone(), UPLOAD))),
            ];
            for (request, once) in requests {
                let request =
                    if comes_anew { request.header("Connection", "close") } else { request };
                let outcome = match request.send().await {
                    Ok(answer) => (answer.status().as_u16(), answer.text().await),
                    Err(error) => (0, Err(error)),
                };
                self.note(&outcome, once);
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn note(&self, outcome: &(u16, reqwest::Result<String>), once: Option<(String, usize)>) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        if let (200, Ok(_)) = outcome {
            lock(&self.carried_out).extend(once);
        } else {
            lock(&self.failed).push(format!("{once:?}: {outcome:?}"));
        }
    }

    /// Waits until people have been answered so many times more.
    pub(super) async fn more(&self, answers: u64) -> Result<()> {
        let answered = || self.answered.load(Ordering::Relaxed);
        let until = answered() + answers;
        let enough = || std::future::ready((answered() >= until).then_some(()));
        wait::until("answers", PATIENCE, enough).await
    }

    /// Nothing failed, and the printer got each thing exactly once and whole.
    pub(super) fn check(self, recorder: &Recorder) -> Result<()> {
        let (failed, answered) = (lock(&self.failed).clone(), self.answered.into_inner());
        ensure!(failed.is_empty(), "{} of {answered} failed: {failed:#?}", failed.len());
        let mut arrived: HashMap<_, usize> = HashMap::new();
        for request in recorder.take() {
            if let Some(path) = request.line.strip_prefix("POST ") {
                let length = request.body.map(|body| body.len()).unwrap_or_default();
                *arrived.entry((path.to_owned(), length)).or_default() += 1;
            }
        }
        let carried_out = lock(&self.carried_out).clone();
        ensure!(carried_out.iter().all(|once| arrived.get(once) == Some(&1)), "lost or repeated");
        ensure!(arrived.len() == carried_out.len(), "something arrived that nobody confirmed");
        Ok(())
    }
}

/// The owner, in another browser.
pub(super) async fn signed_in(hub: &str, protocol: Protocol) -> Result<Client> {
    let person = Client::new(hub, protocol)?;
    ensure!(person.sign_in(OWNER.0, OWNER.1).await?.status == 200, "not signed in");
    Ok(person)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
