//! WebSockets pass the relay as they are: each of our vectors is sent to a printer directly and
//! through the built program, over HTTP/1.1 and HTTP/2, and what comes back must be the same, byte
//! by byte. The printer speaks with a library that no part of the relay uses; the visitor writes
//! frames byte by byte. What differs below `controls`, by design, is a list in `docs/websocket.md`.

mod dial;
mod echo;
mod frames;
mod vectors;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use printer::Level;
use testkit::{
    client::{Client, Protocol},
    layerlock,
};

use self::{
    dial::{Entry, observe},
    echo::Echo,
    vectors::{Vector, from_printers, from_visitors},
};
use crate::{
    commands::{self, GUEST},
    house::House,
};

/// How many sockets are open at the same time.
const AT_ONCE: usize = 8;

const DOCUMENT: &str = include_str!("../../../../docs/websocket.md");

// covers: RL-1
#[tokio::test]
async fn websocket_vectors_pass_as_if_there_were_no_relay() -> Result<()> {
    let echo = Echo::start().await?;
    let house = House::with_printer(&echo.url(), Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let compared = vectors().map(|vector| {
        let (echo, origin) = (&echo, &origin);
        async move {
            for protocol in Protocol::ALL {
                compare(echo, &Entry::Through(origin, protocol), &vector, None).await?;
            }
            Ok(())
        }
    });
    stream::iter(compared).buffer_unordered(AT_ONCE).try_collect().await
}

// covers: RL-1, PM-3
#[tokio::test]
async fn websocket_vectors_below_controls_differ_as_documented() -> Result<()> {
    let echo = Echo::start().await?;
    let house = House::with_printer(&echo.url(), Protocol::Http1).await?;
    let id = house.printer().await?;
    let data = house.data.path();
    commands::layerlock(data, &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
    layerlock::run(data, &["grant", "add", GUEST.0, &id, Level::Controls.as_str()]).await?;
    let guest = Client::new(&house.layerlock.url(), Protocol::Http1)?;
    guest.sign_in(GUEST.0, GUEST.1).await?;
    let origin = guest.open(&id).await?;
    layerlock::run(data, &["grant", "add", GUEST.0, &id, Level::View.as_str()]).await?;

    let mut documented = exceptions()?;
    let expected: Vec<_> = vectors().map(|one| (documented.remove(one.name), one)).collect();
    ensure!(documented.is_empty(), "docs/websocket.md has no vectors for {documented:?}");
    let compared = expected.iter().map(|(exception, vector)| {
        let (echo, origin) = (&echo, &origin);
        let through = Entry::Through(origin, Protocol::Http1);
        async move { compare(echo, &through, vector, *exception).await }
    });
    stream::iter(compared).buffer_unordered(AT_ONCE).try_collect().await
}

fn vectors() -> impl Iterator<Item = Vector> {
    from_visitors().into_iter().chain(from_printers())
}

/// What comes back through the relay is what comes back directly, or that a socket was closed as
/// the document says.
async fn compare(
    echo: &Echo,
    through: &Entry<'_>,
    vector: &Vector,
    exception: Option<u16>,
) -> Result<()> {
    let direct = observe(&Entry::Direct(echo.address()), vector).await?;
    let relayed = observe(through, vector).await?;
    let (expected, seen) = (frames::describe(&direct), frames::describe(&relayed));
    let (name, closed) = (vector.name, frames::close_code(&relayed));
    match exception {
        None => ensure!(direct == relayed, "{through}, {name}: directly {expected}, but {seen}"),
        Some(code) => ensure!(closed == Some(code), "{through}, {name}: not {code} but {seen}"),
    }
    Ok(())
}

/// The lines `` | `vector` | code | why | `` of the document.
fn exceptions() -> Result<BTreeMap<&'static str, u16>> {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &'static str| {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let name = cells.next()?.trim_matches('`');
        Some((name, cells.next()?.parse().ok()?))
    };
    rows.map(|line| row(line).with_context(|| format!("no exception: {line}"))).collect()
}
