use printer::{OsRandom, SystemClock};

use super::*;

async fn home(data: &std::path::Path) -> (Home, Entry) {
    let home = Home::open(data).unwrap();
    let new = "moonraker=http://127.0.0.1:7125".parse().unwrap();
    let entry = home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap();
    (home, entry)
}

fn pin() -> Pin {
    "482915".parse().unwrap()
}

// covers: RL-9
#[tokio::test]
async fn a_pin_is_kept_as_a_hash_in_a_private_file() {
    let data = tempfile::tempdir().unwrap();
    let (home, entry) = home(data.path()).await;
    home.set_pin("moonraker", &pin(), &OsRandom).unwrap();
    let text = std::fs::read_to_string(home.locks_file()).unwrap();
    assert!(!text.contains("482915") && text.contains("$scrypt$"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.locks_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let choices = home.choices().unwrap();
    let Some(Choice::Pin(hash)) = choices.of(entry.id) else { panic!("{choices:?}") };
    assert_eq!(hash.verify(pin().as_password()), credentials::Verdict::Right);
}

// covers: RL-9
#[tokio::test]
async fn decisions_are_taken_back_and_never_replace_a_pin_by_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (home, entry) = home(data.path()).await;
    home.accept_risk("moonraker").unwrap();
    assert_eq!(home.choices().unwrap().of(entry.id), Some(&Choice::Accepted));
    assert!(home.remove_pin("moonraker").unwrap_err().to_string().contains("no PIN"));
    home.set_pin("moonraker", &pin(), &OsRandom).unwrap();
    let refused = home.accept_risk("moonraker").unwrap_err().to_string();
    assert!(refused.contains("--remove"), "{refused}");
    assert!(home.decline_risk("moonraker").is_err());
    home.remove_pin(&entry.id.to_string()).unwrap();
    assert_eq!(home.choices().unwrap(), Choices::default());
    assert!(home.accept_risk("voron").unwrap_err().to_string().contains("printer list"));
}

// covers: RL-9
#[tokio::test]
async fn decisions_about_printers_that_are_gone_are_forgotten() {
    let data = tempfile::tempdir().unwrap();
    let (home, gone) = home(data.path()).await;
    home.accept_risk("moonraker").unwrap();
    home.remove_printer("moonraker").unwrap();
    let new = "moonraker=http://127.0.0.1:7125".parse().unwrap();
    let again = home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap();
    assert_eq!(home.choices().unwrap().of(again.id), None, "a new printer is a new decision");
    home.accept_risk("moonraker").unwrap();
    assert_eq!(home.choices().unwrap().of(gone.id), None);
}

#[test]
fn what_says_nothing_or_two_things_is_refused() {
    let id = "01890000-0000-7000-8000-000000000000";
    for text in [
        format!("[{id}]"),
        format!("[{id}]\naccepted = false"),
        format!("[{id}]\npin = \"482915\""),
        format!("[{id}]\naccepted = true\npin = \"$scrypt$ln=14,r=8,p=5\""),
        format!("[{id}]\naccepted = true\nuntil = 3"),
        "[x]\naccepted = true".to_owned(),
        "accepted = true".to_owned(),
    ] {
        assert!(Choices::parse(&text).is_err(), "{text}");
    }
    assert!(Choices::parse(&format!("[{id}]\naccepted = true")).is_ok());
}
