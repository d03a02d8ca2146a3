//! Planned restarts while people work: nobody is turned away, and nothing reaches a printer twice.

mod load;

use std::time::Duration;

use anyhow::{Result, ensure};
use testkit::{
    client::Protocol,
    process::{Process, hang_up, has_ended},
    wait,
};

use crate::{
    house::{House, SOON, printer},
    linking::TwoMachines,
    recorder::Recorder,
    workshop::Workshop,
};
use load::Load;

/// How long a process may take to end after its successor is ready.
const LEAVING: Duration = Duration::from_mins(1);

/// Answers between two restarts.
const SOME: u64 = 60;

/// What the running process says when it isn't restarted.
const STAYS: &str = "everything stays as it was";

/// A program, and which process it is now.
struct Program<'a> {
    process: &'a Process,
    now: u32,
    former: Vec<u32>,
}

impl<'a> Program<'a> {
    fn new(process: &'a Process) -> Self {
        Self { process, now: process.pid(), former: Vec::new() }
    }

    async fn restart(&mut self) -> Result<()> {
        self.former.push(self.now);
        self.now = self.process.restart(self.now).await?;
        Ok(())
    }

    async fn former_ones_end(&self) -> Result<()> {
        let gone = || self.former.iter().all(|pid| has_ended(*pid)).then_some(());
        wait::until("the former processes to end", LEAVING, || std::future::ready(gone())).await
    }
}

// covers: OP-3, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_that_hub_and_agent_are_restarted() -> Result<()> {
    let (recorder, url) = Recorder::start().await?;
    let machines = TwoMachines::start().await?;
    let agent = machines.linked(&url).await?;
    let id = printer(&machines.owner, true).await?;
    let load = Load::default();
    let restarts = async {
        let mut hub = Program::new(machines.hub.process());
        let mut agent = Program::new(&agent);
        for _ in 0..2 {
            load.more(SOME).await?;
            hub.restart().await?;
            load.more(SOME).await?;
            agent.restart().await?;
        }
        // At once: the agent before this one is still there.
        hub.restart().await?;
        hub.former_ones_end().await?;
        agent.former_ones_end().await?;
        load.more(SOME).await
    };
    load.while_this_happens(&machines.hub.url(), &id, restarts).await?;
    load.check(&recorder)
}

// covers: OP-3, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_that_everything_in_one_process_is_restarted() -> Result<()> {
    let (recorder, url) = Recorder::start().await?;
    let house = House::with_printer(&url, Protocol::Http2).await?;
    let id = house.printer().await?;
    let load = Load::default();
    let restarts = async {
        let mut up = Program::new(house.layerlock.process());
        for _ in 0..3 {
            load.more(SOME).await?;
            up.restart().await?;
        }
        up.former_ones_end().await?;
        load.more(SOME).await
    };
    load.while_this_happens(&house.layerlock.url(), &id, restarts).await?;
    load.check(&recorder)
}

// covers: OP-3, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stays_at_the_older_hub_keeps_nobody_waiting_at_the_newer_one() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let _agent = machines.linked(&workshop.url()).await?;
    let id = printer(&machines.owner, true).await?;
    let staying = machines.owner.open(&id).await?;
    let restart = async {
        workshop.asked_for_slow().await;
        machines.hub.process().restart(machines.hub.pid()).await?;
        let newcomer = load::signed_in(&machines.hub.url(), Protocol::Http1).await?;
        let page = newcomer.open(&id).await?.get("/").await?;
        workshop.next_event();
        Ok::<_, anyhow::Error>(page)
    };
    let (slow, page) = tokio::join!(staying.get("/slow"), restart);
    let page = page?;
    assert_eq!((page.status, page.text.as_str()), (200, "a printer"), "{page:?}");
    assert_eq!(slow?.text, "done", "the older hub has still served it");
    Ok(())
}

// covers: OP-3, RL-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_outlives_both_restarts() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let agent = machines.linked(&workshop.url()).await?;
    let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
    let restarts = async {
        workshop.asked_for_slow().await;
        agent.restart(agent.pid()).await?;
        machines.hub.process().restart(machines.hub.pid()).await?;
        workshop.next_event();
        Ok::<_, anyhow::Error>(())
    };
    let (slow, restarted) = tokio::join!(origin.get("/slow"), restarts);
    restarted?;
    assert_eq!(slow?.text, "done");
    Ok(())
}

// covers: OP-3
#[tokio::test]
async fn a_restart_that_can_not_succeed_changes_nothing() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let settings = machines.hub_data.path().join("layerlock.toml");
    let hub = machines.hub.process();
    // The first is refused by the running process; of the second its successor dies.
    let bad = [("[hbu]\n", "hbu"), ("[hub]\ntrusted_proxies = [\"nobody\"]\n", "trusted_proxies")];
    for (before, (text, why)) in bad.into_iter().enumerate() {
        std::fs::write(&settings, text)?;
        hang_up(hub.pid())?;
        let refusals = || hub.lines().iter().filter(|line| line.contains(STAYS)).count();
        let said = || std::future::ready((refusals() > before).then_some(()));
        wait::until("the refusal", SOON, said).await?;
        ensure!(hub.lines().join("\n").contains(why), "it isn't said why: {:?}", hub.lines());
        assert_eq!(machines.owner.get("/api/v1/printers").await?.status, 200);
    }
    std::fs::write(&settings, "")?;
    hub.restart(hub.pid()).await?;
    assert_eq!(machines.owner.get("/api/v1/printers").await?.status, 200);
    Ok(())
}
