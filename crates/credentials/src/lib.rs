//! What proves who somebody is: passwords, PINs and their hashes, session tokens, link codes, and the
//! address that names an account. Pure: time and randomness are parameters, and whatever is
//! secret neither prints itself nor stays in memory longer than its value lives.

mod email;
mod hash;
mod link_code;
mod password;
mod pin;
mod policy;
mod token;
mod verifier;

pub use email::{Email, InvalidEmail};
pub use hash::{InvalidHash, PasswordHash, Verdict};
pub use link_code::{InvalidLinkCode, LinkCode};
pub use password::{InvalidPassword, Password};
pub use pin::{InvalidPin, Pin};
pub use policy::{Policy, Weakness};
pub use token::{SessionToken, SetupToken, Ticket, Token, TokenDigest};
pub use verifier::{HashKind, TooLongForBcrypt, UnknownKind, Verifier};
