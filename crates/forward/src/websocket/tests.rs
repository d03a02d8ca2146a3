use proptest::prelude::*;

use super::*;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn browser() -> Request<()> {
    Request::builder()
        .uri("/sockjs/websocket")
        .header("host", "abc.localhost:3443")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY)
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("sec-websocket-protocol", "v1.sock")
        .header("origin", "https://abc.localhost:3443")
        .header("cookie", "a=b")
        .body(())
        .unwrap()
}

fn with(name: &'static str, value: &'static str) -> Request<()> {
    let mut request = browser();
    request.headers_mut().insert(name, HeaderValue::from_static(value));
    request
}

// covers: RL-1
#[test]
fn an_upgrade_becomes_a_connect_without_extensions() {
    let handshake = Handshake::of(&browser()).unwrap().unwrap();
    let parts = handshake.to_tunnel(browser().into_parts().0);
    assert_eq!(parts.method, Method::CONNECT);
    assert_eq!(parts.extensions.get::<h2::ext::Protocol>().unwrap().as_str(), "websocket");
    let mut left: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    let expected = ["cookie", "host", "origin", "sec-websocket-protocol", "sec-websocket-version"];
    assert_eq!(left, expected);
}

// covers: RL-1
#[test]
fn the_browser_reads_the_accept_key_of_the_specification() {
    let handshake = Handshake::of(&browser()).unwrap().unwrap();
    let answer = Response::builder()
        .header("sec-websocket-protocol", "v1.sock")
        .header("sec-websocket-extensions", "permessage-deflate")
        .body(())
        .unwrap();
    let response = handshake.accept(&answer);
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(response.headers()["sec-websocket-protocol"], "v1.sock");
    assert!(!response.headers().contains_key("sec-websocket-extensions"));
    assert!(switches(response.headers()));
}

// covers: RL-1
#[test]
fn a_websocket_over_http2_is_understood() {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri("https://abc.localhost:3443/websocket")
        .header("sec-websocket-version", "13")
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .body(())
        .unwrap();
    let handshake = Handshake::of(&request).unwrap().unwrap();
    assert_eq!(headers::check(&request.clone().into_parts().0), Ok(()));
    let response = handshake.accept(&Response::new(()));
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key("sec-websocket-accept"));

    request.extensions_mut().insert(hyper::ext::Protocol::from_static("connect-udp"));
    assert_eq!(Handshake::of(&request), Err(BadRequest::Upgrade));
}

#[test]
fn an_ordinary_request_is_no_handshake() {
    let request = Request::builder().uri("/").header("connection", "close").body(()).unwrap();
    assert_eq!(Handshake::of(&request), Ok(None));
}

// covers: RL-5
#[test]
fn malformed_handshakes_are_refused() {
    for request in [
        with("upgrade", "h2c"),
        with("upgrade", "websocket, h2c"),
        with("connection", "keep-alive"),
        with("sec-websocket-key", "short"),
        with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ!="),
        with("sec-websocket-version", "8"),
        with("content-length", "5"),
        with("transfer-encoding", "chunked"),
    ] {
        assert!(Handshake::of(&request).is_err(), "{request:?}");
    }
    let mut plain_connect = browser();
    *plain_connect.method_mut() = Method::CONNECT;
    assert_eq!(Handshake::of(&plain_connect), Err(BadRequest::Upgrade));
    let mut post = browser();
    *post.method_mut() = Method::POST;
    assert!(Handshake::of(&post).is_err());
}

proptest! {
    #[test]
    fn any_header_values_are_read_or_refused(
        upgrade in proptest::collection::vec(32u8..127, 0..20),
        connection in proptest::collection::vec(32u8..127, 0..20),
        key in proptest::collection::vec(32u8..127, 0..30),
    ) {
        let mut request = browser();
        let fields = request.headers_mut();
        fields.insert(UPGRADE, HeaderValue::from_bytes(&upgrade).unwrap());
        fields.insert(CONNECTION, HeaderValue::from_bytes(&connection).unwrap());
        fields.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_bytes(&key).unwrap());
        prop_assert!(!matches!(Handshake::of(&request), Ok(None)));
    }

    #[test]
    fn every_valid_key_is_answered(bytes in any::<[u8; 16]>()) {
        use base64::Engine as _;
        let key = base64::engine::general_purpose::STANDARD.encode(bytes);
        let mut request = browser();
        request.headers_mut().insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(&key).unwrap());
        let handshake = Handshake::of(&request).unwrap().unwrap();
        let response = handshake.accept(&Response::new(()));
        let accept = response.headers()["sec-websocket-accept"].to_str().unwrap().to_owned();
        prop_assert_eq!(accept, derive_accept_key(key.as_bytes()));
    }
}
