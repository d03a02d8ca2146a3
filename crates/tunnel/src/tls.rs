//! TLS 1.3 in which both sides are known by a raw public key (RFC 7250), chosen by ALPN on the
//! hub's ordinary port. There are no certificates, names or dates that could expire or be
//! forged, no tickets and no early data: every connection proves both keys anew.

mod verify;

use std::sync::Arc;

use rustls::{
    ClientConfig, CommonState, ServerConfig,
    client::{AlwaysResolvesClientRawPublicKeys, Resumption},
    crypto::{CryptoProvider, aws_lc_rs},
    server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage},
    version::{TLS12, TLS13},
};

use crate::{Error, Fingerprint, Identity, PublicKey};

/// The tunnel of an agent that is linked.
pub const ALPN_TUNNEL: &[u8] = b"layerlock/1";

/// The second connection of an agent that has a tunnel, for what is large.
pub const ALPN_BULK: &[u8] = b"layerlock-bulk/1";

/// The connection of a key that isn't linked yet; it reaches the linking routes only.
pub const ALPN_LINK: &[u8] = b"layerlock-link/1";

/// The hub's side: any Ed25519 key is let through the handshake, none is not. Whose key it is
/// ([`peer_key`]) is for the caller to judge.
///
/// # Errors
/// Fails only if the cryptographic library does.
pub fn server_config(identity: &Identity, alpn: &'static [u8]) -> Result<Arc<ServerConfig>, Error> {
    let provider = provider();
    let verifier = verify::AnyAgent::new(&provider);
    let resolver = AlwaysResolvesServerRawPublicKeys::new(identity.certified_key());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// The agent's side: only the hub with this fingerprint is accepted, whatever its name.
///
/// # Errors
/// Fails only if the cryptographic library does.
pub fn client_config(
    identity: &Identity,
    hub: Fingerprint,
    alpn: &'static [u8],
) -> Result<Arc<ClientConfig>, Error> {
    client_config_for(identity, vec![hub], alpn)
}

/// The same for a hub that is about to change its key: each of these is accepted.
///
/// # Errors
/// Fails only if the cryptographic library does.
pub fn client_config_for(
    identity: &Identity,
    hub: Vec<Fingerprint>,
    alpn: &'static [u8],
) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let verifier = verify::PinnedHub::new(&provider, hub);
    let resolver = AlwaysResolvesClientRawPublicKeys::new(identity.certified_key());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(Arc::new(config))
}

/// The TLS around a WebSocket that a tunnel runs in, as a proxy before the hub ends it. Any
/// certificate will do: who is at the other end of the tunnel is proven inside, and whoever could
/// pose as the proxy could no more than cut or delay.
///
/// # Errors
/// Fails only if the cryptographic library does.
pub fn unproven_client_config() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = verify::AnyCertificate::new(&provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The key that the other side has proven in this handshake.
pub fn peer_key(connection: &CommonState) -> Option<PublicKey> {
    let [spki] = connection.peer_certificates()? else { return None };
    PublicKey::from_spki(spki).ok()
}

/// Post-quantum key exchange first; nothing but X25519 beside it.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519];
    Arc::new(provider)
}
