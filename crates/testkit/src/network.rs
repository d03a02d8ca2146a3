//! Networks of a test's own: network namespaces of this machine, joined by lines that nothing else
//! is on. They need root, and end with the value that made them; what a killed test left behind is
//! removed by the next one.

use std::{
    fs::File,
    os::fd::AsFd,
    path::Path,
    process::{Command, id},
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Set this to leave out the tests that need namespaces. What they protect isn't tested then.
pub const WITHOUT: &str = "LAYERLOCK_TEST_WITHOUT_NAMESPACES";

/// How the names of all namespaces of all tests begin.
const PREFIX: &str = "layerlock-test-";

/// Where `ip netns` keeps them.
const PLACE: &str = "/run/netns";

/// Machines that only see each other where a line was drawn.
pub struct Network {
    machines: Vec<String>,
}

/// One end of a line: the machine, what it calls its end, and its address with the length of the
/// network's prefix.
pub type End<'a> = (&'a str, &'a str, &'a str);

impl Network {
    /// A network without machines.
    pub fn new() -> Result<Self> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "this test makes network namespaces: run it as root, or set {WITHOUT}=1 and know that \
             it was left out"
        );
        remove_abandoned()?;
        Ok(Self { machines: Vec::new() })
    }

    /// Adds a machine that only has its loopback.
    pub fn add(&mut self, machine: &str) -> Result<()> {
        let name = name(machine);
        ip(&["netns", "add", &name])?;
        self.machines.push(name.clone());
        ip(&["-n", &name, "link", "set", "lo", "up"])
    }

    /// Draws a line between two machines.
    pub fn join(&self, one: End<'_>, other: End<'_>) -> Result<()> {
        let (here, there) = (name(one.0), name(other.0));
        let ends = ["link", "add", one.1, "netns", &here, "type", "veth"];
        ip(&[&ends[..], &["peer", "name", other.1, "netns", &there]].concat())?;
        for (machine, end, address) in [one, other] {
            let machine = name(machine);
            ip(&["-n", &machine, "address", "add", address, "dev", end])?;
            ip(&["-n", &machine, "link", "set", end, "up"])?;
        }
        Ok(())
    }

    /// A command that runs on a machine.
    pub fn command(&self, machine: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name(machine)]).arg(program);
        command
    }

    /// Does something on a machine, such as opening a socket, which then stays there.
    pub fn on<T: Send>(&self, machine: &str, act: impl FnOnce() -> T + Send) -> Result<T> {
        thread::scope(|scope| {
            let there = scope.spawn(|| -> Result<T> {
                self.move_to(machine)?;
                Ok(act())
            });
            there.join().map_err(|_| anyhow!("a thread on {machine} has panicked"))?
        })
    }

    /// Moves this thread to a machine, and with it what it starts from now on.
    pub fn move_to(&self, machine: &str) -> Result<()> {
        let namespace = File::open(Path::new(PLACE).join(name(machine)))?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
            .with_context(|| format!("can't move to {machine}"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in &self.machines {
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

fn name(machine: &str) -> String {
    format!("{PREFIX}{}-{machine}", id())
}

/// Removes the namespaces of tests that were killed.
fn remove_abandoned() -> Result<()> {
    let Ok(entries) = std::fs::read_dir(PLACE) else { return Ok(()) };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let test = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
        if test.is_some_and(|test| !Path::new("/proc").join(test).exists()) {
            ip(&["netns", "delete", &name])?;
        }
    }
    Ok(())
}

fn ip(words: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(words).output().context("can't start `ip`")?;
    let printed = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {}: {printed}", words.join(" "));
    Ok(())
}
