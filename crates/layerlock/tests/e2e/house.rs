//! A running `layerlock up` with its first account made: where most tests start.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    client::{Client, Protocol},
    layerlock::Layerlock,
    wait,
};

use std::time::Duration;

/// The first account.
pub(crate) const OWNER: (&str, &str) = ("ada@example.org", "seven violet anvils hum");

/// How long something may take that should take a moment.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A running `layerlock up`.
pub(crate) struct House {
    pub(crate) layerlock: Layerlock,
    pub(crate) owner: Client,
    pub(crate) data: TempDir,
}

impl House {
    /// Starts it with a printer of kind OctoPrint at `url` and makes the first account.
    pub(crate) async fn with_printer(url: &str, protocol: Protocol) -> Result<Self> {
        Self::with_printers(&[("octoprint", url)], protocol).await
    }

    /// Starts it with printers, each a kind and a URL, and makes the first account.
    pub(crate) async fn with_printers(
        printers: &[(&str, &str)],
        protocol: Protocol,
    ) -> Result<Self> {
        Self::named(printers, protocol, "", "layerlock.localhost").await
    }

    /// The same, with these settings, by which the dashboard has this name.
    pub(crate) async fn named(
        printers: &[(&str, &str)],
        protocol: Protocol,
        settings: &str,
        dashboard: &str,
    ) -> Result<Self> {
        let data = tempfile::tempdir()?;
        std::fs::write(data.path().join("layerlock.toml"), settings)?;
        let printers: Vec<_> =
            printers.iter().map(|(kind, url)| format!("--printer={kind}={url}")).collect();
        let printers: Vec<_> = printers.iter().map(String::as_str).collect();
        let mut layerlock = Layerlock::up(data.path(), &printers).await?;
        let owner = Client::new(&layerlock.url_by(dashboard), protocol)?;
        let token = layerlock.setup_token().await?;
        let made = owner.set_up(&token, OWNER.0, OWNER.1).await?;
        ensure!(made.status == 201, "no account was made: {made:?}");
        Ok(Self { layerlock, owner, data })
    }

    /// The id of the only printer, once it is online.
    pub(crate) async fn printer(&self) -> Result<String> {
        printer(&self.owner, true).await
    }

    /// The id of the only printer of a kind, once it is online.
    pub(crate) async fn printer_of(&self, kind: &str) -> Result<String> {
        wait::until(&format!("{kind} to be online"), SOON, || async {
            let list = self.owner.get("/api/v1/printers").await.ok()?.json().ok()?;
            let mut printers = list.as_array()?.iter();
            let printer = printers.find(|printer| {
                printer.get("kind") == Some(&kind.into())
                    && printer.get("online") == Some(&true.into())
            })?;
            text(printer, "id").ok()
        })
        .await
    }
}

/// The id of the only printer that a person sees, once it is (or isn't) online.
pub(crate) async fn printer(person: &Client, online: bool) -> Result<String> {
    let what = if online { "the printer to be online" } else { "the printer to be offline" };
    wait::until(what, SOON, || async {
        let list = person.get("/api/v1/printers").await.ok()?.json().ok()?;
        let printer = list.get(0)?;
        let is_online = printer.get("online").and_then(Value::as_bool)?;
        (is_online == online).then(|| text(printer, "id").ok())?
    })
    .await
}

/// A text in a JSON object.
pub(crate) fn text(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {name} in {value}"))?.to_owned())
}
