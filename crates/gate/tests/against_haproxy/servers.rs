//! Three servers behind both doors. Each answers with its name, the path that it was asked for, and
//! the body that came with it.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::visitor::HOME;

/// The ports under which they stand in the files.
const WRITTEN: [(&str, &str); 3] =
    [("octoprint", "127.0.0.1:5000"), ("webcam", "127.0.0.1:8080"), ("hls", "127.0.0.1:28126")];

/// They end when this is dropped.
pub(crate) struct Servers {
    addresses: Vec<SocketAddr>,
    _running: JoinSet<()>,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        let (mut addresses, mut running) = (Vec::new(), JoinSet::new());
        for (name, _) in WRITTEN {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            running.spawn(serve(name, listener));
        }
        Self { addresses, _running: running }
    }

    /// The file with their addresses in place of the written ones, and with a whole home in place
    /// of one address.
    pub(crate) fn put_into(&self, file: &str) -> String {
        let home: Vec<_> = (2..2 + HOME).map(|last| format!("127.0.0.{last}")).collect();
        let file = file.replace("127.0.0.2", &home.join(" "));
        WRITTEN
            .iter()
            .zip(&self.addresses)
            .fold(file, |file, ((_, written), real)| file.replace(written, &real.to_string()))
    }
}

async fn serve(name: &'static str, listener: TcpListener) {
    let mut visits = JoinSet::new();
    while let Ok((visit, _)) = listener.accept().await {
        visits.spawn(answer(name, visit));
    }
}

async fn answer(name: &str, visit: TcpStream) -> Option<()> {
    let mut visit = BufReader::new(visit);
    let first = line(&mut visit).await?;
    let mut fields = Vec::new();
    while let Some(field) = line(&mut visit).await.filter(|field| !field.is_empty()) {
        fields.push(field.to_ascii_lowercase());
    }
    let path = first.split(' ').nth(1)?;
    let page = format!("{name} {path}{}", body(&mut visit, &fields).await?);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: text/plain\r\nConnection: close\
         \r\n\r\n{page}",
        page.len()
    );
    visit.write_all(head.as_bytes()).await.ok()
}

async fn line(visit: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    visit.read_line(&mut line).await.ok()?;
    Some(line.trim_end().to_owned())
}

/// The body, however its length is told.
async fn body(visit: &mut BufReader<TcpStream>, fields: &[String]) -> Option<String> {
    if let Some(length) = fields.iter().find_map(|field| field.strip_prefix("content-length: ")) {
        return piece(visit, length.parse().ok()?).await;
    }
    let mut body = String::new();
    if fields.iter().any(|field| field == "transfer-encoding: chunked") {
        loop {
            let length = usize::from_str_radix(&line(visit).await?, 16).ok()?;
            body += &piece(visit, length).await?;
            line(visit).await?;
            if length == 0 {
                break;
            }
        }
    }
    Some(body)
}

async fn piece(visit: &mut BufReader<TcpStream>, length: usize) -> Option<String> {
    let mut piece = vec![0; length];
    visit.read_exact(&mut piece).await.ok()?;
    String::from_utf8(piece).ok()
}
