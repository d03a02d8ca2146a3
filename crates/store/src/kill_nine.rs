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
/// In front of each confirmed id, to tell it from what the test harness prints.
const CONFIRMED: &str = "confirmed ";

// covers: OP-1
#[tokio::test]
async fn kill_nine_loses_nothing_that_was_confirmed() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&path)).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.sqlite");
    let mut confirmed = Vec::new();
    for lines in [1, 2, 3, 5, 8, 13, 21, 34] {
        confirmed.extend(kill_after(lines, &path));
        assert_all_there(&path, &confirmed).await;
    }
    assert!(confirmed.len() >= 87);
}

/// Starts the child, kills it once it has confirmed so many accounts, and returns all that it
/// confirmed until its end.
fn kill_after(lines: usize, path: &Path) -> Vec<AccountId> {
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

fn confirmed_in(line: &str) -> Option<AccountId> {
    line.split_once(CONFIRMED)?.1.parse().ok()
}

async fn assert_all_there(path: &Path, confirmed: &[AccountId]) {
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    for id in confirmed {
        let account = store.account(*id).await.unwrap().expect("a confirmed account is there");
        let sessions = store.sessions_of(account.id, NOW, IDLE).await.unwrap();
        assert_eq!(sessions.len(), 1, "a confirmed session is there");
    }
    store.close().await;
}

/// The child: makes accounts, each with a session, until it is killed.
async fn write_for_ever(path: &Path) {
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    loop {
        let new = new_account(&format!("person{}", unique()));
        let account = store.create_account(&new, NOW).await.unwrap();
        let mut session = new_session(&account, 0);
        session.token = credentials::Token::<32>::new(&printer::OsRandom).digest();
        store.create_session(&session, NOW).await.unwrap();
        println!("\n{CONFIRMED}{}", account.id);
    }
}
