//! A hub that is cut off from its PostgreSQL: nobody hangs up, nothing comes any more. Later the
//! network is well again.

use std::{net::SocketAddr, process::Command};

use http_body_util::BodyExt;
use printer::{OsRandom, Random};
use testkit::cable::{Cable, Direction};

use super::{Guest, Loss, SESSION};
use crate::workshop::{Workshop, soon, until};

/// A schema of its own in the PostgreSQL that the tests were given, over a cable. None where only
/// SQLite is to be tested.
async fn postgres(cable: &Cable) -> Option<String> {
    if std::env::var("LAYERLOCK_TEST_ONLY_SQLITE").is_ok_and(|value| value == "1") {
        eprintln!("LAYERLOCK_TEST_ONLY_SQLITE is set: not tested");
        return None;
    }
    let server = std::env::var("LAYERLOCK_TEST_POSTGRES");
    let server = server.expect("`cargo xtask test` starts a PostgreSQL and sets its URL");
    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    let schema = format!("test_{:016x}", u64::from_le_bytes(bytes));
    let create = format!("CREATE SCHEMA {schema}");
    let psql = Command::new("psql").args([&server, "-qc", &create]).status().unwrap();
    assert!(psql.success());
    let url: http::Uri = server.parse().unwrap();
    let address = (url.host().unwrap(), url.port_u16().unwrap_or(5432));
    let target: SocketAddr = tokio::net::lookup_host(address).await.unwrap().next().unwrap();
    let near = cable.listen(target).await.unwrap();
    let far = url.authority().unwrap().as_str();
    let user = far.rsplit_once('@').map_or("", |(user, _)| user);
    let path = url.path_and_query().unwrap().as_str();
    let separator = if path.contains('?') { '&' } else { '?' };
    Some(format!("postgres://{user}@{near}{path}{separator}options=-csearch_path%3D{schema}"))
}

// covers: AC-11
#[tokio::test]
async fn network_to_the_database_goes_silent() {
    let cable = Cable::new();
    let Some(url) = postgres(&cable).await else { return };
    let idle = (SESSION * 2).as_secs();
    let config = format!("[sessions]\nidle = \"{idle}s\"\n[database]\nurl = \"{url}\"");
    let workshop = Workshop::with(toml::from_str(&config).unwrap()).await;
    let mut guest = Guest::at(workshop, Loss::SignedOut).await;
    let mut open = guest.open_everything().await;
    for direction in [Direction::Up, Direction::Down] {
        cable.lose(direction);
    }
    soon(open.ends_for_the_visitor("silence")).await;
    soon(guest.hears_the_end()).await;
    // Nobody waits for the database to learn it.
    assert_eq!(soon(guest.page()).await, 503);
    cable.mend();
    until(async || guest.page().await == 200).await;
    let mut download = guest.download().await;
    guest.workshop.side.goes_on().await;
    assert!(soon(download.frame()).await.is_some_and(|frame| frame.is_ok()));
}
