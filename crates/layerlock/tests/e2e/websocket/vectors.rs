//! What a visitor or a printer may say on a WebSocket, and what it may not.

use super::frames::{closing, masked, plain};

/// The longest message that is judged below `controls`, in bytes.
const LIMIT: usize = 1024 * 1024;

/// A message that passes at every level.
const SAID: &[u8] = b"{\"throttle\":1}";

/// Something to say on a new WebSocket.
#[derive(Clone)]
pub(super) struct Vector {
    pub(super) name: &'static str,
    /// Written in these pieces.
    pub(super) visitor: Vec<Vec<u8>>,
    /// What the printer says by itself, before it ends; it echoes if this is empty.
    pub(super) printer: Vec<u8>,
}

/// What visitors say to a printer that echoes.
pub(super) fn from_visitors() -> Vec<Vector> {
    let close = |(name, code)| says(name, masked(0x88, &closing(code, b"")));
    let codes = CODES.into_iter().map(close).collect();
    [messages(), control_frames(), codes, broken(), fragmented(), many_fragments()].concat()
}

/// Whole messages.
fn messages() -> Vec<Vector> {
    let text = |payload: &[u8]| masked(0x81, payload);
    vec![
        says("text", text(SAID)),
        says("text that isn't listed", text(b"M104 S200")),
        says("text of two-byte characters", text("{\"auth\":\"gr\u{fc}\u{df}e\"}".as_bytes())),
        says("empty text", text(b"")),
        says("binary", masked(0x82, &[0, 1, 2, 255])),
        says("empty binary", masked(0x82, b"")),
        says("length of 126", text(&sized(126))),
        says("length of 65536", text(&sized(65536))),
        says("length in its longest form", long_form(SAID)),
        says("message of the limit", text(&sized(LIMIT))),
        says("message past the limit", text(&sized(LIMIT + 1))),
        says(
            "fragments past the limit",
            [masked(0x01, &sized(LIMIT)), masked(0x80, b" ")].concat(),
        ),
        says("two messages in one piece", [text(SAID), text(SAID)].concat()),
    ]
}

/// Pings, pongs and the end.
fn control_frames() -> Vec<Vector> {
    let text = |payload: &[u8]| masked(0x81, payload);
    let close = |payload: &[u8]| masked(0x88, payload);
    vec![
        says("ping", masked(0x89, b"")),
        says("ping of 125", masked(0x89, &[b'p'; 125])),
        says("ping of 126", masked(0x89, &[b'p'; 126])),
        says("pong unasked", masked(0x8a, b"p")),
        says("pong of 126", masked(0x8a, &[b'p'; 126])),
        says("fragmented ping", [masked(0x09, b"a"), masked(0x80, b"b")].concat()),
        says("close without a code", close(b"")),
        says("close with half a code", close(b"\x03")),
        says("close with a reason", close(&closing(1001, b"away"))),
        says("close with a reason of 123", close(&closing(1000, &[b'r'; 123]))),
        says("close of 126", close(&closing(1000, &[b'r'; 124]))),
        says("close with a reason in invalid UTF-8", close(&closing(1000, b"\xff"))),
        says("message after close", [close(&closing(1000, b"")), text(SAID)].concat()),
    ]
}

/// What no visitor may say.
fn broken() -> Vec<Vector> {
    let text = |payload: &[u8]| masked(0x81, payload);
    vec![
        says("not masked", plain(0x81, SAID)),
        says("reserved bit 1", masked(0xc1, SAID)),
        says("reserved bit 2", masked(0xa1, SAID)),
        says("reserved bit 3", masked(0x91, SAID)),
        says("reserved opcode 3", masked(0x83, SAID)),
        says("reserved opcode 11", masked(0x8b, b"")),
        says("continuation of nothing", masked(0x80, SAID)),
        says("text inside a fragmented text", [masked(0x01, b"{"), text(SAID)].concat()),
        says("invalid UTF-8", text(b"\"\xff\"")),
        says("surrogate in UTF-8", text(b"\"\xed\xa0\x80\"")),
        says("overlong UTF-8", text(b"\"\xc0\xaf\"")),
        says("half a character at the end", text(b"\"\xc3")),
    ]
}

/// Messages in pieces.
fn fragmented() -> Vec<Vector> {
    let close = |payload: &[u8]| masked(0x88, payload);
    vec![
        byte_by_byte(
            "byte by byte",
            &[masked(0x01, b"{\"auth\":\"\xc3"), masked(0x80, b"\xbc\"}")],
        ),
        fragments("fragments", &[b"{\"throttle\"", b":", b"1}"], b""),
        fragments("fragments of a character", &[b"{\"auth\":\"\xe2", b"\x82", b"\xac\"}"], b""),
        fragments("empty fragments", &[b"", SAID, b"", b""], b""),
        fragments("ping between fragments", &[b"{\"throttle\"", b":1}"], &masked(0x89, b"p")),
        fragments("pong between fragments", &[b"{\"throttle\"", b":1}"], &masked(0x8a, b"p")),
        fragments("close between fragments", &[b"{\"throttle\"", b":1}"], &close(b"\x03\xe8")),
    ]
}

/// Messages in very many pieces.
fn many_fragments() -> Vec<Vector> {
    let bytes = sized(1000);
    let tiny: Vec<&[u8]> = bytes.chunks(1).collect();
    let empty = [&[b"" as &[u8]; 500][..], &[SAID]].concat();
    vec![
        fragments("a thousand fragments", &tiny, b""),
        fragments("five hundred empty fragments", &empty, b""),
    ]
}

/// What a printer says to a visitor who listens.
pub(super) fn from_printers() -> Vec<Vector> {
    let text = |payload: &[u8]| plain(0x81, payload);
    let mut all = vec![
        said("printer: text", text(SAID)),
        said("printer: binary", plain(0x82, &[0, 1, 2, 255])),
        said("printer: past the limit", text(&sized(LIMIT + 1))),
        said("printer: ping of 126", plain(0x89, &[b'p'; 126])),
        said("printer: masked", masked(0x81, SAID)),
        said("printer: reserved bit 1", plain(0xc1, SAID)),
        said("printer: reserved opcode 3", plain(0x83, SAID)),
        said("printer: invalid UTF-8", text(b"\xff")),
        said("printer: half a frame", b"\x81\x7dhalf".to_vec()),
        said("printer: half a head", b"\x81\xfe\x00".to_vec()),
        said("printer: no frame at all", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        said("printer: endless length", b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffx".to_vec()),
        said("printer: close with half a code", plain(0x88, b"\x03")),
        said("printer: close and more", [plain(0x88, b"\x03\xe8"), text(SAID)].concat()),
        said("printer: fragments", {
            [plain(0x01, b"a\xc3"), plain(0x89, b"p"), plain(0x00, b""), plain(0x80, b"\xbc")]
                .concat()
        }),
    ];
    for (_, code) in CODES {
        let name = "printer: close codes";
        all.push(said(name, plain(0x88, &closing(code, b"why"))));
    }
    all
}

/// Codes that may be sent and codes that may not (RFC 6455, 7.4).
const CODES: [(&str, u16); 16] = [
    ("close with 0", 0),
    ("close with 999", 999),
    ("close with 1000", 1000),
    ("close with 1003", 1003),
    ("close with 1004", 1004),
    ("close with 1005", 1005),
    ("close with 1006", 1006),
    ("close with 1007", 1007),
    ("close with 1011", 1011),
    ("close with 1015", 1015),
    ("close with 1016", 1016),
    ("close with 2999", 2999),
    ("close with 3000", 3000),
    ("close with 4999", 4999),
    ("close with 5000", 5000),
    ("close with 65535", 65535),
];

/// Says it, and then asks for a pong and closes, so that every vector has an end.
fn says(name: &'static str, bytes: Vec<u8>) -> Vector {
    ended(name, vec![bytes])
}

fn ended(name: &'static str, mut visitor: Vec<Vec<u8>>) -> Vector {
    visitor.push([masked(0x89, b"still there?"), masked(0x88, &closing(1000, b"done"))].concat());
    Vector { name, visitor, printer: Vec::new() }
}

fn said(name: &'static str, printer: Vec<u8>) -> Vector {
    Vector { name, visitor: Vec::new(), printer }
}

fn byte_by_byte(name: &'static str, frames: &[Vec<u8>]) -> Vector {
    ended(name, frames.concat().chunks(1).map(<[u8]>::to_vec).collect())
}

/// One message in fragments, with something after the first of them.
fn fragments(name: &'static str, payloads: &[&[u8]], between: &[u8]) -> Vector {
    let last = payloads.len().saturating_sub(1);
    let mut bytes = Vec::new();
    for (number, payload) in payloads.iter().enumerate() {
        let opcode = u8::from(number == 0);
        let is_final = if number == last { 0x80 } else { 0 };
        bytes.extend(masked(is_final | opcode, payload));
        if number == 0 {
            bytes.extend(between);
        }
    }
    says(name, bytes)
}

/// A listed message of this length.
fn sized(length: usize) -> Vec<u8> {
    let frame = "{\"auth\":\"\"}";
    format!("{{\"auth\":\"{}\"}}", "x".repeat(length.saturating_sub(frame.len()))).into_bytes()
}

/// A frame whose length is written in eight bytes, although one would do.
fn long_form(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_be_bytes();
    [&[0x81, 0xff][..], &length, &[0; 4], payload].concat()
}
