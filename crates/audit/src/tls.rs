//! A TLS hello to whoever is there. Nothing secret is sent over it, so every certificate is taken;
//! what it says is then part of the report.

use std::{io, net::IpAddr, sync::Arc};

use printer::Timestamp;
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::Foreign;

/// What a certificate says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Who issued it, cleaned.
    pub(crate) issuer: Foreign,
    /// Whether it is valid at this time.
    pub(crate) current: bool,
}

/// Says hello.
pub(crate) async fn hello(
    stream: TcpStream,
    name: Option<&str>,
    address: IpAddr,
    now: Timestamp,
) -> io::Result<(TlsStream<TcpStream>, Option<Certificate>)> {
    let name = match name.map(|name| ServerName::try_from(name.to_owned())) {
        Some(Ok(name)) => name,
        _ => ServerName::IpAddress(address.into()),
    };
    let connector = TlsConnector::from(Arc::new(configuration()?));
    let stream = connector.connect(name, stream).await?;
    let certificates = stream.get_ref().1.peer_certificates();
    let first = certificates.and_then(<[_]>::first).and_then(|der| read(der, now));
    Ok((stream, first))
}

fn configuration() -> io::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(Anyone(Arc::clone(&provider)));
    let mut configuration = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

pub(crate) fn read(der: &CertificateDer<'_>, now: Timestamp) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let seconds = now.as_unix_micros().div_euclid(1_000_000);
    let validity = certificate.validity();
    let current =
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&seconds);
    Some(Certificate { issuer: Foreign::new(&certificate.issuer().to_string()), current })
}

/// Takes every certificate whose key is really there.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
