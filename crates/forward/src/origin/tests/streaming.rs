//! Nothing is ever whole in memory, and nothing waits for more than has come.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{CutOff, channel, empty};

const MIB: usize = 1024 * 1024;

// covers: RL-1
#[tokio::test]
async fn a_large_upload_never_fills_the_memory() {
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let address = server(move |stream| count_body(stream, 256 * MIB, Arc::clone(&counter))).await;
    let (sender, body) = channel();
    let ahead = tokio::spawn(async move {
        let (mut sent, mut most_ahead) = (0, 0_usize);
        while sent < 256 * MIB {
            sender.send(Bytes::from_static(&[7; 16 * 1024])).await.unwrap();
            sent += 16 * 1024;
            most_ahead = most_ahead.max(sent.saturating_sub(read.load(Ordering::SeqCst)));
        }
        sender.finish();
        most_ahead
    });
    let mut upload = request("POST", "/api/files/local", body);
    upload.headers_mut().insert("content-length", (256 * MIB).into());
    let origin = Origin::new(address);
    let answer = timeout(DEADLINE * 3, origin.send(upload)).await.unwrap().unwrap();
    assert_eq!(answer.status(), 201);
    // What a socket holds in the kernel counts too, so this is far more than we hold ourselves.
    let most_ahead = ahead.await.unwrap();
    assert!(most_ahead < 12 * MIB, "{most_ahead} bytes in flight");
}

async fn count_body(mut stream: TcpStream, expected: usize, read: Arc<AtomicUsize>) {
    let head = read_head(&mut stream).await;
    assert!(head.contains(&format!("content-length: {expected}\r\n")), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    let mut buffer = vec![0; 64 * 1024];
    while read.load(Ordering::SeqCst) < expected {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the upload ended early");
        read.fetch_add(count, Ordering::SeqCst);
    }
    stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await.unwrap();
}

// covers: RL-1
#[tokio::test]
async fn an_upload_waits_for_a_printer_that_reads_slowly() {
    let address = server(|mut stream| async move {
        read_head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let (sender, body) = channel();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        while sender.send(Bytes::from_static(&[7; 16 * 1024])).await.is_ok() {
            counter.fetch_add(16 * 1024, Ordering::SeqCst);
        }
    });
    let origin = Origin::new(address);
    let waiting = timeout(Duration::from_secs(2), origin.send(request("POST", "/", body))).await;
    assert!(waiting.is_err());
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 12 * MIB, "{sent} bytes were taken from the sender");
}

// covers: RL-1
#[tokio::test]
async fn server_sent_events_pass_line_by_line() {
    let (say, said) = tokio::sync::mpsc::unbounded_channel::<&'static str>();
    let said = Arc::new(tokio::sync::Mutex::new(said));
    let address = server(move |mut stream| {
        let said = Arc::clone(&said);
        async move {
            read_head(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            while let Some(line) = said.lock().await.recv().await {
                stream.write_all(line.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let answer = send(&Origin::new(address), request("GET", "/events", empty())).await.unwrap();
    let mut body = answer.into_body();
    for line in ["data: 1\n\n", "data: 2\n\n", ": ping\n\n"] {
        say.send(line).unwrap();
        assert_eq!(next(&mut body).await.unwrap(), line);
    }
    drop(say);
    assert_eq!(next(&mut body).await, None);
}

// covers: RL-1
#[tokio::test]
async fn camera_frames_pass_one_by_one_and_end_with_the_viewer() {
    let (left, mut has_left) = tokio::sync::mpsc::unbounded_channel();
    let (taken, frames) = tokio::sync::watch::channel(0_usize);
    let address = server(move |mut stream| {
        let (left, mut frames) = (left.clone(), frames.clone());
        async move {
            read_head(&mut stream).await;
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: multipart/x-mixed-replace; boundary=f\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut closed = [0; 1];
            loop {
                let frame = format!("--f\r\n\r\nframe {}\r\n", *frames.borrow_and_update());
                stream.write_all(frame.as_bytes()).await.unwrap();
                tokio::select! {
                    _ = frames.changed() => {}
                    _ = stream.read(&mut closed) => break,
                }
            }
            left.send(()).unwrap();
        }
    })
    .await;
    let answer = send(&Origin::new(address), request("GET", "/webcam/", empty())).await.unwrap();
    let mut body = answer.into_body();
    for number in 0..3 {
        taken.send(number).unwrap();
        assert_eq!(next(&mut body).await.unwrap(), format!("--f\r\n\r\nframe {number}\r\n"));
    }
    drop(body);
    timeout(DEADLINE, has_left.recv()).await.expect("the camera still sends").unwrap();
}

// covers: RL-7
#[tokio::test]
async fn a_visitor_who_leaves_before_the_answer_ends_the_request() {
    let (left, mut has_left) = tokio::sync::mpsc::unbounded_channel();
    let address = server(move |mut stream| {
        let left = left.clone();
        async move {
            read_head(&mut stream).await;
            left.send("asked").unwrap();
            let _ = stream.read(&mut [0; 1]).await;
            left.send("gone").unwrap();
        }
    })
    .await;
    let origin = Origin::new(address);
    let asking = tokio::spawn(async move { origin.send(request("GET", "/", empty())).await });
    assert_eq!(timeout(DEADLINE, has_left.recv()).await.unwrap(), Some("asked"));
    asking.abort();
    assert_eq!(timeout(DEADLINE, has_left.recv()).await.unwrap(), Some("gone"));
}

// covers: RL-7
#[tokio::test]
async fn an_upload_that_breaks_off_never_looks_complete_to_the_printer() {
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let address = server(move |mut stream| {
        let report = report.clone();
        async move {
            let mut all = Vec::new();
            let _ = stream.read_to_end(&mut all).await;
            report.send(String::from_utf8(all).unwrap()).unwrap();
        }
    })
    .await;
    let (sender, body) = channel();
    sender.send(Bytes::from_static(b"G28\n")).await.unwrap();
    drop(sender);
    let failed = send(&Origin::new(address), request("POST", "/upload", body)).await;
    assert!(matches!(failed, Err(Error::Upstream(_))));
    let all = timeout(DEADLINE, reports.recv()).await.unwrap().unwrap();
    assert!(!all.contains("\r\n0\r\n"), "the last chunk was sent: {all}");
    assert_eq!(CutOff.to_string(), "the transfer was cut off");
}

#[tokio::test]
async fn closing_an_origin_ends_what_it_carries() {
    let address = server(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let origin = Origin::new(address);
    let mut body = send(&origin, request("GET", "/", empty())).await.unwrap().into_body();
    assert_eq!(next(&mut body).await.unwrap(), "first");
    origin.close();
    assert!(text(body).await.is_err());
}
