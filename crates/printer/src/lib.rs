//! What a printer is, in the words that every other crate uses: its id and kind, whether it is
//! reachable, and how much a person may do with it. Pure: no input or output, except that the
//! machine's own clock and random source are offered here behind [`Clock`] and [`Random`], so
//! that everything above takes time and chance as parameters.

mod id;
mod kind;
mod level;
mod lock;
mod name;
mod random;
mod time;

pub use id::{AccountId, AgentId, GrantId, InvalidId, PrinterId, SessionId};
pub use kind::{Kind, UnknownKind};
pub use level::{Level, UnknownLevel};
pub use lock::Lock;
pub use name::{InvalidName, Name};
pub use random::{OsRandom, Random};
pub use time::{Clock, SystemClock, Timestamp};
