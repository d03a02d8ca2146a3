//! Pings, from both sides: they keep the state of routers on the way alive, and they show within
//! 18 s (RL-7 allows 20) that the other side is gone when no packet says so.

use std::{pin::pin, time::Duration};

use h2::{Ping, PingPong};
use tokio::time::{sleep, timeout};

use crate::{Error, watched::Heard};

/// The rest between two pings.
pub(crate) const INTERVAL: Duration = Duration::from_secs(10);

/// How long the other side may stay silent when it was pinged.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// Pings until the other side has gone silent, and says so.
pub(crate) async fn keep_alive(pings: Option<PingPong>, heard: Heard) -> Error {
    let Some(mut pings) = pings else { return Error::Closed };
    loop {
        sleep(INTERVAL).await;
        if let Err(error) = ping(&mut pings, &heard).await {
            return error;
        }
    }
}

/// One ping. Goes on waiting for as long as anything at all is heard.
async fn ping(pings: &mut PingPong, heard: &Heard) -> Result<(), Error> {
    let mut pong = pin!(pings.ping(Ping::opaque()));
    loop {
        let before = heard.bytes();
        match timeout(PATIENCE, &mut pong).await {
            Ok(answer) => return answer.map(drop).map_err(Error::from),
            Err(_) if heard.bytes() == before => return Err(Error::Silent),
            Err(_) => {}
        }
    }
}
