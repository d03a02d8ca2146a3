//! Certificates that this machine makes for itself: TLS from the first start, without asking
//! anyone. One P-256 key is made and kept; every certificate is signed by it and for it. So its
//! fingerprint, which people compare as words, stays when names or dates change.

mod files;
mod issue;
mod resolver;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use printer::{Clock, Timestamp};
use rcgen::{KeyPair, PublicKeyData};
use rustls::{
    crypto::aws_lc_rs::sign::any_ecdsa_type,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject},
    sign::{CertifiedKey, SigningKey},
};
use sha2::{Digest, Sha256};

use crate::Error;
pub use resolver::Resolver;

/// The most names that one certificate carries.
pub const MAX_NAMES: usize = 100;

const KEY_FILE: &str = "key.pem";

/// The key that this machine made for itself, and the certificates for it, kept in one folder.
pub struct SelfSigned {
    folder: PathBuf,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    clock: Arc<dyn Clock>,
}

impl SelfSigned {
    /// Reads the key from a folder, or makes both. The key file is readable by its owner only, and
    /// one that others can read is refused. Blocks on the disk.
    pub fn load_or_create(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        files::make_folder(folder)?;
        let path = folder.join(KEY_FILE);
        let key = match files::read_private(&path)? {
            Some(pem) => issue::key_from_pem(&pem).ok_or(Error::NoKey(path))?,
            None => new_key(&path)?,
        };
        let signing = any_ecdsa_type(&PrivatePkcs8KeyDer::from(key.serialized_der()).into())?;
        let own = Self { folder: folder.to_owned(), key, signing, clock };
        own.forget_old_certificates();
        Ok(own)
    }

    /// SHA-256 of the key's `SubjectPublicKeyInfo`: what people compare, and what a pin holds.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.key.subject_public_key_info()).into()
    }

    /// A certificate for exactly these host names and addresses. The same set gets the same
    /// certificate as last time, also after a restart, until it nears its end: browsers remember
    /// which one a person accepted. Blocks on the disk.
    pub fn certificate_for(&self, names: &[String]) -> Result<Arc<CertifiedKey>, Error> {
        let names = normalised(names)?;
        let path = self.folder.join(file_name(&names));
        let certificate = match self.kept(&path) {
            Some(certificate) => certificate,
            None => self.issue_and_keep(&names, &path)?,
        };
        Ok(Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&self.signing))))
    }

    /// The certificate in a file, if it is for our key and far from its end.
    fn kept(&self, path: &Path) -> Option<CertificateDer<'static>> {
        let certificate = CertificateDer::from_pem_file(path).ok()?;
        let spki = self.key.subject_public_key_info();
        issue::is_usable(&certificate, &spki, self.now()).then_some(certificate)
    }

    fn issue_and_keep(
        &self,
        names: &[String],
        path: &Path,
    ) -> Result<CertificateDer<'static>, Error> {
        let certificate = issue::self_signed(&self.key, names, self.now())?;
        files::write(path, certificate.pem().as_bytes())?;
        Ok(certificate.der().clone())
    }

    /// Removes certificates that would never be used again. Failing to is no harm.
    fn forget_old_certificates(&self) {
        for path in files::certificates(&self.folder) {
            if self.kept(&path).is_none() {
                drop(std::fs::remove_file(path));
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now().max(issue::EARLIEST)
    }
}

fn new_key(path: &Path) -> Result<KeyPair, Error> {
    let key = issue::new_key()?;
    files::write(path, key.serialize_pem().as_bytes())?;
    Ok(key)
}

/// Lower case, sorted, each name once; so that the same set always has the same file.
fn normalised(names: &[String]) -> Result<Vec<String>, Error> {
    let mut names: Vec<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() || names.len() > MAX_NAMES {
        return Err(Error::NumberOfNames(names.len()));
    }
    Ok(names)
}

fn file_name(names: &[String]) -> String {
    let hash: [u8; 32] = Sha256::digest(names.join("\n")).into();
    let start = hash.first_chunk().copied().map_or(0, u128::from_be_bytes);
    format!("{}{start:032x}.pem", files::CERTIFICATE_PREFIX)
}

#[cfg(test)]
mod tests;
