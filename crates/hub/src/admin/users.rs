//! `layerlock user`.

use credentials::{Email, Password, PasswordHash, Policy};
use printer::{AccountId, Name};
use store::{Account, NewAccount};

use super::{Admin, Error};

/// A person to be added.
pub struct NewUser {
    /// The person's address.
    pub email: Email,
    /// What others see instead of the address.
    pub name: Option<Name>,
    /// The password to start with.
    pub password: Password,
    /// Whether the person may administer the hub. Gives no right on any printer.
    pub administrator: bool,
}

impl Admin {
    /// Adds a person. Takes a moment: the password is hashed.
    pub async fn add_user(&self, user: NewUser) -> Result<Account, Error> {
        let NewUser { email, name, password, administrator } = user;
        let password = self.new_hash(&password, &email, name.as_ref())?;
        let id = AccountId::new(self.clock.as_ref(), self.random.as_ref());
        let new = NewAccount { id, email, name, password, administrator };
        match self.store.create_account(&new, self.clock.now()).await {
            Err(store::Error::EmailTaken) => Err(Error::EmailTaken(new.email)),
            made => Ok(made?),
        }
    }

    /// Everybody who has an account.
    pub async fn users(&self) -> Result<Vec<Account>, Error> {
        Ok(self.store.accounts().await?)
    }

    /// Gives a person a new password and ends all of the person's sessions.
    pub async fn reset_password(&self, email: &Email, password: &Password) -> Result<(), Error> {
        let account = self.user(email).await?;
        let hash = self.new_hash(password, email, account.name.as_ref())?;
        self.store.set_password(account.id, &hash, None).await?;
        Ok(())
    }

    /// The account with this address.
    pub async fn user(&self, email: &Email) -> Result<Account, Error> {
        let found = self.store.account_by_email(email).await?;
        let (account, _) = found.ok_or_else(|| Error::NoSuchUser(email.clone()))?;
        Ok(account)
    }

    fn new_hash(
        &self,
        password: &Password,
        email: &Email,
        name: Option<&Name>,
    ) -> Result<PasswordHash, Error> {
        let about: Vec<_> =
            [Some(email.as_str()), name.map(Name::as_str)].into_iter().flatten().collect();
        let policy = Policy { min_length: self.min_length };
        policy.check(password, &about).map_err(|weakness| Error::WeakPassword(weakness.message))?;
        Ok(PasswordHash::new(password, self.random.as_ref()))
    }
}
