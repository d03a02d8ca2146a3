//! Making one self-signed certificate that browsers and strict TLS libraries take once a person
//! has accepted it.

use std::time::Duration;

use printer::Timestamp;
use rcgen::{
    Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};

const DAY: Duration = Duration::from_hours(24);
/// Apple's systems refuse certificates that are valid for longer than 825 days, others plan for
/// 398.
const VALIDITY: Duration = Duration::from_hours(24 * 397);
const RENEW_BEFORE_END: Duration = Duration::from_hours(24 * 30);

/// No clock is right that says it is earlier than this (2026-11-01): a Raspberry Pi boots with one
/// that is years behind, and its certificate would be over once the clock is set.
pub(super) const EARLIEST: Timestamp = Timestamp::from_unix_micros(1_793_491_200_000_000);

/// A new P-256 key.
pub(super) fn new_key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

/// Reads a P-256 key; `None` for anything else.
pub(super) fn key_from_pem(pem: &str) -> Option<KeyPair> {
    KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256).ok()
}

/// A certificate for `names`, host names or addresses, signed by its own key.
pub(super) fn self_signed(
    key: &KeyPair,
    names: &[String],
    now: Timestamp,
) -> Result<Certificate, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.not_before = date(now.minus(DAY));
    params.not_after = date(now.plus(VALIDITY));
    params.serial_number = Some(serial_number(key, names, now));
    params.distinguished_name = subject(names);
    // Strict libraries refuse a certificate authority as a server.
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.self_signed(key)
}

/// Whether a certificate is for this key and not near its end. Its beginning does not matter: it
/// was made with the best clock that we had then.
pub(super) fn is_usable(certificate: &[u8], spki: &[u8], now: Timestamp) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let end = certificate.validity().not_after.timestamp();
    let needed = seconds(now.plus(RENEW_BEFORE_END));
    certificate.public_key().raw == spki && end > needed
}

/// Firefox refuses two different certificates with the same issuer and serial number, and looks
/// longer the more share one subject: both are different for every certificate.
fn serial_number(key: &KeyPair, names: &[String], now: Timestamp) -> SerialNumber {
    let mut hash = Sha256::new();
    hash.update(key.subject_public_key_info());
    hash.update(names.join("\n"));
    hash.update(now.as_unix_micros().to_be_bytes());
    // Positive, and never 0: the first byte is 0x40 to 0x7f.
    let bytes = hash.finalize().into_iter().take(16).enumerate();
    let bytes: Vec<u8> =
        bytes.map(|(i, byte)| if i == 0 { byte & 0x3f | 0x40 } else { byte }).collect();
    SerialNumber::from(bytes)
}

fn subject(names: &[String]) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    let first = names.iter().find(|name| name.len() <= 64).map_or("Layerlock", String::as_str);
    subject.push(DnType::OrganizationName, "Layerlock");
    subject.push(DnType::CommonName, first);
    subject
}

fn date(moment: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds(moment)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

const fn seconds(moment: Timestamp) -> i64 {
    moment.as_unix_micros() / 1_000_000
}
