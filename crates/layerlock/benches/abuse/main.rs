//! Memory under abuse: a hub and an agent as two processes, and an hour of everything that visitors
//! and strangers may do to them and may not. What they hold afterwards has to be what they held
//! before. `cargo xtask bench abuse` runs it; results are in `docs/benchmarks.md`.
//!
//! A warm-up of the same abuse comes first: what a program makes once (threads, connections to the
//! database, the allocator's own pools) is no leak. Before each of the two looks that are compared
//! there is a pause, in which everything that only waits for its time to end can do so.

mod agents;
mod dial;
mod house;
mod memory;
mod scene;
mod sockets;
mod strangers;
mod visitors;
#[expect(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/e2e/workshop.rs"]
mod workshop;

use std::{env, time::Duration};

use anyhow::{Context, Result};
use tokio::time::timeout;

use self::{house::House, memory::Memory, scene::Scene};

/// How long the abuse lasts when nothing else is said.
const HOUR: u64 = 60;

/// The same abuse before the first look.
const WARM_UP: Duration = Duration::from_mins(3);

/// The pause before a look. Longer than the two minutes for which anything idle is kept.
const SETTLE: Duration = Duration::from_secs(130);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let minutes = minutes()?;
    let house = House::start().await?;
    let scene = Scene::open(&house).await?;
    eprintln!("hub {}, agent {}", house.hub.pid(), house.agent.pid());
    abuse(&scene, WARM_UP).await;
    let before = settle(&house, &scene).await?;
    eprintln!("after the warm-up: {before}\n{}", scene.take_report());

    let mut course = Vec::new();
    let watch = memory::watch(&house, &mut course);
    let abused = abuse(&scene, Duration::from_secs(minutes * 60));
    tokio::select! {
        watched = watch => watched?,
        () = abused => {}
    }
    eprintln!("{}", scene.take_report());
    let after = settle(&house, &scene).await?;
    println!("{}", memory::report(before, &course, after));
    Ok(())
}

/// All of the abuse at once, for this long.
async fn abuse(scene: &Scene<'_>, time: Duration) {
    let all = async {
        tokio::join!(
            visitors::abuse(scene),
            sockets::abuse(scene),
            strangers::abuse(scene),
            agents::abuse(scene),
        )
    };
    let _ = timeout(time, Box::pin(all)).await;
}

/// Lets everything end that is about to, and looks once the house works as it did.
async fn settle(house: &House, scene: &Scene<'_>) -> Result<Memory> {
    tokio::time::sleep(SETTLE).await;
    scene.works().await.context("the printer's page isn't there any more")?;
    Memory::of(house)
}

/// How long the abuse lasts.
fn minutes() -> Result<u64> {
    env::var("LAYERLOCK_BENCH_MINUTES").map_or(Ok(HOUR), |minutes| Ok(minutes.parse()?))
}
