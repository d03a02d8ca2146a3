//! Password hashes in the PHC string format. One algorithm and cost for every new hash; older
//! or weaker ones still open the door once, and are replaced at that moment.

use std::{fmt, sync::LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use printer::Random;
use scrypt::{
    Params, Scrypt,
    password_hash::{PasswordVerifier, phc},
};

use crate::Password;

/// N = 2^14 = 16384: with r = 8 one hash needs 16 MiB.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;
const KEY_BYTES: usize = 64;
const SALT_BYTES: usize = 16;

/// The most that a stored or imported hash may cost: 2^17 x 8 blocks are 128 MiB, and the time
/// is four times that of the parameters OWASP recommends.
const MAX_BLOCKS: u64 = 1 << 20;
const MAX_WORK: u64 = 1 << 22;

/// A password hash as a PHC string (`$scrypt$ln=14,r=8,p=5$salt$key`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// A text that is no password hash of a kind and cost that is accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHash {
    /// Not in the format of its kind, or without salt or key.
    #[error("not a well-formed password hash")]
    Malformed,
    /// Another algorithm than scrypt.
    #[error("a password hash of an unknown algorithm (known: scrypt)")]
    Algorithm,
    /// None of the kinds that [`crate::Verifier`] knows.
    #[error(
        "a password hash of an unknown kind (known: $5$, $6$, $y$, $7$, $2a$, $2b$, $2y$, $argon2i$, \
         $argon2d$, $argon2id$, $scrypt$)"
    )]
    UnknownKind,
    /// Checking it once would take too much memory or time.
    #[error("a password hash whose cost is out of bounds")]
    Cost,
}

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Another password.
    Wrong,
    /// The right password.
    Right,
    /// The right password, but the hash is cheaper than those made today: make a new one now.
    RightButWeak,
}

impl PasswordHash {
    /// Hashes a password with a new salt (scrypt, N = 16384, r = 8, p = 5, 64-byte key, 16-byte
    /// salt). Takes some 200 ms and 16 MiB: call it on a bounded pool of blocking threads.
    #[expect(clippy::expect_used, reason = "the parameters are constants, and a test uses them")]
    #[expect(clippy::missing_panics_doc, reason = "it can't")]
    pub fn new(password: &Password, random: &dyn Random) -> Self {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        let mut key = [0; KEY_BYTES];
        let params = Params::new(LOG_N, R, P).expect("valid scrypt parameters");
        scrypt::scrypt(password.as_str().as_bytes(), &salt, &params, &mut key)
            .expect("a key of valid length");
        Self(phc_string(&salt, &key))
    }

    /// Takes a stored hash.
    ///
    /// # Errors
    /// When it is malformed, of another algorithm, or dangerously expensive to check.
    pub fn from_phc(text: &str) -> Result<Self, InvalidHash> {
        parse(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The PHC string, for storage.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in constant time. Costs as much as [`PasswordHash::new`]: call it on a bounded
    /// pool of blocking threads.
    pub fn verify(&self, password: &Password) -> Verdict {
        let Ok((hash, params)) = parse(&self.0) else { return Verdict::Wrong };
        match Scrypt::new().verify_password(password.as_str().as_bytes(), &hash) {
            Err(_) => Verdict::Wrong,
            Ok(()) if is_weak(&hash, params) => Verdict::RightButWeak,
            Ok(()) => Verdict::Right,
        }
    }

    /// A hash that no password matches and that costs as much to check as any other, so that an
    /// unknown account can't be told from a known one by time.
    pub fn decoy() -> &'static Self {
        static DECOY: LazyLock<PasswordHash> =
            LazyLock::new(|| PasswordHash(phc_string(&[0; SALT_BYTES], &[0; KEY_BYTES])));
        &DECOY
    }
}

fn phc_string(salt: &[u8], key: &[u8]) -> String {
    let (salt, key) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(key));
    format!("$scrypt$ln={LOG_N},r={R},p={P}${salt}${key}")
}

/// The three costs of scrypt, as far as they decide anything here.
#[derive(Clone, Copy)]
struct Cost {
    log_n: u64,
    r: u64,
    p: u64,
}

fn parse(text: &str) -> Result<(phc::PasswordHash, Cost), InvalidHash> {
    let hash = phc::PasswordHash::new(text).map_err(|_| InvalidHash::Malformed)?;
    if hash.algorithm.as_str() != "scrypt" {
        return Err(InvalidHash::Algorithm);
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(InvalidHash::Malformed);
    }
    let cost = Cost::of(&hash).ok_or(InvalidHash::Malformed)?;
    if cost.is_bearable() { Ok((hash, cost)) } else { Err(InvalidHash::Cost) }
}

impl Cost {
    fn of(hash: &phc::PasswordHash) -> Option<Self> {
        let number = |name| hash.params.get_decimal(name).map(u64::from);
        Some(Self { log_n: number("ln")?, r: number("r")?, p: number("p")? })
    }

    /// Bounds memory (N x r blocks of 128 bytes) and time (N x r x p).
    fn is_bearable(self) -> bool {
        if self.log_n > 20 || self.r == 0 || self.p == 0 {
            return false;
        }
        let blocks = (1_u64 << self.log_n).saturating_mul(self.r);
        blocks <= MAX_BLOCKS && blocks.saturating_mul(self.p) <= MAX_WORK
    }
}

/// Whether any part of the hash is cheaper than what [`PasswordHash::new`] makes.
fn is_weak(hash: &phc::PasswordHash, cost: Cost) -> bool {
    cost.log_n < u64::from(LOG_N)
        || cost.r < u64::from(R)
        || cost.p < u64::from(P)
        || hash.salt.is_none_or(|salt| salt.len() < SALT_BYTES)
        || hash.hash.is_none_or(|key| key.len() < KEY_BYTES)
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;

    /// `password`, hashed by passlib with cheaper settings than ours in one respect (p = 1).
    const FOREIGN: &str =
        "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";

    fn password(text: &str) -> Password {
        text.parse().unwrap()
    }

    // covers: AC-2
    #[test]
    fn a_new_hash_has_the_documented_cost_and_opens_for_its_password_only() {
        let hash = PasswordHash::new(&password("rattling teapot"), &OsRandom);
        let parts: Vec<_> = hash.as_str().split('$').collect();
        assert_eq!(parts[1..3], ["scrypt", "ln=14,r=8,p=5"]);
        assert_eq!(STANDARD_NO_PAD.decode(parts[3]).unwrap().len(), 16);
        assert_eq!(STANDARD_NO_PAD.decode(parts[4]).unwrap().len(), 64);

        let hash = PasswordHash::from_phc(hash.as_str()).unwrap();
        assert_eq!(hash.verify(&password("rattling teapot")), Verdict::Right);
        assert_eq!(hash.verify(&password("rattling teapots")), Verdict::Wrong);
    }

    // covers: AC-2
    #[test]
    fn a_weaker_hash_opens_and_asks_to_be_replaced() {
        let hash = PasswordHash::from_phc(FOREIGN).unwrap();
        assert_eq!(hash.verify(&password("password")), Verdict::RightButWeak);
        assert_eq!(hash.verify(&password("passw0rd")), Verdict::Wrong);
    }

    // covers: AC-2
    #[test]
    fn the_decoy_costs_the_same_and_never_matches() {
        let (_, cost) = parse(PasswordHash::decoy().as_str()).unwrap();
        assert_eq!((cost.log_n, cost.r, cost.p), (14, 8, 5));
        assert_eq!(PasswordHash::decoy().verify(&password("decoy")), Verdict::Wrong);
    }

    #[test]
    fn rounds_999999999() {
        for params in ["ln=63,r=8,p=1", "ln=20,r=8,p=1", "ln=14,r=8,p=999999999", "ln=1,r=0,p=1"] {
            let text = format!("$scrypt${params}$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlmw");
            assert_eq!(PasswordHash::from_phc(&text), Err(InvalidHash::Cost), "{params}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let argon = "$argon2id$v=19$m=65536,t=1,p=1$c2FsdHNhbHQ$aM15713r3Xsvxbi31lqr1Q";
        assert_eq!(PasswordHash::from_phc(argon), Err(InvalidHash::Algorithm));
        for text in
            ["", "password", "$scrypt$ln=14,r=8,p=5", "$scrypt$ln=14$aM15713r3Xs$aM15713r3Xs"]
        {
            assert_eq!(PasswordHash::from_phc(text), Err(InvalidHash::Malformed), "{text}");
        }
    }

    #[test]
    fn a_hash_does_not_print_itself() {
        assert_eq!(format!("{:?}", PasswordHash::decoy()), "***");
    }
}
