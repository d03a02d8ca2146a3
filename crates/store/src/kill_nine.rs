//! What was confirmed survives `kill -9`. A child process (this test binary again) writes and
//! says what was confirmed; the parent kills it in the middle of the next write, opens the file
//! and looks for everything that was said.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use printer::AccountId;

use crate::{Store, testing::*};

/// Where the child writes; unset in the parent.
const CHILD: &str = "LAYERLOCK_TEST_KILL_NINE";
/// What the child says, each with the account's id: the account is made, it has a session.
const MADE: &str = "made ";
const SIGNED_IN: &str = "signed in ";

// covers: OP-1
#[tokio::test]
async fn kill_nine_loses_nothing_that_was_confirmed() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&path)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.sqlite");
    let mut confirmed = Vec::new();
    for lines in [1, 2, 3, 4, 5, 8, 13, 21, 34] {
        confirmed.extend(kill_after(lines, &path));
        assert_all_there(&path, &confirmed).await;
    }
}

/// Starts the child, kills it once it has confirmed so many writes, and returns all that it confirmed
/// until its end.
fn kill_after(lines: usize, path: &Path) -> Vec<Confirmed> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill_nine::kill_nine_loses_nothing_that_was_confirmed", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut confirmed = Vec::new();
    while confirmed.len() < lines {
        let line = output.next().expect("the child ended by itself").unwrap();
        confirmed.extend(confirmed_in(&line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    confirmed.extend(output.map_while(Result::ok).filter_map(|line| confirmed_in(&line)));
    confirmed
}

/// A write that the child has heard to be done.
enum Confirmed {
    Account(AccountId),
    SessionOf(AccountId),
}

/// The test harness prints into the same stream, so anything else is skipped.
fn confirmed_in(line: &str) -> Option<Confirmed> {
    if let Some(id) = line.strip_prefix(MADE) {
        return id.parse().ok().map(Confirmed::Account);
    }
    line.strip_prefix(SIGNED_IN)?.parse().ok().map(Confirmed::SessionOf)
}

async fn assert_all_there(path: &Path, confirmed: &[Confirmed]) {
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    for write in confirmed {
        match write {
            Confirmed::Account(id) => assert!(store.account(*id).await.unwrap().is_some()),
            Confirmed::SessionOf(id) => {
                assert_eq!(store.sessions_of(*id, NOW, IDLE).await.unwrap().len(), 1);
            }
        }
    }
    store.close().await;
}

/// The child: makes accounts, each with a session, until it is killed.
async fn write_for_ever(path: &Path) {
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    loop {
        let new = new_account(&format!("person{}", unique()));
        let account = store.create_account(&new, NOW).await.unwrap();
        println!("\n{MADE}{}", account.id);
        let mut session = new_session(&account, 0);
        session.token = credentials::Token::<32>::new(&printer::OsRandom).digest();
        store.create_session(&session, NOW).await.unwrap();
        println!("\n{SIGNED_IN}{}", account.id);
    }
}
