//! `http-request ...`: what happens to a request, in the order of the file.

use super::{
    acls::Acls,
    condition, headers,
    rewrite::{self, Change},
};
use crate::{
    Rewrite,
    rules::{Action, Condition, Realm, Rule},
};

/// What one line does.
#[derive(Debug)]
pub(super) enum Step {
    Rule(Rule),
    Rewrite(Rewrite),
    /// The user name and password are removed: the lines below see none.
    Forget,
    /// Nothing that the gate has to do, for this reason.
    Instead(&'static str),
}

const REDIRECT: &str = "the gate sends everyone to TLS by itself";
const IDENTITY: &str = "it changes nothing";

/// Reads a line without its first word.
///
/// # Errors
/// A sentence about what the gate can't do.
pub(super) fn read(words: &[&str], acls: &Acls) -> Result<Step, String> {
    let rule = |action, condition: &[&str]| {
        let when = condition::read(condition, acls).map_err(|why| not_understood(&why))?;
        Ok(Step::Rule(Rule { action, when }))
    };
    match *words {
        ["auth", "realm", realm, ref condition @ ..] => rule(ask(realm)?, condition),
        ["auth", ref condition @ ..] => rule(Action::Ask(Realm::default()), condition),
        ["deny", "deny_status" | "status", _, ref condition @ ..]
        | ["deny" | "silent-drop" | "reject", ref condition @ ..] => rule(Action::Deny, condition),
        ["allow", ref condition @ ..] => rule(Action::Allow, condition),
        ["replace-path", pattern, format] => changed(rewrite::of_path(pattern, format)),
        ["redirect", ref rest @ ..] => redirect(rest, acls).map(Step::Instead),
        ["del-header", name] if name.eq_ignore_ascii_case("authorization") => Ok(Step::Forget),
        ["del-header", name, ..] => {
            headers::removed(name).map(Step::Instead).ok_or_else(|| no_header(name))
        }
        ["add-header" | "set-header", name, value, ref condition @ ..] => {
            let never =
                condition::read(condition, &acls.guessing()).is_ok_and(|it| never_holds(&it));
            headers::written(name, value, never).map(Step::Instead)
        }
        [action, ..] => Err(format!("The gate doesn't know `http-request {action}`, or not so.")),
        [] => Err("`http-request` does nothing.".to_owned()),
    }
}

/// `redirect scheme https if !{ ssl_fc }`, with or without `http-request` in front. Where the gate
/// shows the printer there is TLS, so that nothing has to be done, as long as the redirect concerns
/// nobody who comes with TLS: haproxy shows those nothing.
pub(super) fn redirect(words: &[&str], acls: &Acls) -> Result<&'static str, String> {
    let (["scheme", "https", "code", _, condition @ ..] | ["scheme", "https", condition @ ..]) =
        words
    else {
        return Err("The gate doesn't know such a `redirect`.".to_owned());
    };
    let when = condition::read(condition, &acls.guessing()).map_err(|why| not_understood(&why))?;
    if never_holds(&when) {
        return Ok(REDIRECT);
    }
    Err("The gate sends on those who come without TLS, and this line also sends on others, who \
         never see the printer: write `if !{ ssl_fc }`, or `deny` whom it is meant for."
        .to_owned())
}

fn no_header(name: &str) -> String {
    format!("The gate doesn't remove the header `{name}` for printers.")
}

fn never_holds(condition: &Condition) -> bool {
    match condition {
        Condition::Not(condition) => always_holds(condition),
        Condition::All(all) => all.iter().any(never_holds),
        Condition::Any(all) => all.iter().all(never_holds),
        _ => false,
    }
}

fn always_holds(condition: &Condition) -> bool {
    match condition {
        Condition::Not(condition) => never_holds(condition),
        Condition::All(all) => all.iter().all(always_holds),
        Condition::Any(all) => all.iter().any(always_holds),
        _ => false,
    }
}

/// `reqrep PATTERN FORMAT`, of haproxy before 2.1.
pub(super) fn read_reqrep(words: &[&str]) -> Result<Step, String> {
    match *words {
        [pattern, format] => changed(rewrite::of_request_line(pattern, format)),
        _ => changed(None),
    }
}

fn changed(change: Option<Change>) -> Result<Step, String> {
    match change {
        Some(Change::Nothing) => Ok(Step::Instead(IDENTITY)),
        Some(Change::Beginning(rewrite)) => Ok(Step::Rewrite(rewrite)),
        None => Err("The gate can only replace the beginning of all paths, like \
                     `http-request replace-path /webcam/(.*) /\\1`."
            .to_owned()),
    }
}

fn ask(realm: &str) -> Result<Action, String> {
    let realm = realm.parse().map_err(|why| format!("The realm {realm:?}: {why}."));
    realm.map(Action::Ask)
}

pub(super) fn not_understood(why: &str) -> String {
    format!("Who gets in hangs on this, and {why}.")
}

/// Whether a condition looks at the path.
pub(super) fn looks_at_path(condition: &Condition) -> bool {
    match condition {
        Condition::PathIs(_) | Condition::PathBegins(_) | Condition::PathEnds(_) => true,
        Condition::Not(condition) => looks_at_path(condition),
        Condition::All(all) | Condition::Any(all) => all.iter().any(looks_at_path),
        _ => false,
    }
}
