//! A hub and an agent as two processes, to be killed, and what has to be there afterwards.

use std::collections::VecDeque;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use testkit::{
    client::{Client, PrinterOrigin, Protocol},
    layerlock::{self, Layerlock},
    process::Process,
    wait,
};

use crate::{
    commands::{GUEST, layerlock as run},
    house::{OWNER, SOON, printer, text},
    linking::{TwoMachines, printed_words},
};

/// A linked agent at its hub. Each is `None` only while it is being started again.
pub(super) struct TwoProcesses {
    hub: Option<Layerlock>,
    agent: Option<Process>,
    hub_data: TempDir,
    agent_data: TempDir,
    pub(super) printer: String,
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    Hub,
    Agent,
    Both,
}

/// What the hub has confirmed just before it was killed.
pub(super) struct Confirmed {
    session: Client,
    level: &'static str,
}

impl TwoProcesses {
    pub(super) async fn start(printer_url: &str) -> Result<Self> {
        let machines = TwoMachines::start().await?;
        let (id, command) = machines.offer_at("/api/v1/links").await?;
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let mut link = layerlock::start(machines.agent.path(), &words)?;
        let words = printed_words(&mut link).await?;
        machines.offer_in(&id, "claimed").await?;
        ensure!(machines.approve(&id, &words).await? == 200, "the link isn't approved");
        ensure!(link.end(SOON).await?.success(), "{}", link.output());
        let TwoMachines { hub, owner, agent: agent_data, hub_data } = machines;
        let url = format!("octoprint={printer_url}");
        layerlock::run(agent_data.path(), &["agent", "printer", "add", &url]).await?;
        let agent = Some(layerlock::start(agent_data.path(), &["agent", "run"])?);
        let printer = printer(&owner, true).await?;
        let added = run(hub_data.path(), &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
        ensure!(added.status.success(), "there is no guest");
        Ok(Self { hub: Some(hub), agent, hub_data, agent_data, printer })
    }

    /// The owner, signed in in another browser.
    pub(super) async fn sign_in(&self) -> Result<Client> {
        self.signed_in(OWNER).await
    }

    async fn signed_in(&self, (email, password): (&str, &str)) -> Result<Client> {
        let hub = self.hub.as_ref().context("no hub")?;
        let client = Client::new(&hub.url(), Protocol::Http1)?;
        ensure!(client.sign_in(email, password).await?.status == 200, "{email} isn't signed in");
        Ok(client)
    }

    /// Has something written: a grant of another level than before, and a session.
    pub(super) async fn confirm(&self, round: u64) -> Result<Confirmed> {
        let level = if round.is_multiple_of(2) { "view" } else { "controls" };
        let granted =
            run(self.hub_data.path(), &["grant", "add", GUEST.0, &self.printer, level], "")?;
        ensure!(granted.status.success(), "nothing was granted: {granted:?}");
        Ok(Confirmed { session: self.signed_in(GUEST).await?, level })
    }

    /// Kills one of them or both without a warning, and starts them again as a service manager
    /// does.
    pub(super) async fn kill(&mut self, victim: Victim) -> Result<()> {
        if victim != Victim::Hub {
            self.agent.take().context("no agent")?.kill()?;
        }
        if victim != Victim::Agent {
            let hub = self.hub.take().context("no hub")?;
            self.hub = Some(hub.kill_and_restart().await?);
        }
        if victim != Victim::Hub {
            self.agent = Some(layerlock::start(self.agent_data.path(), &["agent", "run"])?);
        }
        Ok(())
    }

    /// Waits until the printer's page is there again, for sessions from before; and looks for what
    /// was confirmed.
    pub(super) async fn comes_back(
        &self,
        owner: &Client,
        origin: &PrinterOrigin<'_>,
        confirmed: &VecDeque<Confirmed>,
    ) -> Result<()> {
        wait::until("the printer's page", SOON, || async {
            let page = origin.get("/").await.ok()?;
            (page.status == 200 && page.text == "a printer").then_some(())
        })
        .await?;
        assert_eq!(printer(owner, true).await?, self.printer, "the printer has another id");
        let Some(Confirmed { level, .. }) = confirmed.back() else { return Ok(()) };
        let path = format!("/api/v1/printers/{}", self.printer);
        for Confirmed { session, .. } in confirmed {
            let seen = session.get(&path).await?;
            ensure!(seen.status == 200, "a session or a grant is lost: {seen:?}");
            assert_eq!(text(&seen.json()?, "level")?, *level, "a grant is lost");
        }
        Ok(())
    }
}
