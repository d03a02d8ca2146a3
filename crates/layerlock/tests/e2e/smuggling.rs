//! Request smuggling: one text that two programs read differently, so that the second finds a
//! request in it that the first never judged. Everything in the table is written as it stands onto
//! a connection of somebody who may use the printer, and a request for `/behind` follows at once.
//! The printer remembers what arrived.

use anyhow::{Context, Result};
use http::Method;
use testkit::client::{PrinterOrigin, Protocol};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    house::{House, SOON},
    recorder::{Arrived, Recorder},
};

/// What becomes of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// An error or a hang-up; nothing arrives, and nothing behind it is read.
    Refused,
    /// An error, after which the connection goes on: where the request ended is beyond doubt.
    Judged,
    /// The same, but by the time that the error is found, the beginning may have arrived; what the
    /// printer gets then breaks off.
    Broken,
    /// Nothing is wrong with it: it arrives, and so does the next.
    Ordinary,
}
use Fate::{Broken, Judged, Ordinary, Refused};

/// `\n` stands for CR LF, `␊` for a single LF, `␍` for a single CR, `␀` for NUL and `␋` for a
/// vertical tab. `{GET}` and `{POST}` are the first lines of a request that is in order.
#[rustfmt::skip]
const FORMS: &[(&str, Fate, &str)] = &[
    // The length of the body.
    ("in order, with a length",       Ordinary, "{POST}Content-Length: 5\n\nhello"),
    ("in order, in chunks",           Ordinary, "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
    ("both lengths, CL first",        Refused,  "{POST}Content-Length: 3\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
    ("both lengths, TE first",        Refused,  "{POST}Transfer-Encoding: chunked\nContent-Length: 3\n\n5\nhello\n0\n\n"),
    ("chunked, and two lengths",      Refused,  "{POST}Transfer-Encoding: chunked\nContent-Length: 3\nContent-Length: 4\n\n5\nhello\n0\n\n"),
    ("chunked, and no length at all", Refused,  "{POST}Transfer-Encoding: chunked\nContent-Length: no\n\n5\nhello\n0\n\n"),
    ("both lengths across a LF",      Refused,  "{POST}Content-Length: 5␊Transfer-Encoding: chunked\n\nhello"),
    ("both lengths, one underscored", Ordinary, "{POST}Content-Length: 5\nTransfer_Encoding: chunked\n\nhello"),
    ("a length, underscored",         Ordinary, "{POST}Content_Length: 3\nContent-Length: 5\n\nhello"),
    ("a length that is for one hop",  Ordinary, "{POST}Connection: content-length\nContent-Length: 5\n\nhello"),
    ("the same length twice",         Refused,  "{POST}Content-Length: 5\nContent-Length: 5\n\nhello"),
    ("two lengths",                   Refused,  "{POST}Content-Length: 5\nContent-Length: 6\n\nhello"),
    ("two lengths, the other way",    Refused,  "{POST}Content-Length: 6\nContent-Length: 5\n\nhello"),
    ("lengths in a list",             Refused,  "{POST}Content-Length: 5, 5\n\nhello"),
    ("different lengths in a list",   Refused,  "{POST}Content-Length: 5, 6\n\nhello"),
    ("a length with plus",            Refused,  "{POST}Content-Length: +5\n\nhello"),
    ("a negative length",             Refused,  "{POST}Content-Length: -5\n\nhello"),
    ("a hexadecimal length",          Refused,  "{POST}Content-Length: 0x5\n\nhello"),
    ("a length with a point",         Refused,  "{POST}Content-Length: 5.0\n\nhello"),
    ("a length with a space in it",   Refused,  "{POST}Content-Length: 1 5\n\nhello"),
    ("an empty length",               Refused,  "{POST}Content-Length: \n\nhello"),
    ("a length beyond 64 bits",       Refused,  "{POST}Content-Length: 18446744073709551621\n\nhello"),
    ("a length of 64 bits",           Refused,  "{POST}Content-Length: 18446744073709551615\n\nhello"),
    ("a length with a vertical tab",  Refused,  "{POST}Content-Length: ␋5\n\nhello"),
    // The coding of the body.
    ("chunked in capitals",           Ordinary, "{POST}Transfer-Encoding: Chunked\n\n5\nhello\n0\n\n"),
    ("chunked, then identity",        Refused,  "{POST}Transfer-Encoding: chunked, identity\n\n5\nhello\n0\n\n"),
    ("identity",                      Refused,  "{POST}Transfer-Encoding: identity\nContent-Length: 5\n\nhello"),
    ("chunked before a space",        Ordinary, "{POST}Transfer-Encoding: chunked \n\n5\nhello\n0\n\n"),
    ("xchunked",                      Refused,  "{POST}Transfer-Encoding: xchunked\n\n5\nhello\n0\n\n"),
    ("chunked in quotes",             Refused,  "{POST}Transfer-Encoding: \"chunked\"\n\n5\nhello\n0\n\n"),
    ("chunked behind a vertical tab", Refused,  "{POST}Transfer-Encoding: ␋chunked\n\n5\nhello\n0\n\n"),
    ("chunked behind a NUL",          Refused,  "{POST}Transfer-Encoding: ␀chunked\n\n5\nhello\n0\n\n"),
    ("chunked before a semicolon",    Refused,  "{POST}Transfer-Encoding: chunked;a=b\n\n5\nhello\n0\n\n"),
    ("chunked on a folded line",      Refused,  "{POST}Transfer-Encoding:\n chunked\n\n5\nhello\n0\n\n"),
    ("gzip, then chunked",            Refused,  "{POST}Transfer-Encoding: gzip, chunked\n\n5\nhello\n0\n\n"),
    ("chunked twice",                 Refused,  "{POST}Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
    ("chunked, then another line",    Refused,  "{POST}Transfer-Encoding: chunked\nTransfer-Encoding: identity\n\n5\nhello\n0\n\n"),
    ("chunked in HTTP/1.0",           Refused,  "POST /first HTTP/1.0\n{FIELDS}Transfer-Encoding: chunked\n\n5\nhello\n0\n\n"),
    // Chunks.
    ("a short extension",             Broken,   "{POST}Transfer-Encoding: chunked\n\n5;a=b\nhello\n0\n\n"),
    ("an extension of the last",      Broken,   "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0;a=b\n\n"),
    ("an end with many zeros",        Ordinary, "{POST}Transfer-Encoding: chunked\n\n005\nhello\n000\n\n"),
    ("a long extension",              Broken,   "{POST}Transfer-Encoding: chunked\n\n5;a={LONG}\nhello\n0\n\n"),
    ("an extension with a LF",        Broken,   "{POST}Transfer-Encoding: chunked\n\n5;a␊hello\n0\n\n"),
    ("an extension with a CR",        Broken,   "{POST}Transfer-Encoding: chunked\n\n5;a␍b\nhello\n0\n\n"),
    ("a size before a LF",            Broken,   "{POST}Transfer-Encoding: chunked\n\n5␊hello\n0\n\n"),
    ("a size before a CR",            Broken,   "{POST}Transfer-Encoding: chunked\n\n5␍hello\n0\n\n"),
    ("a chunk before a LF",           Broken,   "{POST}Transfer-Encoding: chunked\n\n5\nhello␊0\n\n"),
    ("the end before a LF",           Broken,   "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0␊␊"),
    ("a chunk longer than it says",   Broken,   "{POST}Transfer-Encoding: chunked\n\n4\nhello\n0\n\n"),
    ("a negative size",               Broken,   "{POST}Transfer-Encoding: chunked\n\n-5\nhello\n0\n\n"),
    ("a size with plus",              Broken,   "{POST}Transfer-Encoding: chunked\n\n+5\nhello\n0\n\n"),
    ("a size with 0x",                Broken,   "{POST}Transfer-Encoding: chunked\n\n0x5\nhello\n0\n\n"),
    ("a size behind a space",         Broken,   "{POST}Transfer-Encoding: chunked\n\n 5\nhello\n0\n\n"),
    ("no size",                       Broken,   "{POST}Transfer-Encoding: chunked\n\n\nhello\n0\n\n"),
    ("a size beyond 64 bits",         Broken,   "{POST}Transfer-Encoding: chunked\n\n10000000000000005\nhello\n0\n\n"),
    ("a trailer that sets a length",  Ordinary, "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0\nContent-Length: 3\n\n"),
    ("a trailer of ours",             Ordinary, "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0\nlayerlock-relayed: {}\nx-forwarded-for: 127.0.0.1\n\n"),
    ("a long trailer",                Broken,   "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0\nx: {LONG}\n\n"),
    ("a trailer with a space",        Broken,   "{POST}Transfer-Encoding: chunked\n\n5\nhello\n0\nx : y\n\n"),
    // Lines.
    ("a folded line",                 Refused,  "{GET}X-A: b\n c: d\n\n"),
    ("a line folded with a tab",      Refused,  "{GET}X-A: b\n\tc: d\n\n"),
    ("a CR in a value",               Refused,  "{GET}X-A: b␍c\n\n"),
    ("a CR that ends a line",         Refused,  "{GET}X-A: b␍X-C: d\n\n"),
    ("a NUL in a value",              Refused,  "{GET}X-A: b␀c\n\n"),
    ("a NUL in a name",               Refused,  "{GET}X-A␀: b\n\n"),
    ("a space before the colon",      Refused,  "{GET}X-A : b\n\n"),
    ("a tab before the colon",        Refused,  "{GET}X-A\t: b\n\n"),
    ("a length before a space",       Refused,  "{POST}Content-Length : 5\n\nhello"),
    ("no name",                       Refused,  "{GET}: b\n\n"),
    ("no colon",                      Refused,  "{GET}X-A\n\n"),
    ("a space before the first line", Refused,  " {GET}\n"),
    ("a space before the first name", Refused,  "GET /first HTTP/1.1\n X-A: b\n{FIELDS}\n"),
    ("a tab before the first name",   Refused,  "GET /first HTTP/1.1\n\tX-A: b\n{FIELDS}\n"),
    ("lines that end with LF",        Refused,  "{POST}X-A: b␊Content-Length: 5␊␊hello"),
    // The first line.
    ("HTTP/0.9",                      Refused,  "GET /first\n"),
    ("HTTP/1.2",                      Refused,  "GET /first HTTP/1.2\n{FIELDS}\n"),
    ("HTTP/2.0",                      Refused,  "GET /first HTTP/2.0\n{FIELDS}\n"),
    ("two spaces",                    Refused,  "GET  /first HTTP/1.1\n{FIELDS}\n"),
    ("a tab for a space",             Refused,  "GET\t/first\tHTTP/1.1\n{FIELDS}\n"),
    ("a space in the target",         Refused,  "GET /fir st HTTP/1.1\n{FIELDS}\n"),
    ("a CR in the target",            Refused,  "GET /fir␍st HTTP/1.1\n{FIELDS}\n"),
    ("a method with a bracket",       Refused,  "G(T /first HTTP/1.1\n{FIELDS}\n"),
    ("a long method",                 Judged,   "GGGGGGGGGGGGGGGGGGGGGGGGG /first HTTP/1.1\n{FIELDS}\n"),
    ("a long target",                 Judged,   "GET /{LONG} HTTP/1.1\n{FIELDS}\n"),
    ("TRACE",                         Judged,   "TRACE /first HTTP/1.1\n{FIELDS}\n"),
    ("another host in the target",    Judged,   "GET https://evil.example/first HTTP/1.1\n{FIELDS}\n"),
    ("the own host in the target",    Ordinary, "GET https://{HOST}/first HTTP/1.1\n{FIELDS}\n"),
    ("a target that is no path",      Judged,   "GET first HTTP/1.1\n{FIELDS}\n"),
    ("a target that is a question",   Refused,  "GET ?first HTTP/1.1\n{FIELDS}\n"),
    ("a target without encryption",   Judged,   "GET http://{HOST}/first HTTP/1.1\n{FIELDS}\n"),
    ("an authority for a target",     Judged,   "GET {HOST} HTTP/1.1\n{FIELDS}\n"),
    ("CONNECT",                       Judged,   "CONNECT {HOST} HTTP/1.1\n{FIELDS}\n"),
    ("CONNECT elsewhere",             Judged,   "CONNECT 127.0.0.1:22 HTTP/1.1\n{FIELDS}\n"),
    ("an asterisk",                   Judged,   "OPTIONS * HTTP/1.1\n{FIELDS}\n"),
    // Host.
    ("no host",                       Judged,   "GET /first HTTP/1.1\n{REST}\n"),
    ("no host in HTTP/1.0",           Refused,  "GET /first HTTP/1.0\n{REST}\n"),
    ("two hosts",                     Judged,   "{GET}Host: evil.example\n\n"),
    ("the same host twice",           Judged,   "{GET}Host: {HOST}\n\n"),
    ("an empty host",                 Judged,   "GET /first HTTP/1.1\nHost:\n{REST}\n"),
    ("a host with a user",            Judged,   "GET /first HTTP/1.1\nHost: a@{HOST}\n{REST}\n"),
    ("a host with a path",            Judged,   "GET /first HTTP/1.1\nHost: {HOST}/a\n{REST}\n"),
    ("hosts in a list",               Judged,   "GET /first HTTP/1.1\nHost: {HOST}, evil.example\n{REST}\n"),
    // Becoming something else.
    ("h2c",                           Judged,   "{GET}Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\n\n"),
    ("the settings of h2c alone",     Judged,   "{GET}HTTP2-Settings: AAMAAABkAAQAAP__\n\n"),
    ("an unknown protocol",           Judged,   "{GET}Connection: Upgrade\nUpgrade: quake/3\n\n"),
    ("two protocols",                 Judged,   "{GET}Connection: Upgrade\nUpgrade: websocket, h2c\n\n"),
    ("a WebSocket without a key",     Judged,   "{GET}Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n\n"),
    ("a WebSocket of a past version", Judged,   "{GET}Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 8\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"),
    ("a WebSocket by POST",           Judged,   "{POST}Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nContent-Length: 0\n\n"),
    ("an unknown expectation",        Judged,   "{POST}Expect: 200-ok\nContent-Length: 5\n\nhello"),
    ("HTTP/2 on HTTP/1",              Refused,  "PRI * HTTP/2.0\n\nSM\n\n"),
];

/// Longer than any header, extension or trailer may be, shorter than what a connection buffers.
const LONG: usize = 40 * 1024;

/// What no request that was in order has when it arrives.
const NEVER: [&str; 7] = [
    "http2-settings",
    "layerlock-relayed",
    "upgrade",
    "trailer",
    "proxy-connection",
    "content_length",
    "transfer_encoding",
];

fn written(form: &str, origin: &PrinterOrigin<'_>) -> Result<Vec<u8>> {
    let rest = format!(
        "Cookie: {}\nOrigin: {}\nSec-Fetch-Site: same-origin\n",
        origin.cookies()?,
        origin.url()
    );
    let form = form
        .replace("{GET}", "GET /first HTTP/1.1\n{FIELDS}")
        .replace("{POST}", "POST /first HTTP/1.1\n{FIELDS}")
        .replace("{FIELDS}", "Host: {HOST}\n{REST}")
        .replace("{HOST}", origin.host())
        .replace("{REST}", &rest)
        .replace("{LONG}", &"x".repeat(LONG));
    let form = form.replace('\n', "\r\n").replace('␊', "\n").replace('␍', "\r");
    Ok(form.replace('␀', "\0").replace('␋', "\x0b").into_bytes())
}

/// All that comes back until the connection ends.
async fn answers(origin: &PrinterOrigin<'_>, form: &str) -> Result<String> {
    const BEHIND: &str = "GET /behind HTTP/1.1\n{FIELDS}Connection: close\n\n";
    let mut stream = origin.connect(Protocol::Http1).await?;
    let text = [written(form, origin)?, written(BEHIND, origin)?].concat();
    // It may be refused before it was written.
    let _ = stream.write_all(&text).await;
    let mut answer = Vec::new();
    let end = timeout(SOON, stream.read_to_end(&mut answer)).await;
    let _ = end.with_context(|| {
        format!("the connection stays open after {:?}", String::from_utf8_lossy(&answer))
    })?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn statuses(answers: &str) -> Vec<u16> {
    let found = answers.match_indices("HTTP/1.1 ").chain(answers.match_indices("HTTP/1.0 "));
    found.filter_map(|(at, _)| answers.get(at + 9..at + 12)?.parse().ok()).collect()
}

/// Whether a form had its fate.
fn is_right(fate: Fate, statuses: &[u16], arrived: &[Arrived]) -> bool {
    let lines: Vec<_> = arrived.iter().map(|arrived| arrived.line.as_str()).collect();
    let only_errors = statuses.iter().all(|status| (400..600).contains(status));
    let refused = only_errors && statuses.len() <= 1;
    match (fate, &lines[..]) {
        (Refused | Broken, []) => refused,
        (Broken, ["POST /first"]) => refused && arrived.iter().all(|first| first.body.is_none()),
        (Judged, [] | ["GET /behind"]) => statuses.first().is_some_and(|first| *first >= 400),
        (Ordinary, ["GET /first" | "POST /first", "GET /behind"]) => {
            statuses == [200, 200] && !arrived.iter().any(is_odd)
        }
        _ => false,
    }
}

/// Whether a printer might read a request otherwise than the hub did.
fn is_odd(arrived: &Arrived) -> bool {
    let expected: &[u8] = if arrived.line.starts_with("POST") { b"hello" } else { b"" };
    let has_trailers = arrived.fields.len() > 1;
    let header = arrived.fields.first();
    let is_dirty = header.is_none_or(|fields| NEVER.iter().any(|name| fields.contains_key(*name)));
    has_trailers || is_dirty || arrived.body.as_deref() != Some(expected)
}

// covers: RL-5, SV-3
#[tokio::test]
async fn smuggled_requests_never_arrive() -> Result<()> {
    let (printer, url) = Recorder::start().await?;
    let house = House::with_printer(&url, Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut failures = Vec::new();
    for (name, fate, form) in FORMS {
        printer.take();
        let answers = answers(&origin, form).await.with_context(|| (*name).to_owned())?;
        // Whatever was on its way has arrived before this.
        let ordinary = origin.request(Method::GET, "/ordinary").send().await?;
        assert_eq!(ordinary.status(), 200, "after {name}");
        let mut arrived = printer.take();
        assert_eq!(arrived.pop().map(|last| last.line).as_deref(), Some("GET /ordinary"), "{name}");
        let statuses = statuses(&answers);
        if !is_right(*fate, &statuses, &arrived) {
            failures.push(format!("{name}: {fate:?}, but {statuses:?} and {arrived:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
