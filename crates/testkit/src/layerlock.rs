//! The built `layerlock`, run as a person runs it: by its command line, on a data directory, read
//! by what it prints.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::process::Process;

/// How long it may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `layerlock` with a hub in it (`up` or `hub`); it ends when this is dropped.
pub struct Layerlock {
    process: Process,
    data: PathBuf,
    role: Vec<String>,
    port: u16,
}

impl Layerlock {
    /// Starts `layerlock up` on `data`, on free ports of 127.0.0.1, with more `arguments`.
    pub async fn up(data: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start(data, &[&["up"], arguments].concat(), 0).await
    }

    /// Starts `layerlock hub` on `data`, on free ports of 127.0.0.1.
    pub async fn hub(data: &Path) -> Result<Self> {
        Self::start(data, &["hub"], 0).await
    }

    async fn start(data: &Path, role: &[&str], port: u16) -> Result<Self> {
        let listen = format!("127.0.0.1:{port}");
        let mut command = command(data, role)?;
        command.args(["--https", &listen, "--http", "127.0.0.1:0"]);
        let mut process = Process::start("layerlock", command)?;
        let port = process.line("the hub's address", PATIENCE, https_port).await?;
        let role = role.iter().map(|&word| word.to_owned()).collect();
        Ok(Self { process, data: data.to_owned(), role, port })
    }

    /// `https://layerlock.localhost:PORT`
    pub fn url(&self) -> String {
        format!("https://layerlock.localhost:{}", self.port)
    }

    /// The dashboard's origin under another name: `https://NAME:PORT`
    pub fn url_by(&self, name: &str) -> String {
        format!("https://{name}:{}", self.port)
    }

    /// The port of 127.0.0.1 that it listens on for HTTPS.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The process itself.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Everything it has printed.
    pub fn lines(&self) -> Vec<String> {
        self.process.lines()
    }

    /// The token of the printed setup link. Fails when none is printed: the hub has accounts.
    pub async fn setup_token(&mut self) -> Result<String> {
        self.process.line("a setup link", PATIENCE, setup_token).await
    }

    /// Waits until it has printed a line with these words.
    pub async fn says(&mut self, words: &str) -> Result<()> {
        let said = |line: &str| line.contains(words).then_some(());
        self.process.line(words, PATIENCE, said).await
    }

    /// Asks it to end and waits until it has; how it ended is what a service manager sees. Returns
    /// everything that it has printed.
    pub async fn stop(mut self) -> Result<String> {
        self.process.terminate()?;
        let status = self.process.end(PATIENCE).await?;
        ensure!(status.success(), "layerlock ended with {status}");
        Ok(self.process.output())
    }

    /// Kills it without a warning and starts it again on the same data and port.
    pub async fn kill_and_restart(self) -> Result<Self> {
        let Self { process, data, role, port } = self;
        process.kill()?;
        let role: Vec<&str> = role.iter().map(String::as_str).collect();
        Self::start(&data, &role, port).await
    }
}

/// Starts another role, such as `agent run`, in the background.
pub fn start(data: &Path, arguments: &[&str]) -> Result<Process> {
    Process::start(&format!("layerlock {}", arguments.join(" ")), command(data, arguments)?)
}

/// Runs a command to its end and returns what it printed; fails when the command does.
pub async fn run(data: &Path, arguments: &[&str]) -> Result<String> {
    let mut process = start(data, arguments)?;
    let status = process.end(PATIENCE).await?;
    let printed = process.output();
    if !status.success() {
        bail!("layerlock {} ended with {status}:\n{printed}", arguments.join(" "));
    }
    Ok(printed)
}

/// The binary under test: `LAYERLOCK_BINARY`, or the one beside the running test.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("LAYERLOCK_BINARY") {
        return Ok(path.into());
    }
    let this = env::current_exe()?;
    let places = this.ancestors().skip(1).take(2);
    let found = places.map(|place| place.join("layerlock")).find(|path| path.is_file());
    found.context("there is no layerlock binary yet: run `cargo build --workspace --bins`")
}

fn command(data: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.args(arguments).arg("--data").arg(data);
    Ok(command)
}

/// The port in the first `https://` address of a line.
fn https_port(line: &str) -> Option<u16> {
    let address = line.split_once("https://")?.1.split(['/', ' ', '#']).next()?;
    address.rsplit_once(':')?.1.parse().ok()
}

fn setup_token(line: &str) -> Option<String> {
    let address = line.split_once("https://")?.1.split_whitespace().next()?;
    let (place, token) = address.split_once('#')?;
    place.contains("/setup").then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_from_what_is_printed() {
        assert_eq!(https_port("Dashboard: https://localhost:3443/"), Some(3443));
        assert_eq!(https_port("  https://[::1]:40001/setup#abc"), Some(40001));
        assert_eq!(https_port("http://localhost:3000 redirects"), None);
    }

    #[test]
    fn the_setup_token_is_read_from_its_link() {
        let line = "Setup link: https://192.168.1.5:3443/setup#to_ken-1 (30 minutes)";
        assert_eq!(setup_token(line).as_deref(), Some("to_ken-1"));
        assert_eq!(setup_token("https://localhost:3443/"), None);
    }
}
