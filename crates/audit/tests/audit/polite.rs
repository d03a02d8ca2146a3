//! What docs/audit.md promises to those who are looked at.

use std::{
    collections::{HashMap, HashSet},
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use audit::{Dial, Reach, Scope, Survey, SystemNames};
use futures_util::future::BoxFuture;
use printer::SystemClock;
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::rig::{head, look_at, say};

/// Hosts, ports of each, and connections a second, as docs/audit.md says.
const HOSTS: usize = 32;
const PORTS: usize = 4;
const A_SECOND: usize = 100;

/// Notes who is connected to, and never gets through.
#[derive(Clone, Default)]
struct Nobody(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    dialled: Vec<Instant>,
    open: HashMap<IpAddr, usize>,
    most_ports: usize,
    hosts: HashSet<IpAddr>,
}

impl Nobody {
    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One connection that is being made.
struct Open(Nobody, IpAddr);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.with(|seen| *seen.open.entry(self.1).or_default() -= 1);
    }
}

impl Dial for Nobody {
    fn dial(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        self.with(|seen| {
            seen.dialled.push(Instant::now());
            seen.hosts.insert(to.ip());
            let open = seen.open.entry(to.ip()).or_default();
            *open += 1;
            seen.most_ports = seen.most_ports.max(*open);
        });
        let open = Open(self.clone(), to.ip());
        Box::pin(async move {
            let _open = open;
            std::future::pending().await
        })
    }
}

// covers: XA-1
#[tokio::test]
async fn audit_floods_a_network() -> Result<()> {
    let nobody = Nobody::default();
    let reach = Reach::new(Arc::new(nobody.clone()), Arc::new(SystemClock::new()));
    let targets = vec!["10.1.0.0/25".parse()?];
    let survey = Survey { targets, scope: Scope::Private, routers: Vec::new() };
    // More than may be open at the same time, so that some have made room for others.
    let enough = HOSTS * PORTS + 32;
    let begun = async || nobody.with(|seen| (seen.dialled.len() >= enough).then_some(()));
    tokio::select! {
        report = survey.run(&reach, &SystemNames, |_| {}) => panic!("it has ended: {report:?}"),
        begun = testkit::wait::until("the connections", Duration::from_mins(1), begun) => begun?,
    }
    nobody.with(|seen| {
        assert_eq!(seen.hosts.len(), HOSTS);
        assert_eq!(seen.most_ports, PORTS);
        // A hundred times the shortest time between two, and little less for how time is told.
        let second = Duration::from_millis(950);
        for (first, last) in seen.dialled.iter().zip(seen.dialled.iter().skip(A_SECOND)) {
            assert!(last.duration_since(*first) >= second, "{:?}", last.duration_since(*first));
        }
    });
    Ok(())
}

/// Answers every request with this, and notes the requests.
async fn noted(status: &'static str, headers: &'static str, body: &'static str) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let heads = Arc::new(Mutex::new(String::new()));
    let notes = Arc::clone(&heads);
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = head(&mut stream).await;
            notes.lock().unwrap_or_else(PoisonError::into_inner).push_str(&head);
            say(stream, status, headers, body).await;
        }
    });
    look_at(&address.to_string()).await?;
    server.abort();
    let heads = heads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(heads)
}

// covers: XA-1
#[tokio::test]
async fn audit_tries_passwords_or_changes_something() -> Result<()> {
    let octoprint = r#"{"text":"OctoPrint 1.11.8","server":"1.11.8","permissions":["ADMIN"]}"#;
    for (status, headers, body) in [
        ("401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
        ("401 No", "WWW-Authenticate: Digest realm=\"Printer API\", nonce=\"x\"\r\n", ""),
        ("200 OK", "Content-Type: application/json\r\nSet-Cookie: session=x\r\n", octoprint),
        ("200 OK", "Content-Type: application/json\r\n", r#"{"text":"PrusaLink","result":{}}"#),
        ("403 No", "", ""),
    ] {
        let heads = noted(status, headers, body).await?;
        let requests: Vec<_> = heads.lines().filter(|line| line.ends_with(" HTTP/1.1")).collect();
        assert!(!requests.is_empty(), "{heads}");
        for request in requests {
            let method = request.split(' ').next().context("a method")?;
            assert!(["GET", "HEAD"].contains(&method), "{request}");
        }
        let lower = heads.to_ascii_lowercase();
        assert!(!lower.contains("authorization:") && !lower.contains("x-api-key"), "{heads}");
    }
    Ok(())
}
