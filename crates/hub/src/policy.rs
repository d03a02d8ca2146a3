//! The one place that decides. Every route names its [`Action`] where it is defined; whoever
//! handles a request brings the subject and, for what happens to a printer, the subject's level
//! on that very printer. What isn't allowed here is denied.

use printer::Level;
use store::Account;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// Nobody is signed in.
    Anonymous,
    /// This person, with a valid session.
    Account(&'a Account),
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// See whether the hub is alive, ready, set up, and what its API looks like.
    ReadHub,
    /// Make the first account, with a setup token.
    SetUp,
    /// Sign in with a password.
    SignIn,
    /// See, change or end what belongs to oneself: session, sessions, password.
    UseOwnAccount,
    /// List the printers that one has a grant for, or follow them.
    ListPrinters,
    /// See one printer.
    ReadPrinter,
    /// Send single requests to a printer's API. Its agent knows what each of them takes (PM-3).
    AskPrinter,
    /// Use a printer's own web UI.
    UsePrinter,
    /// See, link and unlink one's own agents.
    UseOwnAgents,
    /// Have one's own public address looked at from outside.
    CheckExposure,
    /// See what is wrong with how the hub runs. Gives no right on a printer.
    RunHub,
}

/// What an action takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    SignedIn,
    Administrator,
    OnPrinter(Level),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Sign in first.
    SignedOut,
    /// For this person there is no such printer.
    NoAccess,
    /// Only administrators may.
    NotAdministrator,
    /// The person may see the printer, but not do this with it.
    Level(Level),
}

impl Action {
    const fn need(self) -> Need {
        match self {
            Self::ReadHub | Self::SetUp | Self::SignIn => Need::Nothing,
            Self::UseOwnAccount | Self::ListPrinters | Self::UseOwnAgents | Self::CheckExposure => {
                Need::SignedIn
            }
            Self::RunHub => Need::Administrator,
            Self::ReadPrinter | Self::AskPrinter => Need::OnPrinter(Level::View),
            Self::UsePrinter => Need::OnPrinter(Level::Controls),
        }
    }

    /// Whether it is done to one printer, so that deciding takes a level on it.
    pub(crate) const fn is_on_printer(self) -> bool {
        matches!(self.need(), Need::OnPrinter(_))
    }
}

/// Whether `subject` may do `action`. `level` is the subject's level on the printer that it is
/// done to, if it is done to one; no level means no access.
pub(crate) fn allow(
    subject: Subject<'_>,
    action: Action,
    level: Option<Level>,
) -> Result<(), Denied> {
    let account = match subject {
        Subject::Account(account) if !account.disabled => Some(account),
        Subject::Account(_) | Subject::Anonymous => None,
    };
    match (action.need(), account, level) {
        (Need::Nothing, _, _) | (Need::SignedIn, Some(_), _) => Ok(()),
        (Need::SignedIn | Need::Administrator | Need::OnPrinter(_), None, _) => {
            Err(Denied::SignedOut)
        }
        (Need::Administrator, Some(account), _) if account.administrator => Ok(()),
        (Need::Administrator, Some(_), _) => Err(Denied::NotAdministrator),
        (Need::OnPrinter(_), Some(_), None) => Err(Denied::NoAccess),
        (Need::OnPrinter(needed), Some(_), Some(level)) if level >= needed => Ok(()),
        (Need::OnPrinter(needed), Some(_), Some(_)) => Err(Denied::Level(needed)),
    }
}

/// Whether nothing at all is needed for an action.
#[cfg(test)]
pub(crate) fn is_public(action: Action) -> bool {
    action.need() == Need::Nothing
}

/// Whether somebody with this level on a printer may do `action` with it.
pub(crate) fn suffices(level: Level, action: Action) -> bool {
    matches!(action.need(), Need::OnPrinter(needed) if level >= needed)
}

#[cfg(test)]
mod tests {
    use printer::{AccountId, OsRandom, SystemClock, Timestamp};

    use super::*;

    fn account(administrator: bool, disabled: bool) -> Account {
        Account {
            id: AccountId::new(&SystemClock::new(), &OsRandom),
            email: "ada@example.org".parse().unwrap(),
            name: None,
            administrator,
            disabled,
            created: Timestamp::from_unix_micros(0),
        }
    }

    const ON_PRINTERS: [Action; 3] = [Action::ReadPrinter, Action::AskPrinter, Action::UsePrinter];

    // covers: PM-2
    #[test]
    fn no_grant_means_no_access_for_administrators_too() {
        for administrator in [false, true] {
            let account = account(administrator, false);
            for action in ON_PRINTERS {
                let verdict = allow(Subject::Account(&account), action, None);
                assert_eq!(verdict, Err(Denied::NoAccess), "{action:?}");
            }
        }
    }

    // covers: PM-1
    #[test]
    fn a_printers_own_pages_take_controls() {
        let account = account(false, false);
        for level in Level::ALL {
            let subject = Subject::Account(&account);
            assert_eq!(allow(subject, Action::ReadPrinter, Some(level)), Ok(()));
            let enough = level >= Level::Controls;
            assert_eq!(allow(subject, Action::UsePrinter, Some(level)).is_ok(), enough, "{level}");
            assert_eq!(suffices(level, Action::UsePrinter), enough, "{level}");
        }
    }

    // covers: PM-3
    #[test]
    fn a_level_without_a_valid_account_is_worth_nothing() {
        let disabled = account(true, true);
        for subject in [Subject::Anonymous, Subject::Account(&disabled)] {
            for action in ON_PRINTERS.into_iter().chain([Action::UseOwnAgents]) {
                assert_eq!(allow(subject, action, Some(Level::Admin)), Err(Denied::SignedOut));
            }
        }
    }
}
