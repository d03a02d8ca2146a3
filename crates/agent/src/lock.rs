//! The second lock of a printer: what its owner decided, and what was found when it was checked.

use printer::Lock;

use crate::{
    Entry, Error, Home,
    choices::Choice,
    login::{self, Finding},
    member,
};

/// What holds. Nothing but a printer that refuses strangers and the owner's word opens it.
pub(crate) const fn lock(choice: Option<&Choice>, finding: Option<Finding>) -> Lock {
    match (choice, finding) {
        (Some(Choice::Pin(_)), _) => Lock::Pin,
        (_, Some(Finding::AsksForLogin)) => Lock::OwnLogin,
        (Some(Choice::Accepted), _) => Lock::Accepted,
        (None, Some(Finding::LetsEveryoneIn)) => Lock::Open,
        (None, Some(Finding::Unclear) | None) => Lock::Unknown,
    }
}

impl Home {
    /// Checks a printer now, whether or not an agent runs. Takes 30 s at most.
    ///
    /// # Errors
    /// `locks.toml` can't be read, or the printer's address is none at home.
    pub async fn lock(&self, entry: &Entry) -> Result<Lock, Error> {
        let choices = self.choices()?;
        let targets = member::resolve(entry).await?;
        let finding = login::check(&targets, entry.kind).await;
        Ok(lock(choices.of(entry.id), finding))
    }
}
