//! A real OctoPrint with its virtual printer, in a directory of its own.

mod settings;

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::{process::Process, rig, wait};

const DEADLINE: Duration = Duration::from_mins(2);

/// A running OctoPrint; it ends, with all that it started, when this is dropped.
pub struct OctoPrint {
    process: Process,
    port: u16,
    // After `process`: the program ends before its files go.
    directory: TempDir,
}

impl OctoPrint {
    /// May do everything: user name and password.
    pub const ADMIN: (&str, &str) = ("admin", "adminpass");
    /// May only look: user name and password.
    pub const VIEWER: (&str, &str) = ("viewer", "viewerpass");
    /// The administrator's API key.
    pub const API_KEY: &str = "0C0FFEE0RIG0KEY0C0FFEE0RIG0KEY00";

    /// Starts one on a free port of 127.0.0.1, whose page shows the camera at `/webcam/` of the
    /// page's own origin (as on OctoPi) and takes snapshots from `camera_url`. Returns when its
    /// API answers.
    pub async fn start(camera_url: &str) -> Result<Self> {
        Self::start_with(camera_url, "").await
    }

    /// Starts one that takes everyone on its own machine for the administrator, as some people
    /// set it up at home (`autologinLocal`).
    pub async fn start_trusting_loopback(camera_url: &str) -> Result<Self> {
        Self::start_with(camera_url, settings::AUTOLOGIN).await
    }

    /// Starts one in which guests, who have no login, may watch, move and print.
    pub async fn start_open_to_everyone(camera_url: &str) -> Result<Self> {
        Self::start_in(rig_directory()?, camera_url, "", Some(settings::OPEN_GROUPS)).await
    }

    /// Starts one that takes everyone, wherever they are, for the administrator.
    pub async fn start_trusting_everyone(camera_url: &str) -> Result<Self> {
        Self::start_with(camera_url, settings::AUTOLOGIN_EVERYONE).await
    }

    async fn start_with(camera_url: &str, more: &str) -> Result<Self> {
        Self::start_in(rig_directory()?, camera_url, more, None).await
    }

    async fn start_in(
        directory: TempDir,
        camera_url: &str,
        more: &str,
        groups: Option<&str>,
    ) -> Result<Self> {
        let program = rig::program("octoprint", "octoprint")?;
        let port = rig::free_port()?;
        fs::write(
            directory.path().join("config.yaml"),
            format!("{}{more}", settings::config(port, camera_url)),
        )?;
        fs::write(directory.path().join("users.yaml"), settings::users())?;
        if let Some(groups) = groups {
            fs::write(directory.path().join("groups.yaml"), groups)?;
        }
        let process = Process::start("OctoPrint", serve(&program, directory.path()))?;
        let octoprint = Self { process, port, directory };
        octoprint.wait_until_it_answers().await?;
        Ok(octoprint)
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

    /// Asks its API, as the administrator, over the way that no relay is on.
    pub async fn api(&self, path: &str) -> Result<serde_json::Value> {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url()));
        let answer = request.header("X-Api-Key", Self::API_KEY).send().await?;
        Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
    }

    /// Ready means that the virtual printer is connected as well.
    async fn wait_until_it_answers(&self) -> Result<()> {
        let operational = || async {
            let connection = self.api("/api/connection").await.ok()?;
            (connection.pointer("/current/state")? == "Operational").then_some(())
        };
        let ready = wait::until("OctoPrint's virtual printer", DEADLINE, operational).await;
        ready.with_context(|| self.process.lines().join("\n"))
    }
}

fn rig_directory() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("layerlock-octoprint-").tempdir()
}

fn serve(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", "--iknowwhatimdoing", "--basedir"]).arg(directory);
    command
}
