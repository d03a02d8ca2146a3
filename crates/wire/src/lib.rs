//! What hub and agent say to each other inside the tunnel: plain JSON types with a version and
//! limits. Both sides ignore fields that they don't know, so that a hub and an agent two minor
//! versions apart understand each other; what they must agree on is [`PROTOCOL`].
//!
//! | who asks | what | types |
//! |---|---|---|
//! | hub, first, and again to send the agent away | `POST /v1/hello` | [`Hello`] → [`HelloAnswer`] |
//! | hub, once, kept open | `GET /v1/events` | → one [`Report`] a line |
//! | hub, when something large is to pass | `POST /v1/bulk`, `GET /v1/bulk` | a token → 204, → the token |
//! | hub, for the rest of a large answer | `GET /v1/held/{token}` | a token → bytes |
//! | hub, when its key is to change | `POST /v1/hub-key` | a signed text → 204 |
//! | hub that is restarted, once | `POST /v1/move` | answered with 204; the agent connects anew |
//! | hub, for a visitor | anything at `{printer}.printer.internal` | [`Relayed`] in one header |
//! | hub, for a visitor | [`PIN_PATH`] at `{printer}.printer.internal` | answered by the agent itself |
//! | agent not linked yet | `POST /v1/link` (long poll) | [`LinkRequest`] → [`LinkAnswer`] |

mod authority;
mod bulk;
mod hello;
mod link;
mod pin;
mod relayed;
mod report;
mod stamp;

pub use authority::{AGENT_AUTHORITY, printer_authority, printer_of_authority};
pub use bulk::{BULK_PATH, HELD_PATH, LARGE, LARGE_HEADER, REST_HEADER, UNKNOWN_LENGTH};
pub use hello::{Hello, HelloAnswer, Refusal};
pub use link::{LinkAnswer, LinkRefusal, LinkRequest};
pub use pin::{PIN_HEADER, PIN_PATH};
pub use relayed::{InvalidRelayed, NEEDED_HEADER, RELAYED_HEADER, Relayed};
pub use report::{PrinterReport, Report};
pub use stamp::{Nonce, Stamp, Tick, needs_stamp};

/// The version of this protocol. A side that is offered another one refuses with
/// [`Refusal::Protocol`].
pub const PROTOCOL: u16 = 1;

/// The longest message (a JSON body, or a line of the event stream), in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;

/// The most printers that one agent may report.
pub const MAX_PRINTERS: usize = 256;

/// Where the hub greets the agent.
pub const HELLO_PATH: &str = "/v1/hello";

/// Where the hub asks whether the agent is still there. Any answer says so.
pub const ALIVE_PATH: &str = "/v1/alive";

/// Where the hub names its next key: the text of a succession that the current key has signed.
pub const HUB_KEY_PATH: &str = "/v1/hub-key";

/// Where the hub asks the agent to connect anew, because it is being restarted. What is under way
/// stays on the old connection and is finished there.
pub const MOVE_PATH: &str = "/v1/move";

/// Where the hub listens for the agent's reports.
pub const EVENTS_PATH: &str = "/v1/events";

/// Where an agent that isn't linked yet asks to be.
pub const LINK_PATH: &str = "/v1/link";
