//! People whose level is below `controls`, at real printers: what the lists say passes does pass
//! and works, and everything else is refused in clear words. They have their session from a time
//! when they had `controls`; levels are read for each request.

mod attacks;
mod drops;
mod moonraker;
mod octoprint;
mod prusalink;

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use printer::Level;
use reqwest::RequestBuilder;
use serde_json::Value;
use testkit::{
    client::{Answer, Client, PrinterOrigin, Protocol, WebSocket},
    layerlock,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    commands::{self, GUEST},
    house::{House, SOON},
};

/// A house with one printer, and somebody who doesn't own it.
struct Visit {
    house: House,
    printer: String,
    guest: Client,
}

impl Visit {
    async fn to(kind: &str, url: &str, protocol: Protocol) -> Result<Self> {
        let house = House::with_printers(&[(kind, url)], protocol).await?;
        let printer = house.printer().await?;
        let added = commands::layerlock(
            house.data.path(),
            &["user", "add", GUEST.0],
            &format!("{}\n", GUEST.1),
        )?;
        ensure!(added.status.success(), "no account was made");
        let guest = Client::new(&house.layerlock.url(), protocol)?;
        ensure!(guest.sign_in(GUEST.0, GUEST.1).await?.status == 200, "not signed in");
        let visit = Self { house, printer, guest };
        visit.grant(Level::Controls).await?;
        Ok(visit)
    }

    /// Grants this level instead of the one before.
    async fn grant(&self, level: Level) -> Result<()> {
        let words = ["grant", "add", GUEST.0, &self.printer, level.as_str()];
        layerlock::run(self.house.data.path(), &words).await.map(drop)
    }

    /// The printer's origin, entered with `controls`.
    async fn enter(&self) -> Result<PrinterOrigin<'_>> {
        self.guest.open(&self.printer).await
    }
}

/// A person's origin, and the printer's own key.
struct Door<'a> {
    origin: &'a PrinterOrigin<'a>,
    key: &'a str,
}

impl Door<'_> {
    fn request(&self, method: &str, path: &str) -> Result<RequestBuilder> {
        let method: Method = method.parse()?;
        Ok(self.origin.request(method, path).header("X-Api-Key", self.key))
    }

    /// Sends a request, with a JSON body unless it is empty.
    async fn ask(&self, method: &str, path: &str, json: &str) -> Result<Answer> {
        let mut request = self.request(method, path)?;
        if !json.is_empty() {
            request = request.header("Content-Type", "application/json").body(json.to_owned());
        }
        Answer::read(request.send().await?).await
    }

    /// Asks for what passes, and returns the printer's own answer.
    async fn passes(&self, method: &str, path: &str, json: &str) -> Result<Answer> {
        let answer = self.ask(method, path, json).await?;
        ensure!((200..300).contains(&answer.status), "{method} {path} {json}: {answer:?}");
        Ok(answer)
    }

    /// Asks for what takes more.
    async fn refuses(&self, needed: Level, method: &str, path: &str, json: &str) -> Result<()> {
        let answer = self.ask(method, path, json).await?;
        let what = format!("{method} {path} {json}: {answer:?}");
        ensure!(answer.status == 403, "{what}");
        if method != "HEAD" {
            ensure!(answer.code() == "not-allowed", "{what}");
            ensure!(answer.text.contains(&format!("\\\"{needed}\\\"")), "{what}");
        }
        Ok(())
    }

    /// Uploads a file in a form, with more fields after it.
    async fn upload(&self, path: &str, name: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let part = reqwest::multipart::Part::text("G28\nG1 X1 F3000\n").file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        let form = fields
            .iter()
            .fold(form, |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()));
        Answer::read(self.request("POST", path)?.multipart(form).send().await?).await
    }
}

async fn say(socket: &mut WebSocket, text: &str) -> Result<()> {
    Ok(socket.send(Message::text(text.to_owned())).await?)
}

/// The first text for which `wanted` has a value.
async fn hear<T>(socket: &mut WebSocket, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
    let heard = async {
        loop {
            let message = socket.next().await.context("the socket ended")??;
            if let Some(value) = message.to_text().ok().and_then(&wanted) {
                return Ok(value);
            }
        }
    };
    timeout(SOON, heard).await?
}

/// The code with which a socket is closed.
async fn closed(socket: &mut WebSocket) -> Result<u16> {
    let heard = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(Some(frame)) = message {
                return Ok(frame.code.into());
            }
        }
        anyhow::bail!("the socket ended without a word")
    };
    timeout(SOON, heard).await?
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
