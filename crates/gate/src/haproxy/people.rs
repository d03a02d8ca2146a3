//! A `userlist`: people, their passwords, and their groups.

use std::collections::BTreeSet;

use credentials::{Password, Verifier};

use super::{
    notes::{Notes, Verdict},
    sections::{Line, Section},
};
use crate::{User, UserList};

/// The most people in a list.
const MOST: usize = 1_000;

/// Groups and those that `group NAME users A,B` puts into them.
type Groups = Vec<(usize, String, Vec<String>)>;

/// Reads a list.
pub(super) fn read(section: &Section, notes: &mut Notes) -> UserList {
    notes.note(section.line, &section.title, Verdict::Honoured);
    let mut list = UserList::default();
    let mut groups = Groups::new();
    for line in &section.lines {
        let words: Vec<_> = line.words.iter().map(String::as_str).collect();
        let done = match *words.as_slice() {
            ["group", name] => group(line, name, "", &mut groups),
            ["group", name, "users", users] => group(line, name, users, &mut groups),
            ["user", name, ref rest @ ..] => user(line, name, rest, &mut list, notes),
            _ => Err(format!("`{}` is not known in a userlist.", words.first().unwrap_or(&""))),
        };
        match done {
            Ok(()) if words.first() == Some(&"group") => notes.honoured(line),
            Ok(()) => {}
            Err(why) => notes.refuse(line.number, why),
        }
    }
    join(&groups, &mut list, notes);
    list
}

fn group(line: &Line, name: &str, users: &str, groups: &mut Groups) -> Result<(), String> {
    let users = users.split(',').filter(|user| !user.is_empty()).map(str::to_owned).collect();
    if groups.iter().any(|(_, known, _)| known == name) {
        return Err(format!("The group {name:?} was named above."));
    }
    groups.push((line.number, name.to_owned(), users));
    Ok(())
}

fn user(
    line: &Line,
    name: &str,
    rest: &[&str],
    list: &mut UserList,
    notes: &mut Notes,
) -> Result<(), String> {
    let (password, rest) = match *rest {
        ["password", hash, ref rest @ ..] => (hashed(name, hash)?, rest),
        ["insecure-password", text, ref rest @ ..] => (plain(name, text)?, rest),
        _ => return Err(format!("The user {name:?} has no password.")),
    };
    let groups: BTreeSet<String> = match *rest {
        [] => BTreeSet::new(),
        ["groups", names] => names.split(',').map(str::to_owned).collect(),
        _ => return Err(format!("What follows the password of {name:?} is not known.")),
    };
    if list.0.len() >= MOST {
        return Err(format!("A list has at most {MOST} people."));
    }
    if list.0.contains_key(name) {
        return Err(format!("The user {name:?} was named above."));
    }
    note(line, name, &password, notes);
    list.0.insert(name.to_owned(), User { password, groups });
    Ok(())
}

fn note(line: &Line, name: &str, password: &Verifier, notes: &mut Notes) {
    let shown = ["user", name, "***"].map(str::to_owned);
    let verdict = if password.is_plain() {
        Verdict::Otherwise(
            "honoured, but readable in the file: replace it with what `layerlock hash --kind \
                             sha512-crypt` prints",
        )
    } else {
        Verdict::Honoured
    };
    notes.note(line.number, &shown, verdict);
}

fn hashed(name: &str, hash: &str) -> Result<Verifier, String> {
    if ["$argon2", "$scrypt$"].iter().any(|kind| hash.starts_with(kind)) {
        return Err(format!(
            "The password hash of {name:?} is of a kind that opens nothing in haproxy: make another \
             with `layerlock hash --kind sha512-crypt`, for which `openssl passwd -6` is the same."
        ));
    }
    Verifier::parse(hash).map_err(|why| format!("The password hash of {name:?}: {why}."))
}

fn plain(name: &str, text: &str) -> Result<Verifier, String> {
    let password: Result<Password, _> = text.parse();
    let password = password.map_err(|why| format!("The password of {name:?}: {why}."))?;
    Ok(Verifier::plain(&password))
}

/// Puts people into the groups that name them, and refuses groups that nobody defined.
fn join(groups: &Groups, list: &mut UserList, notes: &mut Notes) {
    for (line, group, users) in groups {
        for name in users {
            match list.0.get_mut(name) {
                Some(user) => _ = user.groups.insert(group.clone()),
                None => notes.refuse(*line, format!("There is no user {name:?} in this list.")),
            }
        }
    }
    let defined: BTreeSet<&String> = groups.iter().map(|(_, group, _)| group).collect();
    for (name, user) in &list.0 {
        for group in user.groups.iter().filter(|group| !defined.contains(group)) {
            notes.refuse_file(format!("The group {group:?} of the user {name:?} is not there."));
        }
    }
}
