//! How many of something each one has at the moment, where each may have a few only.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The counts. Clones share them. Holds no more keys than there are things counted.
#[derive(Debug)]
pub struct Tally<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One of them; not counted any more when dropped.
#[derive(Debug)]
pub struct Counted<K: Eq + Hash> {
    key: K,
    tally: Tally<K>,
}

impl<K: Eq + Hash + Clone> Tally<K> {
    /// Counts one more, unless there are as many as `most` already.
    pub fn take(&self, key: K, most: usize) -> Option<Counted<K>> {
        let mut counts = self.lock();
        let count = counts.get(&key).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        counts.insert(key.clone(), count + 1);
        drop(counts);
        Some(Counted { key, tally: self.clone() })
    }
}

impl<K> Tally<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Tally<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.tally.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_few_and_leaves_nothing_behind() {
        let tally = Tally::default();
        let held = [tally.take("ada", 2).unwrap(), tally.take("ada", 2).unwrap()];
        assert!(tally.take("ada", 2).is_none());
        assert!(tally.take("ben", 2).is_some());
        drop(held);
        assert!(tally.take("ada", 2).is_some());
        assert!(tally.lock().is_empty());
    }
}
