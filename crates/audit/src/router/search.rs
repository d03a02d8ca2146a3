//! The question for routers, and which of those that answer are asked further. Whoever is in the
//! network can answer, as often as they like, and must not push the real router out.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tokio::{net::UdpSocket, time::timeout};

use super::announcement::{self, Announcement};
use crate::{Scope, limits};

const LARGEST_DATAGRAM: usize = 2_048;

/// Who answered.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that are asked, this machine's gateways first.
    pub(super) routers: Vec<Announcement>,
    /// Whether there were more.
    pub(super) more: bool,
}

/// Asks at `to`, and listens for [`limits::ROUTER`].
pub(super) async fn search(from: Ipv4Addr, to: SocketAddr, scope: Scope) -> io::Result<Found> {
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.send_to(announcement::question(to).as_bytes(), to).await?;
    let mut heard: Vec<Announcement> = Vec::new();
    let answers = async {
        let mut datagram = vec![0; LARGEST_DATAGRAM];
        while heard.len() < limits::ROUTERS_HEARD {
            let Ok((length, peer)) = socket.recv_from(&mut datagram).await else { break };
            let said = datagram.get(..length).and_then(|text| Announcement::read(text, peer.ip()));
            let asked = to.ip().is_multicast() || peer.ip() == to.ip();
            let allowed = said.filter(|it| asked && scope.place(it.address.ip()).is_ok());
            if let Some(said) = allowed {
                hear(said, &mut heard);
            }
            if !heard.is_empty() && !to.ip().is_multicast() {
                break;
            }
        }
    };
    // Nobody says how many routers there are, so that the end of the time is the usual one.
    let _ = timeout(limits::ROUTER, answers).await;
    Ok(choose(heard, &gateways()))
}

/// Notes one announcement of each machine, the first.
fn hear(said: Announcement, heard: &mut Vec<Announcement>) {
    if heard.iter().all(|known| known.address.ip() != said.address.ip()) {
        heard.push(said);
    }
}

/// Gateways first, then the others as they came.
fn choose(mut heard: Vec<Announcement>, gateways: &[IpAddr]) -> Found {
    heard.sort_by_key(|it| !gateways.contains(&it.address.ip()));
    let more = heard.len() > limits::ROUTERS;
    heard.truncate(limits::ROUTERS);
    Found { routers: heard, more }
}

/// This machine's gateways. Where the system doesn't say, none is known.
fn gateways() -> Vec<IpAddr> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    gateways_of(&table)
}

/// The third column of `/proc/net/route`, in hexadecimal, the last byte first.
fn gateways_of(table: &str) -> Vec<IpAddr> {
    let gateway = |line: &str| {
        let field = line.split_whitespace().nth(2)?;
        let bits = u32::from_str_radix(field, 16).ok().filter(|bits| *bits != 0)?;
        Some(IpAddr::V4(Ipv4Addr::from(bits.to_le_bytes())))
    };
    table.lines().skip(1).filter_map(gateway).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(last: u8) -> Announcement {
        Announcement { address: ([192, 168, 1, last], 80).into(), path: "/".to_owned() }
    }

    /// An answer that points there.
    fn said(host: &str, port: u16) -> String {
        let kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
        format!("HTTP/1.1 200 OK\r\nST: {kind}\r\nLOCATION: http://{host}:{port}/\r\n\r\n")
    }

    // covers: XA-1
    #[test]
    fn others_push_the_real_router_out() {
        let table = "Iface\tDestination\tGateway\neth0\t00000000\t0101A8C0\t0003\n\
                     eth0\t0001A8C0\t00000000\t0001\n";
        let gateways = gateways_of(table);
        assert_eq!(gateways, [IpAddr::from([192, 168, 1, 1])]);
        let found = choose([9, 8, 7, 6, 5, 1].map(announcement).to_vec(), &gateways);
        let kept: Vec<_> = found.routers.iter().map(|it| it.address.ip().to_string()).collect();
        assert_eq!(kept, ["192.168.1.1", "192.168.1.9", "192.168.1.8", "192.168.1.7"]);
        assert!(found.more);
        assert!(!choose([1, 2, 3, 4].map(announcement).to_vec(), &gateways).more);
    }

    // covers: XA-1
    #[tokio::test]
    async fn device_that_answers_for_many_is_one() {
        let device = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let to = device.local_addr().unwrap();
        let other = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        tokio::spawn(async move {
            let mut question = [0; 1_024];
            let (_, asker) = device.recv_from(&mut question).await.unwrap();
            for port in 1..=8 {
                other.send_to(said("127.0.0.2", port).as_bytes(), asker).await.unwrap();
                device.send_to(said("127.0.0.1", port).as_bytes(), asker).await.unwrap();
            }
        });
        let mut heard = Vec::new();
        for (port, path) in [(80, "/"), (81, "/"), (80, "/a"), (80, "/b")] {
            let address = SocketAddr::from(([192, 168, 1, 9], port));
            hear(Announcement { address, path: path.to_owned() }, &mut heard);
        }
        hear(announcement(1), &mut heard);
        assert_eq!(heard, [announcement(9), announcement(1)]);

        let found = search(Ipv4Addr::LOCALHOST, to, Scope::Private).await.unwrap();
        assert_eq!(found.routers.len(), 1, "{found:?}");
        assert_eq!(found.routers[0].address.to_string(), "127.0.0.1:1", "who wasn't asked answers");
        assert!(!found.more);
    }
}
