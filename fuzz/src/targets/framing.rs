//! Where requests begin and end. Two readers see each connection: the one that refuses what is
//! ambiguous, and hyper behind it.

use std::{cell::Cell, convert::Infallible};

use edge::Framing;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncReadExt,
    runtime::{Builder, Runtime},
};

/// Hyper finds no request where ours saw none begin, and in pieces everything reads the same.
pub(super) fn framing(bytes: &[u8]) {
    let mut whole = Framing::default();
    let wrong = whole.first_wrong(bytes);
    let mut pieces = Framing::default();
    let mut in_pieces = bytes.chunks(7).map(|piece| pieces.first_wrong(piece));
    let first = in_pieces.by_ref().enumerate().find_map(|(at, wrong)| Some(at * 7 + wrong?));
    assert_eq!(first, wrong);
    drop(in_pieces);
    assert_eq!(pieces.messages(), whole.messages());
    let seen = requests_seen_by_hyper(bytes.get(..wrong.unwrap_or(bytes.len())).unwrap());
    assert!(seen <= whole.messages(), "{seen} requests, not {}", whole.messages());
}

fn requests_seen_by_hyper(bytes: &[u8]) -> usize {
    let seen = Cell::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        seen.set(seen.get() + 1);
        async {
            let _ = request.into_body().collect().await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().build().unwrap();
    }
    let talk = async {
        let stream = tokio::io::join(bytes.chain(tokio::io::empty()), tokio::io::sink());
        let connection =
            http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service);
        let _ = connection.await;
    };
    RUNTIME.with(|runtime| runtime.block_on(talk));
    seen.get()
}
