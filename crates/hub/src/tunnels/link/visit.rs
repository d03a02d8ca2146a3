//! One connection of a key that isn't linked, and the little patience that the hub has with it.
//! Codes are short and anybody may come, so a few wrong ones end the connection, a few more are
//! all that a network has for a while, and whoever has no code is not let sit here.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use backplane::Secret;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tunnel::PublicKey;
use wire::{LinkAnswer, LinkRefusal, LinkRequest};

use super::{Shown, decision, refused, show};
use crate::{state::Shared, tunnels::link_caps::LinkPlace};

/// How many wrong codes end a connection.
const WRONG_CODES: usize = 3;

/// How long a connection may stay without a right code.
const WITHOUT_CODE: Duration = Duration::from_secs(20);

/// A connection that wants to be linked.
pub(super) struct Visit {
    state: Shared,
    key: PublicKey,
    address: IpAddr,
    place: LinkPlace,
    has_code: AtomicBool,
    wrong_codes: AtomicUsize,
    closing: CancellationToken,
}

impl Visit {
    pub(super) fn new(state: Shared, key: PublicKey, address: IpAddr, place: LinkPlace) -> Self {
        let closing = CancellationToken::new();
        let (has_code, wrong_codes) = (AtomicBool::default(), AtomicUsize::default());
        Self { state, key, address, place, has_code, wrong_codes, closing }
    }

    /// Answers one question.
    pub(super) async fn answer(&self, question: &LinkRequest) -> Result<LinkAnswer, store::Error> {
        let failures = self.state.backplane.failures();
        let Ok(showing) = failures.show(Secret::LinkCode, self.address) else {
            return Ok(self.wrong());
        };
        // Listen first, ask second: a decision that falls in between is noticed.
        let mut events = self.state.backplane.events();
        match show(&self.state, &self.key, question).await? {
            Shown::Wrong => Ok(self.wrong()),
            Shown::Answered(answer) => {
                showing.right();
                Ok(answer)
            }
            Shown::Claimed(id) => {
                showing.right();
                self.has_code.store(true, Ordering::Relaxed);
                self.place.has_code();
                decision(&self.state, &id, &mut events).await
            }
        }
    }

    /// Cancelled when this connection is to take no more questions.
    pub(super) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Waits until the connection has been here for too long without a right code.
    pub(super) async fn without_code(&self) {
        sleep(WITHOUT_CODE).await;
        if self.has_code.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the connection's place is somebody else's.
    pub(super) async fn lost_place(&self) {
        self.place.lost().await;
    }

    fn wrong(&self) -> LinkAnswer {
        if self.wrong_codes.fetch_add(1, Ordering::Relaxed) + 1 >= WRONG_CODES {
            self.closing.cancel();
        }
        refused(LinkRefusal::Code)
    }
}
