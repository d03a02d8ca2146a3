//! Whether somebody may still use a printer, found out by listening and asked of the store.

use std::{sync::Arc, time::Duration};

use backplane::Event;
use printer::{Clock, Level, PrinterId};
use store::{Account, Store};
use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::timeout,
};

use crate::policy::{Action, Subject, allow};

/// How often it is asked whether somebody may still use the printer, at least.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// Somebody's right to use a printer.
pub(super) struct Rights {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    /// Listening since before the rights were checked.
    pub(super) events: Receiver<Event>,
    /// Whether something was heard after which nobody has asked the store yet. Waiting for the
    /// loss may be given up between the two, and the news must not be lost with it.
    pub(super) in_doubt: bool,
    pub(super) account: Account,
    pub(super) printer: PrinterId,
    /// The level that was checked, under which the agent lets the request through.
    pub(super) level: Level,
}

impl Rights {
    /// Waits until they are lost.
    pub(super) async fn lost(&mut self) {
        loop {
            // Other programs change the store without a word.
            let _ = timeout(LOOK_AGAIN, self.doubt()).await;
            if !self.are_there().await {
                return;
            }
        }
    }

    /// Whether they are still there. Asks the store only if there were news.
    pub(super) async fn last(&mut self) -> bool {
        while !self.in_doubt {
            match self.events.try_recv() {
                Ok(event) => self.hear(&event),
                Err(TryRecvError::Lagged(_)) => self.in_doubt = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return true,
            }
        }
        self.are_there().await
    }

    /// Waits until they may have changed.
    async fn doubt(&mut self) {
        while !self.in_doubt {
            match self.events.recv().await {
                Ok(event) => self.hear(&event),
                Err(RecvError::Lagged(_)) => self.in_doubt = true,
                // The backplane is gone, and with it the hub.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        self.in_doubt |= *event == Event::GrantsChanged(self.account.id);
    }

    /// Asks the store. When it fails, nobody has a right.
    async fn are_there(&mut self) -> bool {
        let now = self.clock.now();
        let level = self.store.level_on(self.account.id, self.printer, now).await;
        let Ok(level) = level else { return false };
        let subject = Subject::Account(&self.account);
        let there = allow(subject, Action::AskPrinter, level).is_ok() && level >= Some(self.level);
        self.in_doubt &= !there;
        there
    }
}

#[cfg(test)]
mod tests;
