//! What a relayed request or message would do to a printer, as the level that it takes (PM-3).
//! Pure: the agent brings heads, bodies and messages, and acts on the answer.
//!
//! Everything here is a positive list. A route that no list knows takes `controls`, and so does a
//! listed one with a parameter, field or value that isn't listed beside it. The lists of all kinds
//! of printers apply to every printer, whatever its owner called it: Moonraker answers under
//! `OctoPrint`'s paths too, and an entry may simply be wrong. Where several lists know a route,
//! the highest level counts.
//!
//! What was judged is what is sent: JSON goes on as it was understood, written anew, so that a
//! printer that reads doubled keys or odd encodings differently finds none.

mod body;
mod file_name;
mod form;
mod kinds;
mod message;
mod needed;
mod path;
mod query;
mod route;
mod stop;

pub use form::{Form, Refused};
pub use message::{Message, judge_message};
pub use needed::{Body, Head, Json, Needed, classify, is_listed};
pub use path::is_never_relayed;
pub use stop::{MAX_STOP, MaybeStop};

/// The longest JSON body that is judged, in bytes.
pub const MAX_JSON: usize = 64 * 1024;

/// The longest WebSocket message that is judged, in bytes.
pub const MAX_MESSAGE: usize = 1024 * 1024;
