//! The second connection between agent and hub, for what is large. The hub asks for it over the
//! first one and names a token, which the agent shows when the hub asks on the second: so both end
//! at the same program, and a copied key alone gets nothing that was meant for another.

/// Where the hub asks for the second connection (`POST` on the first, with a token) and for the
/// token (`GET` on the second). Tokens are base64url, as text.
pub const BULK_PATH: &str = "/v1/bulk";

/// Bodies longer than this, in bytes, or of unknown length, belong on the second connection.
pub const LARGE: u64 = 64 * 1024;

/// On an answer that may be continued on the second connection: its length in bytes, or
/// [`UNKNOWN_LENGTH`]. It stands for `Content-Length`, which is about what comes on this stream.
pub const LARGE_HEADER: &str = "layerlock-large";

/// The value of [`LARGE_HEADER`] where nobody knows the length.
pub const UNKNOWN_LENGTH: &str = "unknown";

/// On such an answer: behind how many bytes it waits for the hub's word, a space, and the token with
/// which the hub gives that word at [`HELD_PATH`].
pub const REST_HEADER: &str = "layerlock-rest";

/// Where the hub says which way an answer goes on; the token follows. `GET` takes the rest, once, and
/// the answer ends where it began. `DELETE` lets it go on there. An answer that is given up takes its
/// rest along.
pub const HELD_PATH: &str = "/v1/held/";
