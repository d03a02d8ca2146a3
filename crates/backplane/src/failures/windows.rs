//! Moments of what happened, per key, in a window of time.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::Duration,
};

use super::TooMany;

/// Moments per key, oldest first. Bounded: the key whose last moment is the oldest gives way.
pub(crate) struct Windows<K>(HashMap<K, VecDeque<Duration>>);

impl<K> Default for Windows<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Windows<K> {
    const MAX: usize = 100_000;

    /// Refuses what has happened `limit` times in the last `window` until the first of these is
    /// older than that.
    pub(crate) fn check(
        &mut self,
        key: &K,
        now: Duration,
        window: Duration,
        limit: usize,
    ) -> Result<(), TooMany> {
        let Some(moments) = self.0.get_mut(key) else { return Ok(()) };
        forget_old(moments, now, window);
        match moments.front() {
            Some(oldest) if moments.len() >= limit => {
                let left = window.saturating_sub(now.saturating_sub(*oldest));
                Err(TooMany { retry_after: whole_seconds(left) })
            }
            _ => Ok(()),
        }
    }

    /// Whether it happened in the last `window`.
    pub(crate) fn has(&self, key: &K, now: Duration, window: Duration) -> bool {
        let moments = self.0.get(key);
        let last = moments.and_then(|moments| moments.back());
        last.is_some_and(|last| now.saturating_sub(*last) < window)
    }

    /// It happens now.
    pub(crate) fn add(&mut self, key: K, now: Duration, window: Duration) {
        if self.0.len() >= Self::MAX && !self.0.contains_key(&key) {
            self.make_room(now, window);
        }
        let moments = self.0.entry(key).or_default();
        forget_old(moments, now, window);
        moments.push_back(now);
    }

    /// It never happened.
    pub(crate) fn remove(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// It didn't happen at that moment.
    pub(crate) fn remove_one(&mut self, key: &K, at: Duration) {
        let Some(moments) = self.0.get_mut(key) else { return };
        if let Some(place) = moments.iter().position(|moment| *moment == at) {
            moments.remove(place);
        }
        if moments.is_empty() {
            self.0.remove(key);
        }
    }

    fn make_room(&mut self, now: Duration, window: Duration) {
        self.0.retain(|_, moments| {
            forget_old(moments, now, window);
            !moments.is_empty()
        });
        if self.0.len() < Self::MAX {
            return;
        }
        let oldest = self.0.iter().min_by_key(|(_, moments)| moments.back().copied());
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            self.0.remove(&key);
        }
    }
}

fn forget_old(moments: &mut VecDeque<Duration>, now: Duration, window: Duration) {
    while moments.front().is_some_and(|oldest| now.saturating_sub(*oldest) >= window) {
        moments.pop_front();
    }
}

/// Rounded up, and at least one.
fn whole_seconds(time: Duration) -> Duration {
    let begun = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs((time.as_secs() + begun).max(1))
}
