//! Threads of their own for costly work. A hash takes many megabytes, which the system's allocator
//! keeps for the thread that had them: on ever other threads of a large pool, each would come to
//! hold that much, and the program to grow for days.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Threads without work, which end with the last clone of this.
#[derive(Clone, Default)]
pub(super) struct Workers(Arc<Mutex<Vec<mpsc::Sender<Job>>>>);

impl Workers {
    /// Works on a thread that has nothing to do, or on a new one if there is none, so that there
    /// are never more threads than turns. The turn is over when the work is done, also if nobody
    /// waits for it any more. `None` if the work panicked, or no thread could be started.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        turn: impl Send + 'static,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let idle = self.lock().pop();
        let worker = idle.or_else(start)?;
        let (workers, again) = (self.clone(), worker.clone());
        let (tell, told) = oneshot::channel();
        let job = move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            workers.lock().push(again);
            drop((turn, workers));
            let _ = tell.send(done.ok());
        };
        worker.send(Box::new(job)).ok()?;
        told.await.ok().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that does what it is sent, until nobody can send any more.
fn start() -> Option<mpsc::Sender<Job>> {
    let (worker, jobs) = mpsc::channel::<Job>();
    let started = thread::Builder::new().name("costly".to_owned()).spawn(move || {
        for job in jobs {
            job();
        }
    });
    started.is_ok().then_some(worker)
}
