//! Which run of the agent's program this is, and which one it was started to take over from. The
//! hub takes two runs with one key for two machines, unless the newer one knows the older one's
//! number: that is in no file, and only a successor is told.

use printer::Random;

/// One run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// A random number for this run.
    pub run: u64,
    /// The number of the run that started this one to take over.
    pub succeeds: Option<u64>,
}

impl Lineage {
    /// A new run.
    pub fn new(random: &dyn Random, succeeds: Option<u64>) -> Self {
        let mut run = [0; 8];
        random.fill(&mut run);
        Self { run: u64::from_be_bytes(run), succeeds }
    }
}
