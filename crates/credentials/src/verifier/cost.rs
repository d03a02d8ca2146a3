//! What checking a hash would cost, read before anything is computed: a file that somebody else
//! wrote must not be able to stop the program (`rounds=999999999`). The digest's length is checked
//! here too, since an empty one would be equal to every other that is cut to nothing.

use argon2::password_hash::phc;

use crate::InvalidHash::{self, Cost, Malformed};

/// SHA-crypt's default is 5,000, Python's passlib takes 656,000. Below 1,000 there is none.
const SHA_ROUNDS: std::ops::RangeInclusive<u32> = 1_000..=1_000_000;
/// 2^15 rounds, about three seconds.
const BCRYPT: std::ops::RangeInclusive<u32> = 4..=15;
/// 128 MiB, in blocks of 128 bytes (yescrypt, scrypt) and of 1 KiB (Argon2).
const SMALL_BLOCKS: u64 = 1 << 20;
const LARGE_BLOCKS: u32 = 1 << 17;
/// Blocks times passes.
const SMALL_WORK: u64 = 1 << 22;
const LARGE_WORK: u64 = 1 << 20;
/// The least that Argon2 hashes of anybody have, in bytes.
const ARGON2_DIGEST: usize = 16;
const ARGON2_SALT: usize = 8;

/// The digits of crypt(5), the least first.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

type Checked = Result<String, InvalidHash>;

/// `$6$salt$digest` or `$6$rounds=20000$salt$digest`.
pub(super) fn sha_crypt(text: &str, digest: usize) -> Checked {
    let fields: Vec<_> = text.split('$').skip(2).collect();
    let (rounds, fields) = match fields.as_slice() {
        [rounds, rest @ ..] if rounds.starts_with("rounds=") => (rounds.get(7..), rest),
        all => (None, all),
    };
    if let Some(rounds) = rounds {
        let rounds: u64 = rounds.parse().map_err(|_| Malformed)?;
        within(u32::try_from(rounds).is_ok_and(|rounds| SHA_ROUNDS.contains(&rounds)))?;
    }
    match fields {
        [salt, key] if salt.len() <= 16 && key.len() == digest => checked(text, [salt, key]),
        _ => Err(Malformed),
    }
}

/// `$y$j9T$salt$digest`. Only the three letters that `mkpasswd` writes: flavour, N and r.
pub(super) fn yescrypt(text: &str) -> Checked {
    let [_, _, params, salt, key] = parts(text)?;
    within(params.len() == 3)?;
    let params: yescrypt::Params = params.parse().map_err(|_| Malformed)?;
    let blocks = params.n().saturating_mul(params.r().into());
    within(params.n() > 1 && blocks <= SMALL_BLOCKS)?;
    if key.len() == 43 { checked(text, [salt, key]) } else { Err(Malformed) }
}

/// `$7$` + one digit for log N, five for r, five for p, and the salt + `$digest`.
pub(super) fn scrypt_crypt(text: &str) -> Checked {
    let [_, _, first, key] = parts(text)?;
    let digits: Option<Vec<u64>> = first.bytes().map(digit).collect();
    let digits = digits.ok_or(Malformed)?;
    let [log_n, rest @ ..] = digits.as_slice() else { return Err(Malformed) };
    let number = |at: usize| Some(rest.get(at..at + 5)?.iter().rev().fold(0, |n, d| n << 6 | d));
    let (Some(r), Some(p)) = (number(0), number(5)) else { return Err(Malformed) };
    let blocks = 1_u64.checked_shl(u32::try_from(*log_n).unwrap_or(64)).unwrap_or(u64::MAX);
    let blocks = blocks.saturating_mul(r);
    within((1..=20).contains(log_n) && r > 0 && p > 0 && blocks <= SMALL_BLOCKS)?;
    within(blocks.saturating_mul(p) <= SMALL_WORK)?;
    if key.len() == 43 { checked(text, [key]) } else { Err(Malformed) }
}

/// `$2b$12$` + salt and digest, 53 digits.
pub(super) fn bcrypt(text: &str) -> Checked {
    let parts: bcrypt::HashParts = text.parse().map_err(|_| Malformed)?;
    within(BCRYPT.contains(&parts.get_cost()))?;
    Ok(text.to_owned())
}

/// `$argon2id$v=19$m=65536,t=3,p=4$salt$digest`.
pub(super) fn argon2(text: &str) -> Checked {
    let hash = phc::PasswordHash::new(text).map_err(|_| Malformed)?;
    let params = argon2::Params::try_from(&hash).map_err(|_| Malformed)?;
    let digest = hash.hash.is_some_and(|digest| digest.len() >= ARGON2_DIGEST);
    if !digest || hash.salt.is_none_or(|salt| salt.len() < ARGON2_SALT) {
        return Err(Malformed);
    }
    let work = u64::from(params.m_cost()).saturating_mul(params.t_cost().into());
    within(params.m_cost() <= LARGE_BLOCKS && work <= LARGE_WORK)?;
    Ok(text.to_owned())
}

fn within(bounds: bool) -> Result<(), InvalidHash> {
    if bounds { Ok(()) } else { Err(Cost) }
}

fn parts<const N: usize>(text: &str) -> Result<[&str; N], InvalidHash> {
    let parts: Vec<_> = text.split('$').collect();
    parts.try_into().map_err(|_| Malformed)
}

fn checked<const N: usize>(text: &str, fields: [&str; N]) -> Checked {
    let known = |field: &str| field.bytes().all(|byte| digit(byte).is_some());
    if fields.into_iter().all(known) { Ok(text.to_owned()) } else { Err(Malformed) }
}

fn digit(byte: u8) -> Option<u64> {
    DIGITS.iter().position(|digit| *digit == byte).and_then(|at| u64::try_from(at).ok())
}
