//! What a visitor hears when the printer doesn't answer as it should.

use super::*;
use crate::{channel, empty, full};

// covers: RL-8
#[tokio::test]
async fn uri_names_another_server() {
    let (address, mut questions) = canned("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let origin = Origin::new(address);
    let answer = send(&origin, request("GET", "http://192.0.2.77:81/path?q=1", empty())).await;
    assert_eq!(text(answer.unwrap().into_body()).await.unwrap(), "ok");
    let head = questions.recv().await.unwrap();
    assert!(head.starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: abc.localhost\r\n"), "{head}");
}

// covers: RL-8
#[tokio::test]
async fn printer_redirects_to_the_router() {
    let (address, mut questions) =
        canned("HTTP/1.1 302 Found\r\nlocation: http://192.168.1.1/\r\ncontent-length: 0\r\n\r\n")
            .await;
    let answer = send(&Origin::new(address), request("GET", "/", empty())).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "http://192.168.1.1/");
    questions.recv().await.unwrap();
    assert!(questions.try_recv().is_err());
}

#[tokio::test]
async fn a_request_without_host_is_refused() {
    let origin = Origin::new(([127, 0, 0, 1], 1).into());
    let refused = send(&origin, Request::new(empty())).await;
    assert!(matches!(refused, Err(Error::BadRequest(BadRequest::Host))));
}

// covers: RL-7
#[tokio::test]
async fn a_printer_that_is_off_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = send(&Origin::new(address), request("GET", "/", empty())).await;
    assert!(matches!(refused, Err(Error::Unreachable(_))));
}

// covers: RL-7
#[tokio::test]
async fn a_post_is_sent_once_even_if_the_printer_hangs_up() {
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let address = server(move |mut stream| {
        let asked = asked.clone();
        async move { asked.send(read_head(&mut stream).await).unwrap() }
    })
    .await;
    let origin = Origin::new(address);
    for method in ["POST", "GET"] {
        let failed = send(&origin, request(method, "/api/job", full("start"))).await;
        assert!(matches!(failed, Err(Error::Upstream(_))), "{method}");
        assert!(questions.recv().await.unwrap().starts_with(method));
    }
    assert!(questions.try_recv().is_err());
}

// covers: RL-7
#[tokio::test]
async fn patience_starts_when_the_body_has_been_sent() {
    let address = server(|mut stream| async move {
        let mut sink = Vec::new();
        let _ = stream.read_to_end(&mut sink).await;
    })
    .await;
    let timeouts = Timeouts { answer: Duration::from_millis(50), ..Timeouts::default() };
    let origin = Origin::with_timeouts(address, timeouts);
    let (sender, body) = channel();
    let mut answer = std::pin::pin!(origin.send(request("POST", "/upload", body)));
    let early = timeout(Duration::from_millis(300), &mut answer).await;
    assert!(early.is_err(), "gave up while the body was still coming");
    sender.finish();
    let failed = timeout(DEADLINE, answer).await.unwrap();
    assert!(matches!(failed, Err(Error::TimedOut)));
}

// covers: RL-7
#[tokio::test]
async fn an_answer_cut_short_is_an_error() {
    let address = server(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    })
    .await;
    let answer = send(&Origin::new(address), request("GET", "/", empty())).await.unwrap();
    assert!(text(answer.into_body()).await.is_err());
}

// covers: RL-7
#[tokio::test]
async fn a_refused_upload_still_has_its_answer() {
    for attempt in 0..20 {
        let address = server(|mut stream| async move {
            read_head(&mut stream).await;
            let answer =
                "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfull";
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let (sender, body) = channel();
        tokio::spawn(async move {
            while sender.send(Bytes::from_static(&[0; 16 * 1024])).await.is_ok() {}
        });
        let answer = send(&Origin::new(address), request("POST", "/upload", body)).await.unwrap();
        assert_eq!(answer.status(), 413, "attempt {attempt}");
        assert_eq!(text(answer.into_body()).await.unwrap(), "full", "attempt {attempt}");
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let (address, _questions) = canned(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
         HTTP/1.1 201 Created\r\ncontent-length: 0\r\nkeep-alive: timeout=5\r\n\r\n",
    )
    .await;
    let answer = send(&Origin::new(address), request("PUT", "/", full("x"))).await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(!answer.headers().contains_key("keep-alive"));
}

#[tokio::test]
async fn reads_share_a_connection_and_writes_never_do() {
    let connections = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&connections);
    let address = server(move |mut stream| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            while !read_head(&mut stream).await.is_empty() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    })
    .await;
    let origin = Origin::new(address);
    let ask = async |method| {
        send(&origin, request(method, "/", empty())).await.unwrap();
        wait_until(|| !origin.0.pool.is_empty()).await;
        connections.load(std::sync::atomic::Ordering::SeqCst)
    };
    assert_eq!(ask("GET").await, 1);
    assert_eq!(ask("GET").await, 1);
    assert_eq!(ask("POST").await, 2);
}

async fn wait_until(condition: impl Fn() -> bool) {
    let polled = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, polled).await.expect("it never became true");
}

// covers: RL-7
#[tokio::test]
async fn an_upload_ends_when_the_printer_has_answered_without_reading_it() {
    let address = server(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 507 Full\r\ncontent-length: 4\r\n\r\nfull").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let (sender, body) = channel();
    let origin = Origin::new(address);
    let answer = send(&origin, request("POST", "/upload", body)).await.unwrap();
    assert_eq!(text(answer.into_body()).await.unwrap(), "full");
    timeout(DEADLINE, sender.closed()).await.expect("the upload goes on for nobody");
}

// covers: RL-7
#[tokio::test]
async fn visitor_drops_an_answer_and_ends_anothers_request() {
    let (asked, mut questions) = tokio::sync::mpsc::unbounded_channel();
    let dropped = std::sync::Arc::new(tokio::sync::Notify::new());
    let waits = std::sync::Arc::clone(&dropped);
    let address = server(move |stream| {
        answer_the_second_late(stream, asked.clone(), std::sync::Arc::clone(&waits))
    })
    .await;
    let origin = Origin::new(address);
    let unread = send(&origin, request("GET", "/first", empty())).await.unwrap();
    questions.recv().await.unwrap();
    // Long enough for a connection with nothing left to do to be lent to the next one.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let second = async {
        let answer = send(&origin, request("GET", "/second", empty())).await.unwrap();
        text(answer.into_body()).await.unwrap()
    };
    let first_leaves = async {
        questions.recv().await.unwrap();
        drop(unread);
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        dropped.notify_one();
    };
    assert_eq!(tokio::join!(second, first_leaves).0, "ok");
}

async fn answer_the_second_late(
    mut stream: TcpStream,
    asked: tokio::sync::mpsc::UnboundedSender<String>,
    waits: std::sync::Arc<tokio::sync::Notify>,
) {
    let mut head = read_head(&mut stream).await;
    while !head.is_empty() {
        let _ = asked.send(head.clone());
        if head.contains("/second") {
            waits.notified().await;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        head = read_head(&mut stream).await;
    }
}
