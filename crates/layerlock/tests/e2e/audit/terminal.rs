//! `layerlock audit` without a word more, as a person at home types it: at a terminal, in a network
//! of its own with a router that answers as UPnP says (simulated; it is hardware elsewhere).

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Result, ensure};
use tempfile::TempDir;
use testkit::{
    layerlock::program,
    network::{Network, WITHOUT},
    terminal::Terminal,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
};

const SEARCH: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 1);
const KIND: &str = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
const SERVICE: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";
/// What a terminal takes for bold and red.
const RED: &str = "\x1b[1m\x1b[31mHIGH";

/// A home of two machines, and how often the router was asked anything.
struct Home {
    network: Network,
    questions: Arc<AtomicUsize>,
    data: TempDir,
    _router: JoinSet<()>,
}

impl Home {
    fn draw() -> Result<Self> {
        let mut network = Network::new()?;
        network.add("auditor")?;
        network.add("router")?;
        let (near, far) =
            (("auditor", "lan", "192.168.77.2/30"), ("router", "lan", "192.168.77.1/30"));
        network.join(near, far)?;
        let (search, pages) = network.on("router", || {
            let search = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 1900))?;
            search.join_multicast_v4(&SEARCH, &ROUTER)?;
            search.set_nonblocking(true)?;
            let pages = TcpListener::bind((ROUTER, 0))?;
            pages.set_nonblocking(true)?;
            anyhow::Ok((search, pages))
        })??;
        let questions = Arc::<AtomicUsize>::default();
        let page = format!("http://{}/root.xml", pages.local_addr()?);
        let mut router = JoinSet::new();
        let search = tokio::net::UdpSocket::from_std(search)?;
        router.spawn(announce(search, page, Arc::clone(&questions)));
        let pages = tokio::net::TcpListener::from_std(pages)?;
        router.spawn(serve(pages, Arc::clone(&questions)));
        Ok(Self { network, questions, data: tempfile::tempdir()?, _router: router })
    }

    /// Types `layerlock audit` with more words.
    fn audit(&self, words: &[&str], environment: &[(&str, &str)]) -> Result<Terminal> {
        let mut command: Command = self.network.command("auditor", &program()?);
        command.arg("audit").args(words).arg("--data").arg(self.data.path());
        command.env("TERM", "xterm").envs(environment.iter().copied());
        Terminal::run(&command)
    }

    fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

/// Tells whoever searches for routers where this one describes itself.
async fn announce(search: tokio::net::UdpSocket, page: String, questions: Arc<AtomicUsize>) {
    let mut datagram = [0; 1_024];
    while let Ok((_, asker)) = search.recv_from(&mut datagram).await {
        questions.fetch_add(1, Ordering::SeqCst);
        let answer = format!("HTTP/1.1 200 OK\r\nST: {KIND}\r\nLOCATION: {page}\r\n\r\n");
        let _ = search.send_to(answer.as_bytes(), asker).await;
    }
}

async fn serve(pages: tokio::net::TcpListener, questions: Arc<AtomicUsize>) {
    let mut visits = JoinSet::new();
    let mapped = Arc::<AtomicUsize>::default();
    while let Ok((visit, _)) = pages.accept().await {
        questions.fetch_add(1, Ordering::SeqCst);
        visits.spawn(page(visit, Arc::clone(&mapped)));
    }
}

/// The description, then one mapping, then the end of the list.
async fn page(visit: TcpStream, mapped: Arc<AtomicUsize>) {
    let mut lines = BufReader::new(visit).lines();
    let Ok(Some(first)) = lines.next_line().await else { return };
    while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
    let (status, body) = if first.contains("/root.xml") {
        ("200 OK", description())
    } else if mapped.fetch_add(1, Ordering::SeqCst) == 0 {
        ("200 OK", mapping())
    } else {
        ("500 Internal Server Error", String::new())
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    let _ = lines.into_inner().into_inner().write_all(answer.as_bytes()).await;
}

fn description() -> String {
    format!(
        "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
         <friendlyName>Box</friendlyName><serviceList><service><serviceType>{SERVICE}\
         </serviceType><controlURL>/ctl</controlURL></service></serviceList></device></root>"
    )
}

fn mapping() -> String {
    format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <s:Body><u:GetGenericPortMappingEntryResponse xmlns:u=\"{SERVICE}\"><NewExternalPort>8080\
         </NewExternalPort><NewProtocol>TCP</NewProtocol><NewInternalPort>5000</NewInternalPort>\
         <NewInternalClient>192.168.77.2</NewInternalClient><NewEnabled>1</NewEnabled>\
         <NewPortMappingDescription>OctoPi</NewPortMappingDescription>\
         </u:GetGenericPortMappingEntryResponse></s:Body></s:Envelope>"
    )
}

// covers: XA-1
#[tokio::test]
async fn a_person_at_home_is_asked_and_then_shown_what_the_router_lets_in() -> Result<()> {
    if std::env::var_os(WITHOUT).is_some() {
        return Ok(());
    }
    let home = Home::draw()?;
    for answer in ["n", "", "nonsense"] {
        let mut terminal = home.audit(&[], &[])?;
        terminal.shows("192.168.77.0/30 (lan, this machine is 192.168.77.2)").await?;
        terminal.shows("Go on? [y/N] ").await?;
        terminal.types(answer)?;
        terminal.shows("Nothing was looked at.").await?;
        ensure!(terminal.end().await?.success(), "{}", terminal.screen());
    }
    assert_eq!(home.questions(), 0, "the answer was no");

    let mut terminal = home.audit(&[], &[])?;
    terminal.shows("Go on? [y/N] ").await?;
    terminal.types("y")?;
    assert_eq!(terminal.end().await?.code(), Some(12), "{}", terminal.screen());
    let screen = terminal.screen();
    ensure!(screen.contains("█") && screen.contains("2/2 asking routers"), "no bar: {screen:?}");
    ensure!(screen.contains(RED), "no colour: {screen:?}");
    ensure!(screen.contains("The router lets the Internet in at tcp port 8080"), "{screen:?}");
    ensure!(screen.contains("192.168.77.1 (router Box): 1 port mapping\r\n"), "{screen:?}");
    ensure!(home.questions() >= 3, "the router wasn't asked");

    let mut terminal = home.audit(&["--yes"], &[("NO_COLOR", "1")])?;
    terminal.shows("Looked at 2 addresses").await?;
    terminal.end().await?;
    let screen = terminal.screen();
    ensure!(!screen.contains("Go on?") && !screen.contains("\x1b[31m"), "{screen:?}");
    Ok(())
}
