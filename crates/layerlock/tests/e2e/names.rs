//! The built program under each kind of name that printers have (RL-2), with every name leading to
//! this machine, as an operator's DNS or mDNS would have it elsewhere.

use anyhow::{Context, Result, ensure};
use testkit::client::Protocol;

use crate::{house::House, workshop::Workshop};

const DOMAIN: &str =
    "[hub]\nnames = [\"hub.farm.test\"]\n\n[hub.origins]\ndomain = \"printers.test\"\n";
const LAN: &str = "[hub]\nnames = [\"workshop.local\"]\n";

// covers: RL-1, RL-2, RL-3
#[tokio::test]
async fn printers_open_by_their_names_below_a_domain_and_in_the_lan() -> Result<()> {
    for (settings, dashboard, before, after) in [
        ("", "layerlock.localhost", "https://", ".localhost:"),
        (DOMAIN, "hub.farm.test", "https://", ".printers.test:"),
        (LAN, "workshop.local", "https://ll-", ".local:"),
    ] {
        let workshop = Workshop::start().await?;
        let printers = [("octoprint", &*workshop.url())];
        let house = House::named(&printers, Protocol::Http2, settings, dashboard).await?;
        let printer = house.owner.open(&house.printer().await?).await?;
        let label = printer.url().strip_prefix(before).and_then(|rest| rest.split_once(after));
        let (label, _) = label.with_context(|| format!("{} at {dashboard}", printer.url()))?;
        ensure!(label.len() == 16, "{label}");
        let headers = printer.get("/headers").await?.text;
        let host = printer.url().trim_start_matches("https://");
        ensure!(headers.contains(&format!("x-forwarded-host: {host}\n")), "{headers}");
        ensure!(!headers.contains("cookie"), "{headers}");
        let foreign = printer.web_socket_from("/echo", &house.layerlock.url()).await;
        ensure!(foreign.is_err(), "a WebSocket of the dashboard's origin");
        ensure!(datagram_sockets(house.layerlock.pid())? == 0, "something listens for datagrams");
    }
    Ok(())
}

/// How many UDP sockets a process has open. Without one it can't send by multicast.
fn datagram_sockets(pid: u32) -> Result<usize> {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/net/{file}"));
    let all = read("udp")? + &read("udp6")?;
    let inodes: Vec<_> = all
        .lines()
        .filter_map(|line| line.split_whitespace().nth(9))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let open = std::fs::read_dir(format!("/proc/{pid}/fd"))?.flatten();
    let links = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    Ok(links.filter(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str())).count())
}
