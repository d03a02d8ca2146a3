//! How many files this process may have open. Each connection is one, and a system allows a
//! program 1,024 unless that asks for more.

/// More than a hub with all its connections opens.
#[cfg(unix)]
const ENOUGH: u64 = 16 * 1024;

/// Asks the system for as many as it gives and we can use, and returns how many there are.
#[cfg(unix)]
pub(crate) fn room() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX).min(ENOUGH);
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the system gives this process no more open files");
        }
    }
    let current = getrlimit(Resource::Nofile).current;
    current.and_then(|current| usize::try_from(current).ok()).unwrap_or(usize::MAX)
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub(crate) fn room() -> usize {
    usize::MAX
}
