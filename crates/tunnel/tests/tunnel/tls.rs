//! Who gets through the handshake, on real sockets.

use std::{io, sync::Arc};

use http::{Request, Response};
use rustls::{
    CertificateError, ClientConfig, Error, PeerIncompatible, ProtocolVersion, RootCertStore,
    ServerConfig, SignatureAlgorithm, SignatureScheme,
    client::{AlwaysResolvesClientRawPublicKeys, ResolvesClientCert},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    sign::{CertifiedKey, Signer, SigningKey},
    version::{TLS12, TLS13},
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use tunnel::{
    ALPN_LINK, ALPN_TUNNEL, Body, Fingerprint, Identity, Limits, client_config, peer_key,
    server_config,
};

use crate::ends::{connect_over, full, page};

type Shaken = (io::Result<server::TlsStream<TcpStream>>, io::Result<client::TlsStream<TcpStream>>);

/// One handshake. The agent's side counts as done only when it has heard a byte from the hub,
/// since in TLS 1.3 the client is ready before the server has judged its key.
async fn shake(hub: Arc<ServerConfig>, agent: Arc<ClientConfig>) -> Shaken {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hub = async {
        let (socket, _) = listener.accept().await?;
        TlsAcceptor::from(hub).accept(socket).await
    };
    let agent = async {
        let socket = TcpStream::connect(address).await?;
        let name = ServerName::try_from("hub.example").unwrap();
        TlsConnector::from(agent).connect(name, socket).await
    };
    tokio::join!(hub, agent)
}

fn identities() -> (Identity, Identity) {
    (Identity::generate().unwrap(), Identity::generate().unwrap())
}

fn fingerprint(identity: &Identity) -> Fingerprint {
    identity.public_key().fingerprint()
}

/// Why a hub refuses `attacker`, a client that would accept any hub.
async fn refused_at_the_hub(attacker: ClientConfig) -> Error {
    let hub = server_config(&Identity::generate().unwrap(), ALPN_TUNNEL).unwrap();
    let (hub, _) = shake(hub, Arc::new(attacker)).await;
    why(&hub.expect_err("the hub refuses"))
}

/// What the other side showed, or would show, is no raw public key.
const NOT_A_RAW_KEY: Error =
    Error::PeerIncompatible(PeerIncompatible::IncorrectCertificateTypeExtension);

/// What TLS itself found wrong. A connection that merely broke off is no refusal.
fn why(error: &io::Error) -> Error {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    error.expect("this side refuses").clone()
}

// covers: RL-6
#[tokio::test]
async fn both_sides_know_each_others_key_and_a_tunnel_runs() {
    let (hub, agent) = identities();
    let (at_hub, at_agent) = shake(
        server_config(&hub, ALPN_TUNNEL).unwrap(),
        client_config(&agent, fingerprint(&hub), ALPN_TUNNEL).unwrap(),
    )
    .await;
    let (at_hub, at_agent) = (at_hub.unwrap(), at_agent.unwrap());
    assert_eq!(peer_key(at_hub.get_ref().1), Some(agent.public_key()));
    assert_eq!(peer_key(at_agent.get_ref().1), Some(hub.public_key()));
    let connection = at_hub.get_ref().1;
    assert_eq!(connection.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(connection.alpn_protocol(), Some(ALPN_TUNNEL));
    let exchange = connection.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(exchange, rustls::NamedGroup::X25519MLKEM768, "post-quantum");

    let large = vec![7; 3_000_000];
    let handler = move |_: Request<Body>| {
        let large = large.clone();
        async move { Response::new(full(large)) }
    };
    let ends = connect_over(at_hub, at_agent, Limits::TUNNEL, handler).await;
    assert_eq!(page(&ends.hub, "/").await.unwrap().len(), 3_000_000);
}

// covers: RL-6
#[tokio::test]
async fn a_hub_with_another_key_is_refused() {
    let (hub, agent) = identities();
    let expected = fingerprint(&Identity::generate().unwrap());
    let (at_hub, at_agent) = shake(
        server_config(&hub, ALPN_TUNNEL).unwrap(),
        client_config(&agent, expected, ALPN_TUNNEL).unwrap(),
    )
    .await;
    let error = why(&at_agent.unwrap_err());
    assert_eq!(error, Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
    assert!(at_hub.is_err());
}

// covers: RL-6
#[tokio::test]
async fn a_hub_that_shows_a_certificate_is_refused() {
    let agent = Identity::generate().unwrap();
    let (chain, key) = certificate(&rcgen::PKCS_ED25519);
    let spki = rcgen_spki(&chain);
    let hub = ServerConfig::builder_with_protocol_versions(&[&TLS13])
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let pinned = tunnel::PublicKey::from_spki(&spki).unwrap().fingerprint();
    let config = client_config(&agent, pinned, ALPN_TUNNEL).unwrap();
    let (at_hub, at_agent) = shake(Arc::new(hub), config).await;
    // It finds out by itself that the agent reads no certificates, even with the pinned key.
    assert_eq!(why(&at_hub.unwrap_err()), NOT_A_RAW_KEY);
    assert!(at_agent.is_err());
}

// covers: RL-6
#[tokio::test]
async fn a_client_without_a_key_is_refused() {
    let config = ClientConfig::builder_with_protocol_versions(&[&TLS13])
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustingAnyKey))
        .with_no_client_auth();
    assert_eq!(refused_at_the_hub(config).await, NOT_A_RAW_KEY);
}

// covers: RL-6
#[tokio::test]
async fn a_client_with_a_certificate_is_refused() {
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256] {
        let (chain, key) = certificate(algorithm);
        let config = ClientConfig::builder_with_protocol_versions(&[&TLS13])
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustingAnyKey))
            .with_client_auth_cert(chain, key)
            .unwrap();
        assert_eq!(refused_at_the_hub(config).await, NOT_A_RAW_KEY);
    }
}

// covers: RL-6
#[tokio::test]
async fn a_raw_key_that_is_not_ed25519_is_refused() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_RSA_SHA256] {
        let error = refused_at_the_hub(with_raw_key(algorithm)).await;
        assert_eq!(error, Error::InvalidCertificate(CertificateError::BadEncoding));
    }
}

/// The same client with an Ed25519 key gets through, so the test above is about the key.
#[tokio::test]
async fn a_raw_ed25519_key_of_any_make_is_accepted() {
    let hub = server_config(&Identity::generate().unwrap(), ALPN_TUNNEL).unwrap();
    let (hub, agent) = shake(hub, Arc::new(with_raw_key(&rcgen::PKCS_ED25519))).await;
    assert!(hub.is_ok() && agent.is_ok());
}

// covers: RL-6
#[tokio::test]
async fn an_impostor_who_shows_a_linked_agents_key_is_refused() {
    let victim = Identity::generate().unwrap().public_key();
    let own = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let spki = CertificateDer::from(victim.as_spki().to_vec());
    let error = refused_at_the_hub(presenting(spki, own.serialize_der())).await;
    assert_eq!(error, Error::InvalidCertificate(CertificateError::BadSignature));
}

// covers: RL-6
#[tokio::test]
async fn tls_1_2_is_refused() {
    let config = ClientConfig::builder_with_protocol_versions(&[&TLS12])
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let error = refused_at_the_hub(config).await;
    assert_eq!(error, Error::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled));
}

// covers: RL-6
#[tokio::test]
async fn another_protocol_is_refused() {
    let (hub, agent) = identities();
    let (at_hub, at_agent) = shake(
        server_config(&hub, ALPN_TUNNEL).unwrap(),
        client_config(&agent, fingerprint(&hub), ALPN_LINK).unwrap(),
    )
    .await;
    assert_eq!(why(&at_hub.unwrap_err()), Error::NoApplicationProtocol);
    assert!(at_agent.is_err());
}

// covers: RL-6
#[tokio::test]
async fn agent_gets_no_ticket_to_resume_with() {
    let (hub, agent) = identities();
    let hub_config = server_config(&hub, ALPN_TUNNEL).unwrap();
    let mut eager =
        ClientConfig::clone(&client_config(&agent, fingerprint(&hub), ALPN_TUNNEL).unwrap());
    eager.resumption = rustls::client::Resumption::in_memory_sessions(8);
    eager.enable_early_data = true;
    let eager = Arc::new(eager);
    for _ in 0..2 {
        let (at_hub, at_agent) = shake(hub_config.clone(), eager.clone()).await;
        let handler = |_: Request<Body>| async { Response::new(full("page")) };
        let kind = at_hub.as_ref().unwrap().get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
        let at_agent = at_agent.unwrap();
        assert_eq!(at_agent.get_ref().1.tls13_tickets_received(), 0);
        let ends = connect_over(at_hub.unwrap(), at_agent, Limits::TUNNEL, handler).await;
        assert_eq!(page(&ends.hub, "/").await.unwrap(), "page");
    }
}

/// A self-signed certificate for a name.
fn certificate(
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let parameters = rcgen::CertificateParams::new(["hub.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// The Ed25519 key inside a certificate.
fn rcgen_spki(chain: &[CertificateDer<'static>]) -> Vec<u8> {
    let prefix = &Identity::generate().unwrap().public_key().as_spki()[..12].to_vec();
    let der = &chain[0];
    let at = der.windows(12).position(|window| window == prefix).unwrap();
    der[at..at + 44].to_vec()
}

fn with_raw_key(algorithm: &'static rcgen::SignatureAlgorithm) -> ClientConfig {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let spki = CertificateDer::from(rcgen::PublicKeyData::subject_public_key_info(&key));
    presenting(spki, key.serialize_der())
}

/// A client that shows `spki` and signs with the key in `pkcs8`.
fn presenting(spki: CertificateDer<'static>, pkcs8: Vec<u8>) -> ClientConfig {
    let key = aws_lc_rs::sign::any_supported_type(&PrivateKeyDer::Pkcs8(pkcs8.into())).unwrap();
    let certified = CertifiedKey::new(vec![spki], Arc::new(Stubborn(key)));
    let resolver: Arc<dyn ResolvesClientCert> =
        Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(certified)));
    let mut config = ClientConfig::builder_with_protocol_versions(&[&TLS13])
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustingAnyKey))
        .with_client_cert_resolver(resolver);
    config.alpn_protocols = vec![ALPN_TUNNEL.to_vec()];
    config
}

/// Signs with what it has, whatever the hub asked for.
#[derive(Debug)]
struct Stubborn(Arc<dyn SigningKey>);

impl SigningKey for Stubborn {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let own = [
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
        ];
        self.0.choose_scheme(&own)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

mod trusting {
    //! An attacker doesn't mind who the hub is.

    use rustls::{
        DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        pki_types::{CertificateDer, ServerName, UnixTime},
    };

    #[derive(Debug)]
    pub(super) struct TrustingAnyKey;

    impl ServerCertVerifier for TrustingAnyKey {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Ok(HandshakeSignatureValid::assertion())
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }

        fn requires_raw_public_keys(&self) -> bool {
            true
        }
    }
}
use trusting::TrustingAnyKey;
