//! Somebody who asks for one path, from inside or outside, and what they see.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls::pki_types::ServerName;
use testkit::client::client_config;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::TlsConnector;

/// How many addresses there are at home: `127.0.0.2` and those behind it, which are all meant where
/// the files say `127.0.0.2`.
pub(crate) const HOME: u8 = 39;

/// People with a right password, who come from the same address each time, as at home.
const KNOWN: [(&str, &str); 3] =
    [("ada", "enchantress-of-numbers"), ("grace", "rear-admiral-1906"), ("eve", "apple#1")];

/// The others come from ever other addresses, so that no limit on wrong passwords is reached.
static VISITORS: AtomicU16 = AtomicU16::new(16);

/// One request.
#[derive(Debug)]
pub(crate) struct Visit {
    sends: Sends,
    path: String,
    person: Option<(&'static str, &'static str)>,
    from: Ipv4Addr,
    behind_a_proxy: Option<IpAddr>,
}

/// How a request says how long its body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sends {
    /// It has none (`GET`).
    Nothing,
    /// It has none, and is a `POST`.
    NothingAsPost,
    /// By its length.
    Counted,
    /// Piece by piece.
    InPieces,
}

/// What signs in at printers.
pub(crate) const SIGN_IN: &str = r#"{"user":"ada","pass":"enchantress-of-numbers"}"#;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// What a server said.
    Page(String),
    /// A password was asked for, with these words.
    Asked(String),
    /// Anything else.
    Status(u16),
}

impl Seen {
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Page(_) => 200,
            Self::Asked(_) => 401,
            Self::Status(status) => *status,
        }
    }
}

impl Visit {
    pub(crate) fn new(
        path: &str,
        person: Option<(&'static str, &'static str)>,
        inside: bool,
    ) -> Self {
        let known = KNOWN.iter().position(|known| Some(*known) == person);
        let number = known.and_then(|place| u16::try_from(place + 1).ok());
        let number = number.unwrap_or_else(|| VISITORS.fetch_add(1, Ordering::Relaxed));
        let [high, low] = number.to_be_bytes();
        let home = 2 + low % HOME;
        let from = if inside {
            Ipv4Addr::new(127, 0, 0, home)
        } else {
            Ipv4Addr::new(127, 9, high, low.max(1))
        };
        Self { sends: Sends::Nothing, path: path.to_owned(), person, from, behind_a_proxy: None }
    }

    /// The same with a body.
    pub(crate) fn sending(self, sends: Sends) -> Self {
        Self { sends, ..self }
    }

    /// The same from any address, as a proxy tells it: haproxy hears it by the PROXY protocol, the
    /// gate in `X-Forwarded-For`.
    pub(crate) fn behind_a_proxy(self, client: IpAddr) -> Self {
        Self { behind_a_proxy: Some(client), ..self }
    }

    pub(crate) async fn plain(&self, door: SocketAddr) -> Seen {
        let mut door = self.connect(door).await;
        if let Some(client) = self.behind_a_proxy {
            let kind = if client.is_ipv4() { "TCP4" } else { "TCP6" };
            let proxied = format!("PROXY {kind} {client} {client} 50000 443\r\n");
            door.write_all(proxied.as_bytes()).await.unwrap();
        }
        self.ask(door, "").await
    }

    pub(crate) async fn encrypted(&self, door: SocketAddr) -> Seen {
        let connector = TlsConnector::from(Arc::new(client_config().unwrap()));
        let name = ServerName::try_from("localhost").unwrap();
        let forwarded = self.behind_a_proxy.map(|client| format!("X-Forwarded-For: {client}\r\n"));
        let door = connector.connect(name, self.connect(door).await).await.unwrap();
        self.ask(door, &forwarded.unwrap_or_default()).await
    }

    async fn connect(&self, door: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(self.from), 0)).unwrap();
        socket.connect(door).await.unwrap()
    }

    async fn ask(&self, mut door: impl AsyncRead + AsyncWrite + Unpin, fields: &str) -> Seen {
        let person = self.person.map(|(name, password)| {
            let pair = BASE64_STANDARD.encode(format!("{name}:{password}"));
            format!("Authorization: Basic {pair}\r\n")
        });
        let (path, person) = (&self.path, person.unwrap_or_default());
        let (method, body) = self.sends.method_and_body();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\n\
             {person}{fields}Connection: close\r\n{body}"
        );
        door.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Some close without saying goodbye; what came until then counts.
        let _ = door.read_to_end(&mut answer).await;
        seen(&String::from_utf8(answer).unwrap())
    }
}

impl Sends {
    /// The method, and everything from the fields about the body on.
    fn method_and_body(self) -> (&'static str, String) {
        let length = SIGN_IN.len();
        match self {
            Self::Nothing => ("GET", "\r\n".to_owned()),
            Self::NothingAsPost => ("POST", "\r\n".to_owned()),
            Self::Counted => ("POST", format!("Content-Length: {length}\r\n\r\n{SIGN_IN}")),
            Self::InPieces => {
                let (one, other) = SIGN_IN.split_at(length / 2);
                let chunk = |piece: &str| format!("{:x}\r\n{piece}\r\n", piece.len());
                let pieces = [chunk(one), chunk(other), chunk("")].concat();
                ("POST", format!("Transfer-Encoding: chunked\r\n\r\n{pieces}"))
            }
        }
    }
}

fn seen(answer: &str) -> Seen {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    let realm = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let words = name.eq_ignore_ascii_case("www-authenticate").then_some(value)?;
        words.split('"').nth(1)
    });
    match status {
        200 => Seen::Page(body.to_owned()),
        401 => Seen::Asked(realm.unwrap().to_owned()),
        status => Seen::Status(status),
    }
}
