//! The first bytes of strangers.

use edge::{Asked, TrustedProxies, same_origin};
use http::{Request, Uri};
use rustls::server::Acceptor;

use super::{headers::fields, text};

/// The target in the first line, and fields. Where a request goes has one spelling and no more than
/// a name and a port in it, and only that place's own pages may use it in the browser's own words.
pub(super) fn asked(bytes: &[u8]) {
    let (target, rest) = bytes.split_at(bytes.iter().position(|b| *b == b'\n').unwrap_or(0));
    let Ok(target) = Uri::try_from(target) else { return };
    let mut request = Request::new(());
    (*request.uri_mut(), *request.headers_mut()) = (target, fields(rest));
    let (parts, ()) = request.into_parts();
    let Some(asked) = Asked::of(&parts) else { return };
    let origin = asked.origin();
    let place = origin.strip_prefix("https://").unwrap();
    assert!(!place.contains(['@', '/', '\\', '?', '#', ' ']), "{origin}");
    assert_eq!(origin, origin.to_ascii_lowercase());
    assert!(!asked.name().ends_with('.') && asked.authority().contains(&asked.name()));
    let again = Request::get("/").header("host", place).body(()).unwrap().into_parts().0;
    assert_eq!(Asked::of(&again).map(|asked| asked.origin()), Some(origin.clone()));
    for websocket in [false, true] {
        let judged = same_origin::judge(&parts, &origin, websocket);
        let elsewhere = same_origin::judge(&parts, "https://another.example", websocket);
        assert!(!(websocket && judged.is_ok() && elsewhere.is_ok()), "{parts:?}");
    }
}

/// What is looked at before anything is chosen: the `ClientHello` and the protocols in it.
pub(super) fn client_hello(mut bytes: &[u8]) {
    let mut acceptor = Acceptor::default();
    while acceptor.read_tls(&mut bytes).is_ok_and(|read| read > 0) {
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let protocols = hello.alpn().into_iter().flatten().map(<[u8]>::len);
                assert!(
                    protocols.chain(hello.server_name().map(str::len)).all(|length| length > 0)
                );
                return;
            }
            Err(_) => return,
        }
    }
}

/// However a list is written, it never trusts everyone.
pub(super) fn trusted_proxies(bytes: &[u8]) {
    let Ok(proxies) = text(bytes).parse::<TrustedProxies>() else { return };
    let trusts = |address: &str| proxies.contains(address.parse().unwrap());
    assert!(
        !["0.0.0.1", "100.1.1.1", "200.1.1.1", "255.1.1.1"].into_iter().all(trusts) || {
            // Lists of many networks may hold these four and still not all.
            text(bytes).contains(',')
        }
    );
}
