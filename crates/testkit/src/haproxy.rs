//! A real haproxy, which guarded printers before there was a gate.

use std::{fs, net::Ipv4Addr, net::SocketAddr, process::Command, time::Duration};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{process::Process, rig, wait};

const DEADLINE: Duration = Duration::from_secs(20);

/// A running haproxy; it ends when this is dropped.
pub struct Haproxy {
    address: SocketAddr,
    _process: Process,
    _directory: TempDir,
}

impl Haproxy {
    /// Starts it with the configuration that `file` writes for a port, and waits until it listens.
    pub async fn start(file: impl FnOnce(u16) -> String) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let port = rig::free_port()?;
        let path = directory.path().join("haproxy.cfg");
        fs::write(&path, file(port))?;
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&path);
        let process = Process::start("haproxy", command)
            .context("haproxy is needed; `cargo xtask rigs` installs it")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listens = || async { TcpStream::connect(address).await.ok() };
        wait::until("haproxy to listen", DEADLINE, listens)
            .await
            .with_context(|| process.lines().join("\n"))?;
        Ok(Self { address, _process: process, _directory: directory })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}
