//! Changing the hub's key without linking every agent again (RL-6). The next key lies in a file
//! beside the current one, and the running hub names it to its agents, signed by both. When they
//! all know it, the files change places and the hub is started again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio_util::sync::CancellationToken;
use tunnel::{Fingerprint, Identity, PublicKey, Succession};

use crate::state::State;

/// How often a running hub looks for the next key.
const EVERY: Duration = Duration::from_secs(1);

/// What the hub says to its agents about its next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announcement {
    /// The signed statement.
    pub(crate) statement: String,
    /// The next key.
    pub(crate) next: Fingerprint,
}

/// The hub's next key, made when first asked for.
///
/// # Errors
/// The file can't be used.
pub fn make_next_key(data: &Path) -> Result<PublicKey, tunnel::Error> {
    Ok(Identity::load_or_create(&next_file(data))?.public_key())
}

/// The hub's next key, if one was made.
///
/// # Errors
/// The file can't be used.
pub fn next_key(data: &Path) -> Result<Option<PublicKey>, tunnel::Error> {
    let file = next_file(data);
    if file.exists() { make_next_key(data).map(Some) } else { Ok(None) }
}

/// Puts the next key in the current one's place, which is gone from then on. A hub that runs
/// changes when it is started again.
///
/// # Errors
/// There is no next key, or the file can't be moved.
pub fn change_to_next_key(data: &Path) -> io::Result<()> {
    fs::rename(next_file(data), data.join("hub").join("key.pem"))?;
    fs::File::open(data.join("hub"))?.sync_all()
}

fn next_file(data: &Path) -> PathBuf {
    data.join("hub").join("next-key.pem")
}

/// Looks for the next key again and again, until `shutdown`.
pub(crate) async fn follow(hub: &State, data: &Path, shutdown: &CancellationToken) {
    let mut seen = None;
    loop {
        let now = changed(&next_file(data));
        if now != seen {
            seen = now;
            match announcement(hub, data) {
                Ok(said) => drop(hub.next_key.send_replace(said)),
                Err(error) => tracing::error!(%error, "the hub's next key can't be used"),
            }
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

fn changed(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn announcement(hub: &State, data: &Path) -> Result<Option<Announcement>, tunnel::Error> {
    if !next_file(data).exists() {
        return Ok(None);
    }
    let next = Identity::load_or_create(&next_file(data))?;
    let statement = Succession::sign(&hub.identity, &next)?.to_string();
    Ok(Some(Announcement { statement, next: next.public_key().fingerprint() }))
}
