//! Making another agent of this one (LK-3): on a copied card, or where another machine has taken its
//! place. A hub refuses every report that names a printer of another agent, so an agent of its own
//! needs ids of its own for its printers, besides a key of its own.

use std::collections::BTreeMap;

use printer::{Clock, PrinterId, Random};

use crate::{Error, Home, private_file};

/// The new id of each printer, by its old one.
pub(crate) type NewIds = BTreeMap<PrinterId, PrinterId>;

impl Home {
    /// Forgets the key and the hub: what is linked next is another agent. The printers stay, with
    /// their PINs and addresses, and get new ids. An agent that runs has to be stopped before.
    ///
    /// # Errors
    /// A file can't be read, written or removed.
    pub fn forget_key(&self, clock: &dyn Clock, random: &dyn Random) -> Result<(), Error> {
        let (printers, ids) = self.printers()?.with_new_ids(clock, random);
        // The printers last: none is ever without what its owner decided about it.
        private_file::write(&self.locks_file(), &self.choices()?.also_under(&ids).to_toml())?;
        self.addresses().keep_under(&ids)?;
        private_file::write(&self.printers_file(), &printers.to_toml())?;
        for name in ["hub.toml", "key.pem", "machine.toml"] {
            private_file::remove(&self.file(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    // covers: LK-3, RL-9
    #[tokio::test]
    async fn copied_card_reports_the_printers_of_the_first_one() {
        let data = tempfile::tempdir().unwrap();
        let (home, clock) = (Home::open(data.path()).unwrap(), SystemClock::new());
        let new = "moonraker=http://localhost:7125".parse().unwrap();
        let before = home.add_printer(new, &clock, &OsRandom).await.unwrap();
        home.set_pin("moonraker", &"482915".parse().unwrap(), &OsRandom).unwrap();
        let pin = home.choices().unwrap().of(before.id).cloned();
        let elsewhere = "127.0.0.9".parse().unwrap();
        home.addresses().confirm(&before, elsewhere).unwrap();

        home.forget_key(&clock, &OsRandom).unwrap();
        let after = home.printers().unwrap().entries()[0].clone();
        assert_ne!(after.id, before.id, "the hub would refuse it: it is another agent's");
        assert_eq!(crate::Entry { id: before.id, ..after.clone() }, before);
        assert_eq!(home.choices().unwrap().of(after.id).cloned(), pin, "its PIN is gone");
        let kept = home.addresses().keep_first(&after, "127.0.0.1".parse().unwrap());
        assert_eq!(kept.unwrap(), elsewhere, "its address is forgotten");
    }
}
