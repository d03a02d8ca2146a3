use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::*;

/// A clock that stands still until it is set.
struct Standing(AtomicI64);

impl Standing {
    fn at(moment: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(moment.as_unix_micros())))
    }

    fn pass(&self, days: i64) {
        self.0.fetch_add(days * 86_400_000_000, Ordering::Relaxed);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn certificate(own: &SelfSigned, names: &[&str]) -> Vec<u8> {
    own.certificate_for(&self::names(names)).unwrap().end_entity_cert().unwrap().to_vec()
}

fn with<T>(certificate: &[u8], look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    look(&X509Certificate::from_der(certificate).unwrap().1)
}

fn in_folder(folder: &tempfile::TempDir) -> SelfSigned {
    SelfSigned::load_or_create(folder.path(), Standing::at(issue::EARLIEST)).unwrap()
}

fn key_path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join(KEY_FILE)
}

// covers: SV-1
#[test]
fn the_key_is_made_once_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = in_folder(&folder).fingerprint();
    assert_eq!(in_folder(&folder).fingerprint(), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = std::fs::metadata(key_path(&folder)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    in_folder(&folder);
    std::fs::set_permissions(key_path(&folder), PermissionsExt::from_mode(0o640)).unwrap();
    let again = SelfSigned::load_or_create(folder.path(), Standing::at(issue::EARLIEST));
    assert!(matches!(again, Err(Error::KeyIsReadable(_))));
}

#[test]
fn a_broken_key_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    files::write(&key_path(&folder), b"-----BEGIN PRIVATE KEY-----\n").unwrap();
    let loaded = SelfSigned::load_or_create(folder.path(), Standing::at(issue::EARLIEST));
    assert!(matches!(loaded, Err(Error::NoKey(_))));
}

// covers: SV-1
#[test]
fn new_names_get_a_new_certificate_for_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let own = in_folder(&folder);
    let before = certificate(&own, &["localhost", "192.168.1.5"]);
    let after = certificate(&own, &["localhost", "192.168.1.6"]);
    assert_ne!(before, after);
    let spki = |certificate: &[u8]| with(certificate, |c| c.public_key().raw.to_vec());
    assert_eq!(spki(&before), spki(&after));
    let fingerprint: [u8; 32] = Sha256::digest(spki(&after)).into();
    assert_eq!(fingerprint, own.fingerprint());
    let serial = |certificate: &[u8]| with(certificate, |c| c.serial.clone());
    assert_ne!(serial(&before), serial(&after), "Firefox refuses a reused serial number");
}

#[test]
fn the_same_names_keep_their_certificate_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = certificate(&in_folder(&folder), &["localhost", "OctoPi.local"]);
    let again = certificate(&in_folder(&folder), &["octopi.local", "localhost", "localhost"]);
    assert_eq!(first, again);
}

#[test]
fn a_certificate_is_for_its_names_and_for_servers_only() {
    let folder = tempfile::tempdir().unwrap();
    let own = in_folder(&folder);
    with(&certificate(&own, &["localhost", "192.168.1.5", "::1"]), |certificate| {
        let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
        let expected = [
            GeneralName::IPAddress(&[192, 168, 1, 5]),
            GeneralName::IPAddress(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            GeneralName::DNSName("localhost"),
        ];
        assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
        assert_eq!(names.len(), 3);
        assert!(!certificate.is_ca());
        assert!(certificate.extended_key_usage().unwrap().unwrap().value.server_auth);
    });
}

#[test]
fn a_certificate_is_remade_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Standing::at(issue::EARLIEST);
    let own = SelfSigned::load_or_create(folder.path(), Arc::clone(&clock) as _).unwrap();
    let first = certificate(&own, &["localhost"]);
    clock.pass(366);
    assert_eq!(certificate(&own, &["localhost"]), first);
    clock.pass(2);
    let second = certificate(&own, &["localhost"]);
    assert_ne!(second, first);
    let end = |certificate: &[u8]| with(certificate, |c| c.validity().not_after.timestamp());
    assert_eq!(end(&second) - end(&first), 368 * 86_400);
}

#[test]
fn a_machine_without_a_clock_makes_no_expired_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Standing::at(Timestamp::from_unix_micros(0));
    let own = SelfSigned::load_or_create(folder.path(), clock).unwrap();
    let end = with(&certificate(&own, &["localhost"]), |c| c.validity().not_after.timestamp());
    assert!(end > issue::EARLIEST.as_unix_micros() / 1_000_000);
}

#[test]
fn certificates_of_another_key_are_forgotten_and_other_files_stay() {
    let folder = tempfile::tempdir().unwrap();
    let old = certificate(&in_folder(&folder), &["localhost"]);
    std::fs::remove_file(key_path(&folder)).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let own = in_folder(&folder);
    assert!(files::certificates(folder.path()).is_empty());
    assert!(folder.path().join("notes.txt").exists());
    assert_ne!(certificate(&own, &["localhost"]), old);
}

#[test]
fn what_is_no_name_makes_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let own = in_folder(&folder);
    let many: Vec<_> = (0..=MAX_NAMES).map(|i| format!("host-{i}")).collect();
    assert!(matches!(own.certificate_for(&[]), Err(Error::NumberOfNames(0))));
    assert!(matches!(own.certificate_for(&many), Err(Error::NumberOfNames(101))));
    assert!(matches!(own.certificate_for(&names(&["drücker"])), Err(Error::Certificate(_))));
}
