//! The same as `smuggling`, in HTTP/2: fields that mean something else once they are written as
//! lines of HTTP/1.1 at the printer. On another stream of the same connection a request for
//! `/behind` follows; that one is in order, and may arrive.

use anyhow::{Context, Result};
use http::Method;
use testkit::{
    client::{PrinterOrigin, Protocol},
    frames::{self, END_STREAM, Kind},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    house::{House, SOON},
    recorder::{Arrived, Recorder},
};

/// Whether a form arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Ordinary,
}
use Fate::{Ordinary, Refused};

/// One field a line; behind an empty line stands the body, and behind another one the trailers.
/// `␊`, `␍` and `␀` are LF, CR and NUL. `{GET}` and `{POST}` are the pseudo-headers and fields of a
/// request that is in order, `{FIELDS}` its fields alone.
#[rustfmt::skip]
const FORMS: &[(&str, Fate, &str)] = &[
    ("in order",                     Ordinary, "{GET}"),
    ("in order, with a body",        Ordinary, "{POST}\n\nhello"),
    ("in order, with a length",      Ordinary, "{POST}\ncontent-length: 5\n\nhello"),
    ("in order, cookies in crumbs",  Ordinary, "{GET}\ncookie: a=b\ncookie: c=d"),
    ("te: trailers",                 Ordinary, "{GET}\nte: trailers"),
    // The length of the body.
    ("a length too small",           Refused,  "{POST}\ncontent-length: 3\n\nhello"),
    ("a length too large",           Refused,  "{POST}\ncontent-length: 6\n\nhello"),
    ("a length without a body",      Refused,  "{POST}\ncontent-length: 5"),
    ("no length for a body",         Refused,  "{POST}\ncontent-length: 0\n\nhello"),
    ("two lengths",                  Refused,  "{POST}\ncontent-length: 5\ncontent-length: 6\n\nhello"),
    ("lengths in a list",            Refused,  "{POST}\ncontent-length: 5, 5\n\nhello"),
    ("a length with plus",           Refused,  "{POST}\ncontent-length: +5\n\nhello"),
    ("a length beyond 64 bits",      Refused,  "{POST}\ncontent-length: 18446744073709551621\n\nhello"),
    // What belongs to a connection of HTTP/1.1.
    ("chunked",                      Refused,  "{POST}\ntransfer-encoding: chunked\n\n0␍␊␍␊"),
    ("chunked in capitals",          Refused,  "{POST}\nTransfer-Encoding: chunked\n\n0␍␊␍␊"),
    ("connection",                   Refused,  "{GET}\nconnection: close"),
    ("connection names a field",     Refused,  "{GET}\nconnection: cookie"),
    ("keep-alive",                   Refused,  "{GET}\nkeep-alive: timeout=5"),
    ("proxy-connection",             Refused,  "{GET}\nproxy-connection: close"),
    ("upgrade",                      Refused,  "{GET}\nupgrade: websocket"),
    ("te: gzip",                     Refused,  "{GET}\nte: gzip"),
    ("http2-settings",               Refused,  "{GET}\nhttp2-settings: AAMAAABkAAQAAP__"),
    // Names.
    ("a name in capitals",           Refused,  "{GET}\nX-A: b"),
    ("a name with a space",          Refused,  "{GET}\nx a: b"),
    ("a name with a line in it",     Refused,  "{GET}\nx-a: b␍␊transfer-encoding: chunked"),
    ("a name with a LF",             Refused,  "{GET}\nx␊a: b"),
    ("a name with a NUL",            Refused,  "{GET}\nx␀a: b"),
    ("a name with a colon",          Refused,  "{GET}\nx:a: b"),
    ("no name",                      Refused,  "{GET}\n: b"),
    // Values.
    ("a value with a CR",            Refused,  "{GET}\nx-a: b␍c"),
    ("a value with a LF",            Refused,  "{GET}\nx-a: b␊c"),
    ("a value with a NUL",           Refused,  "{GET}\nx-a: b␀c"),
    ("a value with a request in it", Refused,  "{GET}\nx-a: b␍␊␍␊GET /smuggled HTTP/1.1␍␊host: a␍␊␍␊"),
    // Pseudo-headers.
    ("two paths",                    Refused,  ":path: /smuggled\n{GET}"),
    ("two methods",                  Refused,  ":method: POST\n{GET}"),
    ("two authorities",              Refused,  ":authority: evil.example\n{GET}"),
    ("two schemes",                  Refused,  ":scheme: https\n{GET}"),
    ("a path behind a field",        Refused,  ":method: GET\n:scheme: https\n:authority: {HOST}\n{FIELDS}\n:path: /first"),
    ("an unknown pseudo-header",     Refused,  ":first: a\n{GET}"),
    (":status in a request",         Refused,  ":status: 200\n{GET}"),
    ("no path",                      Refused,  ":method: GET\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("no method",                    Refused,  ":path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("no scheme",                    Refused,  ":method: GET\n:path: /first\n:authority: {HOST}\n{FIELDS}"),
    ("no authority",                 Refused,  ":method: GET\n:path: /first\n:scheme: https\n{FIELDS}"),
    ("an empty path",                Refused,  ":method: GET\n:path: \n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a path with a space",          Refused,  ":method: GET\n:path: /first HTTP/1.1\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a path with a request in it",  Refused,  ":method: GET\n:path: /first HTTP/1.1␍␊␍␊GET /smuggled\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a path that is no path",       Refused,  ":method: GET\n:path: first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a path that is a question",    Refused,  ":method: GET\n:path: ?first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a path that is an address",    Refused,  ":method: GET\n:path: http://evil.example/\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("an asterisk",                  Refused,  ":method: OPTIONS\n:path: *\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a method with a request in it", Refused, ":method: GET /smuggled HTTP/1.1␍␊a:\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a method with a space",        Refused,  ":method: GET /smuggled\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a long method",                Refused,  ":method: GGGGGGGGGGGGGGGGGGGGGGGGG\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("TRACE",                        Refused,  ":method: TRACE\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("without encryption",           Refused,  ":method: GET\n:path: /first\n:scheme: http\n:authority: {HOST}\n{FIELDS}"),
    ("another scheme",               Refused,  ":method: GET\n:path: /first\n:scheme: ftp\n:authority: {HOST}\n{FIELDS}"),
    ("a scheme with a host in it",   Refused,  ":method: GET\n:path: /first\n:scheme: https://evil.example/\n:authority: {HOST}\n{FIELDS}"),
    // Host.
    ("the same host beside it",      Ordinary, "{GET}\nhost: {HOST}"),
    ("another host beside it",       Refused,  "{GET}\nhost: evil.example"),
    ("two hosts",                    Refused,  "{GET}\nhost: {HOST}\nhost: evil.example"),
    ("an authority with a user",     Refused,  ":method: GET\n:path: /first\n:scheme: https\n:authority: a@{HOST}\n{FIELDS}"),
    ("an authority with a path",     Refused,  ":method: GET\n:path: /first\n:scheme: https\n:authority: {HOST}/a\n{FIELDS}"),
    ("an authority with a line",     Refused,  ":method: GET\n:path: /first\n:scheme: https\n:authority: {HOST}␍␊a: b\n{FIELDS}"),
    // CONNECT.
    ("CONNECT",                      Refused,  ":method: CONNECT\n:authority: {HOST}\n{FIELDS}"),
    ("CONNECT with a path",          Refused,  ":method: CONNECT\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("CONNECT elsewhere",            Refused,  ":method: CONNECT\n:authority: 127.0.0.1:22\n{FIELDS}"),
    ("an unknown protocol",          Refused,  ":method: CONNECT\n:protocol: quake/3\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("connect-udp",                  Refused,  ":method: CONNECT\n:protocol: connect-udp\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    ("a protocol without CONNECT",   Refused,  ":method: GET\n:protocol: websocket\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}"),
    // Trailers.
    ("a trailer of ours",            Ordinary, "{POST}\n\nhello\n\nlayerlock-relayed: {}"),
    ("a trailer that sets a length", Ordinary, "{POST}\n\nhello\n\ncontent-length: 3"),
    ("a pseudo-header for a trailer", Ordinary,"{POST}\n\nhello\n\n:path: /smuggled"),
    ("a trailer with a LF",          Refused,  "{POST}\n\nhello\n\nx-a: b␊c"),
];

/// The frames of a form on stream 1 or another.
fn written(stream: u32, form: &str, origin: &PrinterOrigin<'_>) -> Result<Vec<u8>> {
    let fields = format!(
        "cookie: {}\norigin: {}\nsec-fetch-site: same-origin",
        origin.cookies()?,
        origin.url()
    );
    let form = form
        .replace(
            "{GET}",
            ":method: GET\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}",
        )
        .replace(
            "{POST}",
            ":method: POST\n:path: /first\n:scheme: https\n:authority: {HOST}\n{FIELDS}",
        )
        .replace("{FIELDS}", &fields)
        .replace("{HOST}", origin.host());
    let mut parts = form.split("\n\n");
    let head = parts.next().unwrap_or_default();
    let (body, trailers) = (parts.next(), parts.next());
    let end = |last: bool| if last { END_STREAM } else { 0 };
    let mut bytes = headers(stream, end(body.is_none()), head);
    if let Some(body) = body {
        bytes.extend(frames::data(stream, end(trailers.is_none()), characters(body).as_bytes()));
    }
    if let Some(trailers) = trailers {
        bytes.extend(headers(stream, END_STREAM, trailers));
    }
    Ok(bytes)
}

fn headers(stream: u32, flags: u8, lines: &str) -> Vec<u8> {
    let lines = characters(lines);
    let fields: Vec<_> = lines.split('\u{1}').filter_map(|line| line.split_once(": ")).collect();
    frames::headers(stream, flags, &fields)
}

/// What the signs stand for; the ends of the table's own lines become a character of their own.
fn characters(text: &str) -> String {
    text.replace('\n', "\u{1}").replace('␊', "\n").replace('␍', "\r").replace('␀', "\0")
}

/// Whether the form was answered with 200. Waits until the request behind it was answered, or the
/// connection has ended.
async fn is_answered(origin: &PrinterOrigin<'_>, form: &str) -> Result<bool> {
    const BEHIND: &str =
        ":method: GET\n:path: /behind\n:scheme: https\n:authority: {HOST}\n{FIELDS}";
    let mut stream = origin.connect(Protocol::Http2).await?;
    let (form, behind) = (written(1, form, origin)?, written(3, BEHIND, origin)?);
    stream.write_all(&[frames::PREFACE, &form].concat()).await?;
    let mut received = Vec::new();
    let over = async {
        let mut asked = false;
        loop {
            // The form first: its answer, or its end.
            if !asked && ended(&received, 1) {
                asked = true;
                let _ = stream.write_all(&behind).await;
            }
            if ended(&received, 3) || matches!(stream.read_buf(&mut received).await, Ok(0) | Err(_))
            {
                break;
            }
        }
    };
    timeout(SOON, over).await.context("no answer")?;
    let ok = |(kind, _, stream, block): &(u8, u8, u32, &[u8])| {
        *kind == Kind::Headers as u8 && *stream == 1 && block.first() == Some(&STATUS_200)
    };
    Ok(frames::parse(&received).iter().any(ok))
}

/// `:status: 200` (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

/// Whether the other side has said all that it will say on a stream.
fn ended(received: &[u8], stream: u32) -> bool {
    frames::parse(received).iter().any(|(kind, flags, of, _)| {
        let last = *kind <= Kind::Headers as u8 && flags & END_STREAM != 0;
        *of == stream && (last || *kind == Kind::RstStream as u8)
    })
}

fn is_right(fate: Fate, answered: bool, arrived: &[Arrived]) -> bool {
    let mut arrived = arrived.iter().filter(|arrived| arrived.line != "GET /behind");
    match (fate, arrived.next()) {
        (Refused, first) => !answered && first.is_none(),
        (Ordinary, Some(first)) => {
            let body: &[u8] = if first.line.starts_with("POST") { b"hello" } else { b"" };
            answered
                && ["GET /first", "POST /first"].contains(&&*first.line)
                && first.body.as_deref() == Some(body)
                && first.fields.len() == 1
                && arrived.next().is_none()
        }
        (Ordinary, None) => false,
    }
}

// covers: RL-5, SV-3
#[tokio::test]
async fn requests_smuggled_in_http_2_never_arrive() -> Result<()> {
    let (printer, url) = Recorder::start().await?;
    let house = House::with_printer(&url, Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut failures = Vec::new();
    for (name, fate, form) in FORMS {
        printer.take();
        let answered = is_answered(&origin, form).await.with_context(|| (*name).to_owned())?;
        // Whatever was on its way has arrived before this.
        let ordinary = origin.request(Method::GET, "/ordinary").send().await?;
        assert_eq!(ordinary.status(), 200, "after {name}");
        let mut arrived = printer.take();
        assert_eq!(arrived.pop().map(|last| last.line).as_deref(), Some("GET /ordinary"), "{name}");
        if !is_right(*fate, answered, &arrived) {
            failures.push(format!("{name}: {fate:?}, but answered: {answered}, {arrived:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}
