//! Who a hub or an agent is: one Ed25519 key that is made once and stays on its machine.

mod file;

use std::{fmt, path::Path, sync::Arc};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    SignatureScheme,
    crypto::aws_lc_rs::sign::any_eddsa_type,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _},
    sign::{CertifiedKey, SigningKey},
};
use zeroize::Zeroizing;

use crate::{Error, PublicKey};

/// An Ed25519 key pair. The private half never leaves it, except into its own file.
#[derive(Clone)]
pub struct Identity {
    key: Arc<dyn SigningKey>,
    public: PublicKey,
}

impl Identity {
    /// Makes a new identity that exists in memory only.
    ///
    /// # Errors
    /// Fails only if the cryptographic library does.
    pub fn generate() -> Result<Self, Error> {
        Self::from_pem(&generate_pem()?)
    }

    /// Reads the identity in a file, or makes one there if there is none. The file is PKCS#8 in
    /// PEM and only its owner may read it (mode 0600).
    ///
    /// # Errors
    /// A file that others can read, that can't be read or written, or that holds no such key, is
    /// refused; it is never overwritten.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        if let Some(pem) = file::read(path)? {
            return Self::from_pem(&pem);
        }
        file::create(path, &generate_pem()?)?;
        let written = file::read(path)?.ok_or(Error::InvalidKey)?;
        Self::from_pem(&written)
    }

    /// The public half.
    pub const fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs with Ed25519 (RFC 8032).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signer = self.key.choose_scheme(&[SignatureScheme::ED25519]);
        Ok(signer.ok_or(Error::InvalidKey)?.sign(message)?)
    }

    /// The key in the form in which TLS sends it: the "certificate" is the SPKI itself.
    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        let spki = CertificateDer::from(self.public.as_spki().to_vec());
        Arc::new(CertifiedKey::new(vec![spki], self.key.clone()))
    }

    fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| Error::InvalidKey)?;
        let key = any_eddsa_type(&der).map_err(|_| Error::InvalidKey)?;
        let spki = key.public_key().ok_or(Error::InvalidKey)?;
        let public = PublicKey::from_spki(&spki).map_err(|_| Error::InvalidKey)?;
        Ok(Self { key, public })
    }
}

/// PKCS#8 version 1, which every other program can read too.
fn generate_pem() -> Result<Zeroizing<Vec<u8>>, Error> {
    let pair = Ed25519KeyPair::generate().map_err(|_| Error::InvalidKey)?;
    let der = pair.to_pkcs8v1().map_err(|_| Error::InvalidKey)?;
    let base64 = Zeroizing::new(STANDARD.encode(der.as_ref()));
    let mut pem = Zeroizing::new(Vec::with_capacity(128));
    for part in ["-----BEGIN PRIVATE KEY-----\n", &base64, "\n-----END PRIVATE KEY-----\n"] {
        pem.extend_from_slice(part.as_bytes());
    }
    Ok(pem)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("public", &self.public).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    // covers: RL-6
    #[test]
    fn a_key_is_made_once_and_is_private() {
        let folder = folder();
        let path = folder.path().join("key.pem");
        let made = Identity::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = Identity::load_or_create(&path).unwrap();
        assert_eq!(made.public_key(), loaded.public_key());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    // covers: RL-6
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = folder();
        let path = folder.path().join("key.pem");
        Identity::load_or_create(&path).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o602] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = Identity::load_or_create(&path).unwrap_err();
            assert!(matches!(error, Error::KeyFileExposed(_)), "{mode:o}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn a_file_without_an_ed25519_key_is_refused_and_kept() {
        let folder = folder();
        let path = folder.path().join("key.pem");
        let p256 = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for text in ["", "not a key", p256.as_str()] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Identity::load_or_create(&path), Err(Error::InvalidKey)));
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let path = folder().path().join("missing").join("key.pem");
        let error = Identity::load_or_create(&path).unwrap_err();
        assert!(error.to_string().contains("missing/key.pem"));
    }

    // covers: SV-9
    #[test]
    fn a_private_key_is_never_printed() {
        let folder = folder();
        let path = folder.path().join("key.pem");
        let identity = Identity::load_or_create(&path).unwrap();
        let printed = format!("{identity:?}");
        assert!(printed.contains(&identity.public_key().fingerprint().to_string()));
        let pem = fs::read_to_string(&path).unwrap();
        assert!(!printed.contains(pem.lines().nth(1).unwrap()));
    }
}
