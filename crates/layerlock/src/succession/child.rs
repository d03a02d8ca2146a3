//! Starting a successor and waiting until it is ready.

use std::{
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use command_fds::{CommandFdExt, FdMapping};
use tokio::{io::AsyncReadExt, time::timeout};

use super::predecessor::{READY, SUCCESSOR_OF};

/// How long a successor may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first of the sockets that are handed over (`sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// Starts a successor with these sockets and waits until it is ready. One that isn't in time is
/// ended. Returns its process id.
pub(super) async fn start(program: &Path, sockets: Vec<OwnedFd>, run: u64) -> anyhow::Result<u32> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = spawn(program, sockets, run, theirs)
        .with_context(|| format!("{} can't be started", program.display()))?;
    match is_ready(ours).await {
        Ok(()) => Ok(child.id()),
        Err(error) => {
            tokio::task::spawn_blocking(move || end(child)).await?;
            Err(error)
        }
    }
}

fn spawn(
    program: &Path,
    sockets: Vec<OwnedFd>,
    run: u64,
    stdin: UnixStream,
) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command
        .args(std::env::args_os().skip(1))
        .env(SUCCESSOR_OF, run.to_string())
        .env("LISTEN_FDS", sockets.len().to_string())
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDNAMES")
        .stdin(Stdio::from(OwnedFd::from(stdin)));
    let numbered = (FIRST..).zip(sockets);
    command.fd_mappings(
        numbered.map(|(child_fd, parent_fd)| FdMapping { parent_fd, child_fd }).collect(),
    )?;
    Ok(command.spawn()?)
}

async fn is_ready(stream: UnixStream) -> anyhow::Result<()> {
    stream.set_nonblocking(true)?;
    let mut stream = tokio::net::UnixStream::from_std(stream)?;
    let mut said = [0; READY.len()];
    match timeout(PATIENCE, stream.read_exact(&mut said)).await {
        Ok(Ok(_)) if said == READY => Ok(()),
        Ok(_) => bail!("the successor ended before it was ready; it has said why"),
        Err(_) => bail!("the successor wasn't ready within {} s", PATIENCE.as_secs()),
    }
}

fn end(mut child: Child) {
    if let Err(error) = child.kill().and_then(|()| child.wait()) {
        tracing::warn!(%error, "a successor that failed can't be ended");
    }
}
