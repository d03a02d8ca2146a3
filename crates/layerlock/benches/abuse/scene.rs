//! What all abuse has before it: the house, who is signed in, and a count of what was done.

use std::{collections::BTreeMap, fmt::Write as _, sync::Mutex, time::Duration};

use anyhow::{Context, Result, ensure};
use testkit::{
    client::{Client, PrinterOrigin, Protocol},
    wait,
};
use tokio::time::{sleep, timeout};

use crate::house::{GUEST, House, OWNER, SOON};

/// The longest that one act may take.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Scene<'a> {
    pub(crate) house: &'a House,
    /// The printer's origin as its owner sees it.
    pub(crate) origin: PrinterOrigin<'a>,
    done: Mutex<BTreeMap<&'static str, Count>>,
}

/// How often something was done, and how often it went otherwise than meant.
#[derive(Default)]
struct Count {
    done: u64,
    otherwise: u64,
    first: String,
}

impl<'a> Scene<'a> {
    pub(crate) async fn open(house: &'a House) -> Result<Self> {
        let origin = house.owner.open(&house.printer).await?;
        Ok(Self { house, origin, done: Mutex::default() })
    }

    /// The owner in another browser.
    pub(crate) async fn owner(&self) -> Result<Client> {
        self.person(OWNER).await
    }

    /// Somebody with the level `view`.
    pub(crate) async fn guest(&self) -> Result<Client> {
        self.person(GUEST).await
    }

    async fn person(&self, (email, password): (&str, &str)) -> Result<Client> {
        let client = Client::new(&self.house.hub.url(), Protocol::Http1)?;
        let answer = client.sign_in(email, password).await?;
        ensure!(answer.status == 200, "{email} isn't signed in: {answer:?}");
        Ok(client)
    }

    /// Does something again and again, without an end.
    pub(crate) async fn again(
        &self,
        name: &'static str,
        pause: Duration,
        act: impl AsyncFn(u32) -> Result<()>,
    ) {
        for number in 0.. {
            let acted = timeout(PATIENCE, act(number)).await.context("it took too long");
            self.count(name, acted.flatten());
            sleep(pause).await;
        }
    }

    fn count(&self, name: &'static str, acted: Result<()>) {
        let mut done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = done.entry(name).or_default();
        count.done += 1;
        if let Err(error) = acted {
            if count.otherwise == 0 {
                count.first = format!("{error:#}");
            }
            count.otherwise += 1;
        }
    }

    /// What was done since the last report.
    pub(crate) fn take_report(&self) -> String {
        let mut done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut *done).into_iter().fold(String::new(), |mut report, (name, count)| {
            let Count { done, otherwise, first } = count;
            let _ = writeln!(report, "{done:7} {name} ({otherwise} otherwise: {first:.120})");
            report
        })
    }

    /// The printer's page is there.
    pub(crate) async fn works(&self) -> Result<()> {
        wait::until("the printer's page", SOON, || async {
            let page = self.origin.get("/").await.ok()?;
            (page.status == 200 && page.text == "a printer").then_some(())
        })
        .await
    }
}
