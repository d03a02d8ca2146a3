//! The first bytes of strangers.

use edge::TrustedProxies;
use rustls::server::Acceptor;

use super::text;

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
