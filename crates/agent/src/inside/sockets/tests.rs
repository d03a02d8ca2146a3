//! Sockets below `controls`, through the whole inside of an agent to a printer that speaks
//! WebSocket with an independent library.

use std::net::SocketAddr;

use forward::websocket::splice;
use futures_util::{SinkExt, StreamExt};
use http::Method;
use hyper_util::rt::TokioIo;
use printer::{OsRandom, PrinterId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{Message, protocol::Role},
};
use wire::{Nonce, Relayed, Stamp};

use guard::MAX_MESSAGE;

use super::{messages::ALWAYS, *};
use crate::inside::{
    Inside,
    tests::{ACCEPTED, DEADLINE, answer, code, inside_with, relayed, visit},
};

/// A printer that tells every text it gets, and greets, answers and says a long word.
async fn talker() -> (SocketAddr, mpsc::UnboundedReceiver<Message>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, tell.clone()));
        }
    });
    (address, told)
}

async fn talk(mut stream: TcpStream, tell: mpsc::UnboundedSender<Message>) {
    let mut start = [0; 6];
    let _ = stream.peek(&mut start).await;
    if &start == b"GET / " {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        return;
    }
    let Ok(mut socket) = accept_async(stream).await else { return };
    while let Some(Ok(message)) = socket.next().await {
        let _ = tell.send(message);
        let long = Message::text("w".repeat(200_000));
        if socket.send(long).await.is_err() {
            return;
        }
    }
}

struct Bench {
    inside: Inside,
    printer: PrinterId,
    told: mpsc::UnboundedReceiver<Message>,
}

type Socket = WebSocketStream<DuplexStream>;

impl Bench {
    async fn new() -> Self {
        let (address, told) = talker().await;
        let (inside, ids) = inside_with(&[format!("http://{address}")], ACCEPTED).await;
        Self { inside, printer: ids[0], told }
    }

    /// A visitor's end of the tunnel, or the agent's word.
    async fn dial(&self, level: Level, path: &str) -> Result<DuplexStream, String> {
        let tick = self.inside.memory.fresh.tick();
        let stamp = Some(Stamp { tick, nonce: Nonce::new(&OsRandom) });
        let relayed = Relayed { level, stamp, ..relayed() };
        let mut request = visit(&wire::printer_authority(self.printer), path, &relayed);
        *request.method_mut() = Method::CONNECT;
        request.extensions_mut().insert(tunnel::Protocol::from_static("websocket"));
        let (to_agent, body) = forward::channel();
        *request.body_mut() = body;
        let opened = answer(&self.inside, request).await;
        if opened.status() != StatusCode::OK {
            return Err(code(&opened).to_owned());
        }
        let (ours, visitors) = duplex(64 * 1024);
        tokio::spawn(splice(TokioIo::new(ours), opened.into_body(), to_agent));
        Ok(visitors)
    }

    async fn open(&self, level: Level, path: &str) -> Socket {
        let io = self.dial(level, path).await.unwrap();
        WebSocketStream::from_raw_socket(io, Role::Client, None).await
    }

    /// Sockets that have begun messages and don't end them, until there is no room for another.
    async fn fill(&self) -> Vec<DuplexStream> {
        let room = &self.inside.memory.inspection.0;
        let mut held = Vec::new();
        while room.available_permits() > 0 {
            let before = room.available_permits();
            let mut io = self.dial(Level::View, "/websocket").await.unwrap();
            let length = before.min(MAX_MESSAGE - ALWAYS) + ALWAYS;
            io.write_all(&header(0x81, length as u64)).await.unwrap();
            held.push(io);
            until(|| room.available_permits() < before).await;
        }
        held
    }

    async fn heard(&mut self) -> String {
        loop {
            let told = timeout(DEADLINE, self.told.recv()).await.expect("nothing arrived");
            if let Message::Text(text) = told.unwrap() {
                return text.to_string();
            }
        }
    }
}

async fn next(socket: &mut Socket) -> Message {
    timeout(DEADLINE, socket.next()).await.expect("nothing came").unwrap().unwrap()
}

/// The code with which a socket was closed, after whatever else was said.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        if let Message::Close(frame) = next(socket).await {
            return frame.unwrap().code.into();
        }
    }
}

const READ: &str = "{\"method\":\"printer.info\",\"id\":1}";
const HEAT: &str =
    "{\"id\":1,\"method\":\"printer.gcode.script\",\"params\":{\"script\":\"M104 S300\"}}";
const STOP: &str = "{\"id\":1,\"method\":\"printer.emergency_stop\"}";

// covers: PM-3
#[tokio::test]
async fn listed_messages_pass_and_answers_come_back() {
    let mut bench = Bench::new().await;
    let mut socket = bench.open(Level::View, "/websocket").await;
    socket.send(Message::text(" { \"id\":1, \"method\":\"printer.info\" } ")).await.unwrap();
    assert_eq!(bench.heard().await, "{\"id\":1,\"method\":\"printer.info\"}");
    assert_eq!(next(&mut socket).await.len(), 200_000);
    socket.send(Message::Ping("p".into())).await.unwrap();
    while !matches!(next(&mut socket).await, Message::Pong(payload) if payload == "p") {}
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = timeout(DEADLINE, socket.next()).await.unwrap() {}
}

// covers: PM-3
#[tokio::test]
async fn view_app_sends_jsonrpc_gcode() {
    let mut bench = Bench::new().await;
    for level in [Level::View, Level::Queue, Level::Print] {
        for message in [HEAT.to_owned(), format!("[{READ},{HEAT}]"), "M104 S300".to_owned()] {
            let mut socket = bench.open(level, "/websocket").await;
            socket.send(Message::text(READ)).await.unwrap();
            socket.send(Message::text(message)).await.unwrap();
            assert!(bench.heard().await.contains("printer.info"));
            // The refusal waits for the end of the printer's long word.
            assert_eq!(closed(&mut socket).await, 1008);
        }
        let mut socket = bench.open(level, "/websocket").await;
        socket.send(Message::binary(HEAT)).await.unwrap();
        assert_eq!(closed(&mut socket).await, 1008);
    }
    while let Ok(told) = bench.told.try_recv() {
        assert!(told.is_close(), "{told}");
    }
    let mut socket = bench.open(Level::Controls, "/websocket").await;
    socket.send(Message::text(HEAT)).await.unwrap();
    assert_eq!(bench.heard().await, HEAT);
}

// covers: PM-3
#[tokio::test]
async fn octoprint_entry_is_moonraker() {
    let mut bench = Bench::new().await;
    for path in ["/sockjs/websocket", "/sockjs/1/abc/websocket", "/websocket"] {
        let mut socket = bench.open(Level::View, path).await;
        socket.send(Message::text(HEAT)).await.unwrap();
        assert_eq!(closed(&mut socket).await, 1008, "{path}");
    }
    for path in ["/klippysocket", "/other", "/websocket/x", "/websocket?a=b"] {
        assert_eq!(bench.dial(Level::Print, path).await.unwrap_err(), "not-allowed", "{path}");
    }
    while let Ok(told) = bench.told.try_recv() {
        assert!(told.is_close(), "{told}");
    }
}

// covers: HZ-5
#[tokio::test]
async fn emergency_stop_takes_queue() {
    let mut bench = Bench::new().await;
    let mut socket = bench.open(Level::View, "/websocket").await;
    socket.send(Message::text(STOP)).await.unwrap();
    assert_eq!(closed(&mut socket).await, 1008);
    let mut socket = bench.open(Level::Queue, "/websocket").await;
    socket.send(Message::text(STOP)).await.unwrap();
    while bench.heard().await != STOP {}
}

/// The header of a masked frame.
fn header(first: u8, length: u64) -> Vec<u8> {
    let mut header = vec![first, 0xff];
    header.extend(length.to_be_bytes());
    header.extend([0; 4]);
    header
}

// covers: PM-3
#[tokio::test]
async fn fifty_sockets_of_16_mib() {
    let bench = Bench::new().await;
    for _ in 0..50 {
        let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
        io.write_all(&header(0x81, 16 * 1024 * 1024)).await.unwrap();
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
        assert_eq!(closed(&mut socket).await, 1009);
    }
    // Nor in many small frames, nor in many sockets at once.
    let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
    for first in [0x01, 0x00] {
        io.write_all(&header(first, 512 * 1024)).await.unwrap();
        io.write_all(&vec![b'x'; 512 * 1024]).await.unwrap();
    }
    io.write_all(&header(0x80, 1)).await.unwrap();
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    assert_eq!(closed(&mut socket).await, 1009);
    let _held = bench.fill().await;
    let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
    io.write_all(&header(0x81, 1024 * 1024)).await.unwrap();
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    assert_eq!(closed(&mut socket).await, 1009);
}

const MIB: usize = 1024 * 1024;

// covers: PM-3
#[tokio::test]
async fn message_of_one_mebibyte_and_one_byte_more() {
    let mut bench = Bench::new().await;
    for length in [MIB, MIB + 1] {
        let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
        let said = "{\"id\":1,\"method\":\"printer.info\"}";
        let mut text = said.as_bytes().to_vec();
        text.resize(length, b' ');
        io.write_all(&header(0x81, length as u64)).await.unwrap();
        if length == MIB {
            io.write_all(&text).await.unwrap();
            assert_eq!(bench.heard().await, said);
        } else {
            let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
            assert_eq!(closed(&mut socket).await, 1009);
        }
    }
}

// covers: PM-3
#[tokio::test]
async fn eight_mebibytes_of_messages_and_one_byte_more() {
    let bench = Bench::new().await;
    let room = Arc::clone(&bench.inside.memory.inspection.0);
    let begin = async |length: usize| {
        let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
        io.write_all(&header(0x81, length as u64)).await.unwrap();
        io
    };
    // Of each message the first 16 KiB always have room.
    let always = 16 * 1024;
    let mut held = Vec::new();
    for length in [MIB; 8].into_iter().chain([8 * always + always]) {
        let before = room.available_permits();
        held.push(begin(length).await);
        until(|| room.available_permits() == before - (length - always)).await;
    }
    let one_more = begin(always + 1).await;
    let mut socket = WebSocketStream::from_raw_socket(one_more, Role::Client, None).await;
    let heard = next(&mut socket).await;
    let Message::Close(Some(frame)) = heard else { panic!("{heard:?}") };
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (1009, "too many messages at a time")
    );
    held.push(begin(always).await);
    assert_eq!(room.available_permits(), 0);
}

// covers: PM-3, HZ-5
#[tokio::test]
async fn view_app_holds_all_room_against_the_stop() {
    let mut bench = Bench::new().await;
    let held = bench.fill().await;
    let mut socket = bench.open(Level::Queue, "/websocket").await;
    socket.send(Message::text(STOP)).await.unwrap();
    assert_eq!(bench.heard().await, STOP);
    drop(held);
    let room = Arc::clone(&bench.inside.memory.inspection.0);
    until(|| room.available_permits() == HELD).await;
}

// covers: PM-3
#[tokio::test]
async fn message_that_never_ends() {
    let bench = Bench::new().await;
    let room = Arc::clone(&bench.inside.memory.inspection.0);
    let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
    io.write_all(&header(0x01, 1024 * 1024)).await.unwrap();
    until(|| room.available_permits() < HELD).await;
    tokio::time::pause();
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    // A minute passes at once, but not before everything else had its turn.
    let heard = timeout(Duration::from_mins(10), socket.next()).await.expect("it is waited for");
    let Message::Close(Some(frame)) = heard.unwrap().unwrap() else { panic!("no close frame") };
    assert_eq!(u16::from(frame.code), 1008);
    tokio::time::resume();
    until(|| room.available_permits() == HELD).await;
}

// covers: PM-3
#[tokio::test]
async fn more_sockets_than_a_printer_can_have() {
    let bench = Bench::new().await;
    let mut open = Vec::new();
    for _ in 0..64 {
        open.push(bench.dial(Level::View, "/websocket").await.unwrap());
    }
    let refused = bench.dial(Level::View, "/websocket").await.unwrap_err();
    assert_eq!(refused, "agent-busy");
    drop(open);
    let member = bench.inside.printers.find(bench.printer).unwrap();
    until(|| member.sockets.available_permits() == 64).await;
    assert!(bench.dial(Level::View, "/websocket").await.is_ok());
}

// covers: PM-3
#[tokio::test]
async fn frames_that_no_client_sends() {
    let bench = Bench::new().await;
    for frame in [
        &b"\xc1\x80\0\0\0\0"[..],
        b"\x81\x02{}",
        b"\x80\x80\0\0\0\0",
        b"\x83\x80\0\0\0\0",
        b"\x09\x80\0\0\0\0",
        b"\x89\xfe\0\x7e\0\0\0\0",
        b"\x01\x81\0\0\0\0{\x81\x81\0\0\0\0}",
    ] {
        let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
        io.write_all(frame).await.unwrap();
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
        assert_eq!(closed(&mut socket).await, 1002, "{frame:x?}");
    }
    let mut io = bench.dial(Level::View, "/websocket").await.unwrap();
    io.write_all(b"\x81\x81\0\0\0\0\xff").await.unwrap();
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    assert_eq!(closed(&mut socket).await, 1007);
}

async fn until(so: impl Fn() -> bool) {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(DEADLINE, wait).await.expect("it didn't happen");
}
