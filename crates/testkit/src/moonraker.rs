//! A real Moonraker with a real klippy behind it, in a directory of its own. The microcontroller
//! at the other end of klippy's serial line is ours.

mod settings;

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

use crate::{klipper::Microcontroller, process::Process, rig, wait};

const DEADLINE: Duration = Duration::from_mins(1);

/// Ends each message on Moonraker's Unix socket.
const END: u8 = 0x03;

/// A running Moonraker; it ends, with all that it started, when this is dropped.
pub struct Moonraker {
    server: Process,
    klippy: Process,
    port: u16,
    api_key: String,
    // After the programs: they end before their line and their files go.
    _board: Microcontroller,
    directory: TempDir,
}

impl Moonraker {
    /// Starts one on a free port of 127.0.0.1 that asks everyone for the key or a login. Returns
    /// when its printer is ready.
    pub async fn start() -> Result<Self> {
        Self::start_trusting(&[]).await
    }

    /// Starts one that asks nobody in `networks` (CIDR) for anything, as it is installed by
    /// default for home networks.
    pub async fn start_trusting(networks: &[&str]) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("layerlock-moonraker-").tempdir()?;
        let (board, port) = (Microcontroller::start()?, rig::free_port()?);
        settings::write(directory.path(), board.path(), port, networks)?;
        let klippy = Process::start("klippy", klippy(directory.path())?)?;
        let server = Process::start("Moonraker", server(directory.path())?)?;
        let api_key = String::new();
        let mut moonraker = Self { server, klippy, port, api_key, _board: board, directory };
        moonraker.wait_until_ready().await.with_context(|| moonraker.printed())?;
        Ok(moonraker)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// For `X-Api-Key`; made by this Moonraker.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The process ids of Moonraker and klippy.
    pub fn pids(&self) -> [u32; 2] {
        [self.server.pid(), self.klippy.pid()]
    }

    /// Asks its API, with the key, over the way that no relay is on.
    pub async fn api(&self, path: &str) -> Result<Value> {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url()));
        let answer = request.header("X-Api-Key", &self.api_key).send().await?;
        Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
    }

    /// Adds somebody who signs in with a password.
    pub async fn add_user(&self, person: &Value) -> Result<()> {
        let request = reqwest::Client::new().post(format!("{}/access/user", self.url()));
        let request = request.header("X-Api-Key", &self.api_key);
        let request = request.header("Content-Type", "application/json").body(person.to_string());
        request.send().await?.error_for_status()?;
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let socket = self.directory.path().join("comms/moonraker.sock");
        let key = || async { ask_for_key(&socket).await.ok() };
        self.api_key = wait::until("Moonraker's socket", DEADLINE, key).await?;
        let ready = || async {
            let info = self.api("/server/info").await.ok()?;
            (info.pointer("/result/klippy_state")? == "ready").then_some(())
        };
        wait::until("Moonraker's printer", DEADLINE, ready).await
    }

    fn printed(&self) -> String {
        let log = fs::read_to_string(self.directory.path().join("logs/klippy.log"));
        [self.server.lines(), self.klippy.lines(), vec![log.unwrap_or_default()]]
            .concat()
            .join("\n")
    }
}

/// Who can open the socket, which is in a directory of the test's own, needs no login.
async fn ask_for_key(socket: &Path) -> Result<String> {
    let mut stream = BufReader::new(UnixStream::connect(socket).await?);
    let question = json!({"jsonrpc": "2.0", "method": "access.get_api_key", "id": 1});
    stream.write_all(question.to_string().as_bytes()).await?;
    stream.write_all(&[END]).await?;
    loop {
        let mut message = Vec::new();
        stream.read_until(END, &mut message).await?;
        let message: Value = serde_json::from_slice(message.strip_suffix(&[END]).context("cut")?)?;
        if message.get("id") == Some(&json!(1)) {
            let key = message.get("result").and_then(Value::as_str);
            return Ok(key.context("no key")?.to_owned());
        }
    }
}

fn klippy(directory: &Path) -> Result<Command> {
    let mut command = Command::new(rig::program("kalico", "kalico")?);
    command.current_dir(directory);
    command.args(["config/printer.cfg", "-a", "comms/klippy.sock", "-I", "comms/printer"]);
    command.args(["-l", "logs/klippy.log"]);
    Ok(command)
}

fn server(directory: &Path) -> Result<Command> {
    let mut command = Command::new(rig::program("moonraker", "moonraker")?);
    command.arg("-n").arg("-d").arg(directory);
    Ok(command)
}
