//! What is compared: haproxy and the gate, made of the same file.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::origin::Origin;
use crate::{
    bench::{
        cores::{self, Cores},
        machine,
        running::{Running, free_port},
    },
    command::{cargo, command, find, output, run},
    repository::Repository,
};

/// One of those that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    /// Computes a hash for each request.
    Haproxy,
    /// The same with a password that stands in the file as it is.
    PlainHaproxy,
    /// The same with a hash for each of many people.
    CrowdedHaproxy,
    /// Knows that the password was right.
    Gate,
    /// Has seen nobody yet, and computes a hash for each of many people.
    CrowdedGate,
}

/// `p0:rattling teapot`
pub(super) const KNOWN: &str = "Authorization: Basic cDA6cmF0dGxpbmcgdGVhcG90";

/// With the 5,000 rounds that `mkpasswd` and others take unless told otherwise.
const HASH: &str = "password $6$benchsalt$LYVb9xoi2N1gxQUw0dcZm6RTGAIKTfJHOFY.iraxyk8jP/\
                    ZzTUeG0wHVQXM9ODnY.L6hu9oYJVJ81bBnv50jb1";
const PLAIN: &str = "insecure-password 'rattling teapot'";

/// As many people as a list may have. Nobody comes twice; where there are no more, the turn ends.
const CROWD: usize = 1_000;

/// Lets each request come from somebody else.
pub(super) const NOBODY_TWICE: &str = r#"
local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local next = 0

local function base64(text)
  local bits = text:gsub(".", function(byte)
    local value, out = byte:byte(), ""
    for place = 7, 0, -1 do out = out .. math.floor(value / 2 ^ place) % 2 end
    return out
  end)
  bits = bits .. string.rep("0", -#bits % 6)
  local encoded = bits:gsub("......", function(six)
    local at = tonumber(six, 2) + 1
    return letters:sub(at, at)
  end)
  return encoded .. string.rep("=", -#encoded % 4)
end

function request()
  local who = "p" .. next
  next = next + 1
  if next >= 1000 then wrk.thread:stop() end
  local pair = "Basic " .. base64(who .. ":rattling teapot")
  return wrk.format("GET", "/", { ["Host"] = wrk.headers["Host"], ["Authorization"] = pair })
end
"#;

/// The programs, and what they need to run.
pub(super) struct Systems {
    folder: PathBuf,
    layerlock: PathBuf,
    haproxy: PathBuf,
    origin: u16,
    pub(super) cores: Cores,
}

impl Systems {
    /// Builds the gate, and finds haproxy.
    pub(super) fn prepare(
        repository: &Repository,
        folder: &Path,
        origin: &Origin,
        cores: Cores,
    ) -> Result<Self> {
        let haproxy = find("haproxy").unwrap_or_else(|| PathBuf::from("/usr/sbin/haproxy"));
        certificate(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            layerlock: layerlock(repository)?,
            haproxy,
            origin: origin.port,
            cores,
        })
    }

    /// Starts one, and says where it is.
    pub(super) fn start(&self, system: System) -> Result<(Running, String)> {
        let port = free_port()?;
        let file = self.folder.join("haproxy.cfg");
        fs::write(&file, self.configuration(system, port))?;
        let file = file.to_string_lossy().into_owned();
        let core = &self.cores.measured;
        let program = if system.is_gate() {
            let (listen, data) = (format!("127.0.0.1:{port}"), self.folder.join("data"));
            let words = ["gate", "--from-haproxy", &file, "--listen", &listen, "--data"];
            let mut gate = cores::on(core, &self.layerlock, &words);
            gate.arg(data);
            gate
        } else {
            cores::on(core, &self.haproxy, &["-db", "-f", &file])
        };
        let log = self.folder.join("log");
        let running = Running::start(system.name(), program, &log)?.listens(port);
        let running = running.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok((running, format!("https://127.0.0.1:{port}/")))
    }

    fn configuration(&self, system: System, port: u16) -> String {
        let certificate = self.folder.join("both.pem");
        format!(
            "defaults\n mode http\n option forwardfor\n timeout connect 5s\n timeout client 60s\n \
             timeout server 60s\nuserlist people\n{}frontend public\n \
             bind 127.0.0.1:{port} ssl crt {} alpn h2,http/1.1\n acl home src 192.168.1.0/24\n \
             acl known http_auth(people)\n http-request auth realm Printer if !home !known\n \
             http-request del-header Authorization\n \
             http-request set-header X-Forwarded-Proto https\n default_backend printer\n\
             backend printer\n server nginx 127.0.0.1:{}\n",
            system.people(),
            certificate.display(),
            self.origin
        )
    }

    /// What was compared, for people who read the figures.
    pub(super) fn versions(&self) -> Result<String> {
        let versions = [
            machine::version(&self.layerlock, "--version")?,
            machine::version(&self.haproxy, "-v")?,
            machine::version(Path::new("nginx"), "-v")?,
            machine::version(Path::new("wrk"), "-v")?,
        ];
        Ok(versions.join("; "))
    }
}

impl System {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Haproxy | Self::CrowdedHaproxy => "haproxy, computing hashes",
            Self::PlainHaproxy => "haproxy, no hashes",
            Self::Gate => "gate, remembering",
            Self::CrowdedGate => "gate, computing hashes",
        }
    }

    const fn is_gate(self) -> bool {
        matches!(self, Self::Gate | Self::CrowdedGate)
    }

    /// Whether somebody may come before it is measured.
    pub(super) const fn may_be_warm(self) -> bool {
        !matches!(self, Self::CrowdedGate | Self::CrowdedHaproxy)
    }

    fn people(self) -> String {
        let (count, password) = match self {
            Self::Haproxy | Self::Gate => (1, HASH),
            Self::PlainHaproxy => (1, PLAIN),
            Self::CrowdedHaproxy | Self::CrowdedGate => (CROWD, HASH),
        };
        let people =
            (0..count).map(|number| [" user p", &number.to_string(), " ", password, "\n"].concat());
        people.collect()
    }
}

/// `LAYERLOCK_BINARY`, or the one that is built here.
fn layerlock(repository: &Repository) -> Result<PathBuf> {
    if let Some(built) = env::var_os("LAYERLOCK_BINARY") {
        return Ok(built.into());
    }
    run(cargo(&repository.root, &["build", "--quiet", "--release", "--package", "layerlock"]))?;
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| repository.root.join("target"));
    Ok(target.join("release/layerlock"))
}

/// For haproxy: of the kind that the gate makes for itself (P-256).
fn certificate(folder: &Path) -> Result<()> {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                 -subj /CN=localhost -keyout key.pem -out certificate.pem";
    let words: Vec<_> = words.split_whitespace().collect();
    output(command(folder, "openssl", &words))?;
    let read = |name| fs::read_to_string(folder.join(name));
    let both = read("certificate.pem")? + &read("key.pem")?;
    Ok(fs::write(folder.join("both.pem"), both)?)
}
