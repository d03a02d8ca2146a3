//! What may be asked for only so often, because it costs others something: by one account, and from
//! one address. Unlike [`crate::Failures`] it counts what went well.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use printer::{AccountId, Clock};

use crate::{Network, TooMany, failures::windows::Windows};

/// Who asked for what lately. Clones share it.
#[derive(Clone)]
pub struct Allowances(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    accounts: Windows<AccountId>,
    networks: Windows<Network>,
}

impl Allowances {
    /// The time between two checks of what an address shows to the Internet.
    pub const EXPOSURE: Duration = Duration::from_mins(10);

    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared { clock, asked: Mutex::default() }))
    }

    /// Takes the one check of [`Self::EXPOSURE`] that an account has, and that an address has,
    /// whoever asks from there. An address stands for its [`Network`].
    ///
    /// # Errors
    /// [`TooMany`] when either is used up. Nothing is taken then.
    pub fn exposure(&self, account: AccountId, address: IpAddr) -> Result<(), TooMany> {
        let (now, network) = (self.0.clock.monotonic(), Network::of(address));
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.accounts.check(&account, now, Self::EXPOSURE, 1)?;
        asked.networks.check(&network, now, Self::EXPOSURE, 1)?;
        asked.accounts.add(account, now, Self::EXPOSURE);
        asked.networks.add(network, now, Self::EXPOSURE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use printer::OsRandom;

    use super::*;
    use crate::failures::tests::TestClock;

    // covers: XA-2
    #[test]
    fn one_check_for_an_account_and_for_an_address() {
        let clock = Arc::new(TestClock::default());
        let allowances = Allowances::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let [ada, ben] = [(); 2].map(|()| AccountId::new(clock.as_ref(), &OsRandom));
        let [home, work] = [1, 2].map(|last| IpAddr::from([203, 0, 113, last]));
        assert!(allowances.exposure(ada, home).is_ok());
        assert!(allowances.exposure(ada, work).is_err());
        assert!(allowances.exposure(ben, home).is_err());
        assert!(allowances.exposure(ben, work).is_ok());
        clock.pass(Allowances::EXPOSURE);
        assert!(allowances.exposure(ada, work).is_ok());
    }
}
