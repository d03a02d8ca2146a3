//! A bounded count of cancelled requests. A download that is cancelled half-way leaves bytes
//! under way for a stream that is gone. The library ignores them for as long as it remembers the
//! stream, so no more may be cancelled within that time than it can remember. Beyond that, new
//! requests wait, and the connection lives on: no visitor can end a tunnel by cancelling.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::limits::RESET_MEMORY;

#[derive(Debug)]
pub(crate) struct Resets {
    window: Mutex<Window>,
    /// Per window. Two windows can touch, so it is half of what is remembered.
    most: usize,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    count: usize,
}

impl Resets {
    pub(crate) fn new(remembered: usize) -> Self {
        let window = Window { since: Instant::now(), count: 0 };
        Self { window: Mutex::new(window), most: remembered / 2 }
    }

    /// Counts a stream that was given up before its end.
    pub(crate) fn note(&self) {
        self.with_window(|window| window.count = window.count.saturating_add(1));
    }

    /// Whether a request may be made that might be cancelled in its turn.
    pub(crate) fn have_room(&self) -> bool {
        self.with_window(|window| window.count) < self.most
    }

    fn with_window<T>(&self, act: impl FnOnce(&mut Window) -> T) -> T {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.since.elapsed() >= RESET_MEMORY {
            *window = Window { since: Instant::now(), count: 0 };
        }
        act(&mut window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn a_visitor_who_only_cancels_is_made_to_wait() {
        let resets = Resets::new(16);
        for _ in 0..8 {
            assert!(resets.have_room());
            resets.note();
        }
        assert!(!resets.have_room());
        tokio::time::advance(RESET_MEMORY).await;
        assert!(resets.have_room());
    }
}
