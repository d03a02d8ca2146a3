//! Waiting for a condition, with a deadline and never for luck.

use std::{future::Future, time::Duration};

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_millis(50);

/// Asks again and again until `attempt` has a value; fails after `deadline`, naming `what` was
/// waited for.
pub async fn until<T, F>(
    what: &str,
    deadline: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Option<T>>,
{
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = attempt().await {
            return Ok(value);
        }
        if Instant::now() >= end {
            bail!("waited {deadline:?} for {what}");
        }
        sleep(PAUSE).await;
    }
}
