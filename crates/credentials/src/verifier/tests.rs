use std::time::Duration;

use printer::{Clock, OsRandom, SystemClock};
use proptest::prelude::*;

use super::*;

/// `rattling teapot`, hashed by other programs; each with the command that did it.
const FOREIGN: [(&str, &str); 15] = [
    ("mkpasswd -m sha-256", "$5$13NktC.4XQO17ZoS$Tzf6GITOEV4KBsYb/8yWMApTaVb0r.cczCxRD9SjaI6"),
    (
        "mkpasswd -m sha-512",
        "$6$uXAUHx8AEi0Rekg8$AsG34n64P2t47LZIN/cdhJkK1AfT7J3Mo2iqet6Po52jr0QrjBgUPASMJD52W4ZGoK/x/h9.tL1E9DWNBB.o11",
    ),
    (
        "mkpasswd -m sha-512 -R 20000",
        "$6$rounds=20000$C1s.uqtPVevRBPGl$.8PF7DUeBWrnxPfjEAwp1LT.y5Wwkmix7jPW4Gii.n9NwPA5rE4A4/Q836XNdtLkjcPtAxhzkTd67lUjbGtcA/",
    ),
    (
        "mkpasswd -m yescrypt",
        "$y$j9T$kgwoJuw6tH4bZpELGume11$tsWj9qVo/SKgwQfZrrdJxE1ldz0X4cfzK0WUkGnq7I.",
    ),
    (
        "mkpasswd -m scrypt",
        "$7$CU..../....0QLi9VL7J2P87fiQq8puM/$2.yCKWb7e1lCD/Bbsd5QFAf.2DLj.m/8smbfkXKExa2",
    ),
    ("mkpasswd -m bcrypt", "$2b$05$CqlPahSTcts76Siu0g4lXeGlOKrDTx2rpDGufd6G.wHsQMZEJmcbG"),
    ("mkpasswd -m bcrypt-a", "$2a$05$qHR1e54rbh2W.hcRO3c0Ee8k4g4j6/lWGYPxltqqNebTtAeLvjuVq"),
    ("htpasswd -nbB ada", "$2y$05$W028CE/jJhqx0vNAW3OFr.XPiVadQt.hdpobDelMvAop.cobM5N62"),
    ("htpasswd -nb2 ada", "$5$RmwHUE4VyxbB12Ej$I1Y2hSxyyWFrM7DEeeJdonwbVwfTy5Bny3dn3v.Wnv1"),
    (
        "htpasswd -nb5 ada",
        "$6$OhtHuWZ4lsIioW.B$vOGaxxmemP4kPiEEsyOZzqt.0SdcjuHkguO6UxWKICuHCWjAvVHcUi6RGtxmKteyfujg6it5kcg8Rzcs7uUG10",
    ),
    (
        "python crypt.crypt(…, mksalt(METHOD_SHA512))",
        "$6$MjYJExJ9EhYAxVuh$aUj237tVQ9E8yRodo5N1pHH0YvYU.Y1oyKrOwWHfwunfuFVrIl.cy6AKcsVIBdfi1zi11z7vXmP6T1f7scR0j.",
    ),
    (
        "python passlib.hash.scrypt.using(rounds=14).hash(…)",
        "$scrypt$ln=14,r=8,p=1$GgMg5Bzj3Ls3JqTU2hvj3A$hAw0ZTd7INBm6fJE38Kq6sE5CMEvJ5ek8O4uqwkfilE",
    ),
    (
        "argon2 saltsaltsalt -i -t 2 -m 14 -p 2 -e",
        "$argon2i$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0$PNlO6fW/3OChmcdohtcVMaW9DKBW1pshoDR9a8HjACA",
    ),
    (
        "argon2 saltsaltsalt -id -t 2 -m 14 -p 2 -e",
        "$argon2id$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0$sB7sFNl7g2z5SsbbP/hdjleNDkBVizgbjCRDibTV50s",
    ),
    (
        "argon2 saltsaltsalt -d -t 2 -m 14 -p 2 -e",
        "$argon2d$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0$U0ZXjKiBIxu/IsNkv1AnKezW4mj+5vKomPMqSSnD4oA",
    ),
];

fn password(text: &str) -> Password {
    text.parse().unwrap()
}

// covers: GT-2
#[test]
fn hashes_of_other_programs_open_for_their_password_only() {
    for (command, hash) in FOREIGN {
        let verifier = Verifier::parse(hash).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(verifier.opens_for(&password("rattling teapot")), "{command}");
        assert!(!verifier.opens_for(&password("rattling teapots")), "{command}");
    }
}

// covers: GT-2
#[test]
fn letters_beyond_ascii_are_bytes() {
    // mkpasswd -m sha-512 -R 1000 'pässwörd'
    let hash = "$6$rounds=1000$725O7L/KU3FP5LG4$3AOWQOLanqoCpTaH.fPJ2fWx3hS386EaWP3rSm2r2nwmzU4BxzGHKuruoIkjZuPfXuBI5GYgxjIbQDL85OFMH/";
    assert!(Verifier::parse(hash).unwrap().opens_for(&password("pässwörd")));
    assert!(!Verifier::parse(hash).unwrap().opens_for(&password("password")));
}

// covers: GT-2
#[test]
fn new_hashes_open_and_can_be_read_again() {
    let typed = password("rattling teapot");
    for kind in ["scrypt", "sha512-crypt", "argon2id", "bcrypt"] {
        let kind: HashKind = kind.parse().unwrap();
        let hash = kind.hash(&typed, &OsRandom).unwrap();
        assert!(Verifier::parse(&hash).unwrap().opens_for(&typed), "{kind:?}");
    }
    let again = || HashKind::Argon2id.hash(&typed, &OsRandom).unwrap();
    assert_ne!(again(), again(), "each hash has a salt of its own");
    let long = password(&"x".repeat(73));
    assert_eq!(HashKind::Bcrypt.hash(&long, &OsRandom), Err(TooLongForBcrypt));
    assert_eq!("md5".parse::<HashKind>(), Err(UnknownKind));
}

// covers: GT-2
#[test]
fn rounds_999999999() {
    let (short, long) = ("x".repeat(43), "x".repeat(86));
    let clock = SystemClock::new();
    for hash in [
        format!("$5$rounds=999999999$salt${short}"),
        format!("$6$rounds=1000001$salt${long}"),
        format!("$6$rounds=99999999999999999999${long}"),
        format!("$6$rounds=10$salt${long}"),
        format!("$y$jXT$kgwoJuw6tH4bZpELGume11${short}"),
        format!("$y$j9T.5$kgwoJuw6tH4bZpELGume11${short}"),
        format!("$7$zU..../....0QLi9VL7J2P87fiQq8puM/${short}"),
        format!("$7$CU....zzzzz0QLi9VL7J2P87fiQq8puM/${short}"),
        "$2b$31$CqlPahSTcts76Siu0g4lXeGlOKrDTx2rpDGufd6G.wHsQMZEJmcbG".to_owned(),
        "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$sB7sFNl7g2z5SsbbP/hdjleNDkBVizgb".to_owned(),
        "$argon2id$v=19$m=64,t=999999999,p=1$c2FsdHNhbHRzYWx0$sB7sFNl7g2z5SsbbP/hdjleNDkBVizgb".to_owned(),
        "$scrypt$ln=14,r=8,p=999999999$GgMg5Bzj3Ls3JqTU2hvj3A$hAw0ZTd7INBm6fJE38Kq6sE5CMEvJ5ek8O4uqwkfilE".to_owned(),
    ] {
        let refused = Verifier::parse(&hash).unwrap_err();
        assert!(matches!(refused, InvalidHash::Cost | InvalidHash::Malformed), "{hash}: {refused}");
    }
    assert!(clock.monotonic() < Duration::from_secs(1), "something was computed");
    assert_eq!(
        Verifier::parse(&format!("$6$rounds=999999999$salt${long}")),
        Err(InvalidHash::Cost)
    );
}

// covers: GT-2
#[test]
fn empty_digest_opens_for_every_password() {
    for hash in [
        "$5$salt$",
        "$6$salt$",
        "$6$rounds=1000$salt$",
        "$6$$",
        "$y$j9T$kgwoJuw6tH4bZpELGume11$",
        "$7$CU..../....0QLi9VL7J2P87fiQq8puM/$",
        "$2b$05$",
        "$argon2id$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0$",
        "$argon2id$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0",
        "$scrypt$ln=14,r=8,p=1$GgMg5Bzj3Ls3JqTU2hvj3A$",
    ] {
        assert!(Verifier::parse(hash).is_err(), "{hash}");
    }
}

// covers: GT-2
#[test]
fn unknown_kinds_are_named_as_such() {
    for hash in ["$1$salt$digest", "$apr1$salt$digest", "$2x$05$abc", "$gy$j9T$a$b", "$sha1$1$a$b"]
    {
        assert_eq!(Verifier::parse(hash), Err(InvalidHash::UnknownKind), "{hash}");
    }
    for text in ["", "password", "$", "$6", "{SHA}abc", "$6$a b$c"] {
        assert_eq!(Verifier::parse(text), Err(InvalidHash::Malformed), "{text}");
    }
}

#[test]
fn a_plain_password_is_compared_and_never_printed() {
    let verifier = Verifier::plain(&password("rattling teapot"));
    assert!(verifier.is_plain() && verifier.opens_for(&password("rattling teapot")));
    assert!(!verifier.opens_for(&password("rattling")));
    assert_eq!(format!("{verifier:?}"), "***");
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\$(5|6|y|7|2b|argon2id|scrypt)\\$[ -~]{0,80}") {
        let _ = Verifier::parse(&text);
    }
}
