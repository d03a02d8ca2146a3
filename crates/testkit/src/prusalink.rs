//! A real PrusaLink of the kind that runs on a Raspberry Pi, in a directory of its own. The MK3S at
//! the other end of its serial line is ours.

mod digest;
mod firmware;
mod settings;

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use self::firmware::Firmware;
use crate::{process::Process, pty::Plugged, rig, wait};

const DEADLINE: Duration = Duration::from_mins(1);
const START: &str = include_str!("prusalink/start.py");

/// PrusaLink refuses to keep its files below `/tmp`.
const PLACE: &str = "/var/tmp";

/// A running PrusaLink; it ends, with all that it started, when this is dropped.
pub struct PrusaLink {
    process: Process,
    port: u16,
    // After the program: it ends before its line and its files go.
    _printer: Plugged,
    directory: TempDir,
}

impl PrusaLink {
    /// Its only user: name and password, for Digest authentication.
    pub const USER: (&str, &str) = ("maker", "makerpass");
    /// For `X-Api-Key`.
    pub const API_KEY: &str = "0PRUSARIG0KEY0";

    /// Starts one on a free port of 127.0.0.1. Returns when its printer is idle.
    pub async fn start() -> Result<Self> {
        let place = tempfile::Builder::new().prefix("layerlock-prusalink-").tempdir_in(PLACE);
        let directory = place.with_context(|| format!("can't write to {PLACE}"))?;
        let (printer, port) = (Plugged::new(Firmware::default())?, rig::free_port()?);
        settings::write(directory.path(), printer.path(), port)?;
        let process = Process::start("PrusaLink", program(directory.path())?)?;
        let prusalink = Self { process, port, _printer: printer, directory };
        prusalink.wait_until_idle().await?;
        Ok(prusalink)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The value of `Authorization` that answers a challenge (`WWW-Authenticate`) for its user,
    /// who types `password`.
    pub fn digest(challenge: &str, method: &str, path: &str, password: &str) -> Result<String> {
        digest::authorization(challenge, method, path, (Self::USER.0, password))
    }

    /// Asks its API, with the key, over the way that no relay is on.
    pub async fn api(&self, path: &str) -> Result<Value> {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url()));
        let answer = request.header("X-Api-Key", Self::API_KEY).send().await?;
        Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
    }

    async fn wait_until_idle(&self) -> Result<()> {
        let idle = || async {
            let status = self.api("/api/v1/status").await.ok()?;
            (status.pointer("/printer/state")? == "IDLE").then_some(())
        };
        let ready = wait::until("PrusaLink's printer", DEADLINE, idle).await;
        ready.with_context(|| self.process.lines().join("\n"))
    }
}

fn program(directory: &Path) -> Result<Command> {
    let mut command = Command::new(rig::program("prusalink", "python")?);
    command.current_dir(directory).args(["-c", START, "-f", "-c", "prusalink.ini"]);
    Ok(command)
}
