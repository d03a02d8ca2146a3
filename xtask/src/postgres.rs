//! A PostgreSQL cluster for the length of one step, on loopback, with its data in a scratch
//! directory.
//!
//! A small shell process stands guard: it waits until its standard input closes, which happens
//! however this program ends (done, failed, Ctrl-C, killed), then stops the server and removes
//! the data. So nothing is left running, and no signal handler is needed.

use std::{
    fmt, fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

use crate::{
    command::{command, find, output, run},
    scratch::Scratch,
};

/// Ignores what the terminal sends, so that Ctrl-C does not end the guard before its work.
const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
"$@" >/dev/null 2>&1
rm -rf "$DIRECTORY"
"#;

/// A running cluster; stopped and removed on drop.
pub(crate) struct Postgres {
    port: u16,
    guard: Child,
    // Field order matters: `drop` lets the guard finish before the directory goes.
    directory: Scratch,
}

/// Where `initdb` and `pg_ctl` are: on the `PATH`, or where Debian keeps them (newest first).
pub(crate) fn programs() -> Option<PathBuf> {
    if let Some(program) = find("initdb") {
        return program.parent().map(Path::to_owned);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut directories: Vec<_> =
        versions.flatten().map(|entry| entry.path().join("bin")).collect();
    directories.sort();
    directories.into_iter().rev().find(|directory| directory.join("initdb").is_file())
}

impl Postgres {
    /// Makes a cluster and starts it on a free port.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL is missing: run `cargo xtask rigs`")?;
        let directory = Scratch::new("postgres")?;
        let place = Place { programs, directory: directory.path().to_owned(), owner: owner()? };
        place.give_away()?;
        place.make()?;
        let guard = place.guard()?;
        let port = free_port()?;
        let postgres = Self { port, guard, directory };
        place.start(port)?;
        Ok(postgres)
    }

    /// For `LAYERLOCK_TEST_POSTGRES`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL at {}, its data in {}", self.url(), self.directory.path().display())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Where a cluster lives and who runs it.
struct Place {
    programs: PathBuf,
    directory: PathBuf,
    /// The account to change to; PostgreSQL refuses to run as root.
    owner: Option<&'static str>,
}

impl Place {
    fn give_away(&self) -> Result<()> {
        let Some(owner) = self.owner else { return Ok(()) };
        run(command(Path::new("/"), "chown", &[owner, &self.path("")]))
    }

    fn make(&self) -> Result<()> {
        let data = self.path("data");
        let arguments = ["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"];
        output(self.program("initdb", &arguments)).map(drop)
    }

    fn start(&self, port: u16) -> Result<()> {
        let socket = self.path("");
        let settings = format!("-p {port} -c listen_addresses=127.0.0.1 -k {socket} -c fsync=off");
        let (data, log) = (self.path("data"), self.path("log"));
        let mut start = self.program("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &settings]);
        start.arg("start").stdout(Stdio::null());
        let tail = || fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        run(start).with_context(tail)
    }

    fn guard(&self) -> Result<Child> {
        let data = self.path("data");
        let stop = self.program("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(stop.get_program())
            .args(stop.get_args())
            .env("DIRECTORY", &self.directory)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("can't start `sh`")
    }

    /// One of PostgreSQL's programs, as the account that may run it.
    fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let path = self.programs.join(name);
        let Some(owner) = self.owner else {
            return command(Path::new("/"), path, arguments);
        };
        let mut program = command(Path::new("/"), "runuser", &["-u", owner, "--"]);
        program.arg(path).args(arguments);
        program
    }

    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }
}

fn owner() -> Result<Option<&'static str>> {
    let id = output(command(Path::new("/"), "id", &["-u"]))?;
    Ok((id.trim() == "0").then_some("postgres"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_cluster_runs_and_leaves_nothing_behind() {
        let postgres = Postgres::start().unwrap();
        let address = (Ipv4Addr::LOCALHOST, postgres.port);
        let directory = postgres.directory.path().to_owned();
        assert!(TcpStream::connect(address).is_ok());
        drop(postgres);
        assert!(TcpStream::connect(address).is_err());
        assert!(!directory.exists());
    }
}
