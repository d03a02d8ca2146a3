//! Hub and agent are killed (`kill -9`) at random moments while people use a printer. Everything
//! comes back by itself, what was confirmed is there, and nothing reaches the printer twice.
//!
//! `LAYERLOCK_TEST_KILLS` is how often (6 unless told otherwise), `LAYERLOCK_TEST_SEED` repeats
//! the moments of an earlier run, which prints its own.

mod house;
mod load;

use std::{collections::VecDeque, env, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use self::{
    house::{TwoProcesses, Victim},
    load::Load,
};
use crate::workshop::Workshop;

const KILLS: u64 = 6;

/// How many rounds back is looked.
const KEPT: usize = 30;

/// The longest time between everything being well and the next kill, in milliseconds.
const CALM: u64 = 700;

/// Repeatable chance (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn victim(&mut self) -> Victim {
        match self.below(5) {
            0 | 1 => Victim::Hub,
            2 | 3 => Victim::Agent,
            _ => Victim::Both,
        }
    }
}

// covers: OP-1, RL-7, AC-3
#[tokio::test]
async fn kill_nine_at_any_moment_loses_nothing_and_repeats_nothing() -> Result<()> {
    let kills = number("LAYERLOCK_TEST_KILLS")?.unwrap_or(KILLS);
    let seed = number("LAYERLOCK_TEST_SEED")?.unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("LAYERLOCK_TEST_KILLS={kills} LAYERLOCK_TEST_SEED={seed}");
    let workshop = Workshop::start().await?;
    let mut house = TwoProcesses::start(&workshop.url()).await?;
    let owner = house.sign_in().await?;
    let origin = owner.open(&house.printer).await?;
    let load = Load::default();
    let test = async {
        let mut chance = Chance(seed);
        let mut confirmed = VecDeque::new();
        for kill in 1..=kills {
            sleep(Duration::from_millis(chance.below(CALM))).await;
            let victim = chance.victim();
            confirmed.push_back(house.confirm(kill).await?);
            // An account may have 50 sessions, and then its oldest end.
            if confirmed.len() > KEPT {
                confirmed.pop_front();
            }
            house.kill(victim).await?;
            if kill < kills && chance.below(4) == 0 {
                // The next comes while everything is still on its way back.
                continue;
            }
            let back = house.comes_back(&owner, &origin, &confirmed).await;
            back.with_context(|| format!("after kill {kill}, of {victim:?}"))?;
            load.flows_again()
                .await
                .with_context(|| format!("after kill {kill}, of {victim:?}"))?;
        }
        load.stop();
        Ok::<_, anyhow::Error>(())
    };
    // What fails ends the load as well.
    let test = async { test.await.inspect_err(|_| load.stop()) };
    let (tested, loaded) = tokio::join!(test, load.run(&origin));
    tested?;
    loaded?;
    let report = load.compare(&workshop.numbered());
    eprintln!("{report:?}");
    ensure!(report.lost.is_empty() && report.repeated.is_empty(), "{report:?}");
    ensure!(report.confirmed > 0 && report.uploads > 0 && report.messages > 0, "{report:?}");
    Ok(())
}

fn number(variable: &str) -> Result<Option<u64>> {
    let value = env::var(variable).ok();
    value.map(|value| value.parse().with_context(|| format!("{variable}={value}"))).transpose()
}
