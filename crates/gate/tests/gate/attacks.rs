use base64::Engine;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::rig::{PASSWORD, PATIENCE, Rig, status};

// covers: GT-5
#[tokio::test]
async fn csrf_from_inside_browser() {
    let rig = Rig::inside().await;
    let evil = "https://evil.example";
    let form = || rig.post("/api/printer/command").header("origin", evil);
    assert_eq!(status(form()).await, 403);
    assert_eq!(status(form().header("sec-fetch-site", "cross-site")).await, 403);
    assert_eq!(status(form().header("x-api-key", "k")).await, 403);
    let image = rig.get("/?command=x").header("sec-fetch-site", "cross-site");
    assert_eq!(status(image.header("sec-fetch-mode", "no-cors")).await, 403);
    let ask = rig.visitor.request(reqwest::Method::OPTIONS, rig.origin());
    let ask = ask.header("access-control-request-method", "POST").header("x-api-key", "k");
    assert_eq!(status(ask).await, 403);
}

// covers: GT-5
#[tokio::test]
async fn csrf_with_a_remembered_password() {
    let rig = Rig::outside().await;
    let form =
        rig.post("/").basic_auth("ada", Some(PASSWORD)).header("origin", "https://evil.example");
    assert_eq!(status(form).await, 403);
}

// covers: GT-5
#[tokio::test]
async fn dns_rebinding_at_gate() {
    let rig = Rig::inside().await;
    let url = format!("https://evil.example:{}/", rig.address.port());
    assert_eq!(status(rig.visitor.get(url)).await, 421);
    assert_eq!(status(rig.visitor.get(format!("https://{}/", rig.address))).await, 200);
}

// covers: GT-4
#[tokio::test]
async fn forged_forwarding_headers_look_inside() {
    let rig = Rig::with(|settings| settings.inside.push("192.168.1.0/24".to_owned())).await;
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "cf-connecting-ip"] {
        for value in ["192.168.1.7", "::ffff:192.168.1.7", "fe80::1%eth0", "for=192.168.1.7"] {
            assert_eq!(status(rig.get("/").header(name, value)).await, 401, "{name}: {value}");
        }
    }
}

// covers: GT-4
#[tokio::test]
async fn inside_address_behind_untrusted_proxy() {
    let rig = Rig::inside().await;
    assert_eq!(status(rig.get("/")).await, 200);
    for name in [
        "x-forwarded-for",
        "x-forwarded-proto",
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "cf-connecting-ip",
        "true-client-ip",
        "fly-client-ip",
    ] {
        assert_eq!(status(rig.get("/").header(name, "192.168.1.7")).await, 401, "{name}");
    }
}

// covers: GT-4
#[tokio::test]
async fn only_a_trusted_proxy_says_who_is_inside() {
    let rig = Rig::with(|settings| {
        settings.inside = vec!["192.168.77.0/24".to_owned(), "127.0.0.1".to_owned()];
        settings.trusted_proxies.push("127.0.0.1".to_owned());
        settings.trusted_proxies.push("192.168.77.5".to_owned());
    })
    .await;
    let from = |claim: &str| rig.get("/").header("x-forwarded-for", claim);
    assert_eq!(status(from("192.168.77.7")).await, 200);
    assert_eq!(status(from("::ffff:192.168.77.7")).await, 200);
    assert_eq!(status(from("192.168.77.7, 203.0.113.9")).await, 401);
    assert_eq!(status(from("192.168.77.7%eth0")).await, 401);
    assert_eq!(status(rig.get("/")).await, 401, "a proxy that doesn't say is nobody inside");
    assert_eq!(status(from("192.168.77.7, 192.168.77.5")).await, 200);
    for silent in ["192.168.77.5", "unknown, 192.168.77.5"] {
        assert_eq!(status(from(silent)).await, 401, "nor is one behind another: {silent}");
    }
}

// covers: GT-4
#[tokio::test]
async fn a_password_makes_nobody_local() {
    let rig = Rig::outside().await;
    let request = rig.get("/").basic_auth("ada", Some(PASSWORD)).header("x-real-ip", "127.0.0.1");
    let seen = request.send().await.unwrap().text().await.unwrap();
    assert!(seen.contains("x-forwarded-for: 192.0.2.1\n"), "{seen}");
    assert!(seen.contains("x-real-ip: 192.0.2.1\n"), "{seen}");
}

/// A file that leaves a path open to everybody, and the addresses of a home.
fn with_an_open_path(rig: &Rig, home: &str) -> gate::Config {
    let server = rig.settings.upstream.clone().unwrap();
    let server = server.to_string().replace("http://", "");
    let file = format!(
        "defaults\n mode http\nfrontend f\n bind 127.0.0.1:8443 ssl crt x.pem\n acl home src {home}\n \
         acl open path_beg /open/\n http-request deny if !home !open\n default_backend printer\n\
         backend printer\n server printer {}\n",
        server.trim_end_matches('/')
    );
    gate::haproxy::read(&file, None).unwrap().config
}

// covers: GT-3, GT-4
#[tokio::test]
async fn stranger_through_the_router_is_local_on_an_open_path() {
    // 127.0.0.1 is this machine's, and so as doubtful as a router's address.
    let rig = Rig::outside().await;
    for (home, shown) in
        [("192.168.1.0/24", "192.0.2.1"), ("127.0.0.0/8", "192.0.2.1"), ("127.0.0.1", "127.0.0.1")]
    {
        rig.gate.reload(with_an_open_path(&rig, home)).await.unwrap();
        let seen = rig.get("/open/x").send().await.unwrap().text().await.unwrap();
        assert!(seen.contains(&format!("x-forwarded-for: {shown}\n")), "{home}: {seen}");
        assert!(seen.contains(&format!("x-real-ip: {shown}\n")), "{home}: {seen}");
    }
}

// covers: GT-5
#[tokio::test]
async fn requests_that_could_be_read_twice() {
    let rig = Rig::inside().await;
    let host = format!("localhost:{}", rig.address.port());
    // From its own page, so that only the length can be wrong.
    let body = |lengths: &str, body: &str| {
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\n{lengths}\r\n\r\n{body}"
        )
    };
    let sound = body("Connection: close\r\nContent-Length: 5", "abcde");
    assert!(raw(&rig, &sound).await.starts_with("HTTP/1.1 200"));
    for (attack, head) in [
        (
            "duplicate_authorization",
            format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic YTpi\r\nAuthorization: Bearer x\r\n\r\n"
            ),
        ),
        (
            "absolute_form_target",
            format!("GET https://evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ),
        ("two_hosts", format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n")),
        ("cl_te", body("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        ("cl_cl", body("Content-Length: 4\r\nContent-Length: 5", "abcde")),
        ("cl_twice", body("Content-Length: 5\r\nContent-Length: 5", "abcde")),
        ("te_te", body("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("bare_lf", body("Content-Length: 5\nX-A: b", "abcde")),
        ("trace", format!("TRACE / HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: k\r\n\r\n")),
        ("climbing", format!("GET /webcam/..%2fapi HTTP/1.1\r\nHost: {host}\r\n\r\n")),
        (
            "h2c",
            format!(
                "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            ),
        ),
        ("connect", format!("CONNECT 192.168.1.1:80 HTTP/1.1\r\nHost: {host}\r\n\r\n")),
    ] {
        let answer = raw(&rig, &head).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{attack}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{attack}: {answer}");
    }
    let plain = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert!(raw(&rig, &plain).await.starts_with("HTTP/1.1 200"));
}

// covers: GT-5
#[tokio::test]
async fn two_authorizations_over_http2() {
    let rig = Rig::outside().await;
    let right = rig.get("/").basic_auth("ada", Some(PASSWORD));
    let both = right.try_clone().unwrap().header("authorization", "Bearer x");
    let (right, both) = (right.send().await.unwrap(), both.send().await.unwrap());
    assert_eq!((right.version(), right.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    assert_eq!((both.version(), both.status().as_u16()), (reqwest::Version::HTTP_2, 400));
}

// covers: GT-3, GT-5
#[tokio::test]
async fn denied_path_in_an_absolute_target() {
    let rig = Rig::outside().await;
    let config = with_an_open_path(&rig, "192.168.1.0/24");
    rig.gate.reload(config).await.unwrap();
    let host = format!("localhost:{}", rig.address.port());
    for (path, expected) in [("/open/x", "200"), ("/shut/x", "403")] {
        for target in
            [path.to_owned(), format!("https://{host}{path}"), format!("HTTPS://{host}{path}")]
        {
            let head =
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw(&rig, &head).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{target}: {answer}");
        }
        // Over HTTP/2 every target is absolute.
        let answer = rig.get(path).send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
        assert_eq!(answer.status().as_str(), expected, "{path}");
    }
}

// covers: GT-4, GT-5
#[tokio::test]
async fn host_written_otherwise() {
    let rig = Rig::with(|settings| {
        settings.inside.push("127.0.0.1".to_owned());
        settings.names.push("Printer.Example.".to_owned());
    })
    .await;
    let port = rig.address.port();
    for (host, answered) in [
        (format!("LOCALHOST:{port}"), "200"),
        (format!("localhost.:{port}"), "200"),
        (format!("printer.example:{port}"), "200"),
        (format!("localhost.evil.example:{port}"), "421"),
        (format!("evil.example#localhost:{port}"), "4"),
        (format!("localhost@evil.example:{port}"), "4"),
        (format!("[::1%25eth0]:{port}"), "4"),
        (format!("[::ffff:127.0.0.1]:{port}"), "200"),
        (format!("127.1:{port}"), "421"),
        ("192.168.1.5".to_owned(), "421"),
        (String::new(), "4"),
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(&rig, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {answered}")), "{host}: {answer}");
    }
}

// covers: GT-1, GT-5
#[tokio::test]
async fn odd_authorization_opens_nothing() {
    let rig = Rig::outside().await;
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let right = encoded(&format!("ada:{PASSWORD}"));
    let with = |field: String| status(rig.get("/").header("authorization", field));
    for field in [
        String::new(),
        "Basic".to_owned(),
        "Basic ====".to_owned(),
        right.clone(),
        format!("Basic {right}, Basic {right}"),
        format!("Basic {}", right.trim_end_matches('=')),
        format!("Basic {}", encoded("ada")),
        format!("Basic {}", encoded(&format!(":{PASSWORD}"))),
        format!("Basic {}", encoded(&format!("ada:{PASSWORD}\n"))),
        format!("Basic {}", encoded(&format!("ada:{}", "x".repeat(1025)))),
        format!("Basic {}", encoded(&format!("{}:x", "a".repeat(257)))),
        format!("Digest {right}"),
    ] {
        assert_eq!(with(field.clone()).await, 401, "{field}");
    }
    // These are wrong, and count as such; three, so that the right ones after them are looked at.
    for text in [format!("ada:{PASSWORD}\0x"), format!("ada:\0{PASSWORD}"), "ada:\0".to_owned()] {
        assert_eq!(with(format!("Basic {}", encoded(&text))).await, 401, "{text:?}");
    }
    assert_eq!(with(format!("bAsIc   {right}")).await, 200);
}

// covers: GT-5
#[tokio::test]
async fn path_tricks_reach_no_other_server() {
    let camera = Rig::inside().await;
    let upstream = camera.settings.upstream.clone().unwrap();
    let rig = Rig::with(|settings| {
        settings.inside.push("127.0.0.1".to_owned());
        settings.routes.insert("/webcam/".parse().unwrap(), upstream);
    })
    .await;
    let host = format!("localhost:{}", rig.address.port());
    for (path, status, seen) in [
        ("/webcam/x", "200", "GET /x\n"),
        ("/webcam//evil.example/x", "200", "GET //evil.example/x\n"),
        ("/webcamera", "200", "GET /webcamera\n"),
        ("//webcam/x", "200", "GET //webcam/x\n"),
        ("/webcam/../api", "400", ""),
        ("/webcam/%2e%2e/api", "400", ""),
        ("/webcam/%252e%252e/api", "400", ""),
        ("/webcam/..;x=1/api", "400", ""),
        ("/webcam/.%2e/api", "400", ""),
        ("/webcam/..%5capi", "400", ""),
        ("/webcam/%00", "400", ""),
    ] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(&rig, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.contains(seen), "{path}: {answer}");
    }
}

async fn raw(rig: &Rig, head: &str) -> String {
    let mut tls = rig.connect().await;
    tls.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let mut read = 0;
    // Head and body may come one after the other.
    while !answer[..read].windows(6).any(|end| end == b"bytes\n") && read < answer.len() {
        let more = timeout(PATIENCE, tls.read(&mut answer[read..])).await.expect("an answer");
        match more {
            Ok(more) if more > 0 => read += more,
            _ => break,
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            break;
        }
    }
    String::from_utf8_lossy(&answer[..read]).into_owned()
}
