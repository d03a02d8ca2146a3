//! The second connection between agent and hub, for what is large. The hub asks for it over the
//! first one and names a token, which the agent shows when the hub asks on the second: so both end
//! at the same program, and a copied key alone gets nothing that was meant for another.

/// Where the hub asks for the second connection (`POST` on the first, with a token) and for the
/// token (`GET` on the second). Tokens are base64url, as text.
pub const BULK_PATH: &str = "/v1/bulk";

/// Bodies longer than this, in bytes, or of unknown length, belong on the second connection.
pub const LARGE: u64 = 64 * 1024;

/// On an answer that may be continued on the second connection: its length in bytes, or
/// [`UNKNOWN_LENGTH`]. It stands for `Content-Length`, which is about what comes on the first.
pub const LARGE_HEADER: &str = "layerlock-large";

/// The value of [`LARGE_HEADER`] where nobody knows the length.
pub const UNKNOWN_LENGTH: &str = "unknown";

/// Behind the first part of such an answer: the token with which the rest is to be fetched, once
/// and soon, at [`HELD_PATH`].
pub const REST_TRAILER: &str = "layerlock-rest";

/// Where the rest of an answer is fetched; the token follows. The hub may ask on either connection.
pub const HELD_PATH: &str = "/v1/held/";
